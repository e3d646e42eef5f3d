/* Kernels that come to an end with a wrong output. */
#include "add.h"

KERNEL(run_wrong_element) {
  UNUSED;
  add(buffers);
  buffer(buffers, BUFFER_OUT)[17] += 1;
  return 0;
}

KERNEL(run_without_last) {
  UNUSED;
  for (int i = 0; i < NUM_ELEMS - 1; ++i) {
    buffer(buffers, BUFFER_OUT)[i] = buffer(buffers, BUFFER_A)[i] + buffer(buffers, BUFFER_B)[i];
  }
  return 0;
}

/* Right when it is verified, idle when it is timed. */
KERNEL(run_once) {
  UNUSED;
  static int done;
  if (done) return 0;
  done = 1;
  return add(buffers);
}

KERNEL(run_with_status) {
  UNUSED;
  add(buffers);
  return 3;
}
