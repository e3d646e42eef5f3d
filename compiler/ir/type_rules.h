// The type rules of expressions, in one place: builders check them as invariants, the parser and
// the verifier as properties of their input. Each function returns what is wrong, or an empty
// string. Operands are taken as they stand in the node, after broadcasting.
#ifndef TUNEFARM_COMPILER_IR_TYPE_RULES_H_
#define TUNEFARM_COMPILER_IR_TYPE_RULES_H_

#include <string>
#include <vector>

#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

std::string BinaryTypeError(BinaryOp op, Type a, Type b);
// The result type of a Binary that has no error.
Type BinaryType(BinaryOp op, Type operand);

std::string SelectTypeError(Type condition, Type if_true, Type if_false);
std::string CastTypeError(Type to, Type from);
// Subscripts: scalars beside vectors of one common number of lanes; as many as the buffer has
// dimensions, or one.
std::string SubscriptError(const BufferNode& buffer, const std::vector<Expr>& indices);
// The lanes of an access with these subscripts.
int SubscriptLanes(const std::vector<Expr>& indices);
std::string StoreTypeError(const BufferNode& buffer, const std::vector<Expr>& indices, Type value);
std::string CallTypeError(Intrinsic intrinsic, const std::vector<Expr>& args);
// The result type of a Call that has no error.
Type CallType(Intrinsic intrinsic, Type first_arg);

// The number of arguments and the written name of an intrinsic: "requantize", "dot_s8x2",
// "exp", ...
size_t NumArgs(Intrinsic intrinsic);
const char* Name(Intrinsic intrinsic);

// The written form of an operator: "+", "min", "<=", ... Integer and float division are both "/".
const char* Name(BinaryOp op);
bool IsComparison(BinaryOp op);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_IR_TYPE_RULES_H_
