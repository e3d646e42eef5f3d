// A schedule: a list of small step values that say how an operator's stages become loops. It is
// data: printable, parseable, hashable; applying it to the operator
// (compiler/schedule/scheduled_operator.h) checks each step's legality first, then builds.
// Templates write schedules; the log can rebuild them from named knobs.
//
// Text form, one step a line:   split(conv2d_acc, ic, 4)
//
// How to add a step: (1) a kind in StepKind, (2) a factory below with the loops before and after,
// (3) a line in the table of schedule.cc (name and form), (4) its legality and effect in
// apply_*.cc, (5) tests: tests/unit/compiler/schedule for every refusal,
// tests/property/lower_test.cc for its meaning.
#ifndef TUNEFARM_COMPILER_SCHEDULE_SCHEDULE_H_
#define TUNEFARM_COMPILER_SCHEDULE_SCHEDULE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tunefarm::compiler {

enum class StepKind {
  kSplit,
  kReorder,
  kFuse,
  kVectorize,
  kUnroll,
  kParallel,
  kPeel,
  kComputeAt,
  kInline,
  kCacheRead,
  kCacheWrite,
  kPack,
  kTensorize,
  kStream,
  kRecenter,
  kExpand,
  kPlaceCode,
};

struct Step {
  StepKind kind = StepKind::kSplit;
  std::string stage;  // The stage it acts on (kPack, kCacheRead: the stage that reads).
  std::vector<std::string> names;  // Axes, or the names that the kind's factory describes.
  std::vector<int64_t> numbers;    // Factors and counts, likewise.
  bool operator==(const Step&) const = default;
};

struct Schedule {
  std::vector<Step> steps;
  bool operator==(const Schedule&) const = default;
};

// "split(conv2d_acc, ic, 4)\n..." and back. Errors: kInvalidArgument with the line.
std::string Print(const Schedule& schedule);
absl::StatusOr<Schedule> ParseSchedule(const std::string& text);
// SHA-256 of the text.
std::string Hash(const Schedule& schedule);

// ---- steps ------------------------------------------------------------------------------------

// Splits loop `axis` of extent E into <axis>_outer and <axis>_inner. Halide, TVM: split; Exo:
// divide_loop.
//   for i in 0..E: S(i)
//   -> for i_outer in 0..E/f: for i_inner in 0..f: S(i_outer*f + i_inner)
//      for i_inner in 0..E%f: S((E/f)*f + i_inner)        only if f does not divide E
// The tail is a copy of all that is inside, with its own constant extents: no guard runs in the
// main part. A factor above E leaves only the tail. Requires factor >= 1.
Step Split(std::string stage, std::string axis, int64_t factor);

// Puts the loops of a stage in the given order, outermost first. `axes` names every loop once.
Step Reorder(std::string stage, std::vector<std::string> axes);

// Joins two adjacent loops (outer directly around inner) into <outer>_<inner>.
//   for a in 0..A: for b in 0..B: S(a, b)  ->  for ab in 0..A*B: S(ab / B, ab % B)
Step Fuse(std::string stage, std::string outer, std::string inner);

// The loop becomes vector operations, one lane per iteration. Data-parallel axes only; it must be
// the innermost loop of the stage. A loop whose accesses are not affine in the axis is unrolled
// instead.
Step Vectorize(std::string stage, std::string axis);

// The loop's body is repeated once per iteration.
Step Unroll(std::string stage, std::string axis);

// Iterations may run on the caller's threads. Data-parallel axes only; outermost loop of a stage
// computed at the root.
Step Parallel(std::string stage, std::string axis);

// Takes the first `before` and last `after` iterations out of the loop, as copies with a constant
// index, so that conditions that hold only at the border vanish from the middle.
//   for i in 0..E: S(i)  ->  S(0); for i in 1..E-1: S(i); S(E-1)                    for before =
//   after = 1
Step Peel(std::string stage, std::string axis, int64_t before, int64_t after);

// Computes `stage` inside loop `axis` of `consumer`, only the region needed there. `consumer` reads
// the stage, or reads it through stages that are themselves computed inside that loop.
//   for i: A(i)                for i: for j in what C(i) reads: A(j)
//   for i: C(i)        ->             C(i)
Step ComputeAt(std::string stage, std::string consumer, std::string axis);

// Replaces reads of the stage by its expression. An elementwise stage with one reader. A padding
// stage read by a reduction becomes a condition: terms outside are skipped rather than computed.
Step Inline(std::string stage);

// Creates stage <buffer>_cache, a copy of the input or stage named `buffer` that `stage` then
// reads; place it with ComputeAt.
Step CacheRead(std::string stage, std::string buffer);

// Creates stage <stage>_acc that computes what `stage` computed, in registers; `stage` becomes a
// copy of it, to be placed around it with ComputeAt(<stage>_acc, ...). The accumulators of a
// register-tiled kernel.
Step CacheWrite(std::string stage);

