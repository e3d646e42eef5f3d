#include "compiler/codegen/rotate_loads.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Utils/Local.h>
#include <llvm/Transforms/Utils/ValueMapper.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace tunefarm::compiler {
namespace {

// A loop of one block that counts up by one to a constant.
struct CountedLoop {
  llvm::BasicBlock* block = nullptr;
  llvm::BasicBlock* before = nullptr;
  llvm::BasicBlock* exit = nullptr;
  llvm::ICmpInst* condition = nullptr;  // Whether it goes on: counter + 1 < bound.
  int64_t bound = 0;
};

std::optional<CountedLoop> AsCountedLoop(llvm::BasicBlock& block) {
  CountedLoop loop;
  loop.block = &block;
  auto* branch = llvm::dyn_cast<llvm::BranchInst>(block.getTerminator());
  if (branch == nullptr || !branch->isConditional() || branch->getSuccessor(0) != &block) {
    return std::nullopt;
  }
  loop.exit = branch->getSuccessor(1);
  loop.condition = llvm::dyn_cast<llvm::ICmpInst>(branch->getCondition());
  if (loop.condition == nullptr || loop.condition->getPredicate() != llvm::CmpInst::ICMP_SLT) {
    return std::nullopt;
  }
  auto* bound = llvm::dyn_cast<llvm::ConstantInt>(loop.condition->getOperand(1));
  auto* next = llvm::dyn_cast<llvm::BinaryOperator>(loop.condition->getOperand(0));
  if (bound == nullptr || next == nullptr) return std::nullopt;
  auto* counter = llvm::dyn_cast<llvm::PHINode>(next->getOperand(0));
  if (counter == nullptr || counter->getParent() != &block || !loop.condition->hasOneUse() ||
      counter->getNumIncomingValues() != 2) {
    return std::nullopt;
  }
  const unsigned outside = counter->getIncomingBlock(0) == &block ? 1 : 0;
  loop.before = counter->getIncomingBlock(outside);
  auto* start = llvm::dyn_cast<llvm::ConstantInt>(counter->getIncomingValue(outside));
  if (start == nullptr || bound->getSExtValue() - start->getSExtValue() < 2) return std::nullopt;
  loop.bound = bound->getSExtValue();
  const bool stores =
      std::any_of(block.begin(), block.end(), [](auto& i) { return i.mayWriteToMemory(); });
  return stores ? std::nullopt : std::optional(loop);
}

bool IsMultiplyAdd(const llvm::Instruction& instr) {
  if (const auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&instr)) {
    return call->getType()->isVectorTy();
  }
  return instr.getOpcode() == llvm::Instruction::Mul && instr.getType()->isVectorTy();
}

// Loads that the first `ahead` multiply-adds need.
std::vector<llvm::LoadInst*> EarlyLoads(llvm::BasicBlock& block, int64_t ahead) {
  // What a load's value goes through before it meets its first multiply-add.
  llvm::DenseMap<const llvm::Value*, std::vector<llvm::LoadInst*>> sources;
  std::vector<llvm::LoadInst*> early;
  int64_t multiply_adds = 0;
  for (llvm::Instruction& instr : block) {
    if (llvm::isa<llvm::PHINode>(instr)) continue;
    if (auto* load = llvm::dyn_cast<llvm::LoadInst>(&instr)) {
      sources[load] = {load};
      continue;
    }
    std::vector<llvm::LoadInst*> met;
    for (llvm::Value* operand : instr.operands()) {
      const auto known = sources.find(operand);
      if (known == sources.end()) continue;
      met.insert(met.end(), known->second.begin(), known->second.end());
    }
    if (!IsMultiplyAdd(instr)) {
      if (!met.empty()) sources[&instr] = met;
      continue;
    }
    for (llvm::LoadInst* load : met) {
      if (std::find(early.begin(), early.end(), load) == early.end()) early.push_back(load);
    }
    if (++multiply_adds == ahead) break;
  }
  return early;
}

class Rotation {
 public:
  // The first iteration's loads get a place of their own where control cannot go elsewhere.
  explicit Rotation(const CountedLoop& loop) : loop_(loop) {
    if (loop_.before->getSingleSuccessor() == nullptr) {
      loop_.before = llvm::SplitEdge(loop_.before, loop_.block);
    }
  }

  void Run(const std::vector<llvm::LoadInst*>& loads) {
    for (llvm::LoadInst* load : loads) {
      if (CanMove(load->getPointerOperand())) Rotate(*load);
    }
    PeelLast();
  }

