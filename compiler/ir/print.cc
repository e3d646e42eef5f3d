#include "compiler/ir/print.h"

#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "compiler/ir/type_rules.h"
#include "compiler/ir/visit.h"

namespace tunefarm::compiler {
namespace {

// How tightly an operator binds; operands that bind less are put in parentheses.
enum Precedence { kOrLevel = 1, kAndLevel, kCompareLevel, kAddLevel, kMulLevel, kAtomLevel };

Precedence LevelOf(BinaryOp op) {
  switch (op) {
    case BinaryOp::kOr:
      return kOrLevel;
    case BinaryOp::kAnd:
      return kAndLevel;
    case BinaryOp::kLt:
    case BinaryOp::kLe:
    case BinaryOp::kEq:
      return kCompareLevel;
    case BinaryOp::kAdd:
    case BinaryOp::kSub:
      return kAddLevel;
    case BinaryOp::kMul:
    case BinaryOp::kFloorDiv:
    case BinaryOp::kFloorMod:
    case BinaryOp::kDiv:
      return kMulLevel;
    case BinaryOp::kMin:
    case BinaryOp::kMax:
      break;
  }
  return kAtomLevel;
}

std::string FloatText(float value) {
  if (std::isnan(value)) return "nanf";
  if (std::isinf(value)) return value < 0 ? "-inff" : "inff";
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return std::string(text.data(), end) + "f";
}

// An identifier of the text form that resembles `name`.
std::string Legal(const std::string& name) {
  std::string legal;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool suffix_dot =
        name[i] == '.' && i + 1 < name.size() && absl::ascii_isalnum(name[i + 1]);
    legal += absl::ascii_isalnum(name[i]) || suffix_dot ? name[i] : '_';
  }
  if (legal.empty() || absl::ascii_isdigit(legal[0]) || legal[0] == '.') legal = "_" + legal;
  return legal;
}

// Gives things names: each its own, changed by a suffix where it is taken.
class NameTable {
 public:
  const std::string& Introduce(const void* thing, const std::string& wish) {
    const std::string base = Legal(wish);
    std::string name = base;
    for (int i = 1; taken_.count(name) > 0 || IsReservedWord(name); ++i) {
      name = absl::StrFormat("%s.%d", base, i);
    }
    taken_.insert(name);
    return names_[thing] = name;
  }

  void Release(const void* thing) {
    const auto it = names_.find(thing);
    taken_.erase(it->second);
    names_.erase(it);
  }

  // A thing that was never introduced is free: it gets its name here.
  const std::string& Find(const void* thing, const std::string& wish) {
    const auto it = names_.find(thing);
    return it != names_.end() ? it->second : Introduce(thing, wish);
  }

 private:
  std::map<const void*, std::string> names_;
  std::set<std::string> taken_;
};

class Printer {
 public:
  std::string TakeText() { return std::move(text_); }

  void PrintFunction(const Function& function) {
    text_ += absl::StrFormat("fn %s(", Legal(function.name));
    for (size_t i = 0; i < function.params.size(); ++i) {
      if (i > 0) text_ += ", ";
      IntroduceBuffer(function.params[i]);
    }
    text_ += ") {\n";
    PrintBody(function.body);
    text_ += "}\n";
  }

  void PrintStmt(const Stmt& stmt) {
    Dispatch(*stmt.get(), [this](const auto& node) { PrintNode(node); });
  }

  std::string ExprText(const Expr& expr, Precedence at_least = kOrLevel) {
    return Dispatch(*expr.get(), [&](const auto& node) { return NodeText(node, at_least); });
  }

 private:
  void Indent() { text_.append(2 * static_cast<size_t>(depth_), ' '); }

  void PrintBody(const Stmt& body) {
    ++depth_;
    PrintStmt(body);
    --depth_;
  }

  void IntroduceBuffer(const Buffer& buffer) {
    text_ += absl::StrFormat("%s: %s[%s]", names_.Introduce(buffer.get(), buffer->name),
                             Name(buffer->dtype), absl::StrJoin(buffer->extents, ","));
  }

  std::string BufferName(const Buffer& buffer) { return names_.Find(buffer.get(), buffer->name); }

  std::string ListText(const std::vector<Expr>& exprs) {
    std::string text;
    for (const Expr& expr : exprs) {
      if (!text.empty()) text += ", ";
      text += ExprText(expr);
    }
    return text;
  }

  // ---- statements
  void PrintNode(const For& node) {
    int64_t min = 0;
    const bool from_zero = IsConst(node.min, &min) && min == 0;
    // The bounds are printed first: they do not see the variable.
    std::string range = from_zero ? "0.." : ExprText(node.min, kAddLevel) + "..+";
    range += ExprText(node.extent, kAddLevel);
    Indent();
    const std::string& name = names_.Introduce(node.var.get(), node.var.as<Var>()->name);
    text_ += absl::StrFormat("%s %s in %s {\n", Name(node.loop_kind), name, range);
    PrintBody(node.body);
    names_.Release(node.var.get());
    Indent();
    text_ += "}\n";
  }

