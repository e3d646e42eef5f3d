#include "compiler/codegen/load_pairs.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicsARM.h>
#include <llvm/IR/Module.h>

#include <vector>

namespace tunefarm::compiler {
namespace {

constexpr int64_t kQuadwordBytes = 16;

struct Quadword {
  llvm::LoadInst* load;
  llvm::Value* base;
  int64_t offset_bytes;
};

std::vector<Quadword> FindQuadwords(llvm::BasicBlock& block, const llvm::DataLayout& layout) {
  std::vector<Quadword> found;
  for (llvm::Instruction& instr : block) {
    auto* load = llvm::dyn_cast<llvm::LoadInst>(&instr);
    if (load == nullptr || !load->hasMetadata(llvm::LLVMContext::MD_invariant_load)) continue;
    auto* type = llvm::dyn_cast<llvm::FixedVectorType>(load->getType());
    if (type == nullptr || type->getNumElements() != 4 || !type->getElementType()->isFloatTy()) {
      continue;
    }
    llvm::APInt offset(layout.getIndexTypeSizeInBits(load->getPointerOperandType()), 0);
    llvm::Value* base = load->getPointerOperand()->stripAndAccumulateConstantOffsets(
        layout, offset, /*AllowNonInbounds=*/true);
    found.push_back({load, base, offset.getSExtValue()});
  }
  return found;
}

void Join(llvm::LoadInst& low, llvm::LoadInst& high) {
  llvm::IRBuilder<> builder(&low);
  llvm::Value* both =
      builder.CreateIntrinsic(llvm::Intrinsic::arm_neon_vld1x2, {low.getType(), builder.getPtrTy()},
                              {low.getPointerOperand()});
  low.replaceAllUsesWith(builder.CreateExtractValue(both, 0));
  high.replaceAllUsesWith(builder.CreateExtractValue(both, 1));
  low.eraseFromParent();
  high.eraseFromParent();
}

}  // namespace

void PairQuadwordLoads(llvm::Function& function) {
  const llvm::DataLayout& layout = function.getParent()->getDataLayout();
  for (llvm::BasicBlock& block : function) {
    const std::vector<Quadword> found = FindQuadwords(block, layout);
    // Neighbours in the order of the code: farther ones would hold a register for long.
    for (size_t i = 0; i + 1 < found.size(); ++i) {
      const Quadword &low = found[i], &high = found[i + 1];
      if (low.base != high.base || high.offset_bytes != low.offset_bytes + kQuadwordBytes) continue;
      if (low.load->getAlign() < llvm::Align(2 * kQuadwordBytes)) continue;
      Join(*low.load, *high.load);
      ++i;
    }
  }
}

}  // namespace tunefarm::compiler
