/* A kernel that is not whole: it calls a function that it does not bring. */
#include "add.h"

float expf(float x);

KERNEL(run) {
  UNUSED;
  buffer(buffers, BUFFER_OUT)[0] = expf(buffer(buffers, BUFFER_A)[0]);
  return 0;
}
