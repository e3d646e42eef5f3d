// The interpreter's arithmetic: operators, casts and intrinsics, lane by lane.
#include <cmath>

#include "absl/strings/str_format.h"
#include "compiler/ir/fixed_point.h"
#include "compiler/ir/interpret_code.h"
#include "compiler/ir/requantize.h"
#include "compiler/ir/type_rules.h"

namespace tunefarm::compiler::interpreter {
namespace {

using ExprCodePtr = std::shared_ptr<const ExprCode>;

// out[lane] = fn(a[lane]).
template <typename Fn>
class UnaryCode final : public ExprCode {
 public:
  UnaryCode(size_t place, Operand a, Fn fn) : place_(place), a_(std::move(a)), fn_(fn) {}
  void Run(Frame& frame) const override {
    a_.Run(frame);
    Scalar* out = &frame.values[place_];
    const Scalar* a = &frame.values[a_.place];
    for (int lane = 0; lane < a_.lanes; ++lane) out[lane] = fn_(a[lane]);
  }

 private:
  size_t place_;
  Operand a_;
  Fn fn_;
};

// out[lane] = fn(frame, a[lane], b[lane]).
template <typename Fn>
class BinaryCode final : public ExprCode {
 public:
  BinaryCode(size_t place, Operand a, Operand b, Fn fn)
      : place_(place), a_(std::move(a)), b_(std::move(b)), fn_(fn) {}
  void Run(Frame& frame) const override {
    a_.Run(frame);
    b_.Run(frame);
    Scalar* out = &frame.values[place_];
    const Scalar* a = &frame.values[a_.place];
    const Scalar* b = &frame.values[b_.place];
    for (int lane = 0; lane < a_.lanes; ++lane) out[lane] = fn_(frame, a[lane], b[lane]);
  }

 private:
  size_t place_;
  Operand a_, b_;
  Fn fn_;
};

template <typename Fn>
ExprCodePtr MakeUnary(const Operand& out, Operand a, Fn fn) {
  return std::make_shared<const UnaryCode<Fn>>(out.place, std::move(a), fn);
}

template <typename Fn>
ExprCodePtr MakeBinary(const Operand& out, Operand a, Operand b, Fn fn) {
  return std::make_shared<const BinaryCode<Fn>>(out.place, std::move(a), std::move(b), fn);
}

class RequantizeCode final : public ExprCode {
 public:
  RequantizeCode(Operand out, std::vector<Operand> args)
      : out_(std::move(out)), args_(std::move(args)) {}
  void Run(Frame& frame) const override {
    for (const Operand& arg : args_) arg.Run(frame);
    for (int lane = 0; lane < out_.lanes; ++lane) {
      const auto arg = [&](size_t i) {
        return static_cast<int32_t>(frame.values[Lane(args_[i], lane)].i);
      };
      const int32_t shift = arg(2);
      if (shift < kMinRequantizeShift || shift > kMaxRequantizeShift) {
        frame.Fail(
            absl::OutOfRangeError(absl::StrFormat("requantize: shift %d, must be %d to %d", shift,
                                                  kMinRequantizeShift, kMaxRequantizeShift)));
        return;
      }
      frame.values[Lane(out_, lane)].i = Requantize(arg(0), arg(1), shift);
    }
  }

 private:
  Operand out_;
  std::vector<Operand> args_;
};

class RequantizeShortCode final : public ExprCode {
 public:
  RequantizeShortCode(Operand out, std::vector<Operand> args)
      : out_(std::move(out)), args_(std::move(args)) {}
  void Run(Frame& frame) const override {
    for (const Operand& arg : args_) arg.Run(frame);
    for (int lane = 0; lane < out_.lanes; ++lane) {
      const auto arg = [&](size_t i) {
        return static_cast<int32_t>(frame.values[Lane(args_[i], lane)].i);
      };
      if (arg(3) < 0 || arg(3) > 31) {
        frame.Fail(absl::OutOfRangeError(
            absl::StrFormat("requantize_short: shift right by %d, must be 0 to 31", arg(3))));
        return;
      }
      frame.values[Lane(out_, lane)].i = RequantizeShort(arg(0), arg(1), arg(2), arg(3));
    }
  }

 private:
  Operand out_;
  std::vector<Operand> args_;
};

// Every second lane, from `first`.
class WidenCode final : public ExprCode {
 public:
  WidenCode(Operand out, Operand arg, size_t first)
      : out_(std::move(out)), arg_(std::move(arg)), first_(first) {}
  void Run(Frame& frame) const override {
    arg_.Run(frame);
    for (int lane = 0; lane < out_.lanes; ++lane) {
      frame.values[out_.place + static_cast<size_t>(lane)] =
          frame.values[arg_.place + first_ + 2 * static_cast<size_t>(lane)];
    }
  }

