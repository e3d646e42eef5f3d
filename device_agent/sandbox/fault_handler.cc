#include "device_agent/sandbox/fault_handler.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device_agent/sandbox/errno_status.h"

namespace tunefarm::device_agent {
namespace {

// Room for the signal frame with every vector register an x86 or ARM processor saves.
constexpr size_t kHandlerStackBytes = 64 << 10;

ChildReport* report_of_this_process = nullptr;

void RecordFault(int signal, siginfo_t* info, void*) {
  ChildReport* report = report_of_this_process;
  // Several workers may fault at once; the first one tells the story and the others wait for the
  // end.
  int32_t none = 0;
  if (!report->fault_signal.compare_exchange_strong(none, signal)) {
    while (true) sched_yield();
  }
  report->fault_code = info->si_code;
  if (signal == SIGSYS) {
    report->fault_syscall = info->si_syscall;
  } else {
    report->fault_address = reinterpret_cast<uintptr_t>(info->si_addr);
  }
  _exit(1);
}

}  // namespace

absl::Status UseHandlerStack() {
  void* memory =
      mmap(nullptr, kHandlerStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return ErrnoStatus("mapping a stack for the fault handler");
  const stack_t stack = {.ss_sp = memory, .ss_flags = 0, .ss_size = kHandlerStackBytes};
  if (sigaltstack(&stack, nullptr) != 0) return ErrnoStatus("sigaltstack");
  return absl::OkStatus();
}

absl::Status InstallFaultHandler(ChildReport* report) {
  report_of_this_process = report;
  struct sigaction action = {};
  action.sa_sigaction = RecordFault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigfillset(&action.sa_mask);
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS, SIGXCPU}) {
    if (sigaction(signal, &action, nullptr) != 0) return ErrnoStatus("sigaction");
  }
  sigset_t none;
  sigemptyset(&none);
  if (sigprocmask(SIG_SETMASK, &none, nullptr) != 0) return ErrnoStatus("sigprocmask");
  return absl::OkStatus();
}

}  // namespace tunefarm::device_agent
