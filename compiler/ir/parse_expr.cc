#include "compiler/ir/parse_expr.h"

#include <cmath>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/ir/type_rules.h"

namespace tunefarm::compiler {
namespace {

constexpr int kMaxDepth = 300;
constexpr int kMaxOperators = 2000;
constexpr int kMaxLanes = 4096;
constexpr DType kAllDTypes[] = {DType::kF32, DType::kS8,    DType::kS16,
                                DType::kS32, DType::kIndex, DType::kBool};
constexpr Intrinsic kAllIntrinsics[] = {Intrinsic::kRequantize,
                                        Intrinsic::kDotS8x2,
                                        Intrinsic::kDotS8x1,
                                        Intrinsic::kDotS8x4,
                                        Intrinsic::kExp,
                                        Intrinsic::kSqrt,
                                        Intrinsic::kRequantizeShort,
                                        Intrinsic::kWidenEven,
                                        Intrinsic::kWidenOdd,
                                        Intrinsic::kCountLeadingZeros,
                                        Intrinsic::kShiftLeft,
                                        Intrinsic::kRoundingShift,
                                        Intrinsic::kFixedExp,
                                        Intrinsic::kFixedReciprocal};

// Infix operators by level, loosest first: the printer's precedence. "/" is settled by the
// operands' type.
const std::vector<std::vector<BinaryOp>>& Levels() {
  static const auto* const kLevels = new std::vector<std::vector<BinaryOp>>{
      {BinaryOp::kOr},
      {BinaryOp::kAnd},
      {BinaryOp::kEq, BinaryOp::kLe, BinaryOp::kLt},
      {BinaryOp::kAdd, BinaryOp::kSub},
      {BinaryOp::kMul, BinaryOp::kFloorDiv, BinaryOp::kFloorMod}};
  return *kLevels;
}
constexpr int kSumLevel = 3;
constexpr int kCompareLevel = 2;

// "f32" or "f32x8".
std::optional<Type> TypeOf(const std::string& name) {
  if (const std::optional<DType> scalar = DTypeOf(name)) return Type{*scalar, 1};
  // Any x may be the one before the lanes: "index" has one of its own.
  for (size_t at = name.find('x'); at != std::string::npos; at = name.find('x', at + 1)) {
    const std::optional<DType> dtype = DTypeOf(name.substr(0, at));
    int lanes = 0;
    if (dtype && absl::SimpleAtoi(name.substr(at + 1), &lanes) && lanes > 1 && lanes <= kMaxLanes) {
      return Type{*dtype, lanes};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<DType> DTypeOf(const std::string& name) {
  for (DType dtype : kAllDTypes) {
    if (name == Name(dtype)) return dtype;
  }
  return std::nullopt;
}

absl::Status ExprParser::Enter() {
  if (++depth_ <= kMaxDepth) return absl::OkStatus();
  return lexer_.Error(absl::StrFormat("nested more than %d levels deep", kMaxDepth));
}

absl::Status ExprParser::Expect(const std::string& word) {
  return lexer_.Take(word) ? absl::OkStatus() : lexer_.Expected(absl::StrFormat("\"%s\"", word));
}

absl::StatusOr<std::string> ExprParser::ParseName(const std::string& what) {
  if (lexer_.current().kind != Token::Kind::kName) return lexer_.Expected(what);
  std::string name = lexer_.current().text;
  lexer_.Advance();
  return name;
}

absl::StatusOr<int64_t> ExprParser::ParseInt(const std::string& what) {
  const std::string sign = lexer_.Take("-") ? "-" : "";
  int64_t value = 0;
  if (lexer_.current().kind != Token::Kind::kInt ||
      !absl::SimpleAtoi(sign + lexer_.current().text, &value)) {
    return lexer_.Expected(what);
  }
  lexer_.Advance();
  return value;
}

const Buffer* ExprParser::FindBuffer(const std::string& name) const {
  const auto it = buffers_.find(name);
  return it == buffers_.end() || it->second.empty() ? nullptr : &it->second.back();
}

absl::StatusOr<Expr> ExprParser::ParseExpr() {
  TUNEFARM_RETURN_IF_ERROR(Enter());
  absl::StatusOr<Expr> expr = ParseLevel(0);
  Leave();
  return expr;
}

absl::StatusOr<Expr> ExprParser::ParseSum() { return ParseLevel(kSumLevel); }

absl::StatusOr<Expr> ExprParser::MakeCheckedBinary(BinaryOp op, Expr a, Expr b) {
  if (op == BinaryOp::kFloorDiv && a.type().is_float()) op = BinaryOp::kDiv;
  const std::string error = BinaryTypeError(op, a.type(), b.type());
  if (!error.empty()) return lexer_.Error(error);
  const Type type = BinaryType(op, a.type());
  return Expr(std::make_shared<const Binary>(op, type, std::move(a), std::move(b)));
}

absl::StatusOr<Expr> ExprParser::ParseLevel(int level) {
  if (level == static_cast<int>(Levels().size())) return ParseAtom();
  TUNEFARM_ASSIGN_OR_RETURN(Expr left, ParseLevel(level + 1));
  while (true) {
    const BinaryOp* met = nullptr;
    for (const BinaryOp& op : Levels()[static_cast<size_t>(level)]) {
      if (lexer_.current().kind == Token::Kind::kSymbol && lexer_.At(Name(op))) met = &op;
    }
    if (met == nullptr) return left;
    if (++num_operators_ > kMaxOperators) {
      return lexer_.Error(absl::StrFormat("more than %d operators in a statement", kMaxOperators));
    }
    lexer_.Advance();
    TUNEFARM_ASSIGN_OR_RETURN(Expr right, ParseLevel(level + 1));
    TUNEFARM_ASSIGN_OR_RETURN(left, MakeCheckedBinary(*met, std::move(left), std::move(right)));
    if (level == kCompareLevel) return left;
  }
}

absl::StatusOr<Expr> ExprParser::ParseAtom() {
  if (lexer_.Take("(")) {
    TUNEFARM_ASSIGN_OR_RETURN(Expr inner, ParseExpr());
    TUNEFARM_RETURN_IF_ERROR(Expect(")"));
    return inner;
  }
  const bool negative = lexer_.Take("-");
  const bool infinite = lexer_.At("inff");
  if (negative || infinite || lexer_.current().kind == Token::Kind::kInt ||
      lexer_.current().kind == Token::Kind::kFloat) {
    return ParseNumber(negative);
  }
  return ParseNamed();
}

absl::StatusOr<Expr> ExprParser::ParseNumber(bool negative) {
  if (lexer_.Take("inff")) {
    const float infinity = std::numeric_limits<float>::infinity();
    return MakeFloat(negative ? -infinity : infinity);
  }
  const std::string text = (negative ? "-" : "") + lexer_.current().text;
  if (lexer_.current().kind == Token::Kind::kFloat) {
    float value = 0;
    if (!absl::SimpleAtof(text, &value)) return lexer_.Expected("a float");
    lexer_.Advance();
    return MakeFloat(value);
  }
  int64_t value = 0;
  if (lexer_.current().kind != Token::Kind::kInt || !absl::SimpleAtoi(text, &value)) {
    return lexer_.Expected("a number");
  }
  lexer_.Advance();
  if (!lexer_.Take(":")) return MakeInt(value);
  TUNEFARM_ASSIGN_OR_RETURN(const std::string name, ParseName("an integer type"));
  const std::optional<DType> dtype = DTypeOf(name);
  if (!dtype || *dtype == DType::kF32 || *dtype == DType::kBool) {
    return lexer_.Error(absl::StrFormat("%s is not an integer type", name));
  }
  return MakeInt(value, {*dtype, 1});
}

absl::StatusOr<Expr> ExprParser::ParseNamed() {
  TUNEFARM_ASSIGN_OR_RETURN(const std::string name, ParseName("an expression"));
  if (name == "true" || name == "false") return MakeInt(name == "true", {DType::kBool, 1});
  if (name == "nanf") return MakeFloat(std::nanf(""));
  if (lexer_.At("(")) {
    TUNEFARM_RETURN_IF_ERROR(Enter());
    absl::StatusOr<Expr> value = ParseApplication(name);
    Leave();
    return value;
  }
  if (lexer_.At("[")) {
    const Buffer* buffer = FindBuffer(name);
    if (buffer == nullptr) return lexer_.Error(absl::StrFormat("no buffer %s here", name));
    TUNEFARM_ASSIGN_OR_RETURN(std::vector<Expr> indices, ParseSubscripts(*buffer));
    return MakeLoad(*buffer, std::move(indices));
  }
  const auto it = vars_.find(name);
  if (it == vars_.end() || it->second.empty()) {
    return lexer_.Error(absl::StrFormat("no variable %s here", name));
  }
  return it->second.back();
}

absl::StatusOr<std::vector<Expr>> ExprParser::ParseSubscripts(const Buffer& buffer) {
  TUNEFARM_RETURN_IF_ERROR(Expect("["));
  std::vector<Expr> indices;
  while (!lexer_.At("]")) {
    if (!indices.empty()) TUNEFARM_RETURN_IF_ERROR(Expect(","));
    TUNEFARM_ASSIGN_OR_RETURN(Expr index, ParseExpr());
    indices.push_back(std::move(index));
  }
  TUNEFARM_RETURN_IF_ERROR(Expect("]"));
  const std::string error = SubscriptError(*buffer, indices);
  if (!error.empty()) return lexer_.Error(error);
  return indices;
}

absl::StatusOr<std::vector<Expr>> ExprParser::ParseArguments(size_t count) {
  std::vector<Expr> args;
  for (size_t i = 0; i < count; ++i) {
    TUNEFARM_RETURN_IF_ERROR(Expect(i == 0 ? "(" : ","));
    TUNEFARM_ASSIGN_OR_RETURN(Expr arg, ParseExpr());
    args.push_back(std::move(arg));
  }
  TUNEFARM_RETURN_IF_ERROR(Expect(")"));
  return args;
}

absl::StatusOr<int> ExprParser::ParseLanes() {
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t lanes, ParseInt("a number of lanes"));
  if (lanes > 1 && lanes <= kMaxLanes) return static_cast<int>(lanes);
  return lexer_.Error(absl::StrFormat("%d lanes, must be 2 to %d", lanes, kMaxLanes));
}

absl::StatusOr<Expr> ExprParser::ParseRamp() {
  TUNEFARM_RETURN_IF_ERROR(Expect("("));
  TUNEFARM_ASSIGN_OR_RETURN(Expr base, ParseExpr());
  TUNEFARM_RETURN_IF_ERROR(Expect(","));
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t stride, ParseInt("a stride"));
  TUNEFARM_RETURN_IF_ERROR(Expect(","));
  TUNEFARM_ASSIGN_OR_RETURN(const int lanes, ParseLanes());
  TUNEFARM_RETURN_IF_ERROR(Expect(")"));
  if (base.type().lanes != 1) return lexer_.Error("a ramp starts from a scalar");
  return MakeRamp(std::move(base), stride, lanes);
}

absl::StatusOr<Expr> ExprParser::ParseBroadcast() {
  TUNEFARM_RETURN_IF_ERROR(Expect("("));
  TUNEFARM_ASSIGN_OR_RETURN(Expr value, ParseExpr());
  TUNEFARM_RETURN_IF_ERROR(Expect(","));
  TUNEFARM_ASSIGN_OR_RETURN(const int lanes, ParseLanes());
  TUNEFARM_RETURN_IF_ERROR(Expect(")"));
  if (value.type().lanes != 1) return lexer_.Error("only a scalar is broadcast");
  return MakeBroadcast(std::move(value), lanes);
}

absl::StatusOr<Expr> ExprParser::ParseApplication(const std::string& name) {
  if (name == "ramp") return ParseRamp();
  if (name == "broadcast") return ParseBroadcast();
  if (name == "min" || name == "max") {
    TUNEFARM_ASSIGN_OR_RETURN(std::vector<Expr> args, ParseArguments(2));
    const BinaryOp op = name == "min" ? BinaryOp::kMin : BinaryOp::kMax;
    return MakeCheckedBinary(op, std::move(args[0]), std::move(args[1]));
  }
  if (name == "select") {
    TUNEFARM_ASSIGN_OR_RETURN(std::vector<Expr> args, ParseArguments(3));
    const std::string error = SelectTypeError(args[0].type(), args[1].type(), args[2].type());
    if (!error.empty()) return lexer_.Error(error);
    return MakeSelect(args[0], args[1], args[2]);
  }
  for (Intrinsic intrinsic : kAllIntrinsics) {
    if (name != Name(intrinsic)) continue;
    TUNEFARM_ASSIGN_OR_RETURN(std::vector<Expr> args, ParseArguments(NumArgs(intrinsic)));
    const std::string error = CallTypeError(intrinsic, args);
    if (!error.empty()) return lexer_.Error(error);
    return MakeCall(intrinsic, std::move(args));
  }
  const std::optional<Type> type = TypeOf(name);
  if (!type) return lexer_.Error(absl::StrFormat("no function or type %s", name));
  TUNEFARM_ASSIGN_OR_RETURN(std::vector<Expr> args, ParseArguments(1));
  const std::string error = CastTypeError(*type, args[0].type());
  if (!error.empty()) return lexer_.Error(error);
  return Expr(std::make_shared<const Cast>(*type, std::move(args[0])));
}

}  // namespace tunefarm::compiler
