#include "compiler/lower/nest.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/ir/visit.h"
#include "compiler/lower/domain.h"
#include "compiler/lower/pair_dot.h"
#include "compiler/lower/region.h"

namespace tunefarm::compiler {
namespace {

// Where a stage's tensor lives at the moment: a local buffer that holds the region starting at
// `base`, its dimensions in the given order (dimension order[i] of the tensor is dimension i of the
// buffer).
struct Realized {
  Buffer buffer;
  std::vector<Expr> base;
  std::vector<size_t> order;
};
using RealizedMap = std::unordered_map<const BufferNode*, Realized>;

// Redirects accesses of realised tensors to their local buffers.
class AccessLocalizer final : public Mutator {
 public:
  explicit AccessLocalizer(const RealizedMap& realized) : realized_(realized) {}

 protected:
  using Mutator::Mutate;
  Expr Mutate(const Load& node, const Expr& self) override {
    const Expr mutated = Mutator::Mutate(node, self);
    const Load* load = mutated.as<Load>();
    const auto it = realized_.find(load->buffer.get());
    if (it == realized_.end()) return mutated;
    std::vector<Expr> indices;
    for (size_t dimension : it->second.order) {
      indices.push_back(load->indices[dimension] - it->second.base[dimension]);
    }
    return MakeLoad(it->second.buffer, std::move(indices));
  }

 private:
  const RealizedMap& realized_;
};

// The local buffer of a region. The dimension that the stage's vectorised loop runs over comes
// last, so that vectors are contiguous (and, in registers, whole).
Realized Realize(const ScheduledStage& stage, const std::vector<AxisRange>& region, Scope scope) {
  Realized local;
  const size_t rank = region.size();
  size_t last = rank;
  for (size_t root = 0; root < rank; ++root) {
    if (stage.VectorizedBelow(static_cast<int>(root))) last = root;
  }
  for (size_t i = 0; i < rank; ++i) {
    if (i != last) local.order.push_back(i);
    local.base.push_back(region[i].base);
  }
  if (last < rank) local.order.push_back(last);
  std::vector<int64_t> extents;
  for (size_t dimension : local.order) extents.push_back(region[dimension].extent);
  const Buffer& tensor = stage.stage.buffer;
  local.buffer = MakeBuffer(tensor->name, tensor->dtype, extents, scope);
  return local;
}

// Which statements of a reduction are being built: everything up to its first reduction loop
// (kAll), then the initialisation over the loops that follow, then the updates.
enum class Phase { kAll, kInit, kUpdate };

// A stage whose loops are being built; copied where a tail, a border or a phase makes the nest
// fork.
struct StageContext {
  int index = 0;  // In ScheduledOperator::stages.
  Domain domain;
  std::vector<Expr> base;              // Of the region, per data-parallel axis.
  std::vector<bool> condition_placed;  // Per condition of the stage.
  bool tensorized = false;             // All iterations of the tensorized loop are bound at once.
};

class NestBuilder {
 public:
  explicit NestBuilder(const ScheduledOperator& scheduled) : scheduled_(scheduled) {}

  absl::StatusOr<Stmt> BuildFrom(int first, bool prepared);

 private:
  using Inner = std::function<absl::StatusOr<Stmt>(const StageContext&)>;

  absl::StatusOr<Stmt> BuildStage(int stage, const std::vector<AxisRange>& region);
  absl::StatusOr<Stmt> Nest(const StageContext& context, size_t depth, Phase phase);
  absl::StatusOr<Stmt> PlaceConditions(const StageContext& context, const Inner& inner);
  absl::StatusOr<Stmt> DecideSplit(const StageContext& context, int split, size_t depth,
                                   Phase phase);
  absl::StatusOr<Stmt> BuildLoop(const StageContext& context, size_t depth, Phase phase);
  absl::StatusOr<Stmt> InsideLoop(const StageContext& context, size_t depth, Phase phase);
  absl::StatusOr<Stmt> WithAttached(const StageContext& context, int axis, int next,
                                    const Inner& inner);
  Stmt Body(const StageContext& context, Phase phase) const;

