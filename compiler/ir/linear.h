// Integer index expressions as linear forms over atoms, with interval arithmetic: the algebra under
// Simplify, region inference and vectorisation.
#ifndef TUNEFARM_COMPILER_IR_LINEAR_H_
#define TUNEFARM_COMPILER_IR_LINEAR_H_

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// A closed interval of integers.
struct Interval {
  int64_t low = kLowest, high = kHighest;
  // Bounds far from overflow: unknown values lie between them.
  static constexpr int64_t kLowest = -(int64_t{1} << 60);
  static constexpr int64_t kHighest = int64_t{1} << 60;
  bool is_point() const { return low == high; }
};

// What is known of the variables in scope.
class Ranges {
 public:
  void Set(const ExprNode* var, Interval interval) { intervals_[var] = interval; }
  void Erase(const ExprNode* var) { intervals_.erase(var); }
  Interval Of(const ExprNode* var) const;

 private:
  std::unordered_map<const ExprNode*, Interval> intervals_;
};

// constant + sum of coefficient x atom. Atoms are variables and whatever is not linear (div, mod,
// min, max, loads); equal atoms are merged; terms keep the order of first appearance, so results do
// not depend on addresses.
struct Linear {
  struct Term {
    Expr atom;
    int64_t coefficient;
  };
  std::vector<Term> terms;
  int64_t constant = 0;

  bool is_constant() const { return terms.empty(); }
  int64_t CoefficientOf(const ExprNode* var) const;  // 0 if absent.
  void Add(const Linear& other, int64_t factor);
};

// Requires an expression of type index, one lane. Divisions and remainders by constants vanish
// where the ranges allow: (4*a + b) / 4 with b in [0, 3] is a.
Linear ToLinear(const Expr& expr, const Ranges& ranges);
Expr FromLinear(const Linear& linear);

// A vector of indices as base + stride x lane, where the ranges show that it is one: sums, products
// by constants, divisions and remainders of Ramps and Broadcasts. Returns false otherwise. Requires
// type index, two lanes or more.
bool ToRamp(const Expr& expr, const Ranges& ranges, Linear* base, int64_t* stride);

// The smallest interval that the ranges prove.
Interval Bounds(const Linear& linear, const Ranges& ranges);

// Same structure, variables and buffers by identity.
bool StructurallyEqual(const Expr& a, const Expr& b);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_IR_LINEAR_H_
