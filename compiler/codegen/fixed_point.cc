// Fixed-point arithmetic as inline code, for scalars and vectors alike: what ir/fixed_point.h
// means.
#include "compiler/ir/fixed_point.h"

#include <llvm/IR/Constants.h>

#include "compiler/codegen/intrinsics.h"

namespace tunefarm::compiler {
namespace {

llvm::Constant* Int(llvm::Value* like, int64_t value) {
  return llvm::ConstantInt::getSigned(like->getType(), value);
}

}  // namespace

// Its nudge by the sign and the division toward zero
// come to adding half and rounding down.
llvm::Value* EmitDoublingHighMul(llvm::IRBuilder<>& builder, llvm::Value* a, llvm::Value* b) {
  llvm::Type* wide = a->getType()->getWithNewBitWidth(64);
  llvm::Value* product =
      builder.CreateMul(builder.CreateSExt(a, wide), builder.CreateSExt(b, wide));
  llvm::Value* rounded = builder.CreateAdd(product, Int(product, int64_t{1} << 30));
  // Only bits 31 to 62 are kept, so a logical shift does.
  llvm::Value* high =
      builder.CreateTrunc(builder.CreateLShr(rounded, Int(rounded, 31)), a->getType());
  llvm::Value* overflow = builder.CreateAnd(builder.CreateICmpEQ(a, Int(a, INT32_MIN)),
                                            builder.CreateICmpEQ(b, Int(b, INT32_MIN)));
  return builder.CreateSelect(overflow, Int(a, INT32_MAX), high);
}

// gemmlowp's RoundingDivideByPOT: x / 2^exponent, halves away from zero.
llvm::Value* EmitRoundingShift(llvm::IRBuilder<>& builder, llvm::Value* x, llvm::Value* exponent) {
  llvm::Value* mask = builder.CreateSub(builder.CreateShl(Int(x, 1), exponent), Int(x, 1));
  llvm::Value* remainder = builder.CreateAnd(x, mask);
  // The sign bit shifted down is 1 for negative numbers.
  llvm::Value* threshold =
      builder.CreateAdd(builder.CreateAShr(mask, Int(x, 1)), builder.CreateLShr(x, Int(x, 31)));
  llvm::Value* up = builder.CreateZExt(builder.CreateICmpSGT(remainder, threshold), x->getType());
  return builder.CreateAdd(builder.CreateAShr(x, exponent), up);
}

llvm::Value* EmitFixedExp(llvm::IRBuilder<>& builder, llvm::Value* x) {
  using namespace fixed_exp;
  const auto mul = [&](llvm::Value* a, llvm::Value* b) {
    return EmitDoublingHighMul(builder, a, b);
  };
  llvm::Value* fraction =
      builder.CreateSub(builder.CreateAnd(x, Int(x, kQuarter - 1)), Int(x, kQuarter));
  llvm::Value* y = builder.CreateAdd(builder.CreateShl(fraction, Int(x, 5)), Int(x, kEighth));
  llvm::Value* y2 = mul(y, y);
  llvm::Value* y3 = mul(y2, y);
  llvm::Value* y4 = mul(y2, y2);
  llvm::Value* cubic =
      mul(builder.CreateAdd(EmitRoundingShift(builder, y4, Int(x, 2)), y3), Int(x, kThird));
  llvm::Value* tail = EmitRoundingShift(builder, builder.CreateAdd(cubic, y2), Int(x, 1));
  llvm::Constant* centre = Int(x, kExpOfMinusEighth);
  llvm::Value* result = builder.CreateAdd(centre, mul(centre, builder.CreateAdd(y, tail)));
  llvm::Value* rest = builder.CreateSub(fraction, x);
  for (size_t i = 0; i < kFactors.size(); ++i) {
    llvm::Value* bit = builder.CreateAnd(rest, Int(x, int64_t{kQuarter} << i));
    result = builder.CreateSelect(builder.CreateICmpNE(bit, Int(x, 0)),
                                  mul(result, Int(x, kFactors[i])), result);
  }
  return builder.CreateSelect(builder.CreateICmpEQ(x, Int(x, 0)), Int(x, INT32_MAX), result);
}

llvm::Value* EmitFixedReciprocal(llvm::IRBuilder<>& builder, llvm::Value* x) {
  using namespace fixed_reciprocal;
  const auto mul = [&](llvm::Value* a, llvm::Value* b) {
    return EmitDoublingHighMul(builder, a, b);
  };
  // x is not negative: (x + 2^31) / 2 fits as an unsigned number.
  llvm::Value* half = builder.CreateLShr(builder.CreateAdd(x, Int(x, INT32_MIN)), Int(x, 1));
  llvm::Value* inverse = builder.CreateAdd(Int(x, k48Over17), mul(half, Int(x, kMinus32Over17)));
  for (int i = 0; i < kNumSteps; ++i) {
    llvm::Value* error = mul(inverse, builder.CreateSub(Int(x, kOne), mul(half, inverse)));
    inverse = builder.CreateAdd(inverse, builder.CreateShl(error, Int(x, 2)));
  }
  return builder.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat, inverse, inverse);
}

}  // namespace tunefarm::compiler
