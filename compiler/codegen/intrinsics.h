// Multiply-adds and the IR's intrinsics as inline vector code, for scalars and vectors of any
// length alike. A kernel imports nothing, so none of them calls a library. Their meaning is defined
// at Intrinsic in ir/nodes.h.
#ifndef TUNEFARM_COMPILER_CODEGEN_INTRINSICS_H_
#define TUNEFARM_COMPILER_CODEGEN_INTRINSICS_H_

#include <llvm/IR/IRBuilder.h>

#include "compiler/target/target.h"

namespace tunefarm::compiler {

// a * b + c on floats, fused where the target has such an instruction.
llvm::Value* MultiplyAdd(llvm::IRBuilder<>& builder, llvm::Value* a, llvm::Value* b,
                         llvm::Value* c);

// s32 (vectors) each.
llvm::Value* EmitRequantize(llvm::IRBuilder<>& builder, const Target& target, llvm::Value* x,
                            llvm::Value* multiplier, llvm::Value* shift);
// The same by NEON's own instructions (arm_requantize.cc); null where the target or the number of
// lanes does not have them.
llvm::Value* EmitNeonRequantize(llvm::IRBuilder<>& builder, const Target& target, llvm::Value* x,
                                llvm::Value* multiplier, llvm::Value* shift);

// s32 (vectors) each. One instruction for the rounded product where the target has SMMLAR.
llvm::Value* EmitRequantizeShort(llvm::IRBuilder<>& builder, const Target& target, llvm::Value* x2,
                                 llvm::Value* multiplier, llvm::Value* addend, llvm::Value* right);

// s32 (vectors) each (fixed_point.cc).
llvm::Value* EmitRoundingShift(llvm::IRBuilder<>& builder, llvm::Value* x, llvm::Value* exponent);
llvm::Value* EmitFixedExp(llvm::IRBuilder<>& builder, llvm::Value* x);
llvm::Value* EmitFixedReciprocal(llvm::IRBuilder<>& builder, llvm::Value* x);

// gemmlowp's SaturatingRoundingDoublingHighMul of s32 (vectors): requantize with a shift of zero.
llvm::Value* EmitDoublingHighMul(llvm::IRBuilder<>& builder, llvm::Value* a, llvm::Value* b);

// s8x4N to s16x2N: every second lane from `first`.
llvm::Value* EmitWiden(llvm::IRBuilder<>& builder, const Target& target, llvm::Value* vector,
                       unsigned first);

// acc: s32xN, a and b: s8x2N. On x86 by vpdpwssd where the target has it, else by pmaddwd.
llvm::Value* EmitDotS8x2(llvm::IRBuilder<>& builder, const Target& target, llvm::Value* acc,
                         llvm::Value* a, llvm::Value* b);

// acc: s32xN, a and b: s8xN or s16xN. Arm selects smlal and vmlal, by element where a factor is one
// element spread over a vector.
llvm::Value* EmitDotS8x1(llvm::IRBuilder<>& builder, llvm::Value* acc, llvm::Value* a,
                         llvm::Value* b);

// acc: s32xN, a and b: s8x4N. By sdot where the target has it (arm_dot.cc).
llvm::Value* EmitDotS8x4(llvm::IRBuilder<>& builder, const Target& target, llvm::Value* acc,
                         llvm::Value* a, llvm::Value* b);

// f32 (vector). Below 2 ulp over the whole range; overflow gives infinity, underflow passes through
// the denormals.
llvm::Value* EmitExp(llvm::IRBuilder<>& builder, llvm::Value* x);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_INTRINSICS_H_