  std::vector<std::pair<const ExprNode*, Expr>> Coordinates(const StageContext& context) const;

  const ScheduledOperator& scheduled_;
  RealizedMap realized_;
};

// Root stages in order; a scratch tensor at the root lives until the last stage.
absl::StatusOr<Stmt> NestBuilder::BuildFrom(int first, bool prepared) {
  for (int i = first; i < static_cast<int>(scheduled_.stages.size()); ++i) {
    const ScheduledStage& stage = scheduled_.stages[i];
    if (stage.inlined || stage.attached || stage.prepared != prepared) continue;
    std::vector<AxisRange> region;
    for (const Axis& axis : stage.stage.axes) region.push_back({Expr(0), axis.extent});
    const Buffer& tensor = stage.stage.buffer;
    if (stage.scope == Scope::kArgument) {
      TUNEFARM_ASSIGN_OR_RETURN(Stmt body, BuildStage(i, region));
      TUNEFARM_ASSIGN_OR_RETURN(Stmt rest, BuildFrom(i + 1, prepared));
      return MakeBlock({std::move(body), std::move(rest)});
    }
    const Realized local = Realize(stage, region, Scope::kScratch);
    realized_[tensor.get()] = local;
    TUNEFARM_ASSIGN_OR_RETURN(Stmt body, BuildStage(i, region));
    TUNEFARM_ASSIGN_OR_RETURN(Stmt rest, BuildFrom(i + 1, prepared));
    return MakeAllocate(local.buffer, MakeBlock({std::move(body), std::move(rest)}));
  }
  return MakeBlock({});
}

absl::StatusOr<Stmt> NestBuilder::BuildStage(int stage, const std::vector<AxisRange>& region) {
  StageContext context{stage, Domain(scheduled_.stages[stage], region), {}, {}, false};
  for (const AxisRange& range : region) context.base.push_back(range.base);
  context.condition_placed.assign(scheduled_.stages[stage].conditions.size(), false);
  return Nest(context, 0, Phase::kAll);
}

absl::StatusOr<Stmt> NestBuilder::Nest(const StageContext& context, size_t depth, Phase phase) {
  const ScheduledStage& stage = scheduled_.stages[context.index];
  if (phase == Phase::kUpdate) {
    return PlaceConditions(context, [&](const StageContext& guarded) -> absl::StatusOr<Stmt> {
      if (depth == stage.leaves.size()) return Body(guarded, phase);
      return InsideLoop(guarded, depth, phase);
    });
  }
  if (depth == stage.leaves.size()) return Body(context, phase);
  if (phase == Phase::kAll && stage.axes[stage.leaves[depth]].reduce) {
    TUNEFARM_ASSIGN_OR_RETURN(Stmt init, Nest(context, depth, Phase::kInit));
    TUNEFARM_ASSIGN_OR_RETURN(Stmt update, Nest(context, depth, Phase::kUpdate));
    return MakeBlock({std::move(init), std::move(update)});
  }
  return InsideLoop(context, depth, phase);
}

// Conditions stand at the outermost place where all they depend on is fixed.
absl::StatusOr<Stmt> NestBuilder::PlaceConditions(const StageContext& context, const Inner& inner) {
  const ScheduledStage& stage = scheduled_.stages[context.index];
  StageContext placed = context;
  std::vector<Expr> here;
  for (size_t i = 0; i < stage.conditions.size(); ++i) {
    if (context.condition_placed[i]) continue;
    bool fixed = true;
    class VarFinder final : public Visitor {
     public:
      std::vector<const ExprNode*> vars;

     protected:
      using Visitor::Visit;
      void Visit(const Var& var) override { vars.push_back(&var); }
    } finder;
    finder.VisitExpr(stage.conditions[i]);
    std::vector<std::pair<const ExprNode*, Expr>> map;
    for (int root = 0; root < stage.num_roots(); ++root) {
      const ExprNode* var = stage.root(root).var.get();
      if (std::find(finder.vars.begin(), finder.vars.end(), var) == finder.vars.end()) continue;
      if (!context.domain.IsFixed(root)) {
        fixed = false;
        break;
      }
      Expr value = context.domain.ValueOf(root);
      if (root < static_cast<int>(context.base.size())) value = context.base[root] + value;
      map.emplace_back(var, value);
    }
    if (!fixed) continue;
    placed.condition_placed[i] = true;
    here.push_back(Substitute(stage.conditions[i], map));
  }
  TUNEFARM_ASSIGN_OR_RETURN(Stmt body, inner(placed));
  for (size_t i = here.size(); i-- > 0;) body = MakeIf(here[i], body);
  return body;
}

absl::StatusOr<Stmt> NestBuilder::InsideLoop(const StageContext& context, size_t depth,
                                             Phase phase) {
  const ScheduledStage& stage = scheduled_.stages[context.index];
  const int leaf = stage.leaves[depth];
  if (phase == Phase::kInit && stage.axes[leaf].reduce) return Nest(context, depth + 1, phase);
  const int split = context.domain.FirstUndecided(leaf);
  if (split >= 0) return DecideSplit(context, split, depth, phase);
  return BuildLoop(context, depth, phase);
}

absl::StatusOr<Stmt> NestBuilder::DecideSplit(const StageContext& context, int split, size_t depth,
                                              Phase phase) {
  std::vector<Stmt> boxes;
  if (context.domain.MainExtent(split) > 0) {
    StageContext main = context;
    main.domain.DecideMain(split);
    TUNEFARM_ASSIGN_OR_RETURN(Stmt body, InsideLoop(main, depth, phase));
    boxes.push_back(std::move(body));
  }
  if (context.domain.TailExtent(split) > 0) {
    StageContext tail = context;
    tail.domain.DecideTail(split);
    TUNEFARM_ASSIGN_OR_RETURN(Stmt body, InsideLoop(tail, depth, phase));
    boxes.push_back(std::move(body));
  }
  return MakeBlock(std::move(boxes));
}

absl::StatusOr<Stmt> NestBuilder::BuildLoop(const StageContext& context, size_t depth,
                                            Phase phase) {
  const ScheduledStage& stage = scheduled_.stages[context.index];
  const int leaf = stage.leaves[depth];
  const ScheduledAxis& axis = stage.axes[leaf];
  const int64_t min = context.domain.MinOf(leaf), extent = context.domain.ExtentOf(leaf);
  const auto inside = [&](const Expr& value) -> absl::StatusOr<Stmt> {
    StageContext bound = context;
    bound.domain.Bind(leaf, value);
    if (phase == Phase::kInit) return Nest(bound, depth + 1, phase);
    return WithAttached(bound, leaf, 0,
                        [&](const StageContext& c) { return Nest(c, depth + 1, phase); });
  };
  if (leaf == stage.tensorized_axis && phase == Phase::kUpdate &&
      extent == stage.tensorized_terms) {
    StageContext pair = context;
    pair.tensorized = true;
    const int terms = static_cast<int>(extent);
    pair.domain.Bind(leaf, terms == 1 ? Expr(min) : MakeRamp(Expr(min), 1, terms));
    return Nest(pair, depth + 1, phase);
  }
  std::vector<Stmt> parts;
  int64_t begin = 0, end = extent;
  const auto copies = [&](int64_t from, int64_t to) -> absl::Status {
    for (int64_t i = from; i < to; ++i) {
      TUNEFARM_ASSIGN_OR_RETURN(Stmt copy, inside(Expr(min + i)));
      parts.push_back(std::move(copy));
    }
    return absl::OkStatus();
  };
  begin = std::min(axis.peel_before, extent);
  end = std::max(begin, extent - axis.peel_after);
  if (end - begin == 1) begin = end;  // A loop of one iteration is a copy as well.
  TUNEFARM_RETURN_IF_ERROR(copies(0, begin));
  if (end > begin) {
    const Expr var = MakeVar(axis.name);
    TUNEFARM_ASSIGN_OR_RETURN(Stmt body, inside(min + begin == 0 ? var : var + Expr(min + begin)));
    parts.push_back(MakeFor(var, Expr(0), Expr(end - begin), axis.kind, std::move(body)));
  }
  TUNEFARM_RETURN_IF_ERROR(copies(end, extent));
  return MakeBlock(std::move(parts));
}

// The stages attached to this loop, in order of computation, around `inner`.
absl::StatusOr<Stmt> NestBuilder::WithAttached(const StageContext& context, int axis, int next,
                                               const Inner& inner) {
  for (int i = next; i < context.index; ++i) {
    const ScheduledStage& stage = scheduled_.stages[i];
    if (stage.inlined || !stage.attached || stage.attached->consumer != context.index ||
        stage.attached->axis != axis) {
      continue;
    }
    const auto region = RequiredRegion(scheduled_, i, context.index, context.domain);
    if (!region.ok())
      return base::Annotate(region.status(), "compute_at of stage " + stage.stage.name);
    const Buffer& tensor = stage.stage.buffer;
    const Realized local = Realize(stage, *region, stage.scope);
    realized_[tensor.get()] = local;
    TUNEFARM_ASSIGN_OR_RETURN(Stmt producer, BuildStage(i, *region));
    TUNEFARM_ASSIGN_OR_RETURN(Stmt rest, WithAttached(context, axis, i + 1, inner));
    realized_.erase(tensor.get());
    return MakeAllocate(local.buffer, MakeBlock({std::move(producer), std::move(rest)}));
  }
  return inner(context);
}

std::vector<std::pair<const ExprNode*, Expr>> NestBuilder::Coordinates(
    const StageContext& context) const {
  const ScheduledStage& stage = scheduled_.stages[context.index];
  std::vector<std::pair<const ExprNode*, Expr>> map;
  for (int root = 0; root < stage.num_roots(); ++root) {
    if (!context.domain.IsFixed(root)) continue;  // Reduction axes, in the initialisation.
    Expr value = context.domain.ValueOf(root);
    if (root < static_cast<int>(context.base.size())) value = context.base[root] + value;
    map.emplace_back(stage.root(root).var.get(), value);
  }
  return map;
}

Stmt NestBuilder::Body(const StageContext& context, Phase phase) const {
  const Stage& stage = scheduled_.stages[context.index].stage;
  const auto map = Coordinates(context);
  AccessLocalizer localize(realized_);
  std::vector<Expr> indices;
  for (const Axis& axis : stage.axes) indices.push_back(Substitute(axis.var, map));
  const Expr place = localize.MutateExpr(MakeLoad(stage.buffer, indices));
  const Load* target = place.as<Load>();
  Expr value = stage.init;
  if (context.tensorized) {
    const int terms = static_cast<int>(scheduled_.stages[context.index].tensorized_terms);
    value = localize.MutateExpr(PairDot(MakeLoad(stage.buffer, indices), stage.value, terms, map));
  } else if (phase != Phase::kInit) {
    value = localize.MutateExpr(Substitute(stage.value, map));
    if (stage.reduction == Reduction::kSum) value = place + value;
    if (stage.reduction == Reduction::kMax) value = Max(place, value);
  }
  return MakeStore(target->buffer, target->indices, value);
}

}  // namespace

absl::StatusOr<Stmt> BuildNest(const ScheduledOperator& scheduled, bool prepared) {
  return NestBuilder(scheduled).BuildFrom(0, prepared);
}

}  // namespace tunefarm::compiler
