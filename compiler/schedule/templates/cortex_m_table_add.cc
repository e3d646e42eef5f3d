// Template cortex_m_table_add: s8 addition on Cortex-M with the DSP extension, by the expansion of
// the same name (compiler/lower/expand/table_add.cc).
#include "compiler/schedule/templates/templates.h"
#include "compiler/schedule/templates/tiling.h"

namespace tunefarm::compiler {
namespace {

constexpr double kInstructionsPerElement = 10;

class CortexMTableAdd final : public BoundTemplate {
 public:
  CortexMTableAdd(const Operator& op, const Target& target) : op_(op), target_(target) {
    space_ = ConfigSpace("cortex_m_table_add.v1",
                         {{"unroll", ValuesUpTo({1, 2, 4, 8, 16}, op_.output->num_elems()),
                           "Elements per iteration of the loop."}},
                         nullptr);
  }

  const ConfigSpace& space() const override { return space_; }

  absl::StatusOr<Schedule> MakeSchedule(const Config& config) const override {
    return Schedule{{ExpandTableAdd(op_.stages.back().name, {config.values[0]})}};
  }

  ConfigFacts Facts(const Config& config) const override {
    const int64_t num_elems = op_.output->num_elems();
    return FactsOfElements(num_elems, config.values[0], 2 * static_cast<double>(num_elems),
                           kInstructionsPerElement, target_);
  }

 private:
  const Operator op_;
  const Target target_;
  ConfigSpace space_;
};

}  // namespace

bool TakesCortexMTableAdd(const Operator& op, const Target& target) {
  const Workload& w = op.workload;
  return target.HasPairMultiply() && w.op == OpKind::kAdd && w.dtype == DType::kS8 &&
         w.broadcast[0] == 0;
}

std::unique_ptr<BoundTemplate> BindCortexMTableAdd(const Operator& op, const Target& target) {
  return std::make_unique<CortexMTableAdd>(op, target);
}

}  // namespace tunefarm::compiler
