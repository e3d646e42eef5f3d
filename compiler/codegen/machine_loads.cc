#include "compiler/codegen/machine_loads.h"

#include <llvm/CodeGen/TargetSubtargetInfo.h>

#include <algorithm>

namespace tunefarm::compiler {

bool IsBarrier(const llvm::MachineInstr& instr) {
  return instr.mayStore() || instr.isCall() || instr.hasUnmodeledSideEffects() ||
         instr.isTerminator();
}

bool ReadsConstantMemory(const llvm::MachineInstr& load) {
  return !load.memoperands_empty() &&
         std::all_of(load.memoperands_begin(), load.memoperands_end(),
                     [](const llvm::MachineMemOperand* operand) { return operand->isInvariant(); });
}

Registers::Registers(llvm::MachineFunction& function)
    : info_(function.getRegInfo()),
      target_(*function.getSubtarget().getRegisterInfo()),
      instrs_(*function.getSubtarget().getInstrInfo()) {}

bool Registers::IsVector(llvm::Register reg) const {
  if (!reg.isVirtual()) return false;
  const llvm::TargetRegisterClass& reg_class = *info_.getRegClass(reg);
  return target_.isTypeLegalForClass(reg_class, llvm::MVT::f32) ||
         target_.isTypeLegalForClass(reg_class, llvm::MVT::v2f32) ||
         target_.isTypeLegalForClass(reg_class, llvm::MVT::v4f32) ||
         target_.isTypeLegalForClass(reg_class, llvm::MVT::v8f32) ||
         target_.isTypeLegalForClass(reg_class, llvm::MVT::v16f32);
}

bool Registers::IsPlainLoad(const llvm::MachineInstr& instr) const {
  if (!instr.mayLoad() || IsBarrier(instr) || instr.hasOrderedMemoryRef()) return false;
  if (instr.getNumExplicitDefs() != 1) return false;
  return std::all_of(instr.operands_begin(), instr.operands_end(), [&](const auto& operand) {
    if (!operand.isReg() || !operand.getReg().isValid()) return true;
    return operand.getReg().isVirtual() && (operand.isDef() || !IsVector(operand.getReg()));
  });
}

bool Registers::IsMultiplyAdd(const llvm::MachineInstr& instr) const {
  return !instr.mayLoad() && instr.getNumExplicitDefs() == 1 && instr.getOperand(0).isReg() &&
         IsVector(instr.getOperand(0).getReg()) && instr.isRegTiedToUseOperand(0);
}

llvm::Register Registers::Reload(llvm::Register reg, llvm::MachineInstr& place) {
  const llvm::MachineInstr& def = *info_.getUniqueVRegDef(reg);
  ExtendOperands(def);
  const llvm::Register copy = info_.cloneVirtualRegister(reg);
  instrs_.reMaterialize(*place.getParent(), place.getIterator(), copy, 0, def, target_);
  return copy;
}

void Registers::ExtendOperands(const llvm::MachineInstr& load) {
  for (const llvm::MachineOperand& operand : load.all_uses()) {
    if (operand.getReg().isVirtual()) info_.clearKillFlags(operand.getReg());
  }
}

Numbered::Numbered(llvm::MachineBasicBlock& block) {
  for (llvm::MachineInstr& instr : block) {
    position[&instr] = order.size();
    order.push_back(&instr);
  }
  barrier.assign(order.size() + 1, order.size());
  for (size_t i = order.size(); i-- > 0;) barrier[i] = IsBarrier(*order[i]) ? i : barrier[i + 1];
}

}  // namespace tunefarm::compiler
