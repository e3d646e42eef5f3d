/* The binary contract between a compiled kernel and whoever calls it: agents, firmware, bundles.
 *
 * A kernel is one or two functions of type tunefarm_kernel_fn in an object that imports nothing:
 *   run      the timed and deployed entry: data inputs (and packed constants) -> outputs
 *   prepare  optional: packs constant inputs once, outside the timed region: constants -> packed buffers
 * Both take the same buffer list, in the order of the kernel's signature:
 *   inputs (data, then constants), packed constants (written by prepare), outputs.
 * An entry touches only the buffers it needs; pointers it does not need may be null.
 */
#ifndef TUNEFARM_PROTO_KERNEL_ABI_H_
#define TUNEFARM_PROTO_KERNEL_ABI_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes with any change of this file. A caller refuses a kernel of another version. */
#define TUNEFARM_KERNEL_ABI_VERSION 1u

/* Every buffer and the scratch area start at a multiple of this many bytes. */
#define TUNEFARM_BUFFER_ALIGNMENT_BYTES 64u

/* One iteration of a parallel loop. `item` is in [0, num_items); `worker` is in [0, num_workers) and is
 * held by no other iteration at the same time, so that it can name private scratch memory. */
typedef void (*tunefarm_parallel_body)(void* closure, int64_t item, int32_t worker);

/* The caller's threads. `run` returns when every item has been executed once. */
typedef struct tunefarm_parallel {
  void (*run)(void* context, int64_t num_items, tunefarm_parallel_body body, void* closure);
  void* context;
  int32_t num_workers; /* At least 1. */
} tunefarm_parallel;

/* buffers: one pointer per buffer of the signature.
 * scratch: scratch_bytes_per_worker x num_workers bytes, uninitialised; may be null when that is 0.
 * parallel: null runs everything on the calling thread as worker 0.
 * Returns 0 on success; a kernel has no other result today and callers treat any other value as a fault. */
typedef int32_t (*tunefarm_kernel_fn)(void* const* buffers, void* scratch,
                                      const tunefarm_parallel* parallel);

#ifdef __cplusplus
}
#endif

#endif /* TUNEFARM_PROTO_KERNEL_ABI_H_ */
