// A program without a C library that calls one kernel on data from standard input: linked with the
// kernel's object, it is a static executable that QEMU's user mode (or a board) runs as it is.
//
// In:  header, then a size (u64) per buffer, then the buffers' bytes.
// Out: the last buffer's bytes. Exit status: 0, or what went wrong.
// Each buffer ends at most 63 bytes before a page that nobody may touch.
#include "proto/kernel_abi.h"
#include "tests/support/raw_syscall.h"

#define MAX_BUFFERS 32
#define PAGE_BYTES 4096ul
#define NUM_WORKERS 2

struct header {
  uint64_t num_buffers;
  uint64_t scratch_bytes_per_worker;
  uint64_t repeats;       // Calls of run.
  uint64_t use_parallel;  // Whether a parallel_for is offered.
};

enum status { kOk, kBadInput, kNoMemory, kKernelFailed };

int32_t kernel(void* const* buffers, void* scratch, const tunefarm_parallel* parallel);
__attribute__((weak)) int32_t kernel_prepare(void* const* buffers, void* scratch,
                                             const tunefarm_parallel* parallel);

#if defined(__aarch64__)
enum { kRead = 63, kWrite = 64, kExit = 93, kMmap = 222, kMprotect = 226 };
#else
enum { kRead = 3, kWrite = 4, kExit = 1, kMmap = 192, kMprotect = 125 };
#endif

static void leave(enum status status) {
  for (;;) raw_syscall(kExit, status, 0, 0, 0, 0, 0);
}

static void read_all(void* to, unsigned long num_bytes) {
  char* at = to;
  while (num_bytes > 0) {
    const long got = raw_syscall(kRead, 0, (long)at, (long)num_bytes, 0, 0, 0);
    if (got <= 0) leave(kBadInput);
    at += got;
    num_bytes -= (unsigned long)got;
  }
}

static void write_all(const void* from, unsigned long num_bytes) {
  const char* at = from;
  while (num_bytes > 0) {
    const long put = raw_syscall(kWrite, 1, (long)at, (long)num_bytes, 0, 0, 0);
    if (put <= 0) leave(kBadInput);
    at += put;
    num_bytes -= (unsigned long)put;
  }
}

// At a multiple of 64, with the end as close to a forbidden page as that allows.
static void* allocate(unsigned long num_bytes) {
  const unsigned long pages = (num_bytes + PAGE_BYTES - 1) / PAGE_BYTES + 1;
  const long map = raw_syscall(kMmap, 0, (long)((pages + 1) * PAGE_BYTES), 3 /* read, write */,
                               0x22 /* private, anonymous */, -1, 0);
  if (map < 0 && map > -4096) leave(kNoMemory);
  const unsigned long end = (unsigned long)map + pages * PAGE_BYTES;
  if (raw_syscall(kMprotect, (long)end, PAGE_BYTES, 0, 0, 0, 0) != 0) leave(kNoMemory);
  return (void*)((end - num_bytes) & ~(unsigned long)(TUNEFARM_BUFFER_ALIGNMENT_BYTES - 1));
}

// Iterations in turn, dealt to the workers alternately.
static void run_in_turn(void* context, int64_t num_items, tunefarm_parallel_body body,
                        void* closure) {
  (void)context;
  for (int64_t item = 0; item < num_items; ++item) {
    body(closure, item, (int32_t)(item % NUM_WORKERS));
  }
}

__attribute__((used)) static void start(void) {
  struct header header;
  uint64_t sizes[MAX_BUFFERS];
  void* buffers[MAX_BUFFERS];
  read_all(&header, sizeof(header));
  if (header.num_buffers == 0 || header.num_buffers > MAX_BUFFERS) leave(kBadInput);
  read_all(sizes, (unsigned long)(header.num_buffers * sizeof(uint64_t)));
  for (uint64_t i = 0; i < header.num_buffers; ++i) {
    buffers[i] = allocate((unsigned long)sizes[i]);
    read_all(buffers[i], (unsigned long)sizes[i]);
  }
  void* scratch = allocate((unsigned long)header.scratch_bytes_per_worker * NUM_WORKERS);
  const tunefarm_parallel in_turn = {run_in_turn, 0, NUM_WORKERS};
  const tunefarm_parallel* parallel = header.use_parallel != 0 ? &in_turn : 0;
  if (kernel_prepare != 0 && kernel_prepare(buffers, scratch, parallel) != 0) leave(kKernelFailed);
  for (uint64_t i = 0; i < header.repeats; ++i) {
    if (kernel(buffers, scratch, parallel) != 0) leave(kKernelFailed);
  }
  write_all(buffers[header.num_buffers - 1], (unsigned long)sizes[header.num_buffers - 1]);
  leave(kOk);
}

// The kernel hands over a stack aligned for calls, with the arguments on it.
__asm__(
    ".globl _start\n"
    "_start:\n"
#if defined(__aarch64__)
    "  bl start\n"
#else
    "  bic sp, sp, #7\n"
    "  bl start\n"
#endif
);
