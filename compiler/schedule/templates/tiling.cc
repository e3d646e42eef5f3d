#include "compiler/schedule/templates/tiling.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::compiler {
namespace {

// x86 instructions with a 512-bit or memory operand are about this long.
constexpr double kBytesPerVectorInstruction = 8;
// Scalar instructions that end one iteration of the innermost loop: pointer increments, compare,
// branch.
constexpr double kLoopOverheadInstructions = 3;
// Multiply-adds in the code of one kernel: 16 KiB of instructions, half of a usual instruction
// cache.
constexpr int64_t kMaxUnrolledMultiplyAdds = 2048;
// Independent accumulators needed to keep the multiply-add units busy, at the least.
constexpr int64_t kMinAccumulators = 8;

// Loads that stand ahead are waited for the less the more multiply-adds hide them. LLVM's model of
// the A53 hides nothing, its best published kernels gain a quarter: eight count for a half.
constexpr double kMultiplyAddsThatHideALoad = 16;

double LoadWaitsPerStep(const StreamValues& stream, double loads_per_step) {
  if (stream.lanes == 0) return 0;
  if (stream.group > 0) return 1 / static_cast<double>(stream.group);
  const double hidden = static_cast<double>(stream.ahead) / kMultiplyAddsThatHideALoad;
  return loads_per_step * (1 - std::min(1.0, hidden));
}

}  // namespace

bool HasTiledForm(const Operator& op) {
  size_t i = 0;
  if (i < op.stages.size() && op.stages[i].is_padding) ++i;
  if (i >= op.stages.size() || op.stages[i].reduction == Reduction::kNone) return false;
  ++i;
  return i == op.stages.size() ||
         (i + 1 == op.stages.size() && op.stages[i].reduction == Reduction::kNone);
}

TiledStages FindTiledStages(const Operator& op) {
  TUNEFARM_CHECK(HasTiledForm(op), "operator without a single reduction");
  TiledStages stages;
  size_t i = 0;
  if (op.stages[i].is_padding) stages.pad = &op.stages[i++];
  stages.main = &op.stages[i++];
  if (i < op.stages.size()) stages.out = &op.stages[i];
  return stages;
}

void StartTiling(const TiledStages& stages, bool recenter, Schedule& schedule) {
  if (recenter) schedule.steps.push_back(Recenter(stages.main->name));
  schedule.steps.push_back(CacheWrite(stages.main->name));
  if (stages.out != nullptr) schedule.steps.push_back(Inline(stages.main->name));
}

std::vector<int64_t> ValuesUpTo(const std::vector<int64_t>& candidates, int64_t bound) {
  std::vector<int64_t> values;
  for (int64_t value : candidates) {
    if (value <= bound) values.push_back(value);
  }
  if (bound >= 1 && bound < candidates.back() && (values.empty() || values.back() != bound)) {
    values.push_back(bound);
  }
  if (values.empty()) values.push_back(1);
  return values;
}

std::vector<int64_t> BlockValues(int64_t max_tiles) {
  std::vector<int64_t> values = {0};
  for (int64_t value = 1; value < max_tiles; value *= 4) values.push_back(value);
  return values;
}

int64_t TilesPerBlock(int64_t block, int64_t num_tiles) { return block == 0 ? num_tiles : block; }

std::string BlockViolation(int64_t block, int64_t num_tiles) {
  if (block < num_tiles) return "";
  return absl::StrFormat("a block of %d tiles, of which there are %d", block, num_tiles);
}

Knob DotKnob(const Operator& op, const Target& target, int64_t steps) {
  if (op.workload.dtype == DType::kS8 && target.HasLaneMultiply()) {
    const bool dot = target.HasDotProduct() && steps >= 4;
    return {"terms", dot ? std::vector<int64_t>{4, 1} : std::vector<int64_t>{1},
            "s8 terms per multiply-add: 1 widens, 4 is a dot product."};
  }
  const bool pairs = op.workload.dtype == DType::kS8 && target.HasFeature("avx2") && steps >= 2;
  return {"pairs", pairs ? std::vector<int64_t>{1, 0} : std::vector<int64_t>{0},
          "1: s8 terms are multiplied two at a time."};
}

