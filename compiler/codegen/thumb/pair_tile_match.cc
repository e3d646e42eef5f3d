#include "compiler/codegen/thumb/pair_tile_match.h"

#include <algorithm>

namespace tunefarm::compiler {
namespace {

// Loops of constant extent from zero around one store.
struct Nest {
  struct Loop {
    const ExprNode* var;
    int64_t extent;
  };
  std::vector<Loop> loops;  // Outermost first.
  const Store* store = nullptr;

  int64_t ExtentOf(const ExprNode* var) const {
    for (const Loop& loop : loops) {
      if (loop.var == var) return loop.extent;
    }
    return 1;
  }
};

std::optional<Nest> ToNest(const Stmt& stmt) {
  Nest nest;
  Stmt inner = stmt;
  while (const For* loop = inner.as<For>()) {
    int64_t min = 0, extent = 0;
    if (!IsConst(loop->min, &min) || min != 0 || !IsConst(loop->extent, &extent)) {
      return std::nullopt;
    }
    nest.loops.push_back({loop->var.get(), extent});
    inner = loop->body;
  }
  nest.store = inner.as<Store>();
  if (nest.store == nullptr) return std::nullopt;
  return nest;
}

// An access as a sum over the loops around it.
struct Access {
  Buffer buffer;
  LinearIndex index;

  int64_t FactorOf(const ExprNode* var) const {
    for (const LinearTerm& term : index.terms) {
      if (term.value.get() == var) return term.factor;
    }
    return 0;
  }
  // Without the tile's own variables.
  PairTileMatch::Start Without(const std::vector<Nest::Loop>& loops) const {
    PairTileMatch::Start start{buffer, index};
    std::erase_if(start.index.terms, [&loops](const LinearTerm& term) {
      return std::any_of(loops.begin(), loops.end(),
                         [&term](const Nest::Loop& loop) { return loop.var == term.value.get(); });
    });
    return start;
  }
};

std::optional<Access> ToAccess(const Expr& expr, DType dtype) {
  const Load* load = expr.as<Load>();
  if (load == nullptr || load->buffer->dtype != dtype) return std::nullopt;
  std::optional<LinearIndex> index = Linearize(load->indices[0]);
  if (!index || !index->is_contiguous()) return std::nullopt;
  return Access{load->buffer, *std::move(index)};
}

bool IsConstant(const Expr& expr, int64_t wanted) {
  int64_t value = 0;
  return IsConst(expr, &value) && value == wanted;
}

const Binary* AsBinary(const Expr& expr, BinaryOp op) {
  const Binary* binary = expr.as<Binary>();
  return binary != nullptr && binary->op == op ? binary : nullptr;
}

class Matcher {
 public:
  explicit Matcher(const For& tile) : tile_(tile) {}

  bool Match();
  PairTileMatch result;

 private:
  bool MatchDot(const Nest& nest);
  bool MatchOut(const Nest& nest);
  bool MatchClamp(const Expr& value, Expr* requantised);
  bool MatchParam(const Expr& expr, int64_t which, const Access& first,
                  const std::vector<Nest::Loop>& loops) const;

