// Two successive terms of an s8 reduction as one dot product: what a tensorized loop lowers to.
#ifndef TUNEFARM_COMPILER_LOWER_PAIR_DOT_H_
#define TUNEFARM_COMPILER_LOWER_PAIR_DOT_H_

#include <utility>
#include <vector>

#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// dot_s8x1, dot_s8x2 or dot_s8x4(acc, a, b), by `num_terms`, for the term a * b (IsPairTerm), with
// variables replaced by `map`; the reduction's variable is mapped to the vector of its values (to
// its one value), so that a and b are vectors of num_terms.
Expr PairDot(const Expr& acc, const Expr& term, int num_terms,
             const std::vector<std::pair<const ExprNode*, Expr>>& map);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_LOWER_PAIR_DOT_H_
