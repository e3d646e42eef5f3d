// The resolved form that the interpreter runs: a tree of small objects whose operands are places in
// one frame, so that running it looks up no names. Private to the interpreter.
#ifndef TUNEFARM_COMPILER_IR_INTERPRET_CODE_H_
#define TUNEFARM_COMPILER_IR_INTERPRET_CODE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/ir/nodes.h"

namespace tunefarm::compiler::interpreter {

// One lane of a value. Integers, indices and bools (0 or 1) are in i, wrapped to their type.
union Scalar {
  int64_t i;
  float f;
};

// The memory of one buffer.
struct Storage {
  const BufferNode* buffer = nullptr;
  uint8_t* data = nullptr;           // Null: a parameter the caller did not give.
  std::vector<uint8_t> own;          // What `data` points to for allocations.
  std::vector<uint8_t> initialised;  // A flag per element; allocations only.
};

// Everything that changes while a function runs. The first error stays; code that finds it set may
// compute nonsense but touches no memory.
struct Frame {
  std::vector<Scalar> values;
  std::vector<Storage> storages;
  absl::Status error;

  void Fail(absl::Status status) {
    if (error.ok()) error = std::move(status);
  }
};

// Writes the value of an expression to its place in the frame.
class ExprCode {
 public:
  virtual ~ExprCode() = default;
  virtual void Run(Frame& frame) const = 0;
};

// A value's place in the frame, and how to compute it. Constants and variables need no code: they
// are there.
struct Operand {
  size_t place = 0;
  int lanes = 1;
  std::shared_ptr<const ExprCode> code;

  void Run(Frame& frame) const {
    if (code) code->Run(frame);
  }
};

class StmtCode {
 public:
  virtual ~StmtCode() = default;
  // False after an error.
  virtual bool Run(Frame& frame) const = 0;
};

// Where an access goes: subscripts to an element's offset.
class Address {
 public:
  Address(size_t storage, const BufferNode& buffer, std::vector<Operand> indices);

  size_t storage() const { return storage_; }
  void Run(Frame& frame) const {
    for (const Operand& index : indices_) index.Run(frame);
  }
  // The offset in elements for one lane. Negative after an error, which it reports.
  int64_t Offset(Frame& frame, int lane) const {
    int64_t offset = 0;
    for (size_t d = 0; d < indices_.size(); ++d) {
      const Operand& operand = indices_[d];
      const int64_t index =
          frame.values[operand.place + (operand.lanes == 1 ? 0 : static_cast<size_t>(lane))].i;
      if (index < 0 || index >= extents_[d]) return FailBounds(frame, d, index);
      offset = offset * extents_[d] + index;
    }
    return offset;
  }

 private:
  int64_t FailBounds(Frame& frame, size_t dimension, int64_t index) const;

  size_t storage_;
  std::vector<Operand> indices_;
  std::vector<int64_t>
      extents_;  // Of each subscript: the buffer's, or its number of elements if flattened.
};

// Resolves expressions; statements are resolved in interpret.cc on top of it.
class ExprResolver {
 public:
  explicit ExprResolver(Frame* frame) : frame_(*frame) {}

  absl::StatusOr<Operand> Resolve(const Expr& expr);
  absl::StatusOr<Address> ResolveAddress(const Buffer& buffer, const std::vector<Expr>& indices);

  absl::Status BindVar(const ExprNode* var, size_t* place);
  void ReleaseVar(const ExprNode* var) { vars_.erase(var); }
  // Adds storage; for allocations with memory of its own.
  absl::Status BindBuffer(const Buffer& buffer, size_t* storage);
  void ReleaseBuffer(const BufferNode* buffer) { storages_.erase(buffer); }

 private:
  absl::StatusOr<Operand> Node(const IntImm& node);
  absl::StatusOr<Operand> Node(const FloatImm& node);
  absl::StatusOr<Operand> Node(const Var& node);
  absl::StatusOr<Operand> Node(const Cast& node);
  absl::StatusOr<Operand> Node(const Binary& node);
  absl::StatusOr<Operand> Node(const Select& node);
  absl::StatusOr<Operand> Node(const Load& node);
  absl::StatusOr<Operand> Node(const Ramp& node);
  absl::StatusOr<Operand> Node(const Broadcast& node);
  absl::StatusOr<Operand> Node(const Call& node);

  // A fresh place of `lanes` values.
  Operand NewOperand(int lanes);

  Frame& frame_;
  std::map<const ExprNode*, size_t> vars_;
  std::map<const BufferNode*, size_t> storages_;
};

// Code that computes `out` from its operands lane by lane. `dtype` is the operands'; null where it
// does not take `op`.
std::shared_ptr<const ExprCode> MakeBinaryCode(BinaryOp op, DType dtype, const Operand& out,
                                               Operand a, Operand b);
std::shared_ptr<const ExprCode> MakeCastCode(DType from, DType to, const Operand& out,
                                             Operand value);
std::shared_ptr<const ExprCode> MakeCallCode(Intrinsic intrinsic, const Operand& out,
                                             std::vector<Operand> args);

// The place of one lane.
inline size_t Lane(const Operand& operand, int lane) {
  return operand.place + static_cast<size_t>(lane);
}

// `value` in the width of `dtype`.
inline int64_t Wrap(DType dtype, int64_t value) {
  switch (dtype) {
    case DType::kS8:
      return static_cast<int8_t>(value);
    case DType::kS16:
      return static_cast<int16_t>(value);
    case DType::kS32:
      return static_cast<int32_t>(value);
    case DType::kBool:
      return value != 0;
    case DType::kIndex:
    case DType::kF32:
      break;
  }
  return value;
}

// Calls fn with a value of the type that stores `dtype` in memory.
template <typename Fn>
decltype(auto) WithStorageType(DType dtype, Fn&& fn) {
  switch (dtype) {
    case DType::kF32:
      return fn(float{});
    case DType::kS8:
      return fn(int8_t{});
    case DType::kS16:
      return fn(int16_t{});
    case DType::kS32:
      return fn(int32_t{});
    case DType::kIndex:
    case DType::kBool:
      break;
  }
  return fn(int64_t{});
}

}  // namespace tunefarm::compiler::interpreter

#endif  // TUNEFARM_COMPILER_IR_INTERPRET_CODE_H_
