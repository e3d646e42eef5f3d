// Random functions of the IR that pass Verify and run without error: every kind of expression,
// nested loops, conditions, scalars and vectors, register memory. Whatever rewrites or compiles a
// function must keep what it computes. Floats are integers small enough for every sum and product
// to be exact, so that fusing or reordering changes no bit.
#ifndef TUNEFARM_TESTS_SUPPORT_RANDOM_FUNCTION_H_
#define TUNEFARM_TESTS_SUPPORT_RANDOM_FUNCTION_H_

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "compiler/ir/nodes.h"

namespace tunefarm::testing {

// Parameters: f: f32[7,9], b: s8[64], c: s32[40] (inputs), out_f: f32[6,16], out_b: s8[64], out_c:
// s32[48].
class RandomFunctionMaker {
 public:
  explicit RandomFunctionMaker(uint64_t seed) : rng_(seed) {}

  compiler::Function Make() {
    compiler::Stmt body = Body(0);
    body = compiler::MakeBlock({std::move(body), Body(0)});
    return {"random", {f_, b_, c_, out_f_, out_b_, out_c_}, std::move(body)};
  }

 private:
  using BinaryOp = compiler::BinaryOp;
  using Buffer = compiler::Buffer;
  using DType = compiler::DType;
  using Expr = compiler::Expr;
  using LoopKind = compiler::LoopKind;
  using Stmt = compiler::Stmt;
  using Type = compiler::Type;

  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(rng_.Below(static_cast<uint64_t>(high - low + 1)));
  }
  bool OneIn(uint64_t n) { return rng_.Below(n) == 0; }

  // ---- statements

  Stmt Body(int depth) {
    if (depth < 3 && !OneIn(4)) return Loop(depth);
    std::vector<Stmt> stmts;
    for (int64_t i = Between(1, 2); i > 0; --i)
      stmts.push_back(OneIn(4) ? Accumulation() : Store());
    const Stmt block = compiler::MakeBlock(std::move(stmts));
    return OneIn(3) ? compiler::MakeIf(Condition(2), block) : block;
  }

  Stmt Loop(int depth) {
    const Expr var = compiler::MakeVar(std::string(1, static_cast<char>('i' + depth)));
    // An unrolled loop needs constant bounds; those of another may depend on the loops around it.
    const LoopKind kind = OneIn(3) ? LoopKind::kUnrolled : LoopKind::kSerial;
    const bool constant = kind == LoopKind::kUnrolled || OneIn(2);
    const Expr min = OneIn(2) ? Expr(0) : constant ? Expr(Between(-3, 5)) : Index(1);
    const Expr extent = constant || OneIn(2) ? Expr(Between(0, 5)) : FloorMod(Index(1), 5);
    vars_.push_back(var);
    const Stmt body = Body(depth + 1);
    vars_.pop_back();
    return compiler::MakeFor(var, min, extent, kind, body);
  }

  int Lanes() { return OneIn(2) ? 1 : static_cast<int>(Between(2, 8)); }

  Stmt Store() {
    const int lanes = Lanes();
    switch (rng_.Below(3)) {
      case 0: {
        const std::vector<Expr> at = {Within(6), Lane(16, lanes)};
        return compiler::MakeStore(out_f_, at, Float(3, lanes));
      }
      case 1: {
        const Expr value = compiler::MakeCast({DType::kS8, lanes}, Int(2, lanes));
        return compiler::MakeStore(out_b_, {Lane(64, lanes)}, value);
      }
      default:
        return compiler::MakeStore(out_c_, {Lane(48, lanes)}, Int(3, lanes));
    }
  }

