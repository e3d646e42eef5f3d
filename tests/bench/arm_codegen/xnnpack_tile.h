// How many instructions XNNPACK's published 6x8 f32 tile needs, by arithmetic.
#ifndef TUNEFARM_TESTS_BENCH_ARM_CODEGEN_XNNPACK_TILE_H_
#define TUNEFARM_TESTS_BENCH_ARM_CODEGEN_XNNPACK_TILE_H_

#include <cstdint>

namespace tunefarm::bench {

// For an m x n x k product. Counted in
// src/f32-gemm/gen/f32-gemm-6x8-minmax-asm-aarch64-neonfma-ld128.S:
//   per call (six rows): 1 ldr, 3 cmp, 10 add, 10 csel, 1 ld2r, 1 ret                           26
//   per 6x8 tile: 1 ldp and 10 mov for the bias, 10 prfm, 2 to enter the loop, 2 behind it,
//     24 to clamp, 1 ldr, 1 subs, 1 b.lo, 6 st1, 6 sub, 1 b.hi                                   65
//   per 4 steps of k: 48 fmla, 6 ldr, 4 ldp, 1 subs, 1 b.hs                                      60
//   steps left over: 1 tbz                                                                        1
//     two of them: 6 ldr, 2 ldp, 24 fmla, 1 tbz                                                  33
//     one of them: 6 ldr, 1 ldp, 12 fmla, 1 b                                                    20
// A convolution larger than 1x1 goes through igemm, which has the same loop and fetches six
// pointers for each kernel tap besides; these are left out, in favour of XNNPACK. The rows of a
// tail tile cost the same as full ones.
inline double XnnpackInstructions(int64_t m, int64_t n, int64_t k) {
  const int64_t row_tiles = (m + 5) / 6, column_tiles = (n + 7) / 8;
  const int64_t rest = k % 4 == 0 ? 0 : 1 + (k % 4 >= 2 ? 33 : 0) + (k % 2 != 0 ? 20 : 0);
  const int64_t per_tile = 65 + 60 * (k / 4) + rest;
  return static_cast<double>(row_tiles * (26 + column_tiles * per_tile));
}

// The same for its 4x8 tile of 32-bit Arm, whose 16 registers do not hold a 6x8 one:
// src/f32-gemm/gen/4x8-minmax-aarch32-neon-ld64.S:
//   per call (four rows): push, vpush, 6 ldr, 2 vld1, 2 cmp, 6 add, 6 mov; vpop, pop, bx 27 per 4x8
//   tile: 1 vldm and 6 vmov for the bias, 1 subs, 1 blo; tst, bne; 16 to clamp, 1 subs,
//     1 blo, 4 vst1, 4 sub, 1 bhi                                                                38
//   per 2 steps of k: 16 vmla, 4 vld1, 2 vldm, 1 subs, 1 bhs                                     24
//   1 step left over: 8 vmla, 5 vldm, 1 b                                                        14
inline double Xnnpack32Instructions(int64_t m, int64_t n, int64_t k) {
  const int64_t row_tiles = (m + 3) / 4, column_tiles = (n + 7) / 8;
  const int64_t per_tile = 38 + 24 * (k / 2) + 14 * (k % 2);
  return static_cast<double>(row_tiles * (27 + column_tiles * per_tile));
}

}  // namespace tunefarm::bench

#endif  // TUNEFARM_TESTS_BENCH_ARM_CODEGEN_XNNPACK_TILE_H_
