/* Kernels that take what is not theirs: time, memory, the process, the network. */
#include <sys/syscall.h>

#include "add.h"
#include "tests/support/raw_syscall.h"

KERNEL(run_forever) {
  UNUSED;
  for (volatile int i = 0;; ++i) {
  }
}

/* The same, after the verification has passed. */
KERNEL(run_forever_later) {
  UNUSED;
  static int calls;
  if (++calls < 4) return add(buffers);
  for (volatile int i = 0;; ++i) {
  }
}

/* Maps 16 MiB at a time and touches every page, until it gets no more. */
KERNEL(run_eat_memory) {
  UNUSED;
  const long num_bytes = 16 << 20;
  while (1) {
    const long memory = raw_syscall(SYS_mmap, 0, num_bytes, 3, 0x22, -1, 0);
    if (memory < 0 && memory > -4096) return add(buffers);
    for (long i = 0; i < num_bytes; i += 4096) ((volatile char*)memory)[i] = 1;
  }
}

static int recurse(void* const* buffers, volatile char* caller) {
  volatile char frame[4096];
  frame[0] = caller[0];
  return buffers == 0 ? 0 : recurse(buffers, frame) + frame[0];
}

KERNEL(run_eat_stack) {
  UNUSED;
  volatile char first = 1;
  return recurse(buffers, &first);
}

KERNEL(run_exit) {
  UNUSED;
  raw_syscall(SYS_exit_group, 0, 0, 0, 0, 0, 0);
  return 0;
}

KERNEL(run_exit_thread) {
  UNUSED;
  raw_syscall(SYS_exit, 0, 0, 0, 0, 0, 0);
  return 0;
}

KERNEL(run_socket) {
  UNUSED;
  return raw_syscall(SYS_socket, 2, 1, 0, 0, 0, 0) < 0 ? add(buffers) : 0;
}

KERNEL(run_open) {
  UNUSED;
  return raw_syscall(SYS_openat, -100, (long)"/tmp/tunefarm_hostile", 0102, 0600, 0, 0) < 0
             ? add(buffers)
             : 0;
}

KERNEL(run_fork) {
  UNUSED;
  return raw_syscall(SYS_clone, 17, 0, 0, 0, 0, 0) < 0 ? add(buffers) : 0;
}

KERNEL(run_kill) {
  UNUSED;
  return raw_syscall(SYS_kill, -1, 15, 0, 0, 0, 0) < 0 ? add(buffers) : 0;
}
