// The form of reduction term that a pairwise multiply-add can compute; tensorize checks it,
// lowering relies on it.
#ifndef TUNEFARM_COMPILER_SCHEDULE_PAIR_TERM_H_
#define TUNEFARM_COMPILER_SCHEDULE_PAIR_TERM_H_

#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// Whether `term` is a product of two factors that fit 16 bits: each an s8 element widened to s32,
// or such an element minus a zero point (an s32 load whose value is in the range of s8).
bool IsPairTerm(const Expr& term);

// Whether both factors are such elements without a zero point.
bool IsPlainPairTerm(const Expr& term);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_SCHEDULE_PAIR_TERM_H_
