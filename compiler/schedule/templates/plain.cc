// Template plain: an operator's own loops, the last stage's innermost loop in vectors. It takes
// anything; elementwise operators need no more, others until they have a template of their own.
#include <algorithm>

#include "compiler/schedule/templates/templates.h"
#include "compiler/schedule/templates/tiling.h"

namespace tunefarm::compiler {
namespace {

class Plain final : public BoundTemplate {
 public:
  Plain(const Operator& op, const Target& target) : op_(op), target_(target) {
    const Axis& inner = op_.stages.back().axes.back();
    lanes_ = std::min(target_.VectorLanes(4), inner.extent);
    std::vector<Knob> knobs = {
        {"vectors", ValuesUpTo({1, 2, 4, 8}, CeilDiv(inner.extent, lanes_)),
         "Vectors per iteration of the innermost loop."},
        {"parallel", {1, 0}, "1: the outermost loop may use several threads."},
    };
    space_ = ConfigSpace("plain.v1", std::move(knobs), nullptr);
  }

  const ConfigSpace& space() const override { return space_; }

  absl::StatusOr<Schedule> MakeSchedule(const Config& config) const override {
    const Stage& last = op_.stages.back();
    Schedule schedule;
    auto& steps = schedule.steps;
    const std::string inner = last.axes.back().name;
    const bool reduces = last.reduction != Reduction::kNone;
    if (!reduces) {
      steps.push_back(Split(last.name, inner, config.values[0] * lanes_));
      steps.push_back(Split(last.name, inner + "_inner", lanes_));
      steps.push_back(Unroll(last.name, inner + "_inner_outer"));
      steps.push_back(Vectorize(last.name, inner + "_inner_inner"));
    }
    if (config.values[1] != 0 && last.axes.size() > 1) {
      steps.push_back(Parallel(last.name, last.axes.front().name));
    }
    return schedule;
  }

  ConfigFacts Facts(const Config& config) const override {
    const Stage& last = op_.stages.back();
    TiledLoop loop;
    loop.vectors = config.values[0];
    loop.lanes = lanes_;
    loop.num_columns = last.axes.back().extent;
    loop.num_rows = last.buffer->num_elems() / loop.num_columns;
    loop.row_tiles = loop.num_rows;
    for (const Axis& axis : last.reduce_axes) loop.steps *= axis.extent;
    loop.parallel_chunks = config.values[1] != 0 ? last.axes.front().extent : 1;
    for (const OperatorInput& input : op_.inputs) {
      loop.total_input_bytes +=
          static_cast<double>(input.buffer->num_elems() * SizeBytes(input.buffer->dtype));
    }
    return FactsOf(loop, target_);
  }

 private:
  const Operator op_;
  const Target target_;
  int64_t lanes_ = 1;
  ConfigSpace space_;
};

}  // namespace

std::unique_ptr<BoundTemplate> BindPlain(const Operator& op, const Target& target) {
  return std::make_unique<Plain>(op, target);
}

}  // namespace tunefarm::compiler
