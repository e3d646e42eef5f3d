/* Kernels that do what they should, by different means of the ABI. */
#include "add.h"

KERNEL(run) {
  UNUSED;
  return add(buffers);
}

KERNEL(pack) {
  UNUSED;
  for (int i = 0; i < NUM_ELEMS; ++i) {
    buffer(buffers, BUFFER_TWICE_B)[i] = 2 * buffer(buffers, BUFFER_B)[i];
  }
  return 0;
}

KERNEL(run_packed) {
  UNUSED;
  for (int i = 0; i < NUM_ELEMS; ++i) {
    buffer(buffers, BUFFER_OUT)[i] =
        buffer(buffers, BUFFER_A)[i] + buffer(buffers, BUFFER_TWICE_B)[i] / 2;
  }
  return 0;
}

/* One item for every hundred elements; a worker without an item of its own is an error. */
static void add_part(void* closure, int64_t item, int32_t worker) {
  void* const* buffers = (void* const*)closure;
  if (worker < 0) return;
  for (int64_t i = item * 100; i < item * 100 + 100; ++i) {
    buffer(buffers, BUFFER_OUT)[i] = buffer(buffers, BUFFER_A)[i] + buffer(buffers, BUFFER_B)[i];
  }
}

KERNEL(run_parallel) {
  (void)scratch;
  if (parallel == 0) return 1;
  parallel->run(parallel->context, NUM_ELEMS / 100, add_part, (void*)buffers);
  return 0;
}

/* Pointers in data need relocations, which the loader has to apply. */
static int add_forward(void* const* buffers) { return add(buffers); }
static int add_nothing(void* const* buffers) { return buffers == 0; }
int (*volatile table[])(void* const*) = {add_nothing, add_forward};

KERNEL(run_by_table) {
  UNUSED;
  return table[1](buffers);
}

KERNEL(run_with_scratch) {
  (void)parallel;
  float* sums = (float*)scratch;
  for (int i = 0; i < NUM_ELEMS; ++i) {
    sums[i] = buffer(buffers, BUFFER_A)[i] + buffer(buffers, BUFFER_B)[i];
  }
  for (int i = 0; i < NUM_ELEMS; ++i) buffer(buffers, BUFFER_OUT)[i] = sums[i];
  return 0;
}
