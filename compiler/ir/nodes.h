// The loop-nest IR: what a schedule lowers to, just above LLVM. A closed list of immutable, shared
// nodes.
//
// General notes on the meaning of the nodes
//  * A node is never changed after it is made; passes build new nodes and return an unchanged
//  subtree as the
//    same pointer.
//  * A Var has identity: two Vars of the same name are different variables. So has a Buffer.
//  * Integer arithmetic wraps in its width; index arithmetic is assumed never to overflow.
//  * FloorDiv and FloorMod round toward minus infinity; the divisor is positive.
//  * Float arithmetic is IEEE single without traps. A multiplication whose only use is an addition
//  may be fused
//    with it (FMA), sums inside one expression keep their order.
//  * Both operands of a Binary have the same type; vectors operate lane by lane. Comparisons give
//  kBool.
//  * A Load or Store has one index per dimension of its buffer before flattening (lower/passes.h)
//  and a single index, in
//    elements, afterwards. A vector index (a Ramp) makes the access a vector access.
//  * A Stmt has no value; statements of a Block run in order.
//
// How to add a node: name it in the list below, define its struct, extend Visitor/Mutator
// (visit.h), then the compiler names every place that must learn it: printer, parser, verifier,
// interpreter, codegen. Tests: one per place.
#ifndef TUNEFARM_COMPILER_IR_NODES_H_
#define TUNEFARM_COMPILER_IR_NODES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "compiler/ir/type.h"

// Every node kind, once. X(Name) expands for enumerations, dispatch and printing.
#define TUNEFARM_FOR_EACH_EXPR(X) \
  X(IntImm)                       \
  X(FloatImm)                     \
  X(Var)                          \
  X(Cast)                         \
  X(Binary)                       \
  X(Select)                       \
  X(Load)                         \
  X(Ramp)                         \
  X(Broadcast)                    \
  X(Call)

#define TUNEFARM_FOR_EACH_STMT(X) \
  X(For)                          \
  X(IfThen)                       \
  X(Store)                        \
  X(Allocate)                     \
  X(Block)

namespace tunefarm::compiler {

#define TUNEFARM_KIND(name) k##name,
enum class ExprKind { TUNEFARM_FOR_EACH_EXPR(TUNEFARM_KIND) };
enum class StmtKind { TUNEFARM_FOR_EACH_STMT(TUNEFARM_KIND) };
#undef TUNEFARM_KIND

struct ExprNode {
  ExprNode(ExprKind k, Type t) : kind(k), type(t) {}
  virtual ~ExprNode() = default;
  const ExprKind kind;
  const Type type;
};

struct StmtNode {
  explicit StmtNode(StmtKind k) : kind(k) {}
  virtual ~StmtNode() = default;
  const StmtKind kind;
};

// Handles. Default-constructed = undefined; only builders and optional fields hold that.
class Expr {
 public:
  Expr() = default;
  Expr(std::shared_ptr<const ExprNode> node) : node_(std::move(node)) {}  // NOLINT: implicit
  Expr(int64_t value);                                    // NOLINT: implicit; an index constant
  Expr(int value) : Expr(static_cast<int64_t>(value)) {}  // NOLINT: implicit

  bool defined() const { return node_ != nullptr; }
  const ExprNode* get() const { return node_.get(); }
  const ExprNode* operator->() const { return node_.get(); }
  bool same_as(const Expr& other) const { return node_ == other.node_; }
  Type type() const { return node_->type; }
  // The node as a T, or null if it is of another kind.
  template <typename T>
  const T* as() const {
    return node_ && node_->kind == T::kKind ? static_cast<const T*>(node_.get()) : nullptr;
  }

 private:
  std::shared_ptr<const ExprNode> node_;
};

class Stmt {
 public:
  Stmt() = default;
  Stmt(std::shared_ptr<const StmtNode> node) : node_(std::move(node)) {}  // NOLINT: implicit

  bool defined() const { return node_ != nullptr; }
  const StmtNode* get() const { return node_.get(); }
  const StmtNode* operator->() const { return node_.get(); }
  bool same_as(const Stmt& other) const { return node_ == other.node_; }
  template <typename T>
  const T* as() const {
    return node_ && node_->kind == T::kKind ? static_cast<const T*>(node_.get()) : nullptr;
  }

