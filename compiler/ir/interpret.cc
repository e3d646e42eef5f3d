#include "compiler/ir/interpret.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/ir/interpret_code.h"
#include "compiler/ir/visit.h"

namespace tunefarm::compiler {
namespace interpreter {
namespace {

class BlockCode final : public StmtCode {
 public:
  explicit BlockCode(std::vector<std::unique_ptr<StmtCode>> stmts) : stmts_(std::move(stmts)) {}
  bool Run(Frame& frame) const override {
    for (const auto& stmt : stmts_) {
      if (!stmt->Run(frame)) return false;
    }
    return true;
  }

 private:
  std::vector<std::unique_ptr<StmtCode>> stmts_;
};

class ForCode final : public StmtCode {
 public:
  ForCode(size_t var, Operand min, Operand extent, std::unique_ptr<StmtCode> body)
      : var_(var), min_(std::move(min)), extent_(std::move(extent)), body_(std::move(body)) {}
  bool Run(Frame& frame) const override {
    min_.Run(frame);
    extent_.Run(frame);
    if (!frame.error.ok()) return false;
    const int64_t min = frame.values[min_.place].i;
    const int64_t extent = frame.values[extent_.place].i;
    for (int64_t i = 0; i < extent; ++i) {
      frame.values[var_].i = min + i;
      if (!body_->Run(frame)) return false;
    }
    return true;
  }

 private:
  size_t var_;
  Operand min_, extent_;
  std::unique_ptr<StmtCode> body_;
};

class IfCode final : public StmtCode {
 public:
  IfCode(Operand condition, std::unique_ptr<StmtCode> body)
      : condition_(std::move(condition)), body_(std::move(body)) {}
  bool Run(Frame& frame) const override {
    condition_.Run(frame);
    if (!frame.error.ok()) return false;
    return frame.values[condition_.place].i == 0 || body_->Run(frame);
  }

 private:
  Operand condition_;
  std::unique_ptr<StmtCode> body_;
};

class AllocateCode final : public StmtCode {
 public:
  AllocateCode(size_t storage, std::unique_ptr<StmtCode> body)
      : storage_(storage), body_(std::move(body)) {}
  bool Run(Frame& frame) const override {
    std::vector<uint8_t>& initialised = frame.storages[storage_].initialised;
    std::fill(initialised.begin(), initialised.end(), 0);
    return body_->Run(frame);
  }

 private:
  size_t storage_;
  std::unique_ptr<StmtCode> body_;
};

template <typename T>
class StoreCode final : public StmtCode {
 public:
  StoreCode(Address address, Operand value)
      : address_(std::move(address)), value_(std::move(value)) {}

  bool Run(Frame& frame) const override {
    address_.Run(frame);
    value_.Run(frame);
    Storage& storage = frame.storages[address_.storage()];
    if (storage.data == nullptr) {
      frame.Fail(absl::InvalidArgumentError(
          absl::StrFormat("buffer %s is written and was not given", storage.buffer->name)));
    }
    for (int lane = 0; lane < value_.lanes && frame.error.ok(); ++lane) {
      const int64_t offset = address_.Offset(frame, lane);
      if (offset < 0) break;
      const Scalar value = frame.values[value_.place + static_cast<size_t>(lane)];
      T element;
      if constexpr (std::is_same_v<T, float>) {
        element = value.f;
      } else {
        element = static_cast<T>(value.i);
      }
      std::memcpy(storage.data + offset * static_cast<int64_t>(sizeof(T)), &element, sizeof(T));
      if (!storage.initialised.empty()) storage.initialised[static_cast<size_t>(offset)] = 1;
    }
    return frame.error.ok();
  }

 private:
  Address address_;
  Operand value_;
};

using StmtCodeOr = absl::StatusOr<std::unique_ptr<StmtCode>>;

class StmtResolver {
 public:
  explicit StmtResolver(Frame* frame) : exprs_(frame) {}

  ExprResolver& exprs() { return exprs_; }

  StmtCodeOr Resolve(const Stmt& stmt) {
    return Dispatch(*stmt.get(), [this](const auto& node) { return Node(node); });
  }

