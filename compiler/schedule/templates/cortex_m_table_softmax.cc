// Template cortex_m_table_softmax: s8 softmax on Cortex-M with the DSP extension, by the expansion
// of the same name (compiler/lower/expand/table_softmax.cc).
#include "compiler/schedule/templates/templates.h"
#include "compiler/schedule/templates/tiling.h"

namespace tunefarm::compiler {
namespace {

constexpr double kInstructionsPerElement = 22, kInstructionsPerTerm = 5;

class CortexMTableSoftmax final : public BoundTemplate {
 public:
  CortexMTableSoftmax(const Operator& op, const Target& target) : op_(op), target_(target) {
    space_ = ConfigSpace(
        "cortex_m_table_softmax.v1",
        {{"unroll", ValuesUpTo({1, 2, 4, 8, 16}, op_.workload.c),
          "Elements per iteration of the loops."},
         {"term_table", {1, 0}, "1: a table of 1 KiB more holds the terms of the sum."}},
        nullptr);
  }

  const ConfigSpace& space() const override { return space_; }

  absl::StatusOr<Schedule> MakeSchedule(const Config& config) const override {
    const TableSoftmaxKnobs knobs = {config.values[0], config.values[1] != 0};
    return Schedule{{ExpandTableSoftmax(op_.stages.back().name, knobs)}};
  }

  ConfigFacts Facts(const Config& config) const override {
    TiledLoop loop;
    loop.num_rows = op_.output->num_elems();
    loop.row_tiles = loop.num_rows;
    loop.unroll = config.values[0];
    loop.elem_bytes = 1;
    loop.output_elem_bytes = 1;
    loop.total_input_bytes = static_cast<double>(loop.num_rows);
    ConfigFacts facts = FactsOf(loop, target_);
    const double per_element =
        kInstructionsPerElement + (config.values[1] != 0 ? 0 : kInstructionsPerTerm);
    facts.epilogue_vectors = static_cast<double>(loop.num_rows) * per_element;
    return facts;
  }

 private:
  const Operator op_;
  const Target target_;
  ConfigSpace space_;
};

}  // namespace

bool TakesCortexMTableSoftmax(const Operator& op, const Target& target) {
  return target.HasPairMultiply() && op.workload.op == OpKind::kSoftmax &&
         op.workload.dtype == DType::kS8;
}

std::unique_ptr<BoundTemplate> BindCortexMTableSoftmax(const Operator& op, const Target& target) {
  return std::make_unique<CortexMTableSoftmax>(op, target);
}

}  // namespace tunefarm::compiler
