#include "compiler/ir/verify.h"

#include <set>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "compiler/ir/print.h"
#include "compiler/ir/type_rules.h"
#include "compiler/ir/visit.h"

namespace tunefarm::compiler {
namespace {

constexpr size_t kMaxShownBytes = 200;
constexpr Type kIndexType = {DType::kIndex, 1};

std::string Shorten(std::string text) {
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (text.size() > kMaxShownBytes) text = text.substr(0, kMaxShownBytes) + " ...";
  return text;
}

bool IsConstant(const Expr& expr) { return expr.as<IntImm>() != nullptr; }

bool Fits(DType dtype, int64_t value) {
  if (dtype == DType::kBool) return value == 0 || value == 1;
  const int64_t bits = 8 * SizeBytes(dtype);
  if (bits == 64) return true;
  const int64_t bound = int64_t{1} << (bits - 1);
  return -bound <= value && value < bound;
}

class Verifier {
 public:
  absl::Status Run(const Function& function) {
    for (const Buffer& param : function.params) {
      if (param == nullptr) return Error("an undefined parameter");
      if (param->scope != Scope::kArgument) {
        return Error(absl::StrFormat("parameter %s has scope %s", param->name, Name(param->scope)));
      }
      TUNEFARM_RETURN_IF_ERROR(Introduce(param));
    }
    return CheckStmt(function.body);
  }

 private:
  // What is wrong, and the loops it is wrong in.
  absl::Status Error(const std::string& what) const {
    if (path_.empty()) return absl::InvalidArgumentError(what);
    return absl::InvalidArgumentError(
        absl::StrFormat("%s, inside %s", what, absl::StrJoin(path_, " / ")));
  }

  template <typename T>
  absl::Status ErrorAt(const std::string& what, const T& node) const {
    return Error(absl::StrFormat("%s: %s", what, Shorten(Print(node))));
  }

  absl::Status Introduce(const Buffer& buffer) {
    if (buffer->dtype == DType::kBool) {
      return Error(absl::StrFormat("buffer %s holds bools", buffer->name));
    }
    for (int64_t extent : buffer->extents) {
      if (extent < 1)
        return Error(absl::StrFormat("buffer %s has extent %d", buffer->name, extent));
    }
    if (buffers_.insert(buffer.get()).second) return absl::OkStatus();
    return Error(absl::StrFormat("buffer %s exists already where it is introduced", buffer->name));
  }

  // ---- expressions

  absl::Status CheckExpr(const Expr& expr) {
    if (!expr.defined()) return Error("an undefined expression");
    TUNEFARM_RETURN_IF_ERROR(
        Dispatch(*expr.get(), [this](const auto& node) { return CheckParts(node); }));
    const std::string what =
        Dispatch(*expr.get(), [this](const auto& node) { return Fault(node); });
    return what.empty() ? absl::OkStatus() : ErrorAt(what, expr);
  }

  absl::Status CheckAll(const std::vector<Expr>& exprs) {
    for (const Expr& expr : exprs) TUNEFARM_RETURN_IF_ERROR(CheckExpr(expr));
    return absl::OkStatus();
  }

  absl::Status CheckParts(const IntImm&) { return absl::OkStatus(); }
  absl::Status CheckParts(const FloatImm&) { return absl::OkStatus(); }
  absl::Status CheckParts(const Var&) { return absl::OkStatus(); }
  absl::Status CheckParts(const Cast& node) { return CheckExpr(node.value); }
  absl::Status CheckParts(const Ramp& node) { return CheckExpr(node.base); }
  absl::Status CheckParts(const Broadcast& node) { return CheckExpr(node.value); }
  absl::Status CheckParts(const Load& node) { return CheckAll(node.indices); }
  absl::Status CheckParts(const Call& node) { return CheckAll(node.args); }
  absl::Status CheckParts(const Binary& node) {
    TUNEFARM_RETURN_IF_ERROR(CheckExpr(node.a));
    return CheckExpr(node.b);
  }
  absl::Status CheckParts(const Select& node) {
    TUNEFARM_RETURN_IF_ERROR(CheckExpr(node.condition));
    TUNEFARM_RETURN_IF_ERROR(CheckExpr(node.if_true));
    return CheckExpr(node.if_false);
  }

  // What is wrong with a node whose parts are right; empty: nothing.
  std::string Fault(const IntImm& node) {
    if (node.type.is_float() || node.type.lanes != 1) {
      return absl::StrFormat("an integer constant of type %s", ToString(node.type));
    }
    if (Fits(node.type.dtype, node.value)) return "";
    return absl::StrFormat("%d does not fit %s", node.value, ToString(node.type));
  }

  std::string Fault(const FloatImm&) { return ""; }

  std::string Fault(const Var& node) {
    if (node.type != kIndexType) return "a variable of type " + ToString(node.type);
    return vars_.count(&node) > 0 ? "" : "a variable outside the loop that binds it";
  }

  std::string Fault(const Cast& node) { return CastTypeError(node.type, node.value.type()); }

  std::string Fault(const Binary& node) {
    std::string error = BinaryTypeError(node.op, node.a.type(), node.b.type());
    if (!error.empty()) return error;
    return WrongType(node.type, BinaryType(node.op, node.a.type()));
  }

