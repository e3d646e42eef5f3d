// A register tile of s8 products for Cortex-M with the DSP extension, as assembly.
//
//   for block in 0..blocks:                       one block = `channels` output channels
//     acc[pixels x channels] = sum over steps of x[step, pixel] . w[block, step, channel]   (pairs)
//     out[pixel, block, channel] = requantised acc
//
// LLVM's register allocator spills where a tile needs all fourteen registers, and it pairs few of
// the loads; so the tile is written here with every register given by hand: eight accumulators, two
// pointers, four operands. Per step of a 2 x 4 tile that is 8 SMLAD and 3 LDRD. Pure: a shape in,
// text out; pair_tile_match.h finds tiles in the IR, stmt_emitter.cc puts the text into the
// function.
#ifndef TUNEFARM_COMPILER_CODEGEN_THUMB_PAIR_TILE_H_
#define TUNEFARM_COMPILER_CODEGEN_THUMB_PAIR_TILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/codegen/thumb/short_requantise.h"

namespace tunefarm::compiler {

// How many accumulators a tile can have: the epilogue needs the other six registers.
inline constexpr int64_t kMaxPairTileAccumulators = 8;
// Bytes that a loop of phases may move a pointer by in one iteration.
inline constexpr int64_t kMaxPairTileStepBytes = 1020;
// The largest displacement of a byte store, and of a pointer by one addition.
inline constexpr int64_t kMaxPairTileReach = 4095;
// The largest displacement of a tap's first word: it is followed by at most seven.
inline constexpr int64_t kMaxPairTileTapBytes = 980;

// Straight code of `steps` pair steps, executed `iterations` times.
struct PairTilePhase {
  int64_t steps = 1;
  int64_t iterations = 1;
};

struct PairTileShape {
  int64_t pixels = 1, channels = 1;
  int64_t blocks = 1;
  // 16, or 8: a word holds two steps' pairs in the order of SXTB16, and all phases have an even
  // number of steps.
  int64_t weight_bits = 16;
  std::vector<PairTilePhase> phases;  // At least one; the first has one iteration.
  // How x is read. Empty: one stream of steps. Else in runs of so many steps as there are taps,
  // each a run's begin and a tap further, which is the first 0 and at most kMaxPairTileTapBytes;
  // runs lie `run_bytes` apart, at most kMaxPairTileReach. All phases consist of whole runs.
  std::vector<int64_t> tap_bytes;
  int64_t run_bytes = 0;
  int64_t pixel_stride_bytes = 1;  // Between the outputs of two pixels.
  ShortRequantise requantise;
};

// Text for an inline assembly statement: r0 = x, r1 = w, r2 = parameters (four words per channel:
// twice the bias, multiplier, addend, right shift and for relu the zero point << 8), r3 = out.
// Every other register but sp is clobbered. Layouts: x[step][pixel] (or in runs),
// w[block][step][channel], one 32-bit word (two s16) each; 8-bit weights:
// w[block][step / 2][channel], one word each.
std::string PairTileAssembly(const PairTileShape& shape);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_THUMB_PAIR_TILE_H_
