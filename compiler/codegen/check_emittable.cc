#include "compiler/codegen/check_emittable.h"

#include <string>
#include <unordered_set>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/ir/visit.h"

namespace tunefarm::compiler {
namespace {

class Checker final : public Visitor {
 public:
  explicit Checker(const Function& function) : function_(function) {
    for (const Buffer& param : function.params) live_.insert(param.get());
  }

  absl::Status Check() {
    VisitStmt(function_.body);
    if (error_.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrFormat("codegen of %s: %s", function_.name, error_));
  }

 protected:
  using Visitor::Visit;

  void Visit(const Var& node) override {
    if (!live_.contains(&node)) Fail(absl::StrFormat("variable %s outside its loop", node.name));
  }

  void Visit(const Load& node) override {
    CheckAccess(node.buffer, node.indices.size());
    Visitor::Visit(node);
  }

  void Visit(const Store& node) override {
    CheckAccess(node.buffer, node.indices.size());
    Visitor::Visit(node);
  }

  void Visit(const For& node) override {
    const std::string& name = static_cast<const Var*>(node.var.get())->name;
    if (node.loop_kind == LoopKind::kVectorized || node.loop_kind == LoopKind::kUnrolled) {
      Fail(absl::StrFormat("loop %s is still to be vectorized or unrolled", name));
    }
    VisitExpr(node.min);
    VisitExpr(node.extent);
    live_.insert(node.var.get());
    VisitStmt(node.body);
    live_.erase(node.var.get());
  }

  void Visit(const Allocate& node) override {
    const BufferNode& buffer = *node.buffer;
    if (buffer.scope == Scope::kArgument) {
      Fail(absl::StrFormat("argument %s is allocated", buffer.name));
    }
    if (buffer.scope == Scope::kRegister) {
      register_bytes_ += buffer.num_elems() * SizeBytes(buffer.dtype);
      if (register_bytes_ > kMaxRegisterBytes) {
        Fail(absl::StrFormat("register buffers up to %s take %d bytes, at most %d", buffer.name,
                             register_bytes_, kMaxRegisterBytes));
      }
    }
    live_.insert(&buffer);
    VisitStmt(node.body);
    live_.erase(&buffer);
  }

 private:
  void CheckAccess(const Buffer& buffer, size_t num_indices) {
    if (!live_.contains(buffer.get())) {
      Fail(absl::StrFormat("buffer %s is neither a parameter nor allocated here", buffer->name));
    }
    if (num_indices != 1) {
      Fail(absl::StrFormat("access to %s has %d indices; flattened ones have 1", buffer->name,
                           num_indices));
    }
  }

  // Keeps the first.
  void Fail(const std::string& error) {
    if (error_.empty()) error_ = error;
  }

  const Function& function_;
  std::unordered_set<const void*> live_;  // Variables and buffers in scope.
  int64_t register_bytes_ = 0;
  std::string error_;
};

}  // namespace

absl::Status CheckEmittable(const LoweredKernel& kernel) {
  TUNEFARM_RETURN_IF_ERROR(Checker(kernel.run).Check());
  return kernel.prepare ? Checker(*kernel.prepare).Check() : absl::OkStatus();
}

}  // namespace tunefarm::compiler
