// The system calls a candidate's process may still make once its kernel runs: those that end a
// process, read the clock and the sensors, let its workers wait for each other and make memory
// read-only.
// Everything else raises SIGSYS.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_SECCOMP_FILTER_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_SECCOMP_FILTER_H_

#include <string>

#include "absl/status/status.h"

namespace tunefarm::device_agent {

// Shuts the sandbox for every thread of this process, for good. Needs no privilege: sets
// no_new_privs. UNIMPLEMENTED where the system has no seccomp filters.
absl::Status ShutSandbox();

// "socket", "mmap", ...: for messages; "system call" names are those of this machine. "" if
// unknown.
std::string SyscallName(int number);

// True for the calls by which a program gets memory or a process ends: they have outcomes of their
// own.
bool IsMemorySyscall(int number);
bool IsExitSyscall(int number);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_SECCOMP_FILTER_H_
