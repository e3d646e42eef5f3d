#include "compiler/lower/region.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/ir/linear.h"
#include "compiler/ir/visit.h"

namespace tunefarm::compiler {
namespace {

// All loads of one buffer in an expression.
class LoadCollector final : public Visitor {
 public:
  explicit LoadCollector(const Buffer& buffer) : buffer_(buffer) {}
  std::vector<std::vector<Expr>> indices;

 protected:
  using Visitor::Visit;
  void Visit(const Load& load) override {
    if (load.buffer == buffer_) indices.push_back(load.indices);
    Visitor::Visit(load);
  }

 private:
  const Buffer& buffer_;
};

using RootRanges = std::vector<std::pair<const ExprNode*, AxisRange>>;

// The values of one subscript while the roots run over their ranges.
absl::StatusOr<AxisRange> RangeOfIndex(const Expr& index, const RootRanges& roots) {
  Ranges ranges;
  for (const auto& [var, range] : roots) ranges.Set(var, {0, Interval::kHighest});
  const Linear linear = ToLinear(index, ranges);
  Expr base(linear.constant);
  int64_t extent = 1;
  for (const Linear::Term& term : linear.terms) {
    const auto root = std::find_if(roots.begin(), roots.end(), [&term](const auto& candidate) {
      return candidate.first == term.atom.get();
    });
    if (root == roots.end()) {
      return absl::FailedPreconditionError("a subscript that is not affine in the loops");
    }
    const AxisRange& range = root->second;
    const int64_t reach = term.coefficient * (range.extent - 1);
    base = base + range.base * Expr(term.coefficient);
    if (reach < 0) base = base + Expr(reach);
    extent += std::abs(reach);
  }
  return AxisRange{base, extent};
}

// The hull of two ranges whose bases differ by a constant.
absl::StatusOr<AxisRange> Hull(const AxisRange& a, const AxisRange& b) {
  Linear difference = ToLinear(b.base, Ranges());
  difference.Add(ToLinear(a.base, Ranges()), -1);
  if (!difference.is_constant()) {
    return absl::FailedPreconditionError("regions of two reads at a varying distance");
  }
  const int64_t low = std::min<int64_t>(0, difference.constant);
  const int64_t high = std::max(a.extent, difference.constant + b.extent);
  return AxisRange{a.base + Expr(low), high - low};
}

absl::StatusOr<RootRanges> RangesOfReader(const ScheduledOperator& scheduled, int reader,
                                          int consumer, const Domain& domain) {
  const ScheduledStage& stage = scheduled.stages[reader];
  RootRanges roots;
  std::vector<AxisRange> region;
  if (reader != consumer) {
    TUNEFARM_ASSIGN_OR_RETURN(region, RequiredRegion(scheduled, reader, consumer, domain));
  }
  for (int root = 0; root < stage.num_roots(); ++root) {
    AxisRange range{Expr(0), stage.root(root).extent};
    if (reader == consumer) {
      TUNEFARM_ASSIGN_OR_RETURN(range, domain.RangeOf(root));
    } else if (root < static_cast<int>(region.size())) {
      range = region[root];
    }
    roots.emplace_back(stage.root(root).var.get(), range);
  }
  return roots;
}

}  // namespace

absl::StatusOr<std::vector<AxisRange>> RequiredRegion(const ScheduledOperator& scheduled,
                                                      int producer, int consumer,
                                                      const Domain& domain) {
  const Buffer& buffer = scheduled.stages[producer].stage.buffer;
  std::vector<AxisRange> region;
  for (int reader : scheduled.ReadersOf(buffer)) {
    const ScheduledStage& stage = scheduled.stages[reader];
    if (!stage.conditions.empty()) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "stage %s reads %s under a padding condition, its region is not a box in bounds",
          stage.stage.name, buffer->name));
    }
    TUNEFARM_ASSIGN_OR_RETURN(const RootRanges roots,
                              RangesOfReader(scheduled, reader, consumer, domain));
    LoadCollector loads(buffer);
    loads.VisitExpr(stage.stage.value);
    for (const std::vector<Expr>& indices : loads.indices) {
      std::vector<AxisRange> ranges;
      for (size_t i = 0; i < indices.size(); ++i) {
        TUNEFARM_ASSIGN_OR_RETURN(AxisRange range, RangeOfIndex(indices[i], roots));
        if (!region.empty()) {
          TUNEFARM_ASSIGN_OR_RETURN(range, Hull(region[i], range));
        }
        ranges.push_back(std::move(range));
      }
      region = std::move(ranges);
    }
  }
  return region;
}

}  // namespace tunefarm::compiler
