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
    const int64_t num_elems = op_.output->num_elems();
    const double instructions =
        kInstructionsPerElement + (config.values[1] != 0 ? 0 : kInstructionsPerTerm);
    return FactsOfElements(num_elems, config.values[0], static_cast<double>(num_elems),
                           instructions, target_);
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
