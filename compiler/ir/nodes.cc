#include "compiler/ir/nodes.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/ir/type_rules.h"

namespace tunefarm::compiler {
namespace {

constexpr Type kBoolType = {DType::kBool, 1};

void Require(const std::string& error) { TUNEFARM_CHECK(error.empty(), error); }

// Gives both the lanes of the wider one, if one of them is a scalar.
void MatchLanes(Expr* a, Expr* b) {
  const int lanes_a = a->type().lanes;
  const int lanes_b = b->type().lanes;
  if (lanes_a == 1 && lanes_b > 1) *a = MakeBroadcast(*a, lanes_b);
  if (lanes_b == 1 && lanes_a > 1) *b = MakeBroadcast(*b, lanes_a);
}

int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// The value of `a op b` on index constants; nothing where it is not defined.
std::optional<int64_t> Evaluate(BinaryOp op, int64_t a, int64_t b) {
  switch (op) {
    case BinaryOp::kAdd:
      return a + b;
    case BinaryOp::kSub:
      return a - b;
    case BinaryOp::kMul:
      return a * b;
    case BinaryOp::kFloorDiv:
      if (b <= 0) return std::nullopt;
      return FloorDivide(a, b);
    case BinaryOp::kFloorMod:
      if (b <= 0) return std::nullopt;
      return a - FloorDivide(a, b) * b;
    case BinaryOp::kMin:
      return std::min(a, b);
    case BinaryOp::kMax:
      return std::max(a, b);
    case BinaryOp::kLt:
      return a < b;
    case BinaryOp::kLe:
      return a <= b;
    case BinaryOp::kEq:
      return a == b;
    case BinaryOp::kDiv:
    case BinaryOp::kAnd:
    case BinaryOp::kOr:
      break;
  }
  return std::nullopt;
}

// Folds what every pass would fold: constants, neutral and absorbing operands of scalar index
// arithmetic. Undefined if nothing applies. Anything cleverer is the simplifier's.
Expr FoldIndex(BinaryOp op, const Expr& a, const Expr& b) {
  int64_t value_a = 0;
  int64_t value_b = 0;
  const bool const_a = IsConst(a, &value_a);
  const bool const_b = IsConst(b, &value_b);
  if (const_a && const_b) {
    const std::optional<int64_t> value = Evaluate(op, value_a, value_b);
    if (!value) return Expr();
    return MakeInt(*value, IsComparison(op) ? kBoolType : a.type());
  }
  const bool zero_a = const_a && value_a == 0;
  const bool zero_b = const_b && value_b == 0;
  const bool one_b = const_b && value_b == 1;
  switch (op) {
    case BinaryOp::kAdd:
      if (zero_a) return b;
      if (zero_b) return a;
      break;
    case BinaryOp::kSub:
      if (zero_b) return a;
      break;
    case BinaryOp::kMul:
      if (zero_a || one_b) return a;
      if (zero_b || (const_a && value_a == 1)) return b;
      break;
    case BinaryOp::kFloorDiv:
      if (zero_a || one_b) return a;
      break;
    case BinaryOp::kFloorMod:
      if (zero_a) return a;
      if (one_b) return MakeInt(0, a.type());
      break;
    default:
      break;
  }
  return Expr();
}

// Conditions over indices fold too: true and false beside && and ||.
Expr FoldBool(BinaryOp op, const Expr& a, const Expr& b) {
  int64_t value = 0;
  for (const auto& [constant, other] : {std::pair(a, b), std::pair(b, a)}) {
    if (!IsConst(constant, &value)) continue;
    const bool neutral = op == BinaryOp::kAnd ? value != 0 : value == 0;
    return neutral ? other : constant;
  }
  return Expr();
}

}  // namespace

Expr::Expr(int64_t value) : Expr(MakeInt(value)) {}

Buffer MakeBuffer(std::string name, DType dtype, std::vector<int64_t> extents, Scope scope) {
  for (int64_t extent : extents) {
    TUNEFARM_CHECK(extent >= 1, absl::StrFormat("buffer %s has extent %d", name, extent));
  }
  return std::make_shared<const BufferNode>(
      BufferNode{std::move(name), dtype, std::move(extents), scope});
}

Expr MakeInt(int64_t value, Type type) {
  TUNEFARM_CHECK(!type.is_float() && type.lanes == 1,
                 absl::StrFormat("integer constant %d of type %s", value, ToString(type)));
  return Expr(std::make_shared<const IntImm>(type, value));
}

Expr MakeFloat(float value) { return Expr(std::make_shared<const FloatImm>(value)); }

Expr MakeVar(std::string name) {
  return Expr(std::make_shared<const Var>(std::move(name), Type{DType::kIndex, 1}));
}

Expr MakeBinary(BinaryOp op, Expr a, Expr b) {
  MatchLanes(&a, &b);
  Require(BinaryTypeError(op, a.type(), b.type()));
  if (a.type() == Type{DType::kIndex, 1}) {
    Expr folded = FoldIndex(op, a, b);
    if (folded.defined()) return folded;
  }
  if (a.type() == kBoolType) {
    Expr folded = FoldBool(op, a, b);
    if (folded.defined()) return folded;
  }
  const Type type = BinaryType(op, a.type());
  return Expr(std::make_shared<const Binary>(op, type, std::move(a), std::move(b)));
}

Expr MakeSelect(Expr condition, Expr if_true, Expr if_false) {
  MatchLanes(&if_true, &if_false);
  const int lanes = condition.type().lanes;
  if (lanes > 1 && if_true.type().lanes == 1) {
    if_true = MakeBroadcast(if_true, lanes);
    if_false = MakeBroadcast(if_false, lanes);
  }
  Require(SelectTypeError(condition.type(), if_true.type(), if_false.type()));
  return Expr(std::make_shared<const Select>(std::move(condition), std::move(if_true),
                                             std::move(if_false)));
}

Expr MakeCast(Type type, Expr value) {
  Require(CastTypeError(type, value.type()));
  if (type == value.type()) return value;
  return Expr(std::make_shared<const Cast>(type, std::move(value)));
}

Expr MakeLoad(Buffer buffer, std::vector<Expr> indices) {
  Require(SubscriptError(*buffer, indices));
  const int lanes = SubscriptLanes(indices);
  return Expr(std::make_shared<const Load>(std::move(buffer), std::move(indices), lanes));
}

Expr MakeRamp(Expr base, int64_t stride, int lanes) {
  TUNEFARM_CHECK(base.type().lanes == 1 && lanes >= 1, "a ramp starts from a scalar");
  if (lanes == 1) return base;
  return Expr(std::make_shared<const Ramp>(std::move(base), stride, lanes));
}

Expr MakeBroadcast(Expr value, int lanes) {
  TUNEFARM_CHECK(value.type().lanes == 1 && lanes >= 1, "only a scalar is broadcast");
  if (lanes == 1) return value;
  return Expr(std::make_shared<const Broadcast>(std::move(value), lanes));
}

Expr MakeCall(Intrinsic intrinsic, std::vector<Expr> args) {
  int lanes = 1;
  for (const Expr& arg : args) lanes = std::max(lanes, arg.type().lanes);
  if (intrinsic != Intrinsic::kDotS8x2) {
    for (Expr& arg : args) {
      if (arg.type().lanes == 1) arg = MakeBroadcast(arg, lanes);
    }
  }
  Require(CallTypeError(intrinsic, args));
  const Type type = CallType(intrinsic, args[0].type());
  return Expr(std::make_shared<const Call>(intrinsic, type, std::move(args)));
}

Stmt MakeFor(Expr var, Expr min, Expr extent, LoopKind kind, Stmt body) {
  TUNEFARM_CHECK(var.as<Var>() != nullptr && body.defined(), "a loop needs a variable and a body");
  return Stmt(std::make_shared<const For>(std::move(var), std::move(min), std::move(extent), kind,
                                          std::move(body)));
}

Stmt MakeIf(Expr condition, Stmt then_body) {
  TUNEFARM_CHECK(condition.type() == kBoolType && then_body.defined(),
                 "an if needs a scalar condition and a body");
  return Stmt(std::make_shared<const IfThen>(std::move(condition), std::move(then_body)));
}

Stmt MakeStore(Buffer buffer, std::vector<Expr> indices, Expr value) {
  const int lanes = SubscriptLanes(indices);
  if (value.type().lanes == 1 && lanes > 1) value = MakeBroadcast(value, lanes);
  Require(StoreTypeError(*buffer, indices, value.type()));
  return Stmt(
      std::make_shared<const Store>(std::move(buffer), std::move(indices), std::move(value)));
}

Stmt MakeAllocate(Buffer buffer, Stmt body) {
  TUNEFARM_CHECK(body.defined(), "an allocation needs a body");
  return Stmt(std::make_shared<const Allocate>(std::move(buffer), std::move(body)));
}

Stmt MakeBlock(std::vector<Stmt> stmts) {
  if (stmts.size() == 1) return stmts[0];
  std::vector<Stmt> flat;
  flat.reserve(stmts.size());
  for (Stmt& stmt : stmts) {
    TUNEFARM_CHECK(stmt.defined(), "a block of undefined statements");
    if (const Block* inner = stmt.as<Block>()) {
      flat.insert(flat.end(), inner->stmts.begin(), inner->stmts.end());
    } else {
      flat.push_back(std::move(stmt));
    }
  }
  if (flat.size() == 1) return flat[0];
  return Stmt(std::make_shared<const Block>(std::move(flat)));
}

bool IsConst(const Expr& expr, int64_t* value) {
  const IntImm* imm = expr.as<IntImm>();
  if (imm == nullptr) return false;
  *value = imm->value;
  return true;
}

}  // namespace tunefarm::compiler
