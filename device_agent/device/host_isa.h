// What the processor itself tells: the only code of the agent that is written per architecture,
// beside the numbers in sandbox/machine.h.
#ifndef TUNEFARM_DEVICE_AGENT_DEVICE_HOST_ISA_H_
#define TUNEFARM_DEVICE_AGENT_DEVICE_HOST_ISA_H_

#include <string>
#include <vector>

namespace tunefarm::device_agent {

// LLVM triple of this binary.
std::string HostTriple();

// ISA features that both the processor and the operating system offer, by LLVM's names, sorted.
std::vector<std::string> HostFeatures();

// True on an x86 processor that QEMU emulates in software (TCG). Others cannot be asked.
bool RunsOnEmulatedX86();

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_DEVICE_HOST_ISA_H_