int64_t DotTerms(const Target& target, int64_t knob_value) {
  return target.HasLaneMultiply() ? knob_value : 2 * knob_value;
}

int64_t ColumnLanes(const Operator& op, const Target& target, int64_t columns) {
  const bool widens = op.workload.dtype == DType::kS8 && target.HasLaneMultiply();
  // Eight s8 are the least that one load brings into a vector register without detours.
  const int64_t lanes =
      widens && !target.HasDotProduct() ? 2 * target.VectorLanes(4) : target.VectorLanes(4);
  return std::min(lanes, columns);
}

std::vector<Knob> StreamKnobs(const Operator& op, const Target& target, int64_t steps) {
  if (!target.HasLaneMultiply()) return {};
  std::vector<int64_t> ahead = {0}, group = {0};
  if (target.in_order) {
    ahead = {0, 2, 4, 8};
    group = {0, 2, 4};
  }
  std::vector<int64_t> lanes = {1, 2, 4};
  if (op.workload.dtype == DType::kS8) lanes = {1, 4, 8};
  return {{"lanes", ValuesUpTo(lanes, std::bit_floor(static_cast<uint64_t>(steps))),
           "Input elements per load; 1: each is spread."},
          {"ahead", std::move(ahead), "Multiply-adds between a load and its use."},
          {"group", std::move(group), "Reduction steps whose loads stand together; 0: none do."}};
}

StreamValues ReadStream(const Config& config, size_t num_others) {
  if (config.values.size() == num_others) return {};
  return {config.values[num_others], config.values[num_others + 1], config.values[num_others + 2]};
}

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

std::string RegisterViolation(const Target& target, int64_t rows, int64_t vectors,
                              int64_t max_accumulators) {
  const int64_t accumulators = rows * vectors;
  const int64_t broadcast = target.HasFeature("avx512f") ? 0 : 1;
  const int64_t needed = accumulators + vectors + broadcast;
  if (needed > target.num_vector_registers) {
    return absl::StrFormat("tile %dx%d needs %d vector registers, the target has %d", rows, vectors,
                           needed, target.num_vector_registers);
  }
  const int64_t enough = std::min(kMinAccumulators, max_accumulators);
  if (accumulators < enough) {
    return absl::StrFormat("tile %dx%d has %d accumulators, %d hide the multiply-add's latency",
                           rows, vectors, accumulators, enough);
  }
  return "";
}

int64_t OperandRegisters(const Target& target, int64_t rows, int64_t vectors,
                         const StreamValues& stream) {
  if (stream.lanes == 0) return vectors + (target.HasFeature("avx512f") ? 0 : 1);
  // Each row's lanes stay for as many steps; what is loaded early finds its predecessor still
  // there.
  const int64_t inputs = stream.lanes > 1 || stream.group > 0 ? rows : 1;
  return inputs + vectors * std::max<int64_t>(1, stream.group) + std::min(stream.ahead, vectors);
}

std::string StreamViolation(const Target& target, int64_t rows, int64_t vectors,
                            const StreamValues& stream, int64_t unroll) {
  if (stream.lanes == 0) return "";
  if (unroll % stream.lanes != 0 || (stream.group != 0 && unroll % stream.group != 0)) {
    return absl::StrFormat("%d unrolled steps are no multiple of %d lanes and groups of %d", unroll,
                           stream.lanes, stream.group);
  }
  if (stream.ahead != 0 && stream.group != 0) return "loads stand ahead or in groups, not both";
  const int64_t needed = rows * vectors + OperandRegisters(target, rows, vectors, stream);
  if (needed <= target.num_vector_registers) return "";
  return absl::StrFormat(
      "tile %dx%d with its operands needs %d vector registers, the target has %d", rows, vectors,
      needed, target.num_vector_registers);
}

std::string CodeSizeViolation(int64_t copies, int64_t rows, int64_t vectors, int64_t unroll) {
  const int64_t multiply_adds = copies * rows * vectors * unroll;
  if (multiply_adds <= kMaxUnrolledMultiplyAdds) return "";
  return absl::StrFormat("%d unrolled multiply-adds exceed %d", multiply_adds,
                         kMaxUnrolledMultiplyAdds);
}

