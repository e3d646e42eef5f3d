// Widening multiply-adds and dot products of s8 as Arm has them. LLVM forms smlal from widened
// products by itself, sdot never.
#include <llvm/IR/IntrinsicsAArch64.h>

#include <vector>

#include "compiler/codegen/intrinsics.h"

namespace tunefarm::compiler {
namespace {

unsigned Lanes(const llvm::Value* value) {
  const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(value->getType());
  return vector == nullptr ? 1 : vector->getNumElements();
}

llvm::Type* WithElement(const llvm::Value* like, llvm::Type* element) {
  return like->getType()->isVectorTy() ? llvm::FixedVectorType::get(element, Lanes(like)) : element;
}

llvm::Value* Pick(llvm::IRBuilder<>& builder, llvm::Value* vector, unsigned start, unsigned step,
                  unsigned count) {
  std::vector<int> mask;
  for (unsigned i = 0; i < count; ++i) mask.push_back(static_cast<int>(start + i * step));
  return builder.CreateShuffleVector(vector, mask);
}

// Any number of lanes, in portable operations.
llvm::Value* PortableDot(llvm::IRBuilder<>& builder, llvm::Value* acc, llvm::Value* a,
                         llvm::Value* b) {
  const unsigned lanes = Lanes(acc);
  llvm::Type* wide = acc->getType();
  for (unsigned term = 0; term < 4; ++term) {
    llvm::Value* x = builder.CreateSExt(Pick(builder, a, term, 4, lanes), wide);
    llvm::Value* y = builder.CreateSExt(Pick(builder, b, term, 4, lanes), wide);
    acc = builder.CreateAdd(acc, builder.CreateMul(x, y));
  }
  return acc;
}

// The spread input `a` comes last: there one of its lanes can be named (sdot v0.4s, v1.16b,
// v2.4b[3]).
llvm::Value* NeonDot(llvm::IRBuilder<>& builder, llvm::Value* acc, llvm::Value* a, llvm::Value* b) {
  return builder.CreateIntrinsic(llvm::Intrinsic::aarch64_neon_sdot, {acc->getType(), a->getType()},
                                 {acc, b, a});
}

}  // namespace

llvm::Value* EmitDotS8x1(llvm::IRBuilder<>& builder, llvm::Value* acc, llvm::Value* a,
                         llvm::Value* b) {
  // Products of 16-bit factors: what smlal multiplies.
  for (llvm::Value** factor : {&a, &b}) {
    *factor = builder.CreateSExtOrTrunc(*factor, WithElement(*factor, builder.getInt16Ty()));
    *factor = builder.CreateSExt(*factor, WithElement(*factor, builder.getInt32Ty()));
  }
  return builder.CreateAdd(acc, builder.CreateMul(a, b));
}

llvm::Value* EmitDotS8x4(llvm::IRBuilder<>& builder, const Target& target, llvm::Value* acc,
                         llvm::Value* a, llvm::Value* b) {
  llvm::Type* type = acc->getType();
  if (!type->isVectorTy()) acc = builder.CreateVectorSplat(1, acc);
  const unsigned lanes = Lanes(acc);
  if (!target.HasDotProduct() || lanes % 4 != 0) {
    acc = PortableDot(builder, acc, a, b);
  } else if (lanes == 4) {
    acc = NeonDot(builder, acc, a, b);
  } else {
    llvm::Value* result = llvm::PoisonValue::get(type);
    for (unsigned done = 0; done < lanes; done += 4) {
      llvm::Value* part =
          NeonDot(builder, Pick(builder, acc, done, 1, 4), Pick(builder, a, 4 * done, 1, 16),
                  Pick(builder, b, 4 * done, 1, 16));
      for (uint64_t i = 0; i < 4; ++i) {
        result =
            builder.CreateInsertElement(result, builder.CreateExtractElement(part, i), done + i);
      }
    }
    acc = result;
  }
  return type->isVectorTy() ? acc : builder.CreateExtractElement(acc, uint64_t{0});
}

}  // namespace tunefarm::compiler
