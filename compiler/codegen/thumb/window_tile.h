// One line of outputs of a depthwise window three wide, stride 1, for Cortex-M with the DSP
// extension, as assembly: two outputs at a time out of two words of 16-bit inputs per row.
//
//   row r of the window, words (x0, x1) (x2, x3), weights (w0, w1) (w1, w2):
//     out0 += smlad(x01, w01) + x2 * w2        out1 += x1 * w0 + smlad(x23, w12)
//
// All weights stay in registers; the requantisation's constants are loaded for each pair of
// outputs. Pure: a shape in, text out; window_tile_match.h finds such lines in the IR.
#ifndef TUNEFARM_COMPILER_CODEGEN_THUMB_WINDOW_TILE_H_
#define TUNEFARM_COMPILER_CODEGEN_THUMB_WINDOW_TILE_H_

#include <cstdint>
#include <string>

#include "compiler/codegen/thumb/short_requantise.h"

namespace tunefarm::compiler {

// Rows of the window whose weights fit registers.
inline constexpr int64_t kMaxWindowTileRows = 3;

struct WindowTileShape {
  int64_t rows = 3;              // 1 to kMaxWindowTileRows.
  int64_t outputs = 1;           // Of the line, at least 1; an odd one is computed alone.
  int64_t row_bytes = 4;         // Between the window's rows in x; at most 500.
  int64_t out_stride_bytes = 1;  // Between two outputs; at most 2047.
  ShortRequantise requantise;
};

// Text for an inline assembly statement: r0 = x of the first output, r1 = weights (four words per
// row, of which the first and the last are used), r2 = the channel's four parameters, r3 = out.
// Every other register but sp is clobbered.
std::string WindowTileAssembly(const WindowTileShape& shape);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_THUMB_WINDOW_TILE_H_