 private:
  // An address made of phis, values from outside and pure arithmetic within the block.
  bool CanMove(llvm::Value* value) const {
    auto* instr = llvm::dyn_cast<llvm::Instruction>(value);
    if (instr == nullptr || instr->getParent() != loop_.block) return true;
    if (llvm::isa<llvm::PHINode>(instr)) return true;
    if (instr->mayReadOrWriteMemory() || !llvm::isSafeToSpeculativelyExecute(instr)) return false;
    return std::all_of(instr->op_begin(), instr->op_end(),
                       [this](llvm::Value* operand) { return CanMove(operand); });
  }

  // `value` as it is when control comes into the loop from `from`.
  llvm::Value* ValueOn(llvm::Value* value, llvm::BasicBlock* from, llvm::IRBuilder<>& builder) {
    auto* instr = llvm::dyn_cast<llvm::Instruction>(value);
    if (instr == nullptr || instr->getParent() != loop_.block) return value;
    if (auto* phi = llvm::dyn_cast<llvm::PHINode>(instr))
      return phi->getIncomingValueForBlock(from);
    llvm::Instruction* copy = instr->clone();
    for (llvm::Use& operand : copy->operands()) {
      operand.set(ValueOn(operand.get(), from, builder));
    }
    return builder.Insert(copy);
  }

  llvm::Value* LoadOn(llvm::LoadInst& load, llvm::BasicBlock* from) {
    llvm::IRBuilder<> builder(from->getTerminator());
    llvm::Value* pointer = ValueOn(load.getPointerOperand(), from, builder);
    auto* copy = llvm::cast<llvm::LoadInst>(load.clone());
    copy->setOperand(0, pointer);
    return builder.Insert(copy);
  }

  void Rotate(llvm::LoadInst& load) {
    llvm::Value* first = LoadOn(load, loop_.before);
    llvm::Value* next = LoadOn(load, loop_.block);
    llvm::PHINode* phi =
        llvm::PHINode::Create(load.getType(), 2, "", loop_.block->getFirstNonPHIIt());
    phi->addIncoming(first, loop_.before);
    phi->addIncoming(next, loop_.block);
    load.replaceAllUsesWith(phi);
    load.eraseFromParent();
    rotated_.push_back(next);
  }

  // The loop ends one iteration earlier, and a copy of its body does what is left.
  void PeelLast() {
    if (rotated_.empty()) return;
    llvm::BasicBlock& block = *loop_.block;
    llvm::ValueToValueMapTy map;
    llvm::BasicBlock* last = llvm::CloneBasicBlock(&block, map, ".last", block.getParent());
    for (llvm::Instruction& instr : llvm::make_early_inc_range(*last)) {
      llvm::RemapInstruction(&instr, map,
                             llvm::RF_NoModuleLevelChanges | llvm::RF_IgnoreMissingLocals);
    }
    // Users behind the loop now see the copy's values.
    for (llvm::Instruction& instr : block) {
      instr.replaceUsesWithIf(map[&instr], [&](llvm::Use& use) {
        const auto* user = llvm::cast<llvm::Instruction>(use.getUser());
        return user->getParent() != &block && user->getParent() != last;
      });
    }
    for (llvm::PHINode& phi : loop_.exit->phis()) phi.replaceIncomingBlockWith(&block, last);
    // The copy's phis have one value: that of the loop's last iteration.
    for (llvm::PHINode& phi : block.phis()) {
      auto* copy = llvm::cast<llvm::PHINode>(map[&phi]);
      copy->replaceAllUsesWith(phi.getIncomingValueForBlock(&block));
      copy->eraseFromParent();
    }
    for (llvm::Value* next : rotated_) llvm::cast<llvm::Instruction>(map[next])->eraseFromParent();
    last->getTerminator()->eraseFromParent();
    llvm::BranchInst::Create(loop_.exit, last);
    llvm::RecursivelyDeleteTriviallyDeadInstructions(map[loop_.condition]);
    block.getTerminator()->setSuccessor(1, last);
    loop_.condition->setOperand(
        1, llvm::ConstantInt::get(loop_.condition->getOperand(1)->getType(), loop_.bound - 1));
  }

  CountedLoop loop_;
  std::vector<llvm::Value*> rotated_;  // Loads of the next iteration.
};

}  // namespace

void RotateLoads(llvm::Function& function, int64_t ahead) {
  if (ahead <= 0) return;
  std::vector<llvm::BasicBlock*> blocks;
  for (llvm::BasicBlock& block : function) blocks.push_back(&block);
  // Looked at one by one: rotating a loop changes what stands before the next.
  for (llvm::BasicBlock* block : blocks) {
    if (const auto loop = AsCountedLoop(*block)) Rotation(*loop).Run(EarlyLoads(*block, ahead));
  }
}

}  // namespace tunefarm::compiler