 private:
  Operand out_;
  Operand arg_;
  size_t first_;
};

class DotCode final : public ExprCode {
 public:
  DotCode(Operand out, std::vector<Operand> args, int num_terms)
      : out_(std::move(out)), args_(std::move(args)), num_terms_(num_terms) {}
  void Run(Frame& frame) const override {
    for (const Operand& arg : args_) arg.Run(frame);
    const Scalar* a = &frame.values[args_[1].place];
    const Scalar* b = &frame.values[args_[2].place];
    for (int lane = 0; lane < out_.lanes; ++lane) {
      int64_t sum = frame.values[Lane(args_[0], lane)].i;
      for (int at = num_terms_ * lane; at < num_terms_ * (lane + 1); ++at) sum += a[at].i * b[at].i;
      frame.values[Lane(out_, lane)].i = Wrap(DType::kS32, sum);
    }
  }

 private:
  Operand out_;
  std::vector<Operand> args_;
  int num_terms_;
};

Scalar FromInt(int64_t value) {
  Scalar scalar;
  scalar.i = value;
  return scalar;
}

Scalar FromFloat(float value) {
  Scalar scalar;
  scalar.f = value;
  return scalar;
}

// Truncation; what does not fit 64 bits saturates and NaN gives 0.
int64_t ToInt(float value) {
  if (std::isnan(value)) return 0;
  if (value >= 0x1p63f) return INT64_MAX;
  if (value < -0x1p63f) return INT64_MIN;
  return static_cast<int64_t>(value);
}

// 64-bit arithmetic that wraps instead of overflowing.
int64_t WrapAdd(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
int64_t WrapSub(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
int64_t WrapMul(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

// The positive divisor that FloorDiv and FloorMod need; 1 after reporting any other.
int64_t Divisor(Frame& frame, int64_t b) {
  if (b > 0) return b;
  frame.Fail(absl::FailedPreconditionError(
      absl::StrFormat("division by %d; the divisor must be positive", b)));
  return 1;
}

int64_t FloorQuotient(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

ExprCodePtr FloatBinary(BinaryOp op, const Operand& out, Operand a, Operand b) {
  const auto make = [&](auto fn) {
    return MakeBinary(out, std::move(a), std::move(b),
                      [fn](Frame&, Scalar x, Scalar y) { return fn(x.f, y.f); });
  };
  switch (op) {
    case BinaryOp::kAdd:
      return make([](float x, float y) { return FromFloat(x + y); });
    case BinaryOp::kSub:
      return make([](float x, float y) { return FromFloat(x - y); });
    case BinaryOp::kMul:
      return make([](float x, float y) { return FromFloat(x * y); });
    case BinaryOp::kDiv:
      return make([](float x, float y) { return FromFloat(x / y); });
    case BinaryOp::kMin:
      return make([](float x, float y) { return FromFloat(y < x ? y : x); });
    case BinaryOp::kMax:
      return make([](float x, float y) { return FromFloat(x < y ? y : x); });
    case BinaryOp::kLt:
      return make([](float x, float y) { return FromInt(x < y); });
    case BinaryOp::kLe:
      return make([](float x, float y) { return FromInt(x <= y); });
    case BinaryOp::kEq:
      return make([](float x, float y) { return FromInt(x == y); });
    case BinaryOp::kFloorDiv:
    case BinaryOp::kFloorMod:
    case BinaryOp::kAnd:
    case BinaryOp::kOr:
      break;
  }
  return nullptr;
}

ExprCodePtr IntBinary(BinaryOp op, DType dtype, const Operand& out, Operand a, Operand b) {
  const auto make = [&](auto fn) {
    return MakeBinary(out, std::move(a), std::move(b),
                      [fn, dtype](Frame& frame, Scalar x, Scalar y) {
                        return FromInt(Wrap(dtype, fn(frame, x.i, y.i)));
                      });
  };
  switch (op) {
    case BinaryOp::kAdd:
      return make([](Frame&, int64_t x, int64_t y) { return WrapAdd(x, y); });
    case BinaryOp::kSub:
      return make([](Frame&, int64_t x, int64_t y) { return WrapSub(x, y); });
    case BinaryOp::kMul:
      return make([](Frame&, int64_t x, int64_t y) { return WrapMul(x, y); });
    case BinaryOp::kFloorDiv:
      return make([](Frame& f, int64_t x, int64_t y) { return FloorQuotient(x, Divisor(f, y)); });
    case BinaryOp::kFloorMod:
      return make([](Frame& f, int64_t x, int64_t y) {
        const int64_t divisor = Divisor(f, y);
        return x - FloorQuotient(x, divisor) * divisor;
      });
    case BinaryOp::kMin:
      return make([](Frame&, int64_t x, int64_t y) { return y < x ? y : x; });
    case BinaryOp::kMax:
      return make([](Frame&, int64_t x, int64_t y) { return x < y ? y : x; });
    case BinaryOp::kLt:
      return make([](Frame&, int64_t x, int64_t y) { return int64_t{x < y}; });
    case BinaryOp::kLe:
      return make([](Frame&, int64_t x, int64_t y) { return int64_t{x <= y}; });
    case BinaryOp::kEq:
      return make([](Frame&, int64_t x, int64_t y) { return int64_t{x == y}; });
    case BinaryOp::kAnd:
      return make([](Frame&, int64_t x, int64_t y) { return x & y; });
    case BinaryOp::kOr:
      return make([](Frame&, int64_t x, int64_t y) { return x | y; });
    case BinaryOp::kDiv:
      break;
  }
  return nullptr;
}

// fn of fixed_point.h, of one s32.
ExprCodePtr MakeFixed(const Operand& out, Operand a, int32_t (*fn)(int32_t)) {
  return MakeUnary(out, std::move(a),
                   [fn](Scalar x) { return FromInt(fn(static_cast<int32_t>(x.i))); });
}

// Likewise of a value and a shift, which must be in [0, 31].
ExprCodePtr MakeShift(const Operand& out, std::vector<Operand> args, const char* name,
                      int32_t (*fn)(int32_t, int32_t)) {
  return MakeBinary(
      out, std::move(args[0]), std::move(args[1]), [name, fn](Frame& frame, Scalar x, Scalar bits) {
        if (bits.i >= 0 && bits.i <= 31) {
          return FromInt(fn(static_cast<int32_t>(x.i), static_cast<int32_t>(bits.i)));
        }
        frame.Fail(
            absl::OutOfRangeError(absl::StrFormat("%s by %d, must be 0 to 31", name, bits.i)));
        return FromInt(0);
      });
}

}  // namespace

ExprCodePtr MakeBinaryCode(BinaryOp op, DType dtype, const Operand& out, Operand a, Operand b) {
  if (dtype == DType::kF32) return FloatBinary(op, out, std::move(a), std::move(b));
  return IntBinary(op, dtype, out, std::move(a), std::move(b));
}

ExprCodePtr MakeCastCode(DType from, DType to, const Operand& out, Operand value) {
  if (from == DType::kF32 && to == DType::kF32) {
    return MakeUnary(out, std::move(value), [](Scalar x) { return x; });
  }
  if (from == DType::kF32) {
    return MakeUnary(out, std::move(value),
                     [to](Scalar x) { return FromInt(Wrap(to, ToInt(x.f))); });
  }
  if (to == DType::kF32) {
    return MakeUnary(out, std::move(value),
                     [](Scalar x) { return FromFloat(static_cast<float>(x.i)); });
  }
  return MakeUnary(out, std::move(value), [to](Scalar x) { return FromInt(Wrap(to, x.i)); });
}

ExprCodePtr MakeCallCode(Intrinsic intrinsic, const Operand& out, std::vector<Operand> args) {
  switch (intrinsic) {
    case Intrinsic::kRequantize:
      return std::make_shared<const RequantizeCode>(out, std::move(args));
    case Intrinsic::kDotS8x2:
    case Intrinsic::kDotS8x1:
    case Intrinsic::kDotS8x4:
      return std::make_shared<const DotCode>(out, std::move(args), NumDotTerms(intrinsic));
    case Intrinsic::kRequantizeShort:
      return std::make_shared<const RequantizeShortCode>(out, std::move(args));
    case Intrinsic::kWidenEven:
    case Intrinsic::kWidenOdd:
      return std::make_shared<const WidenCode>(out, std::move(args[0]),
                                               intrinsic == Intrinsic::kWidenOdd ? 1 : 0);
    case Intrinsic::kCountLeadingZeros:
      return MakeFixed(out, std::move(args[0]), CountLeadingZeros);
    case Intrinsic::kFixedExp:
      return MakeFixed(out, std::move(args[0]), FixedExp);
    case Intrinsic::kFixedReciprocal:
      return MakeFixed(out, std::move(args[0]), FixedReciprocal);
    case Intrinsic::kShiftLeft:
      return MakeShift(out, std::move(args), "shift_left", ShiftLeft);
    case Intrinsic::kRoundingShift:
      return MakeShift(out, std::move(args), "rounding_shift", RoundingShift);
    case Intrinsic::kExp:
      return MakeUnary(out, std::move(args[0]), [](Scalar x) {
        return FromFloat(static_cast<float>(std::exp(static_cast<double>(x.f))));
      });
    case Intrinsic::kSqrt:
      return MakeUnary(out, std::move(args[0]), [](Scalar x) { return FromFloat(std::sqrt(x.f)); });
  }
  __builtin_unreachable();
}

}  // namespace tunefarm::compiler::interpreter
