#include "compiler/codegen/load_ahead.h"

#include <llvm/CodeGen/MachineFunctionPass.h>

#include <algorithm>
#include <optional>

#include "compiler/codegen/machine_loads.h"

namespace tunefarm::compiler {
namespace {

// Moves the loads of one block.
class Starter {
 public:
  Starter(llvm::MachineBasicBlock& block, Registers& registers, size_t ahead, size_t group)
      : block_(block), registers_(registers), ahead_(ahead), group_(group), code_(block) {
    for (llvm::MachineInstr* instr : code_.order) {
      multiply_adds_before_.push_back(multiply_adds_.size());
      if (registers_.IsMultiplyAdd(*instr)) multiply_adds_.push_back(instr);
    }
  }

  void Run() {
    if (multiply_adds_.size() < std::max(ahead_, group_)) return;
    for (size_t at = 0; at < code_.order.size(); ++at) {
      llvm::MachineInstr& load = *code_.order[at];
      if (!registers_.IsPlainLoad(load) || !registers_.IsVector(load.getOperand(0).getReg())) {
        continue;
      }
      const std::optional<size_t> before = Place(load);
      if (!before || *before >= at) continue;
      size_t target = *before;
      for (const llvm::MachineOperand& operand : load.all_uses()) {
        target = std::max(target, AfterDefinition(operand.getReg()));
      }
      if (!ReadsConstantMemory(load)) target = std::max(target, AfterBarrier(at));
      // A load that stood there may stand elsewhere by now.
      while (target < at && registers_.IsPlainLoad(*code_.order[target])) ++target;
      if (target >= at) continue;
      registers_.ExtendOperands(load);
      block_.splice(code_.order[target]->getIterator(), &block_, load.getIterator());
    }
    RaiseScalars();
  }

 private:
  // Pointer increments and the loop's test: all of what follows the last load but multiply-adds, in
  // the same order, so that none comes before what it needs.
  void RaiseScalars() {
    auto behind_last_load = block_.begin();
    for (auto it = block_.begin(); it != block_.end(); ++it) {
      if (registers_.IsPlainLoad(*it) || it->isPHI()) behind_last_load = std::next(it);
    }
    llvm::SmallVector<llvm::MachineInstr*> scalars;
    for (auto it = behind_last_load; it != block_.end(); ++it) {
      if (it->mayLoadOrStore() || it->isCall()) return;
      if (it->isTerminator() || registers_.IsMultiplyAdd(*it)) continue;
      // Anything but multiply-adds and scalars of their own: this is no body of such a loop.
      if (UsesVectors(*it)) return;
      scalars.push_back(&*it);
    }
    for (llvm::MachineInstr* scalar : scalars) {
      // One that stands there already stays in front of those that follow it.
      if (scalar->getIterator() == behind_last_load) {
        ++behind_last_load;
      } else {
        block_.splice(behind_last_load, &block_, scalar->getIterator());
      }
    }
  }

  bool UsesVectors(const llvm::MachineInstr& instr) const {
    return std::any_of(instr.operands_begin(), instr.operands_end(), [&](const auto& operand) {
      return operand.isReg() && registers_.IsVector(operand.getReg());
    });
  }

  // The position that the load should stand before.
  std::optional<size_t> Place(const llvm::MachineInstr& load) {
    const llvm::Register value = load.getOperand(0).getReg();
    if (const std::optional<size_t> use = FirstUse(value)) {
      const size_t count = multiply_adds_before_[*use];
      if (group_ > 0) return PositionOf(count - count % group_);
      return count > ahead_ ? PositionOf(count - ahead_) : FirstNonPhi();
    }
    // The next iteration's: through a phi of this block.
    for (const llvm::MachineInstr& user : registers_.info().use_instructions(value)) {
      if (!user.isPHI() || user.getParent() != &block_) continue;
      const llvm::Register current = user.getOperand(0).getReg();
      const std::optional<size_t> use = FirstUse(current);
      if (!use) return std::nullopt;
      const size_t count = multiply_adds_.size() + multiply_adds_before_[*use];
      const size_t wanted = PositionOf(std::min(count - ahead_, multiply_adds_.size()));
      return std::max(wanted, LastUse(current) + 1);
    }
    return std::nullopt;
  }

  // Of the multiply-add with this number; the end of the code for the one behind the last.
  size_t PositionOf(size_t multiply_add) const {
    if (multiply_add < multiply_adds_.size()) {
      return code_.position.lookup(multiply_adds_[multiply_add]);
    }
    return code_.barrier[code_.position.lookup(multiply_adds_.back())];
  }

  size_t FirstNonPhi() const {
    size_t at = 0;
    while (at + 1 < code_.order.size() && code_.order[at]->isPHI()) ++at;
    return at;
  }

  std::optional<size_t> FirstUse(llvm::Register reg) {
    std::optional<size_t> first;
    for (const llvm::MachineInstr& user : registers_.info().use_instructions(reg)) {
      if (user.getParent() != &block_ || user.isPHI()) continue;
      const size_t at = code_.position.lookup(&user);
      if (!first || at < *first) first = at;
    }
    return first;
  }

  size_t LastUse(llvm::Register reg) {
    size_t last = 0;
    for (const llvm::MachineInstr& user : registers_.info().use_instructions(reg)) {
      if (user.getParent() == &block_ && !user.isPHI()) {
        last = std::max(last, code_.position.lookup(&user));
      }
    }
    return last;
  }

  size_t AfterDefinition(llvm::Register reg) {
    if (!reg.isVirtual()) return 0;
    const llvm::MachineInstr* def = registers_.info().getUniqueVRegDef(reg);
    if (def == nullptr || !code_.position.contains(def)) return 0;
    return def->isPHI() ? FirstNonPhi() : code_.position.lookup(def) + 1;
  }

  size_t AfterBarrier(size_t at) const {
    while (at > 0 && !IsBarrier(*code_.order[at - 1])) --at;
    return at;
  }

  llvm::MachineBasicBlock& block_;
  Registers& registers_;
  const size_t ahead_, group_;
  const Numbered code_;  // As it was before loads moved: only loads change their places.
  std::vector<llvm::MachineInstr*> multiply_adds_;
  std::vector<size_t> multiply_adds_before_;  // Per position.
};

class LoadAhead final : public llvm::MachineFunctionPass {
 public:
  static char id;
  LoadAhead(size_t ahead, size_t group) : MachineFunctionPass(id), ahead_(ahead), group_(group) {}

  llvm::StringRef getPassName() const override { return "Load ahead"; }

  void getAnalysisUsage(llvm::AnalysisUsage& usage) const override {
    usage.setPreservesCFG();
    MachineFunctionPass::getAnalysisUsage(usage);
  }

  bool runOnMachineFunction(llvm::MachineFunction& function) override {
    Registers registers(function);
    for (llvm::MachineBasicBlock& block : function) {
      Starter(block, registers, ahead_, group_).Run();
    }
    return true;
  }

 private:
  const size_t ahead_, group_;
};

char LoadAhead::id = 0;

}  // namespace

llvm::Pass* CreateLoadAheadPass(int64_t ahead, int64_t group) {
  return new LoadAhead(static_cast<size_t>(ahead), static_cast<size_t>(group));
}

}  // namespace tunefarm::compiler
