// Pieces of IR that the matchers of this folder look for: accesses as sums over loops, and the
// short requantisation of lower/expand/quantised.h.
#ifndef TUNEFARM_COMPILER_CODEGEN_THUMB_MATCH_TERMS_H_
#define TUNEFARM_COMPILER_CODEGEN_THUMB_MATCH_TERMS_H_

#include <optional>
#include <vector>

#include "compiler/codegen/linear_index.h"
#include "compiler/codegen/thumb/short_requantise.h"
#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// Where a stream begins.
struct StreamStart {
  Buffer buffer;
  LinearIndex index;
};

// An access as a sum over the loops around it.
struct Access {
  Buffer buffer;
  LinearIndex index;

  int64_t FactorOf(const ExprNode* var) const;
  // Whether `other` is the same access, `offset` elements on.
  bool IsAt(const Access& other, int64_t offset) const;
  // The address of the first lane without these variables.
  StreamStart Without(const std::vector<const ExprNode*>& vars) const;
};

// A load of one element, or of contiguous ones, of that type.
std::optional<Access> ToAccess(const Expr& expr, DType dtype);

bool IsConstant(const Expr& expr, int64_t wanted);
// Null if `expr` is something else.
const Binary* AsBinary(const Expr& expr, BinaryOp op);
const Call* AsCall(const Expr& expr, Intrinsic intrinsic);

// clamp(requantize_short(2 * acc + params[0], params[1], params[2], params[3])); with relu:
// max(requantize_short(..., params[3] % 256), 0) + params[3] / 256.
struct ShortResultMatch {
  Access acc;
  Access params;  // Of the first.
  ShortRequantise requantise;
};
std::optional<ShortResultMatch> MatchShortResult(const Expr& value);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_THUMB_MATCH_TERMS_H_
