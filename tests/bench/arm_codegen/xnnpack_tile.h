// How many instructions XNNPACK's published f32 tiles need for a convolution, by arithmetic.
#ifndef TUNEFARM_TESTS_BENCH_ARM_CODEGEN_XNNPACK_TILE_H_
#define TUNEFARM_TESTS_BENCH_ARM_CODEGEN_XNNPACK_TILE_H_

#include <cstdint>

#include "compiler/op/workload.h"

namespace tunefarm::bench {

// A microkernel in numbers of instructions. The rows and columns of a tail tile cost the same as
// full ones.
struct XnnpackTile {
  int64_t rows, columns;
  int64_t per_call;   // Once per `rows` rows of the output.
  int64_t per_tile;   // Beside the steps.
  int64_t per_tap;    // igemm only: pointers of the rows, entering and leaving the loop.
  int64_t per_block;  // `block` steps of the reduction in the innermost loop.
  int64_t block;
  int64_t rest_test;  // Whether steps are left over, where some are.
  int64_t two_steps;  // That are left over.
  int64_t one_step;
};

// gemm, for 1x1 with stride 1; and the least that any convolution can need by this tile, were its
// input an im2col matrix that costs nothing:
// src/f32-gemm/gen/f32-gemm-6x8-minmax-asm-aarch64-neonfma-ld128.S
//   per call: 1 ldr, 3 cmp, 10 add, 10 csel, 1 ld2r, 1 ret                                       26
//   per tile: 1 ldp and 10 mov for the bias, 10 prfm, 2 to enter the loop, 2 behind it,
//     24 to clamp, 1 ldr, 1 subs, 1 b.lo, 6 st1, 6 sub, 1 b.hi                                   65
//   per 4 steps: 48 fmla, 6 ldr, 4 ldp, 1 subs, 1 b.hs                                           60
//   steps left over: 1 tbz; two of them 6 ldr, 2 ldp, 24 fmla, 1 tbz; one 6 ldr, 1 ldp, 12 fmla, 1
//   b
inline constexpr XnnpackTile kGemm6x8 = {6, 8, 26, 65, 0, 60, 4, 1, 33, 20};

// igemm, for every other convolution: src/f32-igemm/gen/f32-igemm-6x8-minmax-asm-aarch64-neonfma-
// ld128.S
//   per call: 1 ldp, 3 cmp, 5 add, 5 csel, 1 ld2r, 2 stp, 1 ldr; 2 ldp, 1 ret                    21
//   per tile: 1 ldp and 10 mov for the bias, 1 mov; 24 to clamp, 1 ldr, 1 subs, 1 b.lo, 6 stp,
//     6 add, 1 sub, 1 b.hi                                                                       53
//   per tap: 6 ldr; 6 cmp, 6 add, 6 csel; 1 subs, 1 b.lo; 1 tst, 1 b.ne; 1 subs, 1 b.hi          30
//   the loop and the steps left over as above; fewer than four channels skip tst and b.ne
inline constexpr XnnpackTile kIgemm6x8 = {6, 8, 21, 53, 30, 60, 4, 1, 33, 20};

// The same of 32-bit Arm, whose 16 registers do not hold a 6x8 tile; XNNPACK has 4x8.
// src/f32-gemm/gen/4x8-minmax-aarch32-neon-ld64.S
//   per call: push, vpush, 6 ldr, 2 vld1, 2 cmp, 6 add, 6 mov; vpop, pop, bx                     27
//   per tile: 1 vldm and 6 vmov for the bias, 1 subs, 1 blo; tst, bne; 16 to clamp, 1 subs,
//     1 blo, 4 vst1, 4 sub, 1 bhi                                                                38
//   per 2 steps: 16 vmla, 4 vld1, 2 vldm, 1 subs, 1 bhs                                          24
//   1 step left over: 8 vmla, 5 vldm, 1 b                                                        14
inline constexpr XnnpackTile kGemm4x8 = {4, 8, 27, 38, 0, 24, 2, 0, 0, 14};

// src/f32-igemm/gen/4x8-minmax-aarch32-neon-ld64.S
//   per call: push, sub, vpush, 5 ldr, 1 mov, 2 cmp, 3 add, 3 mov, 2 vld1; vpop, add, pop        22
//   per tile: 1 vldm and 6 vmov for the bias; 2 ldr, 16 to clamp, 1 subs, 1 blo, 4 vst1, 1 sub,
//     1 bhi                                                                                      33
//   per tap: 4 ldr, 1 add; 3 ldr; 4 cmp, 4 add, 4 mov; 1 subs, 1 blo; 1 tst, 1 bne; 1 subs, 1 bhi
//   the loop and the step left over as above
inline constexpr XnnpackTile kIgemm4x8 = {4, 8, 22, 33, 26, 24, 2, 0, 0, 14};

// For rows x columns outputs of `taps` taps of `channels` channels.
inline int64_t Instructions(const XnnpackTile& tile, int64_t rows, int64_t columns, int64_t taps,
                            int64_t channels) {
  const int64_t row_tiles = (rows + tile.rows - 1) / tile.rows;
  const int64_t column_tiles = (columns + tile.columns - 1) / tile.columns;
  const int64_t left_over = channels % tile.block;
  int64_t per_tap = tile.per_tap + channels / tile.block * tile.per_block;
  if (tile.per_tap > 0 && channels < tile.block) per_tap -= 2;
  if (left_over > 0) per_tap += tile.rest_test;
  if (left_over >= 2) per_tap += tile.two_steps;
  if (left_over % 2 != 0) per_tap += tile.one_step;
  return row_tiles * (tile.per_call + column_tiles * (tile.per_tile + taps * per_tap));
}

// For a convolution without groups; per multiply-add, nominally counted.
struct XnnpackCounts {
  double runs = 0;   // By the microkernel that XNNPACK runs for it.
  double least = 0;  // By gemm on an im2col matrix that costs nothing.
};
inline XnnpackCounts CountXnnpack(const compiler::Workload& w, const XnnpackTile& gemm,
                                  const XnnpackTile& igemm) {
  const int64_t rows = w.n * w.oh() * w.ow(), taps = w.kh * w.kw;
  const auto macs = static_cast<double>(w.num_macs());
  XnnpackCounts counts;
  counts.least = static_cast<double>(Instructions(gemm, rows, w.oc, 1, taps * w.c)) / macs;
  const bool is_product = taps == 1 && w.stride_h == 1 && w.stride_w == 1;
  counts.runs = is_product ? counts.least
                           : static_cast<double>(Instructions(igemm, rows, w.oc, taps, w.c)) / macs;
  return counts;
}

}  // namespace tunefarm::bench

#endif  // TUNEFARM_TESTS_BENCH_ARM_CODEGEN_XNNPACK_TILE_H_
