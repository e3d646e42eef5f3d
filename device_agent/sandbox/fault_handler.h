// Catches a kernel's fatal signals and writes them into the child's report before the process ends.
//
// Used in the candidate's process. Relies on nothing but system calls that the sandbox allows.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_FAULT_HANDLER_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_FAULT_HANDLER_H_

#include "absl/status/status.h"
#include "device_agent/sandbox/child_report.h"

namespace tunefarm::device_agent {

// Handles SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS and SIGXCPU from now on: the
// first one is written to `report` and the process ends. `report` must outlive the process.
absl::Status InstallFaultHandler(ChildReport* report);

// Gives the calling thread a stack for the handler, so that an overflow of its own can be reported.
// To be called once on each thread that runs kernels, before the sandbox is shut.
absl::Status UseHandlerStack();

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_FAULT_HANDLER_H_