  void PrintNode(const IfThen& node) {
    Indent();
    text_ += absl::StrFormat("if %s {\n", ExprText(node.condition));
    PrintBody(node.then_body);
    Indent();
    text_ += "}\n";
  }

  void PrintNode(const Store& node) {
    Indent();
    const std::string name = BufferName(node.buffer);
    const std::string indices = ListText(node.indices);
    text_ += absl::StrFormat("%s[%s] = %s\n", name, indices, ExprText(node.value));
  }

  void PrintNode(const Allocate& node) {
    Indent();
    text_ += "alloc ";
    IntroduceBuffer(node.buffer);
    text_ += absl::StrFormat(" %s {\n", Name(node.buffer->scope));
    PrintBody(node.body);
    names_.Release(node.buffer.get());
    Indent();
    text_ += "}\n";
  }

  void PrintNode(const Block& node) {
    for (const Stmt& stmt : node.stmts) PrintStmt(stmt);
  }

  // ---- expressions
  std::string NodeText(const IntImm& node, Precedence) {
    if (node.type.dtype == DType::kBool) return node.value != 0 ? "true" : "false";
    if (node.type.dtype == DType::kIndex) return absl::StrFormat("%d", node.value);
    return absl::StrFormat("%d:%s", node.value, Name(node.type.dtype));
  }

  std::string NodeText(const FloatImm& node, Precedence) { return FloatText(node.value); }

  std::string NodeText(const Var& node, Precedence) { return names_.Find(&node, node.name); }

  std::string NodeText(const Cast& node, Precedence) {
    return absl::StrFormat("%s(%s)", ToString(node.type), ExprText(node.value));
  }

  std::string NodeText(const Binary& node, Precedence at_least) {
    const Precedence level = LevelOf(node.op);
    if (level == kAtomLevel) {
      const std::string a = ExprText(node.a);
      return absl::StrFormat("%s(%s, %s)", Name(node.op), a, ExprText(node.b));
    }
    // Everything groups to the left, so a right operand of the same level needs parentheses;
    // comparisons do not chain.
    const Precedence above = static_cast<Precedence>(level + 1);
    const std::string a = ExprText(node.a, level == kCompareLevel ? above : level);
    const std::string b = ExprText(node.b, above);
    const std::string text = absl::StrFormat("%s %s %s", a, Name(node.op), b);
    return level < at_least ? "(" + text + ")" : text;
  }

  std::string NodeText(const Select& node, Precedence) {
    const std::string condition = ExprText(node.condition);
    const std::string if_true = ExprText(node.if_true);
    return absl::StrFormat("select(%s, %s, %s)", condition, if_true, ExprText(node.if_false));
  }

  std::string NodeText(const Load& node, Precedence) {
    const std::string name = BufferName(node.buffer);
    return absl::StrFormat("%s[%s]", name, ListText(node.indices));
  }

  std::string NodeText(const Ramp& node, Precedence) {
    return absl::StrFormat("ramp(%s, %d, %d)", ExprText(node.base), node.stride, node.type.lanes);
  }

  std::string NodeText(const Broadcast& node, Precedence) {
    return absl::StrFormat("broadcast(%s, %d)", ExprText(node.value), node.type.lanes);
  }

  std::string NodeText(const Call& node, Precedence) {
    return absl::StrFormat("%s(%s)", Name(node.intrinsic), ListText(node.args));
  }

  NameTable names_;
  std::string text_;
  int depth_ = 0;
};

}  // namespace

bool IsReservedWord(const std::string& word) {
  static const std::set<std::string>* const kWords = new std::set<std::string>{
      "fn",         "for",      "parallel", "vectorized", "unrolled", "if",
      "alloc",      "scratch",  "register", "true",       "false",    "inff",
      "nanf",       "min",      "max",      "select",     "ramp",     "broadcast",
      "requantize", "dot_s8x2", "exp",      "sqrt",       "tile",     "requantize_short",
      "widen_even", "widen_odd"};
  return kWords->count(word) > 0;
}

const char* Name(LoopKind kind) {
  switch (kind) {
    case LoopKind::kSerial:
      return "for";
    case LoopKind::kParallel:
      return "parallel";
    case LoopKind::kVectorized:
      return "vectorized";
    case LoopKind::kUnrolled:
      return "unrolled";
    case LoopKind::kTile:
      return "tile";
  }
  TUNEFARM_CHECK(false, "Name of an unknown loop kind");
}

const char* Name(Scope scope) {
  switch (scope) {
    case Scope::kArgument:
      return "argument";
    case Scope::kScratch:
      return "scratch";
    case Scope::kRegister:
      return "register";
  }
  TUNEFARM_CHECK(false, "Name of an unknown scope");
}

std::string Print(const Function& function) {
  Printer printer;
  printer.PrintFunction(function);
  return printer.TakeText();
}

std::string Print(const Stmt& stmt) {
  Printer printer;
  printer.PrintStmt(stmt);
  return printer.TakeText();
}

std::string Print(const Expr& expr) {
  Printer printer;
  return printer.ExprText(expr);
}

}  // namespace tunefarm::compiler
