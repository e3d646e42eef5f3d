#include "compiler/ir/type_rules.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::compiler {
namespace {

bool IsInteger(DType dtype) { return dtype != DType::kF32 && dtype != DType::kBool; }

std::string Unlike(const char* what, Type a, Type b) {
  return absl::StrFormat("operands of %s differ in type: %s and %s", what, ToString(a),
                         ToString(b));
}

}  // namespace

bool IsComparison(BinaryOp op) {
  return op == BinaryOp::kLt || op == BinaryOp::kLe || op == BinaryOp::kEq;
}

const char* Name(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return "+";
    case BinaryOp::kSub:
      return "-";
    case BinaryOp::kMul:
      return "*";
    case BinaryOp::kFloorDiv:
    case BinaryOp::kDiv:
      return "/";
    case BinaryOp::kFloorMod:
      return "%";
    case BinaryOp::kMin:
      return "min";
    case BinaryOp::kMax:
      return "max";
    case BinaryOp::kLt:
      return "<";
    case BinaryOp::kLe:
      return "<=";
    case BinaryOp::kEq:
      return "==";
    case BinaryOp::kAnd:
      return "&&";
    case BinaryOp::kOr:
      return "||";
  }
  TUNEFARM_CHECK(false, "Name of an unknown operator");
}

Type BinaryType(BinaryOp op, Type operand) {
  return IsComparison(op) ? Type{DType::kBool, operand.lanes} : operand;
}

std::string BinaryTypeError(BinaryOp op, Type a, Type b) {
  if (a != b) return Unlike(Name(op), a, b);
  bool fits = true;
  switch (op) {
    case BinaryOp::kAnd:
    case BinaryOp::kOr:
      fits = a.dtype == DType::kBool;
      break;
    case BinaryOp::kFloorDiv:
    case BinaryOp::kFloorMod:
      fits = IsInteger(a.dtype);
      break;
    case BinaryOp::kDiv:
      fits = a.is_float();
      break;
    default:
      fits = a.dtype != DType::kBool;
  }
  if (fits) return "";
  return absl::StrFormat("%s is not defined on %s", Name(op), ToString(a));
}

std::string SelectTypeError(Type condition, Type if_true, Type if_false) {
  if (condition.dtype != DType::kBool) {
    return absl::StrFormat("the condition of select is %s, not bool", ToString(condition));
  }
  if (if_true != if_false) return Unlike("select", if_true, if_false);
  if (condition.lanes != 1 && condition.lanes != if_true.lanes) {
    return absl::StrFormat("select has a condition of %d lanes and values of %d", condition.lanes,
                           if_true.lanes);
  }
  return "";
}

std::string CastTypeError(Type to, Type from) {
  if (to.lanes == from.lanes) return "";
  return absl::StrFormat("cast from %s to %s changes the number of lanes", ToString(from),
                         ToString(to));
}

int SubscriptLanes(const std::vector<Expr>& indices) {
  int lanes = 1;
  for (const Expr& index : indices) lanes = std::max(lanes, index.type().lanes);
  return lanes;
}

std::string SubscriptError(const BufferNode& buffer, const std::vector<Expr>& indices) {
  if (indices.size() != buffer.extents.size() && indices.size() != 1) {
    return absl::StrFormat("buffer %s has %d dimensions and is accessed with %d indices",
                           buffer.name, buffer.extents.size(), indices.size());
  }
  const int lanes = SubscriptLanes(indices);
  for (const Expr& index : indices) {
    if (!IsInteger(index.type().dtype)) {
      return absl::StrFormat("an index of buffer %s is %s, not an integer", buffer.name,
                             ToString(index.type()));
    }
    if (index.type().lanes != 1 && index.type().lanes != lanes) {
      return absl::StrFormat("indices of buffer %s have %d and %d lanes", buffer.name,
                             index.type().lanes, lanes);
    }
  }
  return "";
}

std::string StoreTypeError(const BufferNode& buffer, const std::vector<Expr>& indices, Type value) {
  std::string error = SubscriptError(buffer, indices);
  if (!error.empty()) return error;
  const Type element = {buffer.dtype, SubscriptLanes(indices)};
  if (value == element) return "";
  return absl::StrFormat("store of %s to %s, which takes %s there", ToString(value), buffer.name,
                         ToString(element));
}

