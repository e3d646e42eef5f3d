/* Kernels that touch memory they must not touch. */
#include "add.h"

KERNEL(run_null_dereference) {
  UNUSED;
  volatile float* volatile nowhere = 0;
  *nowhere = 1;
  return 0;
}

/* Beyond the slack of 32 bytes behind the output. */
KERNEL(run_out_of_bounds) {
  UNUSED;
  add(buffers);
  buffer(buffers, BUFFER_OUT)[NUM_ELEMS + 8] = 1;
  return 0;
}

KERNEL(run_into_slack) {
  UNUSED;
  add(buffers);
  buffer(buffers, BUFFER_OUT)[NUM_ELEMS + 1] = 1;
  return 0;
}

KERNEL(run_before_beginning) {
  UNUSED;
  add(buffers);
  buffer(buffers, BUFFER_OUT)[-1] = 1;
  return 0;
}

KERNEL(run_over_input) {
  UNUSED;
  buffer(buffers, BUFFER_A)[5] = 1;
  return add(buffers);
}

KERNEL(pack_nothing) {
  UNUSED;
  return 0;
}

KERNEL(run_over_packed) {
  UNUSED;
  buffer(buffers, BUFFER_TWICE_B)[5] = 1;
  return add(buffers);
}

KERNEL(run_trap) {
  UNUSED;
  __builtin_trap();
}

KERNEL(run_wild_jump) {
  UNUSED;
  int (*volatile nowhere)(void) = (int (*)(void))0x10;
  return nowhere();
}
