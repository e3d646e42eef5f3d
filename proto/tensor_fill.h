/* Test data from a counter: host and device compute the same tensors from (seed, buffer, element), so a
 * seed travels instead of a tensor (docs/design.md, decision 4).
 *
 * Element values are integers drawn uniformly from [low, high] times `scale`. The defaults for f32,
 * k/16 with k in [-16, 15], make every product a multiple of 2^-8 and every sum of up to 2^15 products exact
 * in float32 whatever the order of summation: a reordered kernel that is right is right to the last bit.
 */
#ifndef TUNEFARM_PROTO_TENSOR_FILL_H_
#define TUNEFARM_PROTO_TENSOR_FILL_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tunefarm_fill {
  int32_t low;  /* Smallest integer drawn. */
  int32_t high; /* Largest integer drawn; not below low. */
  float scale;  /* Factor for f32 elements; integer elements ignore it. */
} tunefarm_fill;

/* SplitMix64's output function over a counter that names the element. `buffer` is the position of the buffer
 * in the kernel's signature. */
static inline uint64_t tunefarm_fill_bits(uint64_t seed, uint32_t buffer, uint64_t element) {
  uint64_t z = seed + (buffer + 1u) * UINT64_C(0xD1342543DE82EF95) +
               (element + 1u) * UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

/* The integer in [low, high] for one element. */
static inline int32_t tunefarm_fill_integer(const tunefarm_fill* fill, uint64_t seed,
                                            uint32_t buffer, uint64_t element) {
  const uint64_t range = (uint64_t)((int64_t)fill->high - (int64_t)fill->low) + 1u;
  const uint64_t high_bits = tunefarm_fill_bits(seed, buffer, element) >> 32;
  return (int32_t)((int64_t)fill->low + (int64_t)((high_bits * range) >> 32));
}

static inline float tunefarm_fill_float(const tunefarm_fill* fill, uint64_t seed, uint32_t buffer,
                                        uint64_t element) {
  return (float)tunefarm_fill_integer(fill, seed, buffer, element) * fill->scale;
}

#ifdef __cplusplus
}
#endif

#endif /* TUNEFARM_PROTO_TENSOR_FILL_H_ */
