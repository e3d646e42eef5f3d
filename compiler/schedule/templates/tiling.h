// What the register-tiling templates share: the shape of their stages, knob values, the register
// constraint and the facts of a tiled reduction. A tile is tile_rows x tile_vectors accumulators:
// rows are output pixels (or m), vectors run over output channels (or n).
#ifndef TUNEFARM_COMPILER_SCHEDULE_TEMPLATES_TILING_H_
#define TUNEFARM_COMPILER_SCHEDULE_TEMPLATES_TILING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/op/operator.h"
#include "compiler/schedule/schedule.h"
#include "compiler/space/facts.h"
#include "compiler/space/space.h"
#include "compiler/target/target.h"

namespace tunefarm::compiler {

// The stages of an operator with one reduction: [pad ->] main [-> out].
struct TiledStages {
  const Stage* pad = nullptr;   // Null: no padding.
  const Stage* main = nullptr;  // The reduction.
  const Stage* out = nullptr;   // Null: the main stage writes the output.

  // Name of the stage that writes the output, and of the accumulating stage that cache_write
  // creates.
  std::string sink() const { return out != nullptr ? out->name : main->name; }
  std::string acc() const { return main->name + "_acc"; }
};

// Requires an operator of that form.
TiledStages FindTiledStages(const Operator& op);
bool HasTiledForm(const Operator& op);

// Steps every tiled template begins with: accumulators of their own, the copy out of them merged
// into the epilogue; before them, where wanted, the zero point out of the sum.
void StartTiling(const TiledStages& stages, bool recenter, Schedule& schedule);

// The values in `candidates` that are at most `bound`; `bound` itself is added if it is smaller
// than the largest candidate, so that a whole small extent can be one tile.
std::vector<int64_t> ValuesUpTo(const std::vector<int64_t>& candidates, int64_t bound);

// Values of a knob that says how many tiles form an outer block of at most `max_tiles` tiles:
// powers of 4, and 0 for all of them.
std::vector<int64_t> BlockValues(int64_t max_tiles);
// The block's tiles for such a value.
int64_t TilesPerBlock(int64_t block, int64_t num_tiles);
// "" unless the value names all tiles or more, which 0 names already.
std::string BlockViolation(int64_t block, int64_t num_tiles);

// The knobs `lanes`, `ahead` and `group` (Stream in schedule.h; group in reduction steps); none
// where the target has no use for them.
std::vector<Knob> StreamKnobs(const Operator& op, const Target& target, int64_t steps);

// Their values in a config whose other knobs are the first `num_others`. lanes = 0: the space has
// none.
struct StreamValues {
  int64_t lanes = 0, ahead = 0, group = 0;
};
StreamValues ReadStream(const Config& config, size_t num_others);

// Registers that operands of a tile take: those that inputs stay in when they come several lanes at
// a time, and those that loads which start early need beside their predecessors.
int64_t OperandRegisters(const Target& target, int64_t rows, int64_t vectors,
                         const StreamValues& stream);

// The knob that says how s8 terms are multiplied (tensorize), where the target has instructions for
// it: `pairs` on x86 (1: two at a time), `terms` on Arm (1: widening, 4: sdot).
Knob DotKnob(const Operator& op, const Target& target, int64_t steps);
// Terms at a time for a value of that knob; 0: none of these instructions.
int64_t DotTerms(const Target& target, int64_t knob_value);
// Elements of the vectors that such a template runs over columns. More than a register's where
// narrow weights would not fill one load.
int64_t ColumnLanes(const Operator& op, const Target& target, int64_t columns);

int64_t CeilDiv(int64_t a, int64_t b);

// Registers: rows x vectors accumulators, one register per weight vector, one for the broadcast
// input where the instruction set cannot read it from memory (AVX-512 can). "" if they fit and
// there are enough to hide the latency of the multiply-add; `max_accumulators` is the largest tile
// that the operator's extents allow.
std::string RegisterViolation(const Target& target, int64_t rows, int64_t vectors,
                              int64_t max_accumulators);

// The same for all registers that OperandRegisters counts; and that lanes and groups fit `unroll`,
// the steps of the innermost body; 0: any fit.
std::string StreamViolation(const Target& target, int64_t rows, int64_t vectors,
                            const StreamValues& stream, int64_t unroll);

// "" unless `copies` copies of a tile body of `unroll` steps make more code than the instruction
// cache holds beside everything else: such kernels take long to compile and were never the fastest.
std::string CodeSizeViolation(int64_t copies, int64_t rows, int64_t vectors, int64_t unroll);

// A tiled reduction in numbers, from which its facts follow.
struct TiledLoop {
  int64_t rows = 1, vectors = 1, lanes = 1;  // The full tile.
  int64_t num_rows = 1;                      // Output pixels (m): all of them.
  int64_t num_columns = 1;                   // Output channels (n).
  int64_t row_tiles = 1;                     // Tiles over the rows, tails counted.
  int64_t steps = 1;                         // Reduction length.
  int64_t unroll = 1;                        // Steps in the innermost body.
  StreamValues stream;                       // How the operands of the body come.
  bool dot_product = false;                  // Four s8 terms at a time.
  int64_t copies =
      1;  // Copies of the tile body in the code (tails, peeled borders, unrolled taps).
  int64_t block_row_tiles = 1;       // Row tiles that one pass over a weight panel serves.
  double input_bytes_per_tile = 0;   // Distinct input bytes one tile reads.
  double input_bytes_per_block = 0;  // One block of row tiles.
  double total_input_bytes = 0;
  double elem_bytes = 4;  // Of inputs and weights.
  double output_elem_bytes = 4;
  double packing_bytes = 0;
  int64_t parallel_chunks = 1;
  int64_t num_groups_of_blocks = 1;  // Blocks of row tiles.
};
ConfigFacts FactsOf(const TiledLoop& loop, const Target& target);

// Facts of a loop over s8 elements, `unroll` of them per iteration, that costs `instructions` each.
ConfigFacts FactsOfElements(int64_t num_elems, int64_t unroll, double input_bytes,
                            double instructions, const Target& target);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_SCHEDULE_TEMPLATES_TILING_H_
