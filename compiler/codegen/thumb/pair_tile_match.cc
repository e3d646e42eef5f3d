#include "compiler/codegen/thumb/pair_tile_match.h"

#include <algorithm>

#include "compiler/codegen/thumb/match_terms.h"

namespace tunefarm::compiler {
namespace {

// Loops of constant extent from zero around one store or several.
struct Nest {
  struct Loop {
    const ExprNode* var;
    int64_t extent;
  };
  std::vector<Loop> loops;  // Outermost first.
  std::vector<const Store*> stores;

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
  const Block* block = inner.as<Block>();
  for (const Stmt& part : block != nullptr ? block->stmts : std::vector<Stmt>{inner}) {
    const Store* store = part.as<Store>();
    if (store == nullptr) return std::nullopt;
    nest.stores.push_back(store);
  }
  if (nest.stores.empty()) return std::nullopt;
  return nest;
}

// The operands of a tile's sum over one word of weights.
struct DotOperands {
  Access acc, x, w;
  int64_t steps = 1;   // In the word.
  int64_t x_step = 0;  // Elements between the steps in x, where there are two.
};

class Matcher {
 public:
  explicit Matcher(const For& tile) : tile_(tile) {}

  bool Match();
  PairTileMatch result;

 private:
  bool MatchDot(const Nest& nest);
  bool MatchTaps(const Nest& nest, const DotOperands& first, int64_t tap_w_elems);
  bool Follows(const Nest& nest, const DotOperands& dot, const std::vector<Nest::Loop>& units);
  bool MatchOut(const Nest& nest);
  std::vector<const ExprNode*> VarsWithTile(const Nest& nest) const {
    std::vector<const ExprNode*> vars = {tile_.var.get()};
    for (const Nest::Loop& loop : nest.loops) vars.push_back(loop.var);
    return vars;
  }
  const For& tile_;
  const BufferNode* acc_ = nullptr;
  int64_t next_step_ = 0;
  int64_t unit_x_elems_ = 0;   // Between units of x; 0 while one alone is known.
  int64_t w_block_elems_ = 0;  // Between the weights of two blocks.
};

// dot(acc, x, w); or of narrow weights dot(dot(acc, x, widen_even(w)), x', widen_odd(w)).
std::optional<DotOperands> ToDot(const Expr& expr) {
  const Call* dot = AsCall(expr, Intrinsic::kDotS8x2);
  const Call* inner = dot != nullptr ? AsCall(dot->args[0], Intrinsic::kDotS8x2) : nullptr;
  if (dot == nullptr) return std::nullopt;
  if (inner == nullptr) {
    const auto acc = ToAccess(dot->args[0], DType::kS32);
    const auto x = ToAccess(dot->args[1], DType::kS16);
    const auto w = ToAccess(dot->args[2], DType::kS16);
    if (!acc || !x || !w) return std::nullopt;
    return DotOperands{*acc, *x, *w, 1, 0};
  }
  const Call* even = AsCall(inner->args[2], Intrinsic::kWidenEven);
  const Call* odd = AsCall(dot->args[2], Intrinsic::kWidenOdd);
  if (even == nullptr || odd == nullptr) return std::nullopt;
  const auto acc = ToAccess(inner->args[0], DType::kS32);
  const auto x = ToAccess(inner->args[1], DType::kS16), next = ToAccess(dot->args[1], DType::kS16);
  const auto w = ToAccess(even->args[0], DType::kS8), same = ToAccess(odd->args[0], DType::kS8);
  if (!acc || !x || !next || !w || !same || !w->IsAt(*same, 0) || x->buffer != next->buffer) {
    return std::nullopt;
  }
  const int64_t x_step = next->index.constant - x->index.constant;
  if (!x->IsAt(*next, x_step)) return std::nullopt;
  return DotOperands{*acc, *x, *w, 2, x_step};
}

// A unit of rows: the same sum at other places of x, with the weights one after the other. Sets
// tap_bytes.
bool Matcher::MatchTaps(const Nest& nest, const DotOperands& first, int64_t tap_w_elems) {
  std::vector<int64_t> taps;
  for (const Store* store : nest.stores) {
    const auto dot = ToDot(store->value);
    if (!dot || dot->steps != 1 || store->buffer.get() != acc_) return false;
    const int64_t x_elems = dot->x.index.constant - first.x.index.constant;
    const auto w_elems = static_cast<int64_t>(taps.size()) * tap_w_elems;
    taps.push_back(x_elems * SizeBytes(DType::kS16));
    if (!first.acc.IsAt(dot->acc, 0) || !first.x.IsAt(dot->x, x_elems) ||
        !first.w.IsAt(dot->w, w_elems) || x_elems < 0 || taps.back() > kMaxPairTileTapBytes) {
      return false;
    }
  }
  if (result.shape.phases.empty()) result.shape.tap_bytes = taps;
  return result.shape.tap_bytes == taps;
}

// Whether both streams go on where they stand. `units`: the loops over steps.
bool Matcher::Follows(const Nest& nest, const DotOperands& dot,
                      const std::vector<Nest::Loop>& units) {
  PairTileShape& shape = result.shape;
  const auto unit_steps = static_cast<int64_t>(nest.stores.size()) * dot.steps;
  const int64_t unit_w_elems = 2 * shape.channels * unit_steps;
  const bool in_runs = !shape.tap_bytes.empty();
  // A stream of columns has no gaps; runs say themselves how far apart they are.
  int64_t unit_x_elems = in_runs ? unit_x_elems_ : 2 * shape.pixels * unit_steps;
  if (in_runs && unit_x_elems == 0 && !units.empty()) {
    unit_x_elems = dot.x.FactorOf(units.back().var);
  }
  const auto follows = [&](const Access& access, const StreamStart& start, int64_t unit_elems) {
    const int64_t passed = next_step_ / unit_steps;
    if (access.index.constant - start.index.constant != passed * unit_elems) return false;
    if (!units.empty() && access.FactorOf(units.back().var) != unit_elems) return false;
    return units.size() < 2 || access.FactorOf(units[0].var) == unit_elems * units.back().extent;
  };
  if (unit_x_elems == 0 && next_step_ > 0) return false;
  if (!follows(dot.x, result.x, unit_x_elems) || !follows(dot.w, result.w, unit_w_elems)) {
    return false;
  }
  unit_x_elems_ = unit_x_elems;
  if (in_runs) shape.run_bytes = unit_x_elems * SizeBytes(DType::kS16);
  // The first phase is straight code, which can start the sums; the outer loop of another one stays
  // a loop.
  PairTilePhase phase;
  phase.steps = unit_steps;
  for (const Nest::Loop& loop : units) {
    const bool stays = !shape.phases.empty() && loop.var == units[0].var;
    (stays ? phase.iterations : phase.steps) *= loop.extent;
  }
  next_step_ += phase.steps * phase.iterations;
  shape.phases.push_back(phase);
  return shape.run_bytes >= 0 && shape.run_bytes <= kMaxPairTileReach &&
         (phase.iterations == 1 ||
          phase.steps * 4 * std::max(shape.pixels, shape.channels) <= kMaxPairTileStepBytes);
}

// acc[channel, pixel] = dot(acc[channel, pixel], x[step, pixel], w[block, step, channel]).
bool Matcher::MatchDot(const Nest& nest) {
  const auto dot = ToDot(nest.stores[0]->value);
  if (!dot || dot->acc.buffer.get() != acc_ || nest.stores[0]->buffer.get() != acc_) return false;
  const Access &acc = dot->acc, &x = dot->x, &w = dot->w;
  const auto num_taps = static_cast<int64_t>(nest.stores.size());
  int64_t pixels = 1, channels = 1;
  std::vector<Nest::Loop> units;
  for (const Nest::Loop& loop : nest.loops) {
    if (acc.FactorOf(loop.var) == 0) {
      units.push_back(loop);
    } else if (x.FactorOf(loop.var) != 0) {
      pixels = loop.extent;
      if (x.FactorOf(loop.var) != 2) return false;
    } else {
      channels = loop.extent;
      if (w.FactorOf(loop.var) != 2 * dot->steps) return false;
    }
  }
  PairTileShape& shape = result.shape;
  if (shape.phases.empty()) {
    shape.pixels = pixels;
    shape.channels = channels;
    shape.weight_bits = 16 / dot->steps;
    result.x = x.Without(VarsWithTile(nest));
    result.w = w.Without(VarsWithTile(nest));
    w_block_elems_ = w.FactorOf(tile_.var.get());
  }
  if (pixels != shape.pixels || channels != shape.channels || units.size() > 2 ||
      shape.weight_bits != 16 / dot->steps || (dot->steps == 2 && dot->x_step != 2 * pixels) ||
      x.FactorOf(tile_.var.get()) != 0) {
    return false;
  }
  if (num_taps > 1 && !MatchTaps(nest, *dot, 2 * channels)) return false;
  if (static_cast<int64_t>(shape.tap_bytes.size()) != (num_taps > 1 ? num_taps : 0)) return false;
  return Follows(nest, *dot, units);
}

// out[pixel, block, channel] = the short requantisation of acc[channel, pixel].
bool Matcher::MatchOut(const Nest& nest) {
  if (nest.stores.size() != 1) return false;
  const auto match = MatchShortResult(nest.stores[0]->value);
  if (!match || match->acc.buffer.get() != acc_) return false;
  PairTileShape& shape = result.shape;
  shape.requantise = match->requantise;
  std::optional<LinearIndex> out_index = Linearize(nest.stores[0]->indices[0]);
  if (!out_index || out_index->lanes != 1) return false;
  const Access out{nest.stores[0]->buffer, *out_index};
  const Access& params = match->params;
  shape.pixel_stride_bytes = 0;
  for (const Nest::Loop& loop : nest.loops) {
    if (params.FactorOf(loop.var) == 4 && loop.extent == shape.channels) {
      if (out.FactorOf(loop.var) != 1 || match->acc.FactorOf(loop.var) != shape.pixels) {
        return false;
      }
    } else if (params.FactorOf(loop.var) == 0 && loop.extent == shape.pixels) {
      shape.pixel_stride_bytes = out.FactorOf(loop.var);
    } else {
      return false;
    }
  }
  const bool one_block = shape.blocks == 1;
  if (!one_block && (out.FactorOf(tile_.var.get()) != shape.channels ||
                     params.FactorOf(tile_.var.get()) != 4 * shape.channels)) {
    return false;
  }
  const std::vector<const ExprNode*> vars = VarsWithTile(nest);
  result.params = params.Without(vars);
  result.out = out.Without(vars);
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
  if (!init || init->stores.size() != 1 || init->stores[0]->buffer.get() != acc_ ||
      !IsConstant(init->stores[0]->value, 0)) {
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
  if (shape.blocks > 1 && w_block_elems_ != 2 * shape.channels * next_step_) return false;
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