 private:
  StmtCodeOr Node(const For& node) {
    TUNEFARM_ASSIGN_OR_RETURN(Operand min, exprs_.Resolve(node.min));
    TUNEFARM_ASSIGN_OR_RETURN(Operand extent, exprs_.Resolve(node.extent));
    size_t var = 0;
    TUNEFARM_RETURN_IF_ERROR(exprs_.BindVar(node.var.get(), &var));
    TUNEFARM_ASSIGN_OR_RETURN(std::unique_ptr<StmtCode> body, Resolve(node.body));
    exprs_.ReleaseVar(node.var.get());
    return std::make_unique<ForCode>(var, std::move(min), std::move(extent), std::move(body));
  }

  StmtCodeOr Node(const IfThen& node) {
    TUNEFARM_ASSIGN_OR_RETURN(Operand condition, exprs_.Resolve(node.condition));
    TUNEFARM_ASSIGN_OR_RETURN(std::unique_ptr<StmtCode> body, Resolve(node.then_body));
    return std::make_unique<IfCode>(std::move(condition), std::move(body));
  }

  StmtCodeOr Node(const Store& node) {
    TUNEFARM_ASSIGN_OR_RETURN(Address address, exprs_.ResolveAddress(node.buffer, node.indices));
    TUNEFARM_ASSIGN_OR_RETURN(Operand value, exprs_.Resolve(node.value));
    return WithStorageType(node.buffer->dtype, [&](auto element) -> std::unique_ptr<StmtCode> {
      return std::make_unique<StoreCode<decltype(element)>>(std::move(address), std::move(value));
    });
  }

  StmtCodeOr Node(const Allocate& node) {
    size_t storage = 0;
    TUNEFARM_RETURN_IF_ERROR(exprs_.BindBuffer(node.buffer, &storage));
    TUNEFARM_ASSIGN_OR_RETURN(std::unique_ptr<StmtCode> body, Resolve(node.body));
    exprs_.ReleaseBuffer(node.buffer.get());
    return std::make_unique<AllocateCode>(storage, std::move(body));
  }

  StmtCodeOr Node(const Block& node) {
    std::vector<std::unique_ptr<StmtCode>> stmts;
    for (const Stmt& stmt : node.stmts) {
      TUNEFARM_ASSIGN_OR_RETURN(std::unique_ptr<StmtCode> code, Resolve(stmt));
      stmts.push_back(std::move(code));
    }
    return std::make_unique<BlockCode>(std::move(stmts));
  }

  ExprResolver exprs_;
};

// Binds a parameter to the caller's bytes.
absl::Status BindParameter(const Buffer& param, std::vector<uint8_t>* bytes, Frame* frame,
                           ExprResolver* resolver) {
  size_t storage = 0;
  TUNEFARM_RETURN_IF_ERROR(resolver->BindBuffer(param, &storage));
  if (bytes == nullptr) return absl::OkStatus();
  const size_t want = static_cast<size_t>(param->num_elems() * SizeBytes(param->dtype));
  if (bytes->size() != want) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "buffer %s has %d bytes, the parameter needs %d", param->name, bytes->size(), want));
  }
  frame->storages[storage].data = bytes->data();
  return absl::OkStatus();
}

absl::Status Run(const Function& function, const std::vector<std::vector<uint8_t>*>& buffers) {
  if (buffers.size() != function.params.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d buffers for %d parameters", buffers.size(), function.params.size()));
  }
  Frame frame;
  StmtResolver resolver(&frame);
  for (size_t i = 0; i < buffers.size(); ++i) {
    TUNEFARM_RETURN_IF_ERROR(
        BindParameter(function.params[i], buffers[i], &frame, &resolver.exprs()));
  }
  TUNEFARM_ASSIGN_OR_RETURN(const std::unique_ptr<StmtCode> code, resolver.Resolve(function.body));
  code->Run(frame);
  return frame.error;
}

}  // namespace
}  // namespace interpreter

absl::Status Interpret(const Function& function,
                       const std::vector<std::vector<uint8_t>*>& buffers) {
  return base::Annotate(interpreter::Run(function, buffers), "interpret " + function.name);
}

}  // namespace tunefarm::compiler
