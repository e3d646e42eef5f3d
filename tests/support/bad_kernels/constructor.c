/* A kernel with code that wants to run when it is loaded. */
#include "add.h"

static int loaded;
__attribute__((constructor)) static void on_load(void) { loaded = 1; }

KERNEL(run) {
  UNUSED;
  return loaded ? add(buffers) : 1;
}
