// requantize as NEON has it: one instruction for the rounded product, three and a shift for the
// division. In portable operations they are twenty-odd, whose 64-bit products do not fit the
// registers beside a tile.
#include <llvm/IR/IntrinsicsAArch64.h>
#include <llvm/IR/IntrinsicsARM.h>

#include <array>
#include <numeric>
#include <vector>

#include "compiler/codegen/intrinsics.h"
#include "compiler/target/cpu_facts.h"

namespace tunefarm::compiler {
namespace {

constexpr unsigned kLanes = 4;

struct Instructions {
  llvm::Intrinsic::ID product;  // Doubled, its high half, rounded, saturated.
  llvm::Intrinsic::ID shift;    // By a signed number of bits, rounding where it goes right.
};
constexpr Instructions kA64 = {llvm::Intrinsic::aarch64_neon_sqrdmulh,
                               llvm::Intrinsic::aarch64_neon_srshl};
constexpr Instructions kA32 = {llvm::Intrinsic::arm_neon_vqrdmulh,
                               llvm::Intrinsic::arm_neon_vrshifts};

unsigned Lanes(const llvm::Value* value) {
  const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(value->getType());
  return vector == nullptr ? 1 : vector->getNumElements();
}

// Of one register.
llvm::Value* Requantize4(llvm::IRBuilder<>& builder, const Instructions& neon, llvm::Value* x,
                         llvm::Value* multiplier, llvm::Value* shift) {
  llvm::Type* type = x->getType();
  llvm::Value* zero = llvm::ConstantInt::get(type, 0);
  llvm::Value* left = builder.CreateBinaryIntrinsic(llvm::Intrinsic::smax, shift, zero);
  llvm::Value* minus_right = builder.CreateBinaryIntrinsic(llvm::Intrinsic::smin, shift, zero);
  // Saturates the one product that does not fit, as gemmlowp does.
  llvm::Value* high =
      builder.CreateIntrinsic(neon.product, {type}, {builder.CreateShl(x, left), multiplier});
  // The shift rounds halves up: negative values lose one before it, unless nothing is shifted out.
  llvm::Value* one_less =
      builder.CreateAShr(builder.CreateAnd(high, minus_right), llvm::ConstantInt::get(type, 31));
  llvm::Value* nudged = builder.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat, high, one_less);
  return builder.CreateIntrinsic(neon.shift, {type}, {nudged, minus_right});
}

}  // namespace

llvm::Value* EmitNeonRequantize(llvm::IRBuilder<>& builder, const Target& target, llvm::Value* x,
                                llvm::Value* multiplier, llvm::Value* shift) {
  const Instructions& neon = TripleArch(target.triple) == "aarch64" ? kA64 : kA32;
  const unsigned lanes = Lanes(x);
  if (lanes % kLanes != 0 || !target.HasLaneMultiply()) return nullptr;
  llvm::Value* result = nullptr;
  for (unsigned done = 0; done < lanes; done += kLanes) {
    std::array<llvm::Value*, 3> parts = {x, multiplier, shift};
    std::vector<int> slice(kLanes);
    std::iota(slice.begin(), slice.end(), static_cast<int>(done));
    for (llvm::Value*& part : parts) {
      if (lanes > kLanes) part = builder.CreateShuffleVector(part, slice);
    }
    llvm::Value* part = Requantize4(builder, neon, parts[0], parts[1], parts[2]);
    if (lanes == kLanes) return part;
    // Stretched to the whole's length, each at its place.
    std::vector<int> place(lanes, -1);
    for (unsigned i = 0; i < kLanes; ++i) place[done + i] = static_cast<int>(i);
    part = builder.CreateShuffleVector(part, place);
    std::vector<int> join(lanes);
    for (unsigned i = 0; i < lanes; ++i) join[i] = static_cast<int>(i < done ? i : lanes + i);
    result = result == nullptr ? part : builder.CreateShuffleVector(result, part, join);
  }
  return result;
}

}  // namespace tunefarm::compiler
