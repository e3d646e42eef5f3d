// The interpreter's expressions: memory, vectors, and the resolution of names to places.
#include <cstring>
#include <type_traits>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/ir/interpret_code.h"
#include "compiler/ir/type_rules.h"
#include "compiler/ir/visit.h"

namespace tunefarm::compiler::interpreter {
namespace {

class SelectCode final : public ExprCode {
 public:
  SelectCode(Operand out, Operand condition, Operand if_true, Operand if_false)
      : out_(std::move(out)),
        condition_(std::move(condition)),
        if_true_(std::move(if_true)),
        if_false_(std::move(if_false)) {}

  void Run(Frame& frame) const override {
    condition_.Run(frame);
    if (condition_.lanes == 1) {
      // Only the chosen side is evaluated: the other may be out of bounds.
      const Operand& chosen = frame.values[condition_.place].i != 0 ? if_true_ : if_false_;
      chosen.Run(frame);
      for (int lane = 0; lane < out_.lanes; ++lane) {
        frame.values[Lane(out_, lane)] = frame.values[Lane(chosen, lane)];
      }
      return;
    }
    if_true_.Run(frame);
    if_false_.Run(frame);
    for (int lane = 0; lane < out_.lanes; ++lane) {
      const bool holds = frame.values[Lane(condition_, lane)].i != 0;
      frame.values[Lane(out_, lane)] = frame.values[Lane(holds ? if_true_ : if_false_, lane)];
    }
  }

 private:
  Operand out_, condition_, if_true_, if_false_;
};

template <typename T>
class LoadCode final : public ExprCode {
 public:
  LoadCode(Operand out, Address address) : out_(std::move(out)), address_(std::move(address)) {}

  void Run(Frame& frame) const override {
    address_.Run(frame);
    const Storage& storage = frame.storages[address_.storage()];
    for (int lane = 0; lane < out_.lanes; ++lane) {
      const int64_t offset = address_.Offset(frame, lane);
      if (offset < 0) return;
      if (!storage.initialised.empty() && !storage.initialised[static_cast<size_t>(offset)]) {
        frame.Fail(absl::FailedPreconditionError(absl::StrFormat(
            "element %d of %s is read before it is written", offset, storage.buffer->name)));
        return;
      }
      if (storage.data == nullptr) {
        frame.Fail(absl::InvalidArgumentError(
            absl::StrFormat("buffer %s is read and was not given", storage.buffer->name)));
        return;
      }
      T element;
      std::memcpy(&element, storage.data + offset * static_cast<int64_t>(sizeof(T)), sizeof(T));
      Scalar& out = frame.values[Lane(out_, lane)];
      if constexpr (std::is_same_v<T, float>) {
        out.f = element;
      } else {
        out.i = element;
      }
    }
  }

 private:
  Operand out_;
  Address address_;
};

class RampCode final : public ExprCode {
 public:
  RampCode(Operand out, Operand base, int64_t stride, DType dtype)
      : out_(std::move(out)), base_(std::move(base)), stride_(stride), dtype_(dtype) {}
  void Run(Frame& frame) const override {
    base_.Run(frame);
    const int64_t base = frame.values[base_.place].i;
    for (int lane = 0; lane < out_.lanes; ++lane) {
      frame.values[Lane(out_, lane)].i = Wrap(dtype_, base + lane * stride_);
    }
  }

 private:
  Operand out_, base_;
  int64_t stride_;
  DType dtype_;
};

class BroadcastCode final : public ExprCode {
 public:
  BroadcastCode(Operand out, Operand value) : out_(std::move(out)), value_(std::move(value)) {}
  void Run(Frame& frame) const override {
    value_.Run(frame);
    const Scalar value = frame.values[value_.place];
    for (int lane = 0; lane < out_.lanes; ++lane) frame.values[Lane(out_, lane)] = value;
  }

 private:
  Operand out_, value_;
};

}  // namespace

Address::Address(size_t storage, const BufferNode& buffer, std::vector<Operand> indices)
    : storage_(storage), indices_(std::move(indices)), extents_(buffer.extents) {
  if (indices_.size() != extents_.size()) extents_ = {buffer.num_elems()};
}

int64_t Address::FailBounds(Frame& frame, size_t dimension, int64_t index) const {
  frame.Fail(absl::OutOfRangeError(absl::StrFormat(
      "buffer %s: index %d of dimension %d is outside [0, %d)",
      frame.storages[storage_].buffer->name, index, dimension, extents_[dimension])));
  return -1;
}

Operand ExprResolver::NewOperand(int lanes) {
  Operand operand;
  operand.place = frame_.values.size();
  operand.lanes = lanes;
  frame_.values.resize(frame_.values.size() + static_cast<size_t>(lanes));
  return operand;
}

absl::StatusOr<Operand> ExprResolver::Resolve(const Expr& expr) {
  return Dispatch(*expr.get(), [this](const auto& node) { return Node(node); });
}

absl::StatusOr<Address> ExprResolver::ResolveAddress(const Buffer& buffer,
                                                     const std::vector<Expr>& indices) {
  const auto it = storages_.find(buffer.get());
  if (it == storages_.end()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("buffer %s is neither a parameter nor allocated here", buffer->name));
  }
  std::vector<Operand> operands;
  for (const Expr& index : indices) {
    TUNEFARM_ASSIGN_OR_RETURN(Operand operand, Resolve(index));
    operands.push_back(std::move(operand));
  }
  return Address(it->second, *buffer, std::move(operands));
}

