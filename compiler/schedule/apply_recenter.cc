#include <algorithm>

#include "absl/strings/str_format.h"
#include "compiler/ir/visit.h"
#include "compiler/schedule/apply.h"
#include "compiler/schedule/pair_term.h"

namespace tunefarm::compiler {
namespace {

class VarFinder final : public Visitor {
 public:
  std::vector<const ExprNode*> vars;
  bool Uses(const Axis& axis) const {
    return std::find(vars.begin(), vars.end(), axis.var.get()) != vars.end();
  }

 protected:
  using Visitor::Visit;
  void Visit(const Var& var) override { vars.push_back(&var); }
};

// Subtracts the offset from every load of the sum.
class Subtracter final : public Mutator {
 public:
  Subtracter(const Buffer& sum, const Buffer& offset, std::vector<size_t> dimensions)
      : sum_(sum), offset_(offset), dimensions_(std::move(dimensions)) {}

 protected:
  using Mutator::Mutate;
  Expr Mutate(const Load& load, const Expr& self) override {
    const Expr mutated = Mutator::Mutate(load, self);
    if (load.buffer != sum_) return mutated;
    std::vector<Expr> indices;
    for (size_t dimension : dimensions_) {
      indices.push_back(mutated.as<Load>()->indices[dimension]);
    }
    return mutated - MakeLoad(offset_, indices);
  }

 private:
  const Buffer& sum_;
  const Buffer& offset_;
  const std::vector<size_t> dimensions_;
};

// sum(zero point * weight) over the reduction, for each place of the data-parallel axes that the
// weight depends on.
Stage OffsetStage(const Stage& sum, const Expr& zero_point, const Expr& weight,
                  const std::vector<size_t>& dimensions) {
  Stage stage;
  stage.name = sum.name + "_offset";
  std::vector<int64_t> extents;
  std::vector<std::pair<const ExprNode*, Expr>> fresh;
  const auto copy_axis = [&fresh](const Axis& axis) {
    const Axis copy{axis.name, MakeVar(axis.name), axis.extent};
    fresh.emplace_back(axis.var.get(), copy.var);
    return copy;
  };
  for (size_t dimension : dimensions) {
    stage.axes.push_back(copy_axis(sum.axes[dimension]));
    extents.push_back(sum.axes[dimension].extent);
  }
  for (const Axis& axis : sum.reduce_axes) stage.reduce_axes.push_back(copy_axis(axis));
  stage.buffer = MakeBuffer(stage.name, DType::kS32, extents, Scope::kArgument);
  stage.reduction = Reduction::kSum;
  stage.init = sum.init;
  stage.value = Substitute(zero_point * weight, fresh);
  return stage;
}

}  // namespace

absl::Status ApplyRecenter(int stage, ScheduledOperator& scheduled) {
  ScheduledStage& target = scheduled.stages[stage];
  const Binary* product = target.stage.value.as<Binary>();
  const Binary* difference = product != nullptr ? product->a.as<Binary>() : nullptr;
  if (!IsPairTerm(target.stage.value) || difference == nullptr) {
    return absl::FailedPreconditionError("the term is no product of (s8 - zero point) and s8");
  }
  const std::vector<int> readers = scheduled.ReadersOf(target.stage.buffer);
  if (readers.empty() || !target.conditions.empty() || !target.splits.empty()) {
    return absl::FailedPreconditionError(
        "a sum is recentered before its loops are scheduled, without inlined padding, and read by "
        "another stage");
  }
  VarFinder finder;
  finder.VisitExpr(product->b);
  std::vector<size_t> dimensions;
  for (size_t i = 0; i < target.stage.axes.size(); ++i) {
    if (finder.Uses(target.stage.axes[i])) dimensions.push_back(i);
  }
  if (dimensions.empty()) return absl::FailedPreconditionError("the weights are one number");
  const Stage offset = OffsetStage(target.stage, difference->b, product->b, dimensions);
  const Buffer sum = target.stage.buffer;
  Subtracter subtract(sum, offset.buffer, dimensions);
  for (int reader : readers) {
    Stage& reading = scheduled.stages[reader].stage;
    reading.value = subtract.MutateExpr(reading.value);
  }
  target.stage.value = difference->a * product->b;
  target.recentered = true;
  ScheduledStage prepared = MakeScheduledStage(offset);
  prepared.prepared = true;
  InsertStage(std::move(prepared), stage, scheduled);
  return absl::OkStatus();
}

}  // namespace tunefarm::compiler