size_t NumArgs(Intrinsic intrinsic) {
  if (intrinsic == Intrinsic::kRequantizeShort) return 4;
  if (intrinsic == Intrinsic::kShiftLeft || intrinsic == Intrinsic::kRoundingShift) return 2;
  return intrinsic == Intrinsic::kRequantize || NumDotTerms(intrinsic) > 0 ? 3 : 1;
}

int NumDotTerms(Intrinsic intrinsic) {
  if (intrinsic == Intrinsic::kDotS8x1) return 1;
  if (intrinsic == Intrinsic::kDotS8x2) return 2;
  return intrinsic == Intrinsic::kDotS8x4 ? 4 : 0;
}

const char* Name(Intrinsic intrinsic) {
  switch (intrinsic) {
    case Intrinsic::kRequantize:
      return "requantize";
    case Intrinsic::kDotS8x2:
      return "dot_s8x2";
    case Intrinsic::kDotS8x1:
      return "dot_s8x1";
    case Intrinsic::kDotS8x4:
      return "dot_s8x4";
    case Intrinsic::kRequantizeShort:
      return "requantize_short";
    case Intrinsic::kWidenEven:
      return "widen_even";
    case Intrinsic::kWidenOdd:
      return "widen_odd";
    case Intrinsic::kCountLeadingZeros:
      return "count_leading_zeros";
    case Intrinsic::kShiftLeft:
      return "shift_left";
    case Intrinsic::kRoundingShift:
      return "rounding_shift";
    case Intrinsic::kFixedExp:
      return "fixed_exp";
    case Intrinsic::kFixedReciprocal:
      return "fixed_reciprocal";
    case Intrinsic::kExp:
      return "exp";
    case Intrinsic::kSqrt:
      return "sqrt";
  }
  TUNEFARM_CHECK(false, "Name of an unknown intrinsic");
}

Type CallType(Intrinsic intrinsic, Type first_arg) {
  const bool widens = intrinsic == Intrinsic::kWidenEven || intrinsic == Intrinsic::kWidenOdd;
  return widens ? Type{DType::kS16, first_arg.lanes / 2} : first_arg;
}

std::string CallTypeError(Intrinsic intrinsic, const std::vector<Expr>& args) {
  if (args.size() != NumArgs(intrinsic)) {
    return absl::StrFormat("%s takes %d arguments, not %d", Name(intrinsic), NumArgs(intrinsic),
                           args.size());
  }
  const int lanes = args[0].type().lanes;
  std::vector<Type> want;
  switch (intrinsic) {
    case Intrinsic::kRequantize:
      want.assign(3, Type{DType::kS32, lanes});
      break;
    case Intrinsic::kDotS8x1:
    case Intrinsic::kDotS8x2:
    case Intrinsic::kDotS8x4: {
      const int terms = NumDotTerms(intrinsic);
      const bool wide = terms < 4 && args[1].type().dtype == DType::kS16;
      want.assign(3, Type{wide ? DType::kS16 : DType::kS8, terms * lanes});
      want[0] = {DType::kS32, lanes};
      break;
    }
    case Intrinsic::kRequantizeShort:
    case Intrinsic::kCountLeadingZeros:
    case Intrinsic::kShiftLeft:
    case Intrinsic::kRoundingShift:
    case Intrinsic::kFixedExp:
    case Intrinsic::kFixedReciprocal:
      want.assign(args.size(), Type{DType::kS32, lanes});
      break;
    case Intrinsic::kWidenEven:
    case Intrinsic::kWidenOdd:
      if (lanes % 4 != 0)
        return absl::StrFormat("%s takes 4 lanes or a multiple, not %d", Name(intrinsic), lanes);
      want.assign(1, Type{DType::kS8, lanes});
      break;
    case Intrinsic::kExp:
    case Intrinsic::kSqrt:
      want.assign(1, Type{DType::kF32, lanes});
      break;
  }
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i].type() == want[i]) continue;
    return absl::StrFormat("argument %d of %s is %s, not %s", i + 1, Name(intrinsic),
                           ToString(args[i].type()), ToString(want[i]));
  }
  return "";
}

}  // namespace tunefarm::compiler