ConfigFacts FactsOf(const TiledLoop& loop, const Target& target) {
  const auto number = [](int64_t value) { return static_cast<double>(value); };
  const double columns_per_tile = number(loop.vectors * loop.lanes);
  const double column_tiles = number(CeilDiv(loop.num_columns, loop.vectors * loop.lanes));
  const double column_vectors = number(CeilDiv(loop.num_columns, loop.lanes));
  ConfigFacts facts;
  facts.vector_lanes = number(loop.lanes);
  facts.native_lanes = number(target.VectorLanes(4));
  facts.accumulators = number(loop.rows * loop.vectors);
  facts.operand_registers = number(OperandRegisters(target, loop.rows, loop.vectors, loop.stream));
  facts.available_registers = number(target.num_vector_registers);
  facts.tile_pixels = number(loop.rows);
  facts.tile_vectors = number(loop.vectors);

  facts.fma_per_step = facts.accumulators;
  facts.vector_loads_per_step = number(loop.vectors);
  facts.broadcast_loads_per_step =
      number(loop.rows) / number(std::max<int64_t>(1, loop.stream.lanes));
  // An element of a vector can be named by a multiply-add; a single scalar only by those of f32.
  if (loop.dot_product && loop.stream.lanes == 1) facts.spreads_per_step = number(loop.rows);
  facts.load_waits_per_step =
      LoadWaitsPerStep(loop.stream, facts.vector_loads_per_step + facts.broadcast_loads_per_step);
  facts.steps_per_tile = number(loop.steps);
  facts.unroll_steps = number(loop.unroll);
  const double step_instructions =
      facts.fma_per_step + facts.vector_loads_per_step +
      (target.HasFeature("avx512f") ? 0.0 : facts.broadcast_loads_per_step);
  facts.body_instructions = number(loop.unroll) * step_instructions + kLoopOverheadInstructions;
  facts.code_bytes = number(loop.copies) * facts.body_instructions * kBytesPerVectorInstruction;
  facts.loop_overhead_per_step = kLoopOverheadInstructions / number(loop.unroll);

  facts.tiles = number(loop.row_tiles) * column_tiles;
  facts.issued_fmas = number(loop.num_rows) * column_vectors * number(loop.steps);
  facts.useful_fmas =
      number(loop.num_rows) * number(loop.num_columns) * number(loop.steps) / facts.native_lanes;
  facts.epilogue_vectors = number(loop.num_rows) * column_vectors;
  facts.packing_bytes = loop.packing_bytes;
  facts.parallel_chunks = number(loop.parallel_chunks);

  const double panel_bytes = number(loop.steps) * columns_per_tile * loop.elem_bytes;
  const double tile_output = number(loop.rows) * columns_per_tile * loop.output_elem_bytes;
  const double block = number(loop.block_row_tiles), blocks = number(loop.num_groups_of_blocks);
  facts.levels[0] = {loop.input_bytes_per_tile, panel_bytes, tile_output, facts.tiles};
  facts.levels[1] = {loop.input_bytes_per_block, panel_bytes, tile_output * block,
                     column_tiles * blocks};
  facts.levels[2] = {loop.input_bytes_per_block, panel_bytes * column_tiles,
                     tile_output * block * column_tiles, blocks};
  facts.total_input_bytes = loop.total_input_bytes;
  facts.total_weight_bytes = number(loop.steps) * number(loop.num_columns) * loop.elem_bytes;
  facts.total_output_bytes =
      number(loop.num_rows) * number(loop.num_columns) * loop.output_elem_bytes;
  return facts;
}

ConfigFacts FactsOfElements(int64_t num_elems, int64_t unroll, double input_bytes,
                            double instructions, const Target& target) {
  TiledLoop loop;
  loop.num_rows = num_elems;
  loop.row_tiles = num_elems;
  loop.unroll = unroll;
  loop.elem_bytes = 1;
  loop.output_elem_bytes = 1;
  loop.total_input_bytes = input_bytes;
  ConfigFacts facts = FactsOf(loop, target);
  facts.epilogue_vectors = static_cast<double>(num_elems) * instructions;
  return facts;
}

}  // namespace tunefarm::compiler