 private:
  std::shared_ptr<const StmtNode> node_;
};

// Where a buffer lives.
enum class Scope {
  kArgument,  // Given by the caller, in the order of the kernel's signature.
  kScratch,   // The caller's scratch memory; live inside its Allocate.
  kRegister,  // Small, every index constant after unrolling: becomes SSA values.
};

// A dense tensor in row-major order of `extents`. Identity is the pointer.
struct BufferNode {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> extents;  // Each at least 1. Empty: a scalar of one element.
  Scope scope = Scope::kArgument;

  int64_t num_elems() const {
    int64_t n = 1;
    for (int64_t extent : extents) n *= extent;
    return n;
  }
};
using Buffer = std::shared_ptr<const BufferNode>;
Buffer MakeBuffer(std::string name, DType dtype, std::vector<int64_t> extents,
                  Scope scope = Scope::kArgument);

// ---- expressions ------------------------------------------------------------------------------

// An integer constant of `type` (any integer type, one lane; kBool: 0 or 1).
struct IntImm final : ExprNode {
  static constexpr ExprKind kKind = ExprKind::kIntImm;
  IntImm(Type t, int64_t v) : ExprNode(kKind, t), value(v) {}
  const int64_t value;
};

// A float constant. The value is exactly representable in f32.
struct FloatImm final : ExprNode {
  static constexpr ExprKind kKind = ExprKind::kFloatImm;
  explicit FloatImm(float v) : ExprNode(kKind, {DType::kF32, 1}), value(v) {}
  const float value;
};

// A variable: bound by a For. Identity is the node.
struct Var final : ExprNode {
  static constexpr ExprKind kKind = ExprKind::kVar;
  Var(std::string n, Type t) : ExprNode(kKind, t), name(std::move(n)) {}
  const std::string name;
};

// Conversion to `type` (same lanes). Float to integer truncates; to a narrower integer wraps.
struct Cast final : ExprNode {
  static constexpr ExprKind kKind = ExprKind::kCast;
  Cast(Type t, Expr v) : ExprNode(kKind, t), value(std::move(v)) {}
  const Expr value;
};

enum class BinaryOp {
  kAdd,
  kSub,
  kMul,
  kFloorDiv,
  kFloorMod,
  kDiv,
  kMin,
  kMax,
  kLt,
  kLe,
  kEq,
  kAnd,
  kOr
};
// kDiv is for floats, kFloorDiv and kFloorMod for integers; kAnd and kOr for kBool.

struct Binary final : ExprNode {
  static constexpr ExprKind kKind = ExprKind::kBinary;
  Binary(BinaryOp o, Type t, Expr l, Expr r)
      : ExprNode(kKind, t), op(o), a(std::move(l)), b(std::move(r)) {}
  const BinaryOp op;
  const Expr a, b;
};

// condition ? if_true : if_false, lane by lane; both sides may be evaluated, so loads in them must
// be in bounds. A scalar condition may choose between vectors; then only the chosen side is
// evaluated and the other may be out of bounds.
struct Select final : ExprNode {
  static constexpr ExprKind kKind = ExprKind::kSelect;
  Select(Expr c, Expr t, Expr f)
      : ExprNode(kKind, t.type()),
        condition(std::move(c)),
        if_true(std::move(t)),
        if_false(std::move(f)) {}
  const Expr condition, if_true, if_false;
};

struct Load final : ExprNode {
  static constexpr ExprKind kKind = ExprKind::kLoad;
  Load(Buffer b, std::vector<Expr> i, int lanes)
      : ExprNode(kKind, {b->dtype, lanes}), buffer(std::move(b)), indices(std::move(i)) {}
  const Buffer buffer;
  const std::vector<Expr> indices;
};

// The vector base, base + stride, ..., of `lanes` elements.
struct Ramp final : ExprNode {
  static constexpr ExprKind kKind = ExprKind::kRamp;
  Ramp(Expr b, int64_t s, int lanes)
      : ExprNode(kKind, b.type().WithLanes(lanes)), base(std::move(b)), stride(s) {}
  const Expr base;
  const int64_t stride;
};

// A scalar repeated in every lane.
struct Broadcast final : ExprNode {
  static constexpr ExprKind kKind = ExprKind::kBroadcast;
  Broadcast(Expr v, int lanes) : ExprNode(kKind, v.type().WithLanes(lanes)), value(std::move(v)) {}
  const Expr value;
};

// Operations beyond plain arithmetic; each has its exact meaning here, which interpreter and
// codegen follow.
enum class Intrinsic {
  // requantize(x, multiplier, shift): s32 x s32 x s32 -> s32. TFLite's
  // MultiplyByQuantizedMultiplier with double
  // rounding (gemmlowp): left = max(shift, 0), right = max(-shift, 0);
  // SaturatingRoundingDoublingHighMul(x << left, multiplier), then RoundingDivideByPOT(., right).
  kRequantize,
  // dot_s8x2(acc, a, b): acc is s32xN, a and b are both s8x(2N) or both s16x(2N); lane i is
  // acc[i] + a[2i]*b[2i] + a[2i+1]*b[2i+1], exact in s32. x86: pmaddwd on 16-bit values.
  kDotS8x2,
  // dot_s8x1(acc, a, b): likewise with one term, a and b s8xN or s16xN. Arm: smlal, vmlal.s16.
  kDotS8x1,
  // dot_s8x4(acc, a, b): likewise with four terms, a and b s8x(4N). Arm: sdot.
  kDotS8x4,
  // requantize_short(x2, multiplier, addend, right): s32 each, right in [0, 31]; the same as
  // requantize of x2 / 2 with shift -right in fewer steps, for values in range (ir/requantize.h):
  // (high + addend + (x2 < 0 ? -1 : 0)) >> right, where high = (x2 * multiplier + 2^31) >> 32.
  kRequantizeShort,
  // widen_even(a), widen_odd(a): a is s8x(4N); s16x(2N) of its lanes 0, 2, 4, ... or 1, 3, 5, ...
  // Cortex-M: SXTB16.
  kWidenEven,
  kWidenOdd,
  // Of s32 each (ir/fixed_point.h). count_leading_zeros(x): 32 for 0. shift_left(x, bits): wraps.
  // rounding_shift(x, exponent): x / 2^exponent, halves away from zero. bits, exponent in [0, 31].
  kCountLeadingZeros,
  kShiftLeft,
  kRoundingShift,
  // Of s32 each (ir/fixed_point.h). fixed_exp(x): e^x for x <= 0 in Q5.26, as Q0.31.
  // fixed_reciprocal(x): 1 / (1 + x) for x in [0, 1), both Q0.31.
  kFixedExp,
  kFixedReciprocal,
  kExp,   // f32 -> f32, error below 2 ulp of the exact value.
  kSqrt,  // f32 -> f32, correctly rounded.
};

struct Call final : ExprNode {
  static constexpr ExprKind kKind = ExprKind::kCall;
  Call(Intrinsic i, Type t, std::vector<Expr> a)
      : ExprNode(kKind, t), intrinsic(i), args(std::move(a)) {}
  const Intrinsic intrinsic;
  const std::vector<Expr> args;
};

// ---- statements -------------------------------------------------------------------------------

enum class LoopKind {
  kSerial,
  kParallel,    // Iterations are independent and may run at once, through the ABI's parallel_for.
  kVectorized,  // Constant extent; becomes Ramps (lower/passes.h). None is left after that pass.
  kUnrolled,    // Constant extent; replicated (ir/simplify.h). None is left after that pass.
  // As kSerial, and a hint: the body is a register tile, which some targets compile as a whole
  // (codegen/thumb/pair_tile.h). Passes keep it even for one iteration.
  kTile,
};

// for var in [min, min + extent): body. An extent of 0 or less runs nothing.
struct For final : StmtNode {
  static constexpr StmtKind kKind = StmtKind::kFor;
  For(Expr v, Expr m, Expr e, LoopKind k, Stmt b)
      : StmtNode(kKind),
        var(std::move(v)),
        min(std::move(m)),
        extent(std::move(e)),
        loop_kind(k),
        body(std::move(b)) {}
  const Expr var;  // A Var of type index.
  const Expr min, extent;
  const LoopKind loop_kind;
  const Stmt body;
};

// Runs `then_body` if the scalar condition holds.
struct IfThen final : StmtNode {
  static constexpr StmtKind kKind = StmtKind::kIfThen;
  IfThen(Expr c, Stmt t) : StmtNode(kKind), condition(std::move(c)), then_body(std::move(t)) {}
  const Expr condition;
  const Stmt then_body;
};

struct Store final : StmtNode {
  static constexpr StmtKind kKind = StmtKind::kStore;
  Store(Buffer b, std::vector<Expr> i, Expr v)
      : StmtNode(kKind), buffer(std::move(b)), indices(std::move(i)), value(std::move(v)) {}
  const Buffer buffer;
  const std::vector<Expr> indices;
  const Expr value;
};

// `buffer` (scratch or register) exists, uninitialised, inside body.
struct Allocate final : StmtNode {
  static constexpr StmtKind kKind = StmtKind::kAllocate;
  Allocate(Buffer b, Stmt s) : StmtNode(kKind), buffer(std::move(b)), body(std::move(s)) {}
  const Buffer buffer;
  const Stmt body;
};

// Statements in order. May be empty.
struct Block final : StmtNode {
  static constexpr StmtKind kKind = StmtKind::kBlock;
  explicit Block(std::vector<Stmt> s) : StmtNode(kKind), stmts(std::move(s)) {}
  const std::vector<Stmt> stmts;
};

// A function over argument buffers: one entry of a kernel.
struct Function {
  std::string name;
  std::vector<Buffer> params;  // Scope kArgument, in the order of the signature.
  Stmt body;
};

// ---- construction -----------------------------------------------------------------------------

Expr MakeInt(int64_t value, Type type = {});
Expr MakeFloat(float value);
Expr MakeVar(std::string name);                // Of type index.
Expr MakeBinary(BinaryOp op, Expr a, Expr b);  // A scalar operand beside a vector is broadcast.
Expr MakeSelect(Expr condition, Expr if_true, Expr if_false);
Expr MakeCast(Type type, Expr value);
Expr MakeLoad(Buffer buffer, std::vector<Expr> indices);  // Lanes follow from the indices.
Expr MakeRamp(Expr base, int64_t stride, int lanes);
Expr MakeBroadcast(Expr value, int lanes);
Expr MakeCall(Intrinsic intrinsic, std::vector<Expr> args);
Stmt MakeFor(Expr var, Expr min, Expr extent, LoopKind kind, Stmt body);
Stmt MakeIf(Expr condition, Stmt then_body);
Stmt MakeStore(Buffer buffer, std::vector<Expr> indices, Expr value);
Stmt MakeAllocate(Buffer buffer, Stmt body);
Stmt MakeBlock(std::vector<Stmt> stmts);  // A block of one statement is that statement.

inline Expr operator+(Expr a, Expr b) {
  return MakeBinary(BinaryOp::kAdd, std::move(a), std::move(b));
}
inline Expr operator-(Expr a, Expr b) {
  return MakeBinary(BinaryOp::kSub, std::move(a), std::move(b));
}
inline Expr operator*(Expr a, Expr b) {
  return MakeBinary(BinaryOp::kMul, std::move(a), std::move(b));
}
inline Expr operator<(Expr a, Expr b) {
  return MakeBinary(BinaryOp::kLt, std::move(a), std::move(b));
}
inline Expr operator<=(Expr a, Expr b) {
  return MakeBinary(BinaryOp::kLe, std::move(a), std::move(b));
}
inline Expr operator&&(Expr a, Expr b) {
  return MakeBinary(BinaryOp::kAnd, std::move(a), std::move(b));
}
inline Expr FloorDiv(Expr a, Expr b) {
  return MakeBinary(BinaryOp::kFloorDiv, std::move(a), std::move(b));
}
inline Expr FloorMod(Expr a, Expr b) {
  return MakeBinary(BinaryOp::kFloorMod, std::move(a), std::move(b));
}
inline Expr Min(Expr a, Expr b) { return MakeBinary(BinaryOp::kMin, std::move(a), std::move(b)); }
inline Expr Max(Expr a, Expr b) { return MakeBinary(BinaryOp::kMax, std::move(a), std::move(b)); }

// The value of an integer constant expression node, if it is one.
bool IsConst(const Expr& expr, int64_t* value);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_IR_NODES_H_
