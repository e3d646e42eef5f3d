// Whether this program's processor is one that software makes up: then its timings are the
// emulator's and say nothing about the hardware they pretend to be.
#ifndef TUNEFARM_DEVICE_AGENT_DEVICE_EMULATION_H_
#define TUNEFARM_DEVICE_AGENT_DEVICE_EMULATION_H_

namespace tunefarm::device_agent {

// True under an emulator of single programs (QEMU's user mode, whatever the two architectures are):
// the kernel runs another file than the one that this program takes itself for. Such an emulator
// answers for /proc/self/exe with the program, and lets /proc/thread-self/exe, which means the
// same, through to the kernel, which names the emulator. False where /proc is not mounted.
bool RunsUnderProgramEmulator();

// The rule, on two paths that name the running program; unreadable ones tell nothing.
bool AreDifferentFiles(const char* path, const char* other);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_DEVICE_EMULATION_H_
