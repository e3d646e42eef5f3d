// What a template knows about a config without lowering it: counts of a register-tiled kernel.
// Features and the analytic cost are computed from this, thousands of configs in a few
// milliseconds.
//
// The kernel in mind: outer loops over tiles; per tile the accumulators are initialised, a k loop
// of `steps_per_tile` steps does `fma_per_step` vector multiply-adds each, then the epilogue stores
// the tile.
#ifndef TUNEFARM_COMPILER_SPACE_FACTS_H_
#define TUNEFARM_COMPILER_SPACE_FACTS_H_

#include <array>
#include <cstdint>

namespace tunefarm::compiler {

struct ConfigFacts {
  // The main (full) register tile.
  double vector_lanes = 1;          // Elements per vector used.
  double native_lanes = 1;          // Elements per vector register of the target.
  double accumulators = 1;          // Vector registers that hold partial sums.
  double operand_registers = 1;     // Vector registers for operands live beside the accumulators.
  double available_registers = 16;  // Of the target.
  double tile_pixels = 1;           // Rows of the register tile: output pixels (or m).
  double tile_vectors = 1;          // Columns of the register tile, in vectors (of oc or n).

  // One k step of the main tile.
  double fma_per_step = 1;              // Vector multiply-adds.
  double vector_loads_per_step = 0;     // Full vectors (weights).
  double broadcast_loads_per_step = 0;  // Scalars splat over a vector (input pixels).
  // Of them, those whose spreading takes the place of a multiply-add (ld1r before a dot product).
  double spreads_per_step = 0;
  // Times that an in-order core waits for what it loads: once where loads stand together, once per
  // load where each stands before its use. 0: the template does not place its loads.
  double load_waits_per_step = 0;
  double steps_per_tile = 1;     // Length of the reduction.
  double unroll_steps = 1;       // k steps in the innermost loop's body.
  double body_instructions = 1;  // Of the innermost loop's body, estimated.
  double code_bytes = 0;  // Of the whole kernel, estimated, tails and peeled copies included.
  double loop_overhead_per_step = 0;  // Scalar instructions (branch, increments) per k step.

  // The whole kernel.
  double tiles = 1;             // Register tiles executed, tails counted as tiles.
  double issued_fmas = 1;       // Vector multiply-adds executed, tails included.
  double useful_fmas = 1;       // MACs / native_lanes: what a perfect kernel would execute.
  double epilogue_vectors = 0;  // Vectors loaded, stored or transformed outside the k loops.
  double packing_bytes = 0;  // Moved by padding, packing and layout stages inside the timed region.
  double parallel_chunks = 1;  // Iterations of the parallel loop.
  double code_memory = 0;      // Which of the target's code memories it runs from, 0 the best.

  // Bytes touched by one iteration at three levels, innermost first: one register tile; one pass of
  // the inner tile loop; one pass of the middle tile loop. The whole kernel touches total_*.
  struct Level {
    double input_bytes = 0, weight_bytes = 0, output_bytes = 0;
    double iterations = 1;  // How many such passes the kernel makes.
    // Part of the first cache that its inputs can lie in: less than 1 where their pieces are so far
    // apart in memory that they share few of its sets.
    double reach = 1;
  };
  std::array<Level, 3> levels;
  double total_input_bytes = 0, total_weight_bytes = 0, total_output_bytes = 0;
};

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_SPACE_FACTS_H_
