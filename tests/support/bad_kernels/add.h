/* The operator of all test kernels: out = a + b on NUM_ELEMS floats.
 * Buffers: a (input), b (constant), twice_b (packed by prepare), out (output). */
#ifndef TUNEFARM_TESTS_SUPPORT_BAD_KERNELS_ADD_H_
#define TUNEFARM_TESTS_SUPPORT_BAD_KERNELS_ADD_H_

#include "proto/kernel_abi.h"

/* 4000 bytes: not a multiple of 64, so that there is slack behind each buffer (32 bytes). */
#define NUM_ELEMS 1000

enum { BUFFER_A, BUFFER_B, BUFFER_TWICE_B, BUFFER_OUT };

static inline float* buffer(void* const* buffers, int index) { return (float*)buffers[index]; }

static inline int add(void* const* buffers) {
  for (int i = 0; i < NUM_ELEMS; ++i) {
    buffer(buffers, BUFFER_OUT)[i] = buffer(buffers, BUFFER_A)[i] + buffer(buffers, BUFFER_B)[i];
  }
  return 0;
}

#define KERNEL(name) \
  int32_t name(void* const* buffers, void* scratch, const tunefarm_parallel* parallel)
#define UNUSED (void)buffers, (void)scratch, (void)parallel

#endif /* TUNEFARM_TESTS_SUPPORT_BAD_KERNELS_ADD_H_ */