  // alloc acc: acc = 0; for: acc = acc + x; out = acc.
  Stmt Accumulation() {
    const int lanes = Lanes();
    const Buffer acc =
        compiler::MakeBuffer("acc", DType::kS32, {lanes}, compiler::Scope::kRegister);
    const Expr all = lanes == 1 ? Expr(0) : compiler::MakeRamp(0, 1, lanes);
    const Stmt start = compiler::MakeStore(acc, {all}, Int(1, lanes));
    const Expr var = compiler::MakeVar("r");
    vars_.push_back(var);
    const Expr sum = compiler::MakeLoad(acc, {all}) + Int(2, lanes);
    vars_.pop_back();
    const Stmt loop = compiler::MakeFor(var, 0, Between(1, 4), LoopKind::kSerial,
                                        compiler::MakeStore(acc, {all}, sum));
    const Stmt end = compiler::MakeStore(out_c_, {Lane(48, lanes)}, compiler::MakeLoad(acc, {all}));
    return compiler::MakeAllocate(acc, compiler::MakeBlock({start, loop, end}));
  }

  // ---- indices and conditions

  Expr IndexLeaf() {
    if (vars_.empty() || OneIn(4)) return Between(-8, 20);
    return vars_[rng_.Below(vars_.size())];
  }

  // Any value between some -10^6 and 10^6.
  Expr Index(int depth) {
    if (depth == 0 || OneIn(4)) return IndexLeaf();
    const Expr a = Index(depth - 1);
    switch (rng_.Below(8)) {
      case 0:
      case 1:
        return a + Index(depth - 1);
      case 2:
        return a - Index(depth - 1);
      case 3:
        return a * Between(-4, 12);
      case 4:
        return FloorDiv(a, Between(1, 9));
      case 5:
        return FloorMod(a, Between(1, 9));
      case 6:
        return OneIn(2) ? Min(a, Index(depth - 1)) : Max(a, Index(depth - 1));
      default:
        return compiler::MakeSelect(Condition(depth - 1), a, Index(depth - 1));
    }
  }

  // In [0, extent).
  Expr Within(int64_t extent) { return FloorMod(Index(3), extent); }

  // In [0, extent) in every lane.
  Expr Lane(int64_t extent, int lanes) {
    if (lanes == 1) return Within(extent);
    const int64_t stride = Between(1, (extent - 1) / (lanes - 1) < 3 ? 1 : 3);
    const Expr base = Within(extent - stride * (lanes - 1));
    return OneIn(8) ? compiler::MakeRamp(base + stride * (lanes - 1), -stride, lanes)
                    : compiler::MakeRamp(base, stride, lanes);
  }

  Expr Condition(int depth) {
    if (depth > 0 && OneIn(2)) {
      const BinaryOp op = OneIn(2) ? BinaryOp::kAnd : BinaryOp::kOr;
      return MakeBinary(op, Condition(depth - 1), Condition(depth - 1));
    }
    const BinaryOp ops[] = {BinaryOp::kLt, BinaryOp::kLe, BinaryOp::kEq};
    return MakeBinary(ops[rng_.Below(3)], Index(depth), Index(depth));
  }

  // ---- values

  Expr Spread(Expr scalar, int lanes) { return compiler::MakeBroadcast(std::move(scalar), lanes); }
  Expr S32(int64_t value, int lanes) {
    return Spread(compiler::MakeInt(value, {DType::kS32, 1}), lanes);
  }

  Expr IntLeaf(int lanes) {
    const Type s32 = {DType::kS32, lanes};
    switch (rng_.Below(4)) {
      case 0:
        return S32(Between(-1000, 1000), lanes);
      case 1:
        return compiler::MakeLoad(c_, {Lane(40, lanes)});
      case 2:
        return compiler::MakeCast(s32, compiler::MakeLoad(b_, {Lane(64, lanes)}));
      default:
        return compiler::MakeCast(s32, Spread(Index(2), lanes));
    }
  }

  // A vector condition beside a vector; a scalar one at times, also then.
  Expr ValueCondition(int lanes) {
    if (OneIn(3)) return Condition(1);
    return MakeBinary(OneIn(2) ? BinaryOp::kLt : BinaryOp::kLe, IntLeaf(lanes), IntLeaf(lanes));
  }

