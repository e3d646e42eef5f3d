#include "device_agent/sandbox/seccomp_filter.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <vector>

#include "device_agent/sandbox/errno_status.h"
#include "device_agent/sandbox/machine.h"

namespace tunefarm::device_agent {
namespace {

constexpr int kAllowed[] = {
    SYS_exit_group,    // How the child ends.
    SYS_rt_sigreturn,  // Never reached by our handler; a debugger's needs it.
    SYS_clock_gettime,
    SYS_pread64,  // The sensors' files: all other descriptors are closed.
    SYS_futex,
    SYS_sched_yield,
#if defined(SYS_clock_gettime64)
    // 32-bit systems count time in two widths; which one a C library asks for depends on its age.
    SYS_clock_gettime64,
    SYS_futex_time64,
#endif
#if defined(SYS_sigreturn)
    SYS_sigreturn,
#endif
#if defined(__SANITIZE_THREAD__)
    // The background thread of the sanitizer's own runtime.
    SYS_clock_nanosleep,
    SYS_nanosleep,
#endif
};

#if defined(SYS_mmap)
constexpr int kMmap = SYS_mmap;
#else
constexpr int kMmap = SYS_mmap2;  // 32-bit ARM: its offset counts pages.
#endif

struct NamedSyscall {
  int number;
  const char* name;
};

constexpr NamedSyscall kNames[] = {
    {SYS_exit, "exit"},     {kMmap, "mmap"},          {SYS_mremap, "mremap"},
    {SYS_brk, "brk"},       {SYS_munmap, "munmap"},   {SYS_mprotect, "mprotect"},
    {SYS_socket, "socket"}, {SYS_connect, "connect"}, {SYS_bind, "bind"},
    {SYS_sendto, "sendto"}, {SYS_openat, "openat"},   {SYS_unlinkat, "unlinkat"},
    {SYS_read, "read"},     {SYS_write, "write"},     {SYS_execve, "execve"},
    {SYS_clone, "clone"},   {SYS_kill, "kill"},       {SYS_tgkill, "tgkill"},
    {SYS_ptrace, "ptrace"}, {SYS_prctl, "prctl"},     {SYS_nanosleep, "nanosleep"},
    {SYS_getpid, "getpid"},
#if defined(SYS_open)
    {SYS_open, "open"},     {SYS_fork, "fork"},
#endif
};

sock_filter LoadWord(size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}

sock_filter Return(uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }

// Calls of another architecture (32-bit calls on x86) have other numbers, so the architecture comes
// first. x32 calls carry a high bit in the number and match nothing in the list.
std::vector<sock_filter> Program() {
  std::vector<sock_filter> program = {
      LoadWord(offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMachine.audit_arch, 1, 0),
      Return(SECCOMP_RET_KILL_PROCESS),
      LoadWord(offsetof(seccomp_data, nr)),
  };
  for (const int number : kAllowed) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, 1));
    program.push_back(Return(SECCOMP_RET_ALLOW));
  }
  // mprotect(..., PROT_READ): the child takes write access to the packed constants away once
  // packed.
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3));
  program.push_back(LoadWord(offsetof(seccomp_data, args[2])));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_READ, 0, 1));
  program.push_back(Return(SECCOMP_RET_ALLOW));
  program.push_back(Return(SECCOMP_RET_TRAP));
  return program;
}

}  // namespace

absl::Status ShutSandbox() {
  std::vector<sock_filter> program = Program();
  const sock_fprog filter = {.len = static_cast<unsigned short>(program.size()),
                             .filter = program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return ErrnoStatus("prctl(NO_NEW_PRIVS)");
  // TSYNC: the workers are running already and are shut in as well.
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) != 0) {
    return ErrnoStatus("installing the seccomp filter");
  }
  return absl::OkStatus();
}

std::string SyscallName(int number) {
  for (const NamedSyscall& entry : kNames) {
    if (entry.number == number) return entry.name;
  }
  return "";
}

bool IsMemorySyscall(int number) {
  return number == kMmap || number == SYS_mremap || number == SYS_brk;
}

bool IsExitSyscall(int number) { return number == SYS_exit; }

}  // namespace tunefarm::device_agent
