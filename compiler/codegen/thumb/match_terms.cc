#include "compiler/codegen/thumb/match_terms.h"

#include <algorithm>

namespace tunefarm::compiler {
namespace {

// min(max(value, low), high), where low and high fit s8: `value`, else undefined.
Expr MatchClamp(const Expr& expr, ShortRequantise& requantise) {
  const Cast* cast = expr.as<Cast>();
  if (cast == nullptr || cast->type != Type{DType::kS8, 1}) return Expr();
  const Binary* upper = AsBinary(cast->value, BinaryOp::kMin);
  const Binary* lower = upper != nullptr ? AsBinary(upper->a, BinaryOp::kMax) : nullptr;
  if (lower == nullptr || !IsConst(lower->b, &requantise.clip_low) ||
      !IsConst(upper->b, &requantise.clip_high)) {
    return Expr();
  }
  if (requantise.clip_low < -128 || requantise.clip_high > 127) return Expr();
  if (requantise.clip_low != -128 || requantise.clip_high != 127) {
    requantise.activation = ShortRequantise::Activation::kClip;
  }
  return lower->a;
}

bool IsParam(const Expr& expr, int64_t which, const Access& first) {
  const auto param = ToAccess(expr, DType::kS32);
  return param && first.IsAt(*param, which);
}

}  // namespace

int64_t Access::FactorOf(const ExprNode* var) const {
  for (const LinearTerm& term : index.terms) {
    if (term.value.get() == var) return term.factor;
  }
  return 0;
}

bool Access::IsAt(const Access& other, int64_t offset) const {
  if (other.buffer != buffer || other.index.constant - index.constant != offset ||
      other.index.lanes != index.lanes || other.index.terms.size() != index.terms.size()) {
    return false;
  }
  return std::all_of(index.terms.begin(), index.terms.end(), [&other](const LinearTerm& term) {
    return other.FactorOf(term.value.get()) == term.factor;
  });
}

StreamStart Access::Without(const std::vector<const ExprNode*>& vars) const {
  StreamStart start{buffer, index};
  std::erase_if(start.index.terms, [&vars](const LinearTerm& term) {
    return std::find(vars.begin(), vars.end(), term.value.get()) != vars.end();
  });
  start.index.lanes = start.index.lane_period = 1;
  start.index.lane_stride = 0;
  return start;
}

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

const Call* AsCall(const Expr& expr, Intrinsic intrinsic) {
  const Call* call = expr.as<Call>();
  return call != nullptr && call->intrinsic == intrinsic ? call : nullptr;
}

std::optional<ShortResultMatch> MatchShortResult(const Expr& expr) {
  ShortRequantise requantise;
  Expr value = MatchClamp(expr, requantise);
  if (!value.defined()) return std::nullopt;
  Expr zero_point;
  if (const Binary* sum = AsBinary(value, BinaryOp::kAdd)) {
    const Binary* positive = AsBinary(sum->a, BinaryOp::kMax);
    const Binary* high = AsBinary(sum->b, BinaryOp::kFloorDiv);
    if (positive == nullptr || high == nullptr || !IsConstant(positive->b, 0) ||
        !IsConstant(high->b, 256) || requantise.activation != ShortRequantise::Activation::kNone) {
      return std::nullopt;
    }
    requantise.activation = ShortRequantise::Activation::kRelu;
    value = positive->a;
    zero_point = high->a;
  }
  const Call* call = AsCall(value, Intrinsic::kRequantizeShort);
  if (call == nullptr) return std::nullopt;
  const Binary* sum = AsBinary(call->args[0], BinaryOp::kAdd);
  const Binary* twice = sum != nullptr ? AsBinary(sum->a, BinaryOp::kMul) : nullptr;
  if (twice == nullptr || !IsConstant(twice->b, 2)) return std::nullopt;
  const auto acc = ToAccess(twice->a, DType::kS32);
  const auto first = ToAccess(sum->b, DType::kS32);
  if (!acc || !first) return std::nullopt;
  Expr right = call->args[3];
  if (zero_point.defined()) {
    const Binary* low = AsBinary(right, BinaryOp::kFloorMod);
    if (low == nullptr || !IsConstant(low->b, 256)) return std::nullopt;
    right = low->a;
    if (!IsParam(zero_point, 3, *first)) return std::nullopt;
  }
  if (!IsParam(call->args[1], 1, *first) || !IsParam(call->args[2], 2, *first) ||
      !IsParam(right, 3, *first)) {
    return std::nullopt;
  }
  return ShortResultMatch{*acc, *first, requantise};
}

}  // namespace tunefarm::compiler
