#include "compiler/ir/linear.h"

#include <algorithm>

#include "compiler/ir/visit.h"

namespace tunefarm::compiler {
namespace {

int64_t Clamp(__int128 value) {
  if (value < Interval::kLowest) return Interval::kLowest;
  if (value > Interval::kHighest) return Interval::kHighest;
  return static_cast<int64_t>(value);
}

int64_t FloorDivide(int64_t a, int64_t b) {
  const int64_t q = a / b;
  return a % b < 0 ? q - 1 : q;
}

void AddTerm(std::vector<Linear::Term>& terms, const Expr& atom, int64_t coefficient) {
  if (coefficient == 0) return;
  for (size_t i = 0; i < terms.size(); ++i) {
    if (!StructurallyEqual(terms[i].atom, atom)) continue;
    terms[i].coefficient += coefficient;
    if (terms[i].coefficient == 0) terms.erase(terms.begin() + i);
    return;
  }
  terms.push_back({atom, coefficient});
}

Linear Atom(const Expr& expr) { return {{{expr, 1}}, 0}; }

Interval BoundsOfAtom(const Expr& atom, const Ranges& ranges);

// a / divisor and a % divisor as linear forms. Terms that the divisor divides leave the division;
// if the rest stays within one quotient, nothing of the division is left.
struct Division {
  Linear quotient, remainder;
};
Division Divide(const Linear& a, int64_t divisor, const Ranges& ranges) {
  Linear whole, rest;
  for (const Linear::Term& term : a.terms) {
    if (term.coefficient % divisor == 0) {
      whole.terms.push_back({term.atom, term.coefficient / divisor});
    } else {
      rest.terms.push_back(term);
    }
  }
  whole.constant = FloorDivide(a.constant, divisor);
  rest.constant = a.constant - whole.constant * divisor;
  const Interval bounds = Bounds(rest, ranges);
  const int64_t low = FloorDivide(bounds.low, divisor);
  if (low == FloorDivide(bounds.high, divisor)) {
    whole.constant += low;
    rest.constant -= low * divisor;
    return {whole, rest};
  }
  const Expr inner = FromLinear(rest);
  whole.Add(Atom(FloorDiv(inner, Expr(divisor))), 1);
  return {whole, Atom(FloorMod(inner, Expr(divisor)))};
}

Linear LinearOfMinMax(const Binary& node, const Expr& expr, const Ranges& ranges) {
  const Linear a = ToLinear(node.a, ranges), b = ToLinear(node.b, ranges);
  Linear difference = a;
  difference.Add(b, -1);
  const Interval bounds = Bounds(difference, ranges);
  const bool is_min = node.op == BinaryOp::kMin;
  if (bounds.high <= 0) return is_min ? a : b;
  if (bounds.low >= 0) return is_min ? b : a;
  const Expr left = FromLinear(a), right = FromLinear(b);
  if (StructurallyEqual(left, node.a) && StructurallyEqual(right, node.b)) return Atom(expr);
  return Atom(MakeBinary(node.op, left, right));
}

Linear LinearOfBinary(const Binary& node, const Expr& expr, const Ranges& ranges) {
  int64_t constant = 0;
  switch (node.op) {
    case BinaryOp::kAdd:
    case BinaryOp::kSub: {
      Linear sum = ToLinear(node.a, ranges);
      sum.Add(ToLinear(node.b, ranges), node.op == BinaryOp::kAdd ? 1 : -1);
      return sum;
    }
    case BinaryOp::kMul: {
      const Linear a = ToLinear(node.a, ranges), b = ToLinear(node.b, ranges);
      Linear product;
      if (a.is_constant()) {
        product.Add(b, a.constant);
        return product;
      }
      if (b.is_constant()) {
        product.Add(a, b.constant);
        return product;
      }
      return Atom(FromLinear(a) * FromLinear(b));
    }
    case BinaryOp::kFloorDiv:
    case BinaryOp::kFloorMod: {
      if (!IsConst(node.b, &constant) || constant <= 0) return Atom(expr);
      const Division division = Divide(ToLinear(node.a, ranges), constant, ranges);
      return node.op == BinaryOp::kFloorDiv ? division.quotient : division.remainder;
    }
    case BinaryOp::kMin:
    case BinaryOp::kMax:
      return LinearOfMinMax(node, expr, ranges);
    default:
      return Atom(expr);
  }
}

Interval BoundsOfAtom(const Expr& atom, const Ranges& ranges) {
  if (atom.as<Var>() != nullptr) return ranges.Of(atom.get());
  const Binary* node = atom.as<Binary>();
  if (node == nullptr) return {};
  int64_t divisor = 0;
  const bool divides = IsConst(node->b, &divisor) && divisor > 0;
  if (node->op == BinaryOp::kFloorMod && divides) return {0, divisor - 1};
  const auto bounds_of = [&ranges](const Expr& e) { return Bounds(ToLinear(e, ranges), ranges); };
  if (node->op == BinaryOp::kFloorDiv && divides) {
    const Interval a = bounds_of(node->a);
    return {FloorDivide(a.low, divisor), FloorDivide(a.high, divisor)};
  }
  if (node->op == BinaryOp::kMin || node->op == BinaryOp::kMax) {
    const Interval a = bounds_of(node->a), b = bounds_of(node->b);
    if (node->op == BinaryOp::kMin) return {std::min(a.low, b.low), std::min(a.high, b.high)};
    return {std::max(a.low, b.low), std::max(a.high, b.high)};
  }
  return {};
}

}  // namespace

Interval Ranges::Of(const ExprNode* var) const {
  const auto it = intervals_.find(var);
  return it == intervals_.end() ? Interval{} : it->second;
}

int64_t Linear::CoefficientOf(const ExprNode* var) const {
  for (const Term& term : terms) {
    if (term.atom.get() == var) return term.coefficient;
  }
  return 0;
}

void Linear::Add(const Linear& other, int64_t factor) {
  constant += other.constant * factor;
  for (const Term& term : other.terms) AddTerm(terms, term.atom, term.coefficient * factor);
}

Linear ToLinear(const Expr& expr, const Ranges& ranges) {
  int64_t constant = 0;
  if (IsConst(expr, &constant)) return {{}, constant};
  if (expr.as<Var>() != nullptr) {
    const Interval interval = ranges.Of(expr.get());
    if (interval.is_point()) return {{}, interval.low};
    return Atom(expr);
  }
  if (const Binary* node = expr.as<Binary>()) return LinearOfBinary(*node, expr, ranges);
  return Atom(expr);
}

Expr FromLinear(const Linear& linear) {
  Expr sum;
  for (const Linear::Term& term : linear.terms) {
    const Expr product = term.coefficient == 1 ? term.atom : term.atom * Expr(term.coefficient);
    sum = sum.defined() ? sum + product : product;
  }
  if (!sum.defined()) return Expr(linear.constant);
  return linear.constant == 0 ? sum : sum + Expr(linear.constant);
}

bool ToRamp(const Expr& expr, const Ranges& ranges, Linear* base, int64_t* stride) {
  const Expr lane = MakeVar("lane");
  // The element of a vector expression at one lane.
  class LaneTaker final : public Mutator {
   public:
    explicit LaneTaker(const Expr& lane) : lane_(lane) {}

   protected:
    using Mutator::Mutate;
    Expr Mutate(const Ramp& node, const Expr&) override {
      return node.base + lane_ * Expr(node.stride);
    }
    Expr Mutate(const Broadcast& node, const Expr&) override { return node.value; }
    Expr Mutate(const Binary& node, const Expr&) override {
      return MakeBinary(node.op, MutateExpr(node.a), MutateExpr(node.b));
    }

   private:
    const Expr& lane_;
  };
  const Expr element = LaneTaker(lane).MutateExpr(expr);
  if (element.type().lanes != 1) return false;
  Ranges with_lane = ranges;
  with_lane.Set(lane.get(), {0, expr.type().lanes - 1});
  *base = ToLinear(element, with_lane);
  *stride = base->CoefficientOf(lane.get());
  base->Add({{{lane, 1}}, 0}, -*stride);
  for (const Linear::Term& term : base->terms) {
    // The lane is left inside a division or the like.
    if (!StructurallyEqual(Substitute(term.atom, {{lane.get(), Expr(0)}}), term.atom)) return false;
  }
  return true;
}

Interval Bounds(const Linear& linear, const Ranges& ranges) {
  __int128 low = linear.constant, high = linear.constant;
  for (const Linear::Term& term : linear.terms) {
    const Interval atom = BoundsOfAtom(term.atom, ranges);
    const __int128 at_low = static_cast<__int128>(atom.low) * term.coefficient;
    const __int128 at_high = static_cast<__int128>(atom.high) * term.coefficient;
    low += std::min(at_low, at_high);
    high += std::max(at_low, at_high);
  }
  return {Clamp(low), Clamp(high)};
}

bool StructurallyEqual(const Expr& a, const Expr& b) {
  if (a.same_as(b)) return true;
  if (!a.defined() || !b.defined() || a->kind != b->kind || !(a.type() == b.type())) return false;
  const auto all_equal = [](const std::vector<Expr>& x, const std::vector<Expr>& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), StructurallyEqual);
  };
  switch (a->kind) {
    case ExprKind::kIntImm:
      return a.as<IntImm>()->value == b.as<IntImm>()->value;
    case ExprKind::kFloatImm:
      return a.as<FloatImm>()->value == b.as<FloatImm>()->value;
    case ExprKind::kVar:
      return false;  // Identity was compared above.
    case ExprKind::kCast:
      return StructurallyEqual(a.as<Cast>()->value, b.as<Cast>()->value);
    case ExprKind::kBinary:
      return a.as<Binary>()->op == b.as<Binary>()->op &&
             StructurallyEqual(a.as<Binary>()->a, b.as<Binary>()->a) &&
             StructurallyEqual(a.as<Binary>()->b, b.as<Binary>()->b);
    case ExprKind::kSelect:
      return StructurallyEqual(a.as<Select>()->condition, b.as<Select>()->condition) &&
             StructurallyEqual(a.as<Select>()->if_true, b.as<Select>()->if_true) &&
             StructurallyEqual(a.as<Select>()->if_false, b.as<Select>()->if_false);
    case ExprKind::kLoad:
      return a.as<Load>()->buffer == b.as<Load>()->buffer &&
             all_equal(a.as<Load>()->indices, b.as<Load>()->indices);
    case ExprKind::kRamp:
      return a.as<Ramp>()->stride == b.as<Ramp>()->stride &&
             StructurallyEqual(a.as<Ramp>()->base, b.as<Ramp>()->base);
    case ExprKind::kBroadcast:
      return StructurallyEqual(a.as<Broadcast>()->value, b.as<Broadcast>()->value);
    case ExprKind::kCall:
      return a.as<Call>()->intrinsic == b.as<Call>()->intrinsic &&
             all_equal(a.as<Call>()->args, b.as<Call>()->args);
  }
  return false;
}

}  // namespace tunefarm::compiler
