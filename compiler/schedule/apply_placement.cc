#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/ir/visit.h"
#include "compiler/schedule/apply.h"

namespace tunefarm::compiler {
namespace {

constexpr int64_t kMaxStreamLanes = 16;
constexpr int64_t kMaxStreamAhead = 64;
constexpr int64_t kMaxStreamGroup = 256;

// Replaces every load of one buffer by an expression of the load's indices.
class LoadReplacer final : public Mutator {
 public:
  LoadReplacer(const Buffer& buffer, const Stage& producer)
      : buffer_(buffer), producer_(producer) {}
  // The producer's expression with its axes replaced by the indices of the last load met.
  Expr condition;  // Of a padding stage: `inside` at those indices. Undefined otherwise.

 protected:
  using Mutator::Mutate;
  Expr Mutate(const Load& load, const Expr& self) override {
    if (load.buffer != buffer_) return Mutator::Mutate(load, self);
    std::vector<std::pair<const ExprNode*, Expr>> map;
    for (size_t i = 0; i < producer_.axes.size(); ++i) {
      map.emplace_back(producer_.axes[i].var.get(), load.indices[i]);
    }
    if (!producer_.is_padding) return Substitute(producer_.value, map);
    const Select* select = producer_.value.as<Select>();
    condition = Substitute(select->condition, map);
    return Substitute(select->if_true, map);
  }

 private:
  const Buffer& buffer_;
  const Stage& producer_;
};

// The conjuncts of a && b && ...
void Flatten(const Expr& condition, std::vector<Expr>& conjuncts) {
  const Binary* both = condition.as<Binary>();
  if (both != nullptr && both->op == BinaryOp::kAnd) {
    Flatten(both->a, conjuncts);
    Flatten(both->b, conjuncts);
  } else {
    conjuncts.push_back(condition);
  }
}

}  // namespace

absl::Status ApplyComputeAt(const Step& step, int stage, ScheduledOperator& scheduled) {
  const int consumer = scheduled.FindStage(step.names[0]);
  if (consumer < 0) return absl::NotFoundError(absl::StrFormat("no stage %s", step.names[0]));
  if (consumer <= stage) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s is computed before %s", step.names[0], step.stage));
  }
  if (scheduled.stages[consumer].prepared != scheduled.stages[stage].prepared) {
    return absl::FailedPreconditionError("one stage is prepared ahead of time, the other is not");
  }
  const int axis = scheduled.stages[consumer].FindAxis(step.names[1]);
  if (axis < 0 || !scheduled.stages[consumer].IsLeaf(axis)) {
    return absl::NotFoundError(
        absl::StrFormat("stage %s has no loop %s", step.names[0], step.names[1]));
  }
  // Every reader must run inside that loop: it is the consumer, or is attached to it (checked
  // through the chain).
  for (int reader : scheduled.ReadersOf(scheduled.stages[stage].stage.buffer)) {
    int at = reader;
    while (at != consumer && scheduled.stages[at].attached)
      at = scheduled.stages[at].attached->consumer;
    if (at != consumer) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "stage %s reads it outside %s", scheduled.stages[reader].stage.name, step.names[0]));
    }
  }
  scheduled.stages[stage].attached = ScheduledStage::Attachment{consumer, axis};
  return absl::OkStatus();
}

absl::Status ApplyInline(int stage, ScheduledOperator& scheduled) {
  ScheduledStage& producer = scheduled.stages[stage];
  const std::vector<int> readers = scheduled.ReadersOf(producer.stage.buffer);
  if (producer.stage.reduction != Reduction::kNone) {
    return absl::FailedPreconditionError("a reduction cannot be inlined");
  }
  if (stage + 1 == static_cast<int>(scheduled.stages.size()) || readers.size() != 1) {
    return absl::FailedPreconditionError(
        absl::StrFormat("it has %d readers, inlining needs exactly one", readers.size()));
  }
  ScheduledStage& reader = scheduled.stages[readers[0]];
  if (producer.stage.is_padding && reader.stage.reduction == Reduction::kNone) {
    return absl::FailedPreconditionError("padding is read by a stage that is no reduction");
  }
  if (producer.stage.is_padding && reader.recentered) {
    return absl::FailedPreconditionError(
        "what is skipped would be missing from a sum without its zero point");
  }
  LoadReplacer replacer(producer.stage.buffer, producer.stage);
  reader.stage.value = replacer.MutateExpr(reader.stage.value);
  if (producer.stage.is_padding) Flatten(replacer.condition, reader.conditions);
  producer.inlined = true;
  return absl::OkStatus();
}

absl::Status ApplyStream(const Step& step, ScheduledOperator& scheduled) {
  const int64_t lanes = step.numbers[0], ahead = step.numbers[1], group = step.numbers[2];
  if (lanes < 1 || lanes > kMaxStreamLanes || (lanes & (lanes - 1)) != 0) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%d lanes are no power of two in [1, %d]", lanes, kMaxStreamLanes));
  }
  if (ahead < 0 || ahead > kMaxStreamAhead) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%d multiply-adds ahead are not in [0, %d]", ahead, kMaxStreamAhead));
  }
  if (group < 0 || group > kMaxStreamGroup) {
    return absl::FailedPreconditionError(
        absl::StrFormat("a group of %d multiply-adds is not in [0, %d]", group, kMaxStreamGroup));
  }
  if (ahead > 0 && group > 0) {
    return absl::FailedPreconditionError("loads stand ahead or in groups, not both");
  }
  scheduled.stream_group = group;
  scheduled.stream_lanes = lanes;
  scheduled.stream_ahead = ahead;
  return absl::OkStatus();
}

}  // namespace tunefarm::compiler
