#include "compiler/codegen/count_down.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/PatternMatch.h>

namespace tunefarm::compiler {
namespace {

// The comparison at the end of a loop of one block: next < bound goes on.
llvm::ICmpInst* LoopTest(llvm::BasicBlock& block) {
  auto* branch = llvm::dyn_cast<llvm::BranchInst>(block.getTerminator());
  if (branch == nullptr || !branch->isConditional() || branch->getSuccessor(0) != &block) {
    return nullptr;
  }
  auto* test = llvm::dyn_cast<llvm::ICmpInst>(branch->getCondition());
  const bool is_test =
      test != nullptr && test->getPredicate() == llvm::CmpInst::ICMP_SLT && test->hasOneUse();
  return is_test ? test : nullptr;
}

void TurnRound(llvm::BasicBlock& block, llvm::ICmpInst& test) {
  using namespace llvm::PatternMatch;  // NOLINT: how LLVM's matchers are meant to be read.
  llvm::Value* counted = nullptr;
  llvm::ConstantInt* bound = nullptr;
  llvm::Value* next = test.getOperand(0);
  if (!match(next, m_Add(m_Value(counted), m_One())) ||
      !match(test.getOperand(1), m_ConstantInt(bound))) {
    return;
  }
  auto* counter = llvm::dyn_cast<llvm::PHINode>(counted);
  // Two users of the next value: the phi and the test. One of the counter: the addition.
  if (counter == nullptr || counter->getParent() != &block || !counter->hasOneUse() ||
      !next->hasNUses(2) || counter->getNumIncomingValues() != 2) {
    return;
  }
  const unsigned outside = counter->getIncomingBlock(0) == &block ? 1 : 0;
  auto* start = llvm::dyn_cast<llvm::ConstantInt>(counter->getIncomingValue(outside));
  if (start == nullptr || counter->getIncomingValue(1 - outside) != next) return;
  const int64_t iterations = bound->getSExtValue() - start->getSExtValue();
  if (iterations < 1) return;

  llvm::Type* type = counter->getType();
  llvm::IRBuilder<> builder(llvm::cast<llvm::Instruction>(next));
  llvm::Value* left = builder.CreateSub(counter, llvm::ConstantInt::get(type, 1));
  counter->setIncomingValue(outside, llvm::ConstantInt::get(type, iterations));
  counter->setIncomingValue(1 - outside, left);
  test.setPredicate(llvm::CmpInst::ICMP_NE);
  test.setOperand(0, left);
  test.setOperand(1, llvm::ConstantInt::get(type, 0));
  llvm::cast<llvm::Instruction>(next)->eraseFromParent();
}

}  // namespace

void CountDown(llvm::Function& function) {
  for (llvm::BasicBlock& block : function) {
    if (llvm::ICmpInst* test = LoopTest(block)) TurnRound(block, *test);
  }
}

}  // namespace tunefarm::compiler