  std::string Fault(const Select& node) {
    return SelectTypeError(node.condition.type(), node.if_true.type(), node.if_false.type());
  }

  std::string Fault(const Load& node) {
    std::string error = AccessFault(node.buffer, node.indices);
    if (!error.empty()) return error;
    return WrongType(node.type, {node.buffer->dtype, SubscriptLanes(node.indices)});
  }

  std::string Fault(const Ramp& node) {
    const Type base = node.base.type();
    if (base.lanes != 1 || base.is_float() || base.dtype == DType::kBool) {
      return "a ramp starts from a " + ToString(base);
    }
    return LanesFault(node.type);
  }

  std::string Fault(const Broadcast& node) {
    if (node.value.type().lanes != 1) return "a broadcast of a " + ToString(node.value.type());
    return LanesFault(node.type);
  }

  std::string Fault(const Call& node) {
    std::string error = CallTypeError(node.intrinsic, node.args);
    return error.empty() ? WrongType(node.type, CallType(node.intrinsic, node.args[0].type()))
                         : error;
  }

  static std::string WrongType(Type is, Type must_be) {
    if (is == must_be) return "";
    return absl::StrFormat("the node's type is %s, its parts give %s", ToString(is),
                           ToString(must_be));
  }

  static std::string LanesFault(Type type) {
    return type.lanes > 1 ? "" : absl::StrFormat("a vector of %d lanes", type.lanes);
  }

  std::string AccessFault(const Buffer& buffer, const std::vector<Expr>& indices) {
    if (buffer == nullptr) return "an access without a buffer";
    if (buffers_.count(buffer.get()) == 0) {
      return absl::StrFormat("%s buffer %s does not exist here", Name(buffer->scope), buffer->name);
    }
    return SubscriptError(*buffer, indices);
  }

  // ---- statements

  absl::Status CheckStmt(const Stmt& stmt) {
    if (!stmt.defined()) return Error("an undefined statement");
    return Dispatch(*stmt.get(), [&](const auto& node) { return Check(node, stmt); });
  }

  absl::Status Check(const For& node, const Stmt& self) {
    TUNEFARM_RETURN_IF_ERROR(CheckExpr(node.min));
    TUNEFARM_RETURN_IF_ERROR(CheckExpr(node.extent));
    const Var* var = node.var.as<Var>();
    if (var == nullptr) return Error("a loop without a variable");
    if (var->type != kIndexType || node.min.type() != kIndexType ||
        node.extent.type() != kIndexType) {
      return ErrorAt("variable and bounds of a loop must be scalar indices", self);
    }
    const bool constant_extent =
        node.loop_kind == LoopKind::kVectorized || node.loop_kind == LoopKind::kUnrolled;
    if (constant_extent && !IsConstant(node.extent)) {
      return ErrorAt(
          absl::StrFormat("the extent of a loop that is %s must be constant", Name(node.loop_kind)),
          self);
    }
    if (!vars_.insert(var).second) {
      return ErrorAt("a loop binds the variable of a loop around it", self);
    }
    path_.push_back(absl::StrFormat("%s %s", Name(node.loop_kind), var->name));
    TUNEFARM_RETURN_IF_ERROR(CheckStmt(node.body));
    path_.pop_back();
    vars_.erase(var);
    return absl::OkStatus();
  }

  absl::Status Check(const IfThen& node, const Stmt& self) {
    TUNEFARM_RETURN_IF_ERROR(CheckExpr(node.condition));
    if (node.condition.type() != Type{DType::kBool, 1}) {
      return ErrorAt("the condition of an if must be a scalar bool", self);
    }
    return CheckStmt(node.then_body);
  }

  absl::Status Check(const Store& node, const Stmt& self) {
    TUNEFARM_RETURN_IF_ERROR(CheckAll(node.indices));
    TUNEFARM_RETURN_IF_ERROR(CheckExpr(node.value));
    std::string error = AccessFault(node.buffer, node.indices);
    if (error.empty()) error = StoreTypeError(*node.buffer, node.indices, node.value.type());
    return error.empty() ? absl::OkStatus() : ErrorAt(error, self);
  }

  absl::Status Check(const Allocate& node, const Stmt&) {
    if (node.buffer == nullptr) return Error("an allocation without a buffer");
    if (node.buffer->scope == Scope::kArgument) {
      return Error(
          absl::StrFormat("an allocation of %s, whose scope is argument", node.buffer->name));
    }
    TUNEFARM_RETURN_IF_ERROR(Introduce(node.buffer));
    TUNEFARM_RETURN_IF_ERROR(CheckStmt(node.body));
    buffers_.erase(node.buffer.get());
    return absl::OkStatus();
  }

  absl::Status Check(const Block& node, const Stmt&) {
    for (const Stmt& stmt : node.stmts) TUNEFARM_RETURN_IF_ERROR(CheckStmt(stmt));
    return absl::OkStatus();
  }

  std::set<const Var*> vars_;
  std::set<const BufferNode*> buffers_;
  std::vector<std::string> path_;
};

}  // namespace

absl::Status Verify(const Function& function) {
  return base::Annotate(Verifier().Run(function), "verify " + function.name);
}

}  // namespace tunefarm::compiler