absl::Status ExprResolver::BindVar(const ExprNode* var, size_t* place) {
  *place = NewOperand(1).place;
  if (vars_.emplace(var, *place).second) return absl::OkStatus();
  return absl::InvalidArgumentError("a loop inside another binds the same variable");
}

absl::Status ExprResolver::BindBuffer(const Buffer& buffer, size_t* storage) {
  if (buffer->dtype == DType::kBool) {
    return absl::InvalidArgumentError(
        absl::StrFormat("buffer %s: bool cannot be stored", buffer->name));
  }
  *storage = frame_.storages.size();
  if (!storages_.emplace(buffer.get(), *storage).second) {
    return absl::InvalidArgumentError(
        absl::StrFormat("buffer %s exists already where it is introduced", buffer->name));
  }
  frame_.storages.emplace_back();
  Storage& added = frame_.storages.back();
  added.buffer = buffer.get();
  if (buffer->scope == Scope::kArgument) return absl::OkStatus();
  added.own.resize(static_cast<size_t>(buffer->num_elems() * SizeBytes(buffer->dtype)));
  added.data = added.own.data();
  added.initialised.resize(static_cast<size_t>(buffer->num_elems()));
  return absl::OkStatus();
}

absl::StatusOr<Operand> ExprResolver::Node(const IntImm& node) {
  Operand out = NewOperand(1);
  frame_.values[out.place].i = Wrap(node.type.dtype, node.value);
  return out;
}

absl::StatusOr<Operand> ExprResolver::Node(const FloatImm& node) {
  Operand out = NewOperand(1);
  frame_.values[out.place].f = node.value;
  return out;
}

absl::StatusOr<Operand> ExprResolver::Node(const Var& node) {
  const auto it = vars_.find(&node);
  if (it == vars_.end()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("variable %s is used outside its loop", node.name));
  }
  Operand out;
  out.place = it->second;
  return out;
}

absl::StatusOr<Operand> ExprResolver::Node(const Cast& node) {
  TUNEFARM_ASSIGN_OR_RETURN(Operand value, Resolve(node.value));
  Operand out = NewOperand(node.type.lanes);
  out.code = MakeCastCode(node.value.type().dtype, node.type.dtype, out, std::move(value));
  return out;
}

absl::StatusOr<Operand> ExprResolver::Node(const Binary& node) {
  TUNEFARM_ASSIGN_OR_RETURN(Operand a, Resolve(node.a));
  TUNEFARM_ASSIGN_OR_RETURN(Operand b, Resolve(node.b));
  const Type type = node.a.type();
  Operand out = NewOperand(type.lanes);
  out.code = MakeBinaryCode(node.op, type.dtype, out, std::move(a), std::move(b));
  if (out.code) return out;
  return absl::InvalidArgumentError(BinaryTypeError(node.op, type, node.b.type()));
}

absl::StatusOr<Operand> ExprResolver::Node(const Select& node) {
  TUNEFARM_ASSIGN_OR_RETURN(Operand condition, Resolve(node.condition));
  TUNEFARM_ASSIGN_OR_RETURN(Operand if_true, Resolve(node.if_true));
  TUNEFARM_ASSIGN_OR_RETURN(Operand if_false, Resolve(node.if_false));
  Operand out = NewOperand(node.type.lanes);
  out.code = std::make_shared<const SelectCode>(out, std::move(condition), std::move(if_true),
                                                std::move(if_false));
  return out;
}

absl::StatusOr<Operand> ExprResolver::Node(const Load& node) {
  TUNEFARM_ASSIGN_OR_RETURN(Address address, ResolveAddress(node.buffer, node.indices));
  Operand out = NewOperand(node.type.lanes);
  out.code =
      WithStorageType(node.buffer->dtype, [&](auto element) -> std::shared_ptr<const ExprCode> {
        return std::make_shared<const LoadCode<decltype(element)>>(out, std::move(address));
      });
  return out;
}

absl::StatusOr<Operand> ExprResolver::Node(const Ramp& node) {
  TUNEFARM_ASSIGN_OR_RETURN(Operand base, Resolve(node.base));
  Operand out = NewOperand(node.type.lanes);
  out.code = std::make_shared<const RampCode>(out, std::move(base), node.stride, node.type.dtype);
  return out;
}

absl::StatusOr<Operand> ExprResolver::Node(const Broadcast& node) {
  TUNEFARM_ASSIGN_OR_RETURN(Operand value, Resolve(node.value));
  Operand out = NewOperand(node.type.lanes);
  out.code = std::make_shared<const BroadcastCode>(out, std::move(value));
  return out;
}

absl::StatusOr<Operand> ExprResolver::Node(const Call& node) {
  std::vector<Operand> args;
  for (const Expr& arg : node.args) {
    TUNEFARM_ASSIGN_OR_RETURN(Operand operand, Resolve(arg));
    args.push_back(std::move(operand));
  }
  Operand out = NewOperand(node.type.lanes);
  out.code = MakeCallCode(node.intrinsic, out, std::move(args));
  return out;
}

}  // namespace tunefarm::compiler::interpreter