  const For& tile_;
  const BufferNode* acc_ = nullptr;
  int64_t next_step_ = 0;
};

// acc[channel, pixel] = dot(acc[channel, pixel], x[step, pixel], w[block, step, channel]).
bool Matcher::MatchDot(const Nest& nest) {
  const Call* dot = nest.store->value.as<Call>();
  if (dot == nullptr || dot->intrinsic != Intrinsic::kDotS8x2) return false;
  const auto acc = ToAccess(dot->args[0], DType::kS32);
  const auto x = ToAccess(dot->args[1], DType::kS16);
  const auto w = ToAccess(dot->args[2], DType::kS16);
  if (!acc || !x || !w || acc->buffer.get() != acc_ || nest.store->buffer.get() != acc_) {
    return false;
  }
  int64_t pixels = 1, channels = 1;
  std::vector<Nest::Loop> steps;
  for (const Nest::Loop& loop : nest.loops) {
    if (acc->FactorOf(loop.var) == 0) {
      steps.push_back(loop);
    } else if (x->FactorOf(loop.var) != 0) {
      pixels = loop.extent;
      if (x->FactorOf(loop.var) != 2) return false;
    } else {
      channels = loop.extent;
      if (w->FactorOf(loop.var) != 2) return false;
    }
  }
  PairTileShape& shape = result.shape;
  if (shape.phases.empty()) {
    shape.pixels = pixels;
    shape.channels = channels;
    result.x = x->Without(nest.loops);
    result.w = w->Without(nest.loops);
    std::erase_if(result.w.index.terms,
                  [this](const LinearTerm& term) { return term.value.get() == tile_.var.get(); });
  }
  if (pixels != shape.pixels || channels != shape.channels || steps.size() > 2) return false;
  PairTilePhase phase;
  if (steps.size() == 2) phase.iterations = steps[0].extent;
  if (!steps.empty()) phase.steps = steps.back().extent;
  // Both streams must go on where they stand.
  const auto follows = [&](const Access& access, const PairTileMatch::Start& start,
                           int64_t elems_per_step) {
    if (access.index.constant - start.index.constant != next_step_ * elems_per_step) return false;
    if (!steps.empty() && access.FactorOf(steps.back().var) != elems_per_step) return false;
    return steps.size() < 2 || access.FactorOf(steps[0].var) == elems_per_step * phase.steps;
  };
  if (!follows(*x, result.x, 2 * pixels) || !follows(*w, result.w, 2 * channels)) return false;
  if (x->FactorOf(tile_.var.get()) != 0) return false;
  next_step_ += phase.steps * phase.iterations;
  shape.phases.push_back(phase);
  return shape.phases.size() > 1 || phase.iterations == 1;
}

// min(max(value, low), high), where low and high fit s8.
bool Matcher::MatchClamp(const Expr& value, Expr* requantised) {
  const Cast* cast = value.as<Cast>();
  if (cast == nullptr || cast->type != Type{DType::kS8, 1}) return false;
  const Binary* upper = AsBinary(cast->value, BinaryOp::kMin);
  const Binary* lower = upper != nullptr ? AsBinary(upper->a, BinaryOp::kMax) : nullptr;
  PairTileShape& shape = result.shape;
  if (lower == nullptr || !IsConst(lower->b, &shape.clip_low) ||
      !IsConst(upper->b, &shape.clip_high)) {
    return false;
  }
  if (shape.clip_low < -128 || shape.clip_high > 127) return false;
  if (shape.clip_low != -128 || shape.clip_high != 127) {
    shape.activation = PairTileShape::Activation::kClip;
  }
  *requantised = lower->a;
  return true;
}

bool Matcher::MatchParam(const Expr& expr, int64_t which, const Access& first,
                         const std::vector<Nest::Loop>& loops) const {
  const auto param = ToAccess(expr, DType::kS32);
  if (!param || param->buffer != first.buffer) return false;
  for (const Nest::Loop& loop : loops) {
    if (param->FactorOf(loop.var) != first.FactorOf(loop.var)) return false;
  }
  return param->index.constant - first.index.constant == which &&
         param->FactorOf(tile_.var.get()) == first.FactorOf(tile_.var.get());
}

// out[pixel, block, channel] = clamp(requantize_short(2 * acc + params[0], params[1], params[2],
// params[3])); with relu: max(requantize_short(..., params[3] % 256), 0) + params[3] / 256.
bool Matcher::MatchOut(const Nest& nest) {
  Expr value;
  if (!MatchClamp(nest.store->value, &value)) return false;
  PairTileShape& shape = result.shape;
  Expr zero_point;
  if (const Binary* sum = AsBinary(value, BinaryOp::kAdd)) {
    const Binary* positive = AsBinary(sum->a, BinaryOp::kMax);
    const Binary* high = AsBinary(sum->b, BinaryOp::kFloorDiv);
    if (positive == nullptr || high == nullptr || !IsConstant(positive->b, 0) ||
        !IsConstant(high->b, 256) || shape.activation != PairTileShape::Activation::kNone) {
      return false;
    }
    shape.activation = PairTileShape::Activation::kRelu;
    value = positive->a;
    zero_point = high->a;
  }
  const Call* call = value.as<Call>();
  if (call == nullptr || call->intrinsic != Intrinsic::kRequantizeShort) return false;
  const Binary* sum = AsBinary(call->args[0], BinaryOp::kAdd);
  const Binary* twice = sum != nullptr ? AsBinary(sum->a, BinaryOp::kMul) : nullptr;
  if (twice == nullptr || !IsConstant(twice->b, 2)) return false;
  const auto acc = ToAccess(twice->a, DType::kS32);
  const auto first = ToAccess(sum->b, DType::kS32);
  if (!acc || !first || acc->buffer.get() != acc_) return false;
  Expr right = call->args[3];
  if (zero_point.defined()) {
    const Binary* low = AsBinary(right, BinaryOp::kFloorMod);
    if (low == nullptr || !IsConstant(low->b, 256)) return false;
    right = low->a;
    if (!MatchParam(zero_point, 3, *first, nest.loops)) return false;
  }
  if (!MatchParam(call->args[1], 1, *first, nest.loops) ||
      !MatchParam(call->args[2], 2, *first, nest.loops) ||
      !MatchParam(right, 3, *first, nest.loops)) {
    return false;
  }
  std::optional<LinearIndex> out_index = Linearize(nest.store->indices[0]);
  if (!out_index || out_index->lanes != 1) return false;
  const Access out{nest.store->buffer, *out_index};
  shape.pixel_stride_bytes = 0;
  for (const Nest::Loop& loop : nest.loops) {
    if (first->FactorOf(loop.var) == 4 && loop.extent == shape.channels) {
      if (out.FactorOf(loop.var) != 1) return false;
    } else if (first->FactorOf(loop.var) == 0 && loop.extent == shape.pixels) {
      shape.pixel_stride_bytes = out.FactorOf(loop.var);
    } else {
      return false;
    }
  }
  const bool one_block = shape.blocks == 1;
  if (!one_block && (out.FactorOf(tile_.var.get()) != shape.channels ||
                     first->FactorOf(tile_.var.get()) != 4 * shape.channels)) {
    return false;
  }
  std::vector<Nest::Loop> own = nest.loops;
  own.push_back({tile_.var.get(), shape.blocks});
  result.params = first->Without(own);
  result.out = out.Without(own);
  return (shape.pixels - 1) * shape.pixel_stride_bytes + shape.channels - 1 <= kMaxPairTileReach;
}

bool Matcher::Match() {
  int64_t min = 0;
  if (!IsConst(tile_.min, &min) || min != 0 || !IsConst(tile_.extent, &result.shape.blocks)) {
    return false;
  }
  const Allocate* allocate = tile_.body.as<Allocate>();
  const Block* block = allocate != nullptr ? allocate->body.as<Block>() : nullptr;
  if (block == nullptr || block->stmts.size() < 3) return false;
  acc_ = allocate->buffer.get();
  const std::optional<Nest> init = ToNest(block->stmts.front());
  if (!init || init->store->buffer.get() != acc_ || !IsConstant(init->store->value, 0)) {
    return false;
  }
  for (size_t i = 1; i + 1 < block->stmts.size(); ++i) {
    const std::optional<Nest> dot = ToNest(block->stmts[i]);
    if (!dot || !MatchDot(*dot)) return false;
  }
  const PairTileShape& shape = result.shape;
  if (shape.pixels * shape.channels != acc_->num_elems() ||
      acc_->num_elems() > kMaxPairTileAccumulators) {
    return false;
  }
  // A block's weights follow those of the block before.
  const auto w = ToAccess(ToNest(block->stmts[1])->store->value.as<Call>()->args[2], DType::kS16);
  if (shape.blocks > 1 && w->FactorOf(tile_.var.get()) != 2 * shape.channels * next_step_) {
    return false;
  }
  const std::optional<Nest> out = ToNest(block->stmts.back());
  return out && MatchOut(*out);
}

}  // namespace

std::optional<PairTileMatch> MatchPairTile(const For& tile) {
  Matcher matcher(tile);
  if (!matcher.Match()) return std::nullopt;
  return std::move(matcher.result);
}

}  // namespace tunefarm::compiler
