#include "compiler/schedule/pair_term.h"

namespace tunefarm::compiler {
namespace {

constexpr Type kS32Type = {DType::kS32, 1};

bool IsWidenedElement(const Expr& expr) {
  const Cast* cast = expr.as<Cast>();
  return cast != nullptr && cast->type == kS32Type && cast->value.as<Load>() != nullptr &&
         cast->value.type() == Type{DType::kS8, 1};
}

bool IsFactor(const Expr& expr) {
  if (IsWidenedElement(expr)) return true;
  const Binary* difference = expr.as<Binary>();
  return difference != nullptr && difference->op == BinaryOp::kSub &&
         IsWidenedElement(difference->a) && difference->b.as<Load>() != nullptr &&
         difference->b.type() == kS32Type;
}

}  // namespace

bool IsPairTerm(const Expr& term) {
  const Binary* product = term.as<Binary>();
  return product != nullptr && product->op == BinaryOp::kMul && IsFactor(product->a) &&
         IsFactor(product->b);
}

bool IsPlainPairTerm(const Expr& term) {
  const Binary* product = term.as<Binary>();
  return product != nullptr && product->op == BinaryOp::kMul && IsWidenedElement(product->a) &&
         IsWidenedElement(product->b);
}

}  // namespace tunefarm::compiler
