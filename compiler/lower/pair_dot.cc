#include "compiler/lower/pair_dot.h"

#include "base/status.h"
#include "compiler/ir/visit.h"
#include "compiler/schedule/pair_term.h"

namespace tunefarm::compiler {
namespace {

// Rewrites a factor in 16 bits (or leaves it in 8), its subscripts vectors where the map makes them
// so.
class PairTaker final : public Mutator {
 public:
  PairTaker(const std::vector<std::pair<const ExprNode*, Expr>>& map, bool widen)
      : map_(map), widen_(widen) {}

 protected:
  using Mutator::Mutate;

  Expr Mutate(const Var& node, const Expr& self) override {
    for (const auto& [var, value] : map_) {
      if (var == &node) return value;
    }
    return self;
  }
  Expr Mutate(const Load& node, const Expr&) override {
    std::vector<Expr> indices;
    for (const Expr& index : node.indices) indices.push_back(MutateExpr(index));
    const Expr load = MakeLoad(node.buffer, std::move(indices));
    const bool zero_point = node.buffer->dtype == DType::kS32;
    return zero_point ? MakeCast({DType::kS16, load.type().lanes}, load) : load;
  }
  Expr Mutate(const Cast& node, const Expr&) override {
    const Expr value = MutateExpr(node.value);
    return widen_ ? MakeCast({DType::kS16, value.type().lanes}, value) : value;
  }
  Expr Mutate(const Binary& node, const Expr&) override {
    return MakeBinary(node.op, MutateExpr(node.a), MutateExpr(node.b));
  }

 private:
  const std::vector<std::pair<const ExprNode*, Expr>>& map_;
  const bool widen_;
};

}  // namespace

Expr PairDot(const Expr& acc, const Expr& term, int num_terms,
             const std::vector<std::pair<const ExprNode*, Expr>>& map) {
  TUNEFARM_CHECK(IsPairTerm(term), "a tensorized stage's term is no product of s8 factors");
  PairTaker take(map, /*widen=*/num_terms < 4);
  std::vector<Expr> factors;
  for (const Expr& factor : {term.as<Binary>()->a, term.as<Binary>()->b}) {
    const Expr pair = take.MutateExpr(factor);
    factors.push_back(pair.type().lanes == 1 && num_terms > 1 ? MakeBroadcast(pair, num_terms)
                                                              : pair);
  }
  const Intrinsic dot = num_terms == 1   ? Intrinsic::kDotS8x1
                        : num_terms == 2 ? Intrinsic::kDotS8x2
                                         : Intrinsic::kDotS8x4;
  return MakeCall(dot, {acc, factors[0], factors[1]});
}

}  // namespace tunefarm::compiler
