#include "compiler/codegen/intrinsics.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/IntrinsicsARM.h>
#include <llvm/IR/IntrinsicsX86.h>

#include <numeric>
#include <vector>

#include "compiler/target/cpu_facts.h"

namespace tunefarm::compiler {
namespace {

llvm::Constant* Int(llvm::Value* like, int64_t value) {
  return llvm::ConstantInt::getSigned(like->getType(), value);
}

llvm::Constant* Float(llvm::Value* like, double value) {
  return llvm::ConstantFP::get(like->getType(), value);
}

// The type of `like` with other elements.
llvm::Type* WithElement(llvm::Value* like, llvm::Type* element) {
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(like->getType());
  if (vector == nullptr) return element;
  return llvm::FixedVectorType::get(element, vector->getNumElements());
}

unsigned Lanes(llvm::Value* value) {
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(value->getType());
  return vector == nullptr ? 1 : vector->getNumElements();
}

// Lanes start, start + step, ... of a vector.
llvm::Value* Pick(llvm::IRBuilder<>& builder, llvm::Value* vector, unsigned start, unsigned step,
                  unsigned count) {
  std::vector<int> mask;
  for (unsigned i = 0; i < count; ++i) mask.push_back(static_cast<int>(start + i * step));
  return builder.CreateShuffleVector(vector, mask);
}

llvm::Value* Slice(llvm::IRBuilder<>& builder, llvm::Value* vector, unsigned start,
                   unsigned count) {
  return count == Lanes(vector) ? vector : Pick(builder, vector, start, 1, count);
}

// The widest pmaddwd of the target with at most `lanes` results: 16, 8, 4, or 0.
unsigned PmaddwdLanes(const Target& target, unsigned lanes) {
  if (TripleArch(target.triple) != "x86_64") return 0;
  if (lanes >= 16 && target.HasFeature("avx512bw")) return 16;
  if (lanes >= 8 && target.HasFeature("avx2")) return 8;
  return lanes >= 4 ? 4 : 0;
}

// acc + the sums of products of s16 pairs, of 4, 8 or 16 lanes.
llvm::Value* X86PairDot(llvm::IRBuilder<>& builder, const Target& target, llvm::Value* acc,
                        llvm::Value* a, llvm::Value* b) {
  const unsigned lanes = Lanes(acc);
  const bool vnni = target.HasFeature("avx512vnni") && target.HasFeature("avx512vl");
  if (vnni || (target.HasFeature("avxvnni") && lanes < 16)) {
    const llvm::Intrinsic::ID id = lanes == 16  ? llvm::Intrinsic::x86_avx512_vpdpwssd_512
                                   : lanes == 8 ? llvm::Intrinsic::x86_avx512_vpdpwssd_256
                                                : llvm::Intrinsic::x86_avx512_vpdpwssd_128;
    // Typed as if it took 32-bit elements.
    return builder.CreateIntrinsic(
        id, {},
        {acc, builder.CreateBitCast(a, acc->getType()), builder.CreateBitCast(b, acc->getType())});
  }
  const llvm::Intrinsic::ID id = lanes == 16  ? llvm::Intrinsic::x86_avx512_pmaddw_d_512
                                 : lanes == 8 ? llvm::Intrinsic::x86_avx2_pmadd_wd
                                              : llvm::Intrinsic::x86_sse2_pmadd_wd;
  return builder.CreateAdd(acc, builder.CreateIntrinsic(id, {}, {a, b}));
}

// The same for any number of lanes, in portable operations.
llvm::Value* PairDot(llvm::IRBuilder<>& builder, llvm::Value* acc, llvm::Value* a, llvm::Value* b) {
  const unsigned lanes = Lanes(acc);
  llvm::Type* wide = llvm::FixedVectorType::get(builder.getInt32Ty(), lanes);
  llvm::Value* sum = acc;
  for (unsigned half = 0; half < 2; ++half) {
    llvm::Value* x = builder.CreateSExt(Pick(builder, a, half, 2, lanes), wide);
    llvm::Value* y = builder.CreateSExt(Pick(builder, b, half, 2, lanes), wide);
    sum = builder.CreateAdd(sum, builder.CreateMul(x, y));
  }
  return sum;
}

// Vectors laid end to end.
llvm::Value* Concatenate(llvm::IRBuilder<>& builder, const std::vector<llvm::Value*>& parts,
                         llvm::Type* type) {
  if (parts.size() == 1) return parts[0];
  llvm::Value* result = llvm::PoisonValue::get(type);
  uint64_t lane = 0;
  for (llvm::Value* part : parts) {
    for (unsigned i = 0; i < Lanes(part); ++i) {
      result = builder.CreateInsertElement(result, builder.CreateExtractElement(part, i), lane++);
    }
  }
  return result;
}

}  // namespace

llvm::Value* MultiplyAdd(llvm::IRBuilder<>& builder, llvm::Value* a, llvm::Value* b,
                         llvm::Value* c) {
  return builder.CreateIntrinsic(llvm::Intrinsic::fmuladd, {c->getType()}, {a, b, c});
}

llvm::Value* EmitRequantize(llvm::IRBuilder<>& builder, const Target& target, llvm::Value* x,
                            llvm::Value* multiplier, llvm::Value* shift) {
  if (llvm::Value* neon = EmitNeonRequantize(builder, target, x, multiplier, shift)) return neon;
  llvm::Value* zero = Int(shift, 0);
  llvm::Value* left = builder.CreateBinaryIntrinsic(llvm::Intrinsic::smax, shift, zero);
  llvm::Value* right =
      builder.CreateBinaryIntrinsic(llvm::Intrinsic::smax, builder.CreateSub(zero, shift), zero);
  llvm::Value* scaled = EmitDoublingHighMul(builder, builder.CreateShl(x, left), multiplier);
  return EmitRoundingShift(builder, scaled, right);
}

llvm::Value* EmitRequantizeShort(llvm::IRBuilder<>& builder, const Target& target, llvm::Value* x2,
                                 llvm::Value* multiplier, llvm::Value* addend, llvm::Value* right) {
  llvm::Value* sum = nullptr;
  if (target.HasPairMultiply() && !x2->getType()->isVectorTy()) {
    llvm::Type* type = x2->getType();
    llvm::InlineAsm* smmlar =
        llvm::InlineAsm::get(llvm::FunctionType::get(type, {type, type, type}, false),
                             "smmlar $0, $1, $2, $3", "=r,r,r,r", /*hasSideEffects=*/false);
    sum = builder.CreateCall(smmlar, {x2, multiplier, addend});
  } else {
    llvm::Type* wide = WithElement(x2, builder.getInt64Ty());
    llvm::Value* product =
        builder.CreateMul(builder.CreateSExt(x2, wide), builder.CreateSExt(multiplier, wide));
    llvm::Value* rounded = builder.CreateAdd(product, Int(product, int64_t{1} << 31));
    sum = builder.CreateAdd(
        builder.CreateTrunc(builder.CreateLShr(rounded, Int(rounded, 32)), x2->getType()), addend);
  }
  return builder.CreateAShr(builder.CreateAdd(sum, builder.CreateAShr(x2, Int(x2, 31))), right);
}

llvm::Value* EmitWiden(llvm::IRBuilder<>& builder, const Target& target, llvm::Value* vector,
                       unsigned first) {
  if (target.HasPairMultiply() && Lanes(vector) == 4) {
    llvm::Value* word = builder.CreateBitCast(vector, builder.getInt32Ty());
    // Selected as SXTB16 with its rotation.
    if (first == 1) {
      word = builder.CreateIntrinsic(llvm::Intrinsic::fshr, {word->getType()},
                                     {word, word, builder.getInt32(8)});
    }
    return builder.CreateBitCast(builder.CreateIntrinsic(llvm::Intrinsic::arm_sxtb16, {}, {word}),
                                 llvm::FixedVectorType::get(builder.getInt16Ty(), 2));
  }
  llvm::Value* half = Pick(builder, vector, first, 2, Lanes(vector) / 2);
  return builder.CreateSExt(half, WithElement(half, builder.getInt16Ty()));
}

llvm::Value* EmitDotS8x2(llvm::IRBuilder<>& builder, const Target& target, llvm::Value* acc,
                         llvm::Value* a, llvm::Value* b) {
  llvm::Type* type = acc->getType();
  if (target.HasPairMultiply() && !type->isVectorTy() &&
      a->getType()->getScalarSizeInBits() == 16) {
    return builder.CreateIntrinsic(
        llvm::Intrinsic::arm_smlad, {},
        {builder.CreateBitCast(a, type), builder.CreateBitCast(b, type), acc});
  }
  if (!type->isVectorTy()) acc = builder.CreateVectorSplat(1, acc);
  const unsigned lanes = Lanes(acc);
  // No change where the operands have 16 bits already.
  a = builder.CreateSExtOrTrunc(a, WithElement(a, builder.getInt16Ty()));
  b = builder.CreateSExtOrTrunc(b, WithElement(b, builder.getInt16Ty()));
  std::vector<llvm::Value*> parts;
  for (unsigned done = 0; done < lanes;) {
    const unsigned native = PmaddwdLanes(target, lanes - done);
    const unsigned count = native != 0 ? native : lanes - done;
    llvm::Value* part_acc = Slice(builder, acc, done, count);
    llvm::Value* part_a = Slice(builder, a, 2 * done, 2 * count);
    llvm::Value* part_b = Slice(builder, b, 2 * done, 2 * count);
    parts.push_back(native != 0 ? X86PairDot(builder, target, part_acc, part_a, part_b)
                                : PairDot(builder, part_acc, part_a, part_b));
    done += count;
  }
  llvm::Value* result = Concatenate(builder, parts, acc->getType());
  return type->isVectorTy() ? result : builder.CreateExtractElement(result, uint64_t{0});
}

// Cody and Waite, "Software Manual for the Elementary Functions" (1980), chapter 6, with the
// polynomial of Cephes' expf: x = n ln 2 + r, e^x = 2^n e^r.
llvm::Value* EmitExp(llvm::IRBuilder<>& builder, llvm::Value* x) {
  // Beyond these bounds the result is infinite or zero anyway; a NaN fails both comparisons and
  // stays.
  x = builder.CreateSelect(builder.CreateFCmpOGT(x, Float(x, 89)), Float(x, 89), x);
  x = builder.CreateSelect(builder.CreateFCmpOLT(x, Float(x, -104)), Float(x, -104), x);

  // Adding 1.5 x 2^23 leaves the nearest integer in the low bits of the sum.
  llvm::Type* bits = WithElement(x, builder.getInt32Ty());
  llvm::Constant* magic = Float(x, 12582912.0);
  llvm::Value* shifted = MultiplyAdd(builder, x, Float(x, 1.44269504088896341), magic);
  llvm::Value* n = builder.CreateFSub(shifted, magic);
  llvm::Value* r = MultiplyAdd(builder, n, Float(x, -0.693359375), x);
  r = MultiplyAdd(builder, n, Float(x, 2.12194440e-4), r);

  llvm::Value* p = Float(x, 1.9875691500e-4);
  for (double coefficient :
       {1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1}) {
    p = MultiplyAdd(builder, p, r, Float(x, coefficient));
  }
  p = MultiplyAdd(builder, p, builder.CreateFMul(r, r), r);
  p = builder.CreateFAdd(p, Float(x, 1));

  // 2^n in two factors: n reaches beyond the exponents of normal numbers on both sides.
  llvm::Value* exponent =
      builder.CreateSub(builder.CreateBitCast(shifted, bits), builder.CreateBitCast(magic, bits));
  llvm::Value* first = builder.CreateAShr(exponent, Int(exponent, 1));
  for (llvm::Value* part : {first, builder.CreateSub(exponent, first)}) {
    llvm::Value* biased = builder.CreateShl(builder.CreateAdd(part, Int(part, 127)), Int(part, 23));
    p = builder.CreateFMul(p, builder.CreateBitCast(biased, x->getType()));
  }
  return p;
}

}  // namespace tunefarm::compiler