// Gives `stage` a copy of the input named `buffer` in another order of elements. Constant inputs
// are packed ahead of time (the kernel's prepare entry), others inside the timed region.
//   order:  the dimensions of the buffer, each once, outermost first.
//   blocks: dimensions that are blocked, and by how much: their inner parts become the innermost
//   dimensions in this order. w[kh, kw, ic, oc], order 3 0 1 2, blocks 3:32   ->   w_packed[oc/32,
//   kh, kw, ic, oc%32]
struct PackBlock {
  int64_t dimension = 0;
  int64_t factor = 1;  // At least 2. The last block may be partly filled (zeros).
};
Step Pack(std::string stage, std::string buffer, const std::vector<int64_t>& order,
          const std::vector<PackBlock>& blocks);

// Computes the reduction loop `axis` (extent 1, 2 or 4: the inner half of a split; innermost but
// for the vectorised loop) of an s8 stage by an instruction of the target that multiplies and adds
// so many 8- or 16-bit terms. Four terms have no room for a zero point: recenter first.
Step Tensorize(std::string stage, std::string axis);

// Takes the input's zero point out of the terms of an s8 sum. The sum that is left over is one of
// constants: stage <stage>_offset, prepared ahead of time, which the stage's readers subtract.
//   sum((x - z) * w)  ->  sum(x * w) - sum(z * w)
// Before cache_write. Padding must be copied, not inlined: skipped terms would be subtracted.
Step Recenter(std::string stage);

// How the operands of the stage's innermost loop reach registers; what is computed stays the same.
//   lanes: elements that are multiplied with whole vectors are loaded this many at a time where
//     they lie side by side, and taken from the register one by one (fmla v0, v1, v2.s[3]). 1: each
//     is loaded for itself and spread over a vector.
//   ahead: a load stands at least this many multiply-adds before the first that needs it, if need
//     be in the loop's iteration before (software pipelining).
//   group: the loads of this many multiply-adds stand together in front of them.
// ahead = group = 0: right before their first use on cores that execute out of order, where LLVM's
// model of the core puts them on the others. Requires lanes in {1, 2, 4, 8, 16}, ahead in [0, 64],
// group in [0, 256], not both of them above 0.
Step Stream(std::string stage, int64_t lanes, int64_t ahead, int64_t group);

// The kernel's run entry lies in a section of its own, .text.<memory>: a linker script puts that
// section into the board's memory of that name, and tuner-mcu-agent the kernel that it times.
// Scripts that know nothing of it take it for code like all the rest (*(.text*)). Requires a name
// of a-z, 0-9 and _.
Step PlaceCode(std::string stage, std::string memory);

// The whole operator is built by a function of its own (compiler/lower/expand), whose choices are
// the numbers. Beside it a schedule holds only place_code.
Step Expand(std::string stage, std::string form, std::vector<int64_t> numbers);

// pair_tile: s8 sums by pairs of 16-bit products in register tiles. Numbers: output pixels and
// channels of a tile, pair steps in one iteration of its loop (0: all of them, no loop), bits of a
// packed weight (16: widened ahead of time; 8: half the memory, widened by the tile, which takes an
// even number of steps), rows (0: each tile's windows are gathered to columns; above: the inputs of
// so many output rows are widened together, and tiles read them in place).
inline constexpr char kPairTileForm[] = "pair_tile";
struct PairTileKnobs {
  int64_t pixels = 1, channels = 1;
  int64_t steps = 1;
  int64_t weight_bits = 16;
  int64_t rows = 0;
};
Step ExpandPairTile(std::string stage, const PairTileKnobs& knobs);

// window_rows: s8 depthwise windows on planes of 16-bit values. Numbers: 1 if lines of outputs run
// along the image's height.
inline constexpr char kWindowRowsForm[] = "window_rows";
struct WindowRowsKnobs {
  bool along_height = false;
};
Step ExpandWindowRows(std::string stage, const WindowRowsKnobs& knobs);

// table_add: s8 addition with both operands rescaled by tables. Numbers: elements per iteration.
inline constexpr char kTableAddForm[] = "table_add";
struct TableAddKnobs {
  int64_t unroll = 1;
};
Step ExpandTableAdd(std::string stage, const TableAddKnobs& knobs);

// table_softmax: s8 softmax with the exponentials of all 256 differences in a table. Numbers:
// elements per iteration; 1 if their terms of the sum have a table of their own.
inline constexpr char kTableSoftmaxForm[] = "table_softmax";
struct TableSoftmaxKnobs {
  int64_t unroll = 1;
  bool term_table = false;
};
Step ExpandTableSoftmax(std::string stage, const TableSoftmaxKnobs& knobs);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_SCHEDULE_SCHEDULE_H_
