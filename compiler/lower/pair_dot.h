// Two successive terms of an s8 reduction as one dot product: what a tensorized loop lowers to.
#ifndef TUNEFARM_COMPILER_LOWER_PAIR_DOT_H_
#define TUNEFARM_COMPILER_LOWER_PAIR_DOT_H_

#include <utility>
#include <vector>

#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// dot_s8x2(acc, a, b) for the term a * b (IsPairTerm), with variables replaced by `map`; the
// reduction's variable is mapped to a vector of its two values, so that a and b are vectors of two.
Expr PairDot(const Expr& acc, const Expr& term,
             const std::vector<std::pair<const ExprNode*, Expr>>& map);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_LOWER_PAIR_DOT_H_