  Expr Int(int depth, int lanes) {
    if (depth == 0 || OneIn(5)) return IntLeaf(lanes);
    const Expr a = Int(depth - 1, lanes);
    switch (rng_.Below(9)) {
      case 0:
        return a + Int(depth - 1, lanes);
      case 1:
        return a - Int(depth - 1, lanes);
      case 2:
        return a * Int(depth - 1, lanes);
      case 3:
        return OneIn(2) ? Min(a, Int(depth - 1, lanes)) : Max(a, Int(depth - 1, lanes));
      case 4:
        return FloorDiv(a, S32(Between(1, 50), lanes));
      case 5:
        return FloorMod(a, S32(Between(1, 50), lanes));
      case 6:
        return compiler::MakeSelect(ValueCondition(lanes), a, Int(depth - 1, lanes));
      case 7:
        return compiler::MakeCall(
            compiler::Intrinsic::kRequantize,
            {a, S32(Between(-0x7FFFFFFF, 0x7FFFFFFF), lanes), S32(Between(-12, 4), lanes)});
      default: {
        const auto bytes = [&] { return compiler::MakeLoad(b_, {Lane(64, 2 * lanes)}); };
        return compiler::MakeCall(compiler::Intrinsic::kDotS8x2, {a, bytes(), bytes()});
      }
    }
  }

  Expr FloatLeaf(int lanes) {
    switch (rng_.Below(3)) {
      case 0:
        return Spread(compiler::MakeFloat(static_cast<float>(Between(-20, 20))), lanes);
      case 1:
        return compiler::MakeLoad(f_, {Within(7), Lane(9, lanes)});
      default:
        return compiler::MakeCast({DType::kF32, lanes}, compiler::MakeLoad(b_, {Lane(64, lanes)}));
    }
  }

  Expr Float(int depth, int lanes) {
    if (depth == 0) return FloatLeaf(lanes);
    if (OneIn(3)) return FloatLeaf(lanes) * FloatLeaf(lanes);
    const Expr a = Float(depth - 1, lanes);
    const Expr b = Float(depth - 1, lanes);
    switch (rng_.Below(5)) {
      case 0:
        return a + b;
      case 1:
        return a - b;
      case 2:
        return Min(a, b);
      case 3:
        return Max(a, b);
      default:
        return compiler::MakeSelect(ValueCondition(lanes), a, b);
    }
  }

  base::Rng rng_;
  std::vector<Expr> vars_;
  const Buffer f_ = compiler::MakeBuffer("f", DType::kF32, {7, 9});
  const Buffer b_ = compiler::MakeBuffer("b", DType::kS8, {64});
  const Buffer c_ = compiler::MakeBuffer("c", DType::kS32, {40});
  const Buffer out_f_ = compiler::MakeBuffer("out_f", DType::kF32, {6, 16});
  const Buffer out_b_ = compiler::MakeBuffer("out_b", DType::kS8, {64});
  const Buffer out_c_ = compiler::MakeBuffer("out_c", DType::kS32, {48});
};

// Data for its parameters: floats are integers in [-50, 50].
inline std::vector<std::vector<uint8_t>> RandomFunctionData(const compiler::Function& function,
                                                            uint64_t seed) {
  base::Rng rng(seed);
  std::vector<std::vector<uint8_t>> data;
  for (const compiler::Buffer& param : function.params) {
    const int64_t elem_bytes = compiler::SizeBytes(param->dtype);
    std::vector<uint8_t> bytes(static_cast<size_t>(param->num_elems() * elem_bytes));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(rng());
    if (param->dtype == compiler::DType::kF32) {
      for (size_t at = 0; at < bytes.size(); at += sizeof(float)) {
        const float value = static_cast<float>(static_cast<int64_t>(rng.Below(101)) - 50);
        std::memcpy(&bytes[at], &value, sizeof(value));
      }
    }
    data.push_back(std::move(bytes));
  }
  return data;
}

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_RANDOM_FUNCTION_H_
