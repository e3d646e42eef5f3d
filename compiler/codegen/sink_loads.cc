#include "compiler/codegen/sink_loads.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/CodeGen/MachineFunctionPass.h>
#include <llvm/CodeGen/MachineRegisterInfo.h>

#include <algorithm>
#include <vector>

namespace tunefarm::compiler {
namespace {

bool IsBarrier(const llvm::MachineInstr& instr) {
  return instr.mayStore() || instr.isCall() || instr.hasUnmodeledSideEffects() ||
         instr.isTerminator();
}

bool IsMovableLoad(const llvm::MachineInstr& instr) {
  if (!instr.mayLoad() || IsBarrier(instr) || instr.hasOrderedMemoryRef()) return false;
  // An operation that reads memory besides (an FMA, say) is where it should be.
  if (!instr.canFoldAsLoad() || instr.getNumExplicitDefs() != 1) return false;
  return std::all_of(instr.operands_begin(), instr.operands_end(), [](const auto& operand) {
    return !operand.isReg() || !operand.getReg().isPhysical() || operand.getReg() == 0;
  });
}

// Of a buffer that the kernel only reads: no store can change it.
bool ReadsConstantMemory(const llvm::MachineInstr& load) {
  return std::all_of(
             load.memoperands_begin(), load.memoperands_end(),
             [](const llvm::MachineMemOperand* operand) { return operand->isInvariant(); }) &&
         !load.memoperands_empty();
}

class SinkLoads final : public llvm::MachineFunctionPass {
 public:
  static char id;
  SinkLoads() : MachineFunctionPass(id) {}

  llvm::StringRef getPassName() const override { return "Sink loads to their first use"; }

  void getAnalysisUsage(llvm::AnalysisUsage& usage) const override {
    usage.setPreservesCFG();
    MachineFunctionPass::getAnalysisUsage(usage);
  }

  bool runOnMachineFunction(llvm::MachineFunction& function) override {
    for (llvm::MachineBasicBlock& block : function) SinkIn(block);
    return true;
  }

 private:
  static void SinkIn(llvm::MachineBasicBlock& block) {
    std::vector<llvm::MachineInstr*> order;
    llvm::DenseMap<const llvm::MachineInstr*, size_t> position;
    for (llvm::MachineInstr& instr : block) {
      position[&instr] = order.size();
      order.push_back(&instr);
    }
    // The first barrier at or behind each position.
    std::vector<size_t> barrier(order.size() + 1, order.size());
    for (size_t i = order.size(); i-- > 0;) barrier[i] = IsBarrier(*order[i]) ? i : barrier[i + 1];

    const llvm::MachineRegisterInfo& registers = block.getParent()->getRegInfo();
    for (size_t i = 0; i < order.size(); ++i) {
      llvm::MachineInstr& load = *order[i];
      if (!IsMovableLoad(load)) continue;
      size_t target = order.size();
      for (const llvm::MachineInstr& user :
           registers.use_instructions(load.getOperand(0).getReg())) {
        if (user.getParent() == &block && !user.isPHI()) target = std::min(target, position[&user]);
      }
      if (target == order.size()) continue;  // Its value is for another block.
      if (!ReadsConstantMemory(load)) target = std::min(target, barrier[i]);
      if (target > i + 1) block.splice(order[target]->getIterator(), &block, load.getIterator());
    }
  }
};

char SinkLoads::id = 0;

}  // namespace

llvm::Pass* CreateSinkLoadsPass() { return new SinkLoads(); }

}  // namespace tunefarm::compiler
