#include "compiler/codegen/place_loads.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/CodeGen/MachineFunctionPass.h>

#include <algorithm>
#include <vector>

#include "compiler/codegen/machine_loads.h"

namespace tunefarm::compiler {
namespace {

constexpr size_t kNever = ~size_t{0};

void SinkLoads(llvm::MachineBasicBlock& block, Registers& registers) {
  const Numbered code(block);
  for (size_t i = 0; i < code.order.size(); ++i) {
    llvm::MachineInstr& load = *code.order[i];
    if (!registers.IsPlainLoad(load)) continue;
    size_t target = kNever;
    for (const llvm::MachineInstr& user :
         registers.info().use_instructions(load.getOperand(0).getReg())) {
      if (user.getParent() != &block || user.isPHI()) continue;
      target = std::min(target, code.position.lookup(&user));
    }
    if (target == kNever) continue;  // Its value is for another block.
    if (!ReadsConstantMemory(load)) target = std::min(target, code.barrier[i]);
    if (target <= i + 1) continue;
    registers.ExtendOperands(load);
    block.splice(code.order[target]->getIterator(), &block, load.getIterator());
  }
}

// Walks a block with the set of vectors that are live, and lets go of loaded ones when they are too
// many.
class Reloader {
 public:
  Reloader(llvm::MachineBasicBlock& block, Registers& registers, size_t num_registers)
      : registers_(registers), code_(block), num_registers_(num_registers) {}

  void Run() {
    CollectUses();
    for (size_t at = 0; at < code_.order.size(); ++at) {
      Enter(at);
      LeaveDead(at);
      if (live_.size() <= num_registers_) continue;
      // One below the limit: an allocator that works to the last register splits what it should
      // not.
      while (live_.size() >= num_registers_ && LetGoOfOne()) {
      }
    }
  }

 private:
  struct Value {
    llvm::Register original;
    std::vector<size_t> uses;  // Positions in this block, ascending.
    size_t next_use = 0;       // Index into uses.
    bool leaves_block = false;
    bool reloadable = false;
    llvm::Register current;  // The register that holds it now; invalid after it was let go.
  };

  void CollectUses() {
    for (size_t at = 0; at < code_.order.size(); ++at) {
      for (const llvm::MachineOperand& operand : code_.order[at]->operands()) {
        if (!operand.isReg() || !registers_.IsVector(operand.getReg())) continue;
        // A phi reads its operands at the ends of the blocks they come from.
        if (operand.isUse() && code_.order[at]->isPHI()) continue;
        Value& value = ValueOf(operand.getReg());
        if (operand.isDef()) continue;
        if (value.uses.empty() || value.uses.back() != at) value.uses.push_back(at);
      }
    }
    for (Value& value : values_) {
      const llvm::MachineInstr* def = registers_.info().getUniqueVRegDef(value.original);
      const bool made_here = def != nullptr && code_.position.contains(def);
      value.reloadable = made_here && IsReloadable(value, *def);
      // What is made elsewhere is live from the start.
      if (!made_here) Hold(value, value.original);
    }
  }

  // Wherever the value is used, the memory still holds it.
  bool IsReloadable(const Value& value, const llvm::MachineInstr& def) const {
    if (value.leaves_block || value.uses.empty() || !registers_.IsPlainLoad(def)) return false;
    return ReadsConstantMemory(def) ||
           value.uses.back() <= code_.barrier[code_.position.lookup(&def)];
  }

  Value& ValueOf(llvm::Register reg) {
    const auto [entry, is_new] = index_.try_emplace(reg, values_.size());
    if (is_new) {
      Value value;
      value.original = reg;
      value.leaves_block = std::any_of(
          registers_.info().use_instructions(reg).begin(),
          registers_.info().use_instructions(reg).end(),
          [&](const auto& user) { return user.isPHI() || !code_.position.contains(&user); });
      values_.push_back(std::move(value));
    }
    return values_[entry->second];
  }

  void Hold(Value& value, llvm::Register reg) {
    value.current = reg;
    live_.push_back(index_[value.original]);
  }

  // Gives the instruction its operands, and its results a place.
  void Enter(size_t at) {
    llvm::MachineInstr& instr = *code_.order[at];
    for (llvm::MachineOperand& operand : instr.operands()) {
      if (!operand.isReg()) continue;
      const auto entry = index_.find(operand.getReg());
      if (entry == index_.end()) continue;
      Value& value = values_[entry->second];
      if (operand.isDef()) {
        Hold(value, value.original);
      } else if (!instr.isPHI()) {
        if (!value.current.isValid()) Hold(value, registers_.Reload(value.original, instr));
        operand.setReg(value.current);
        if (value.current != value.original) operand.setIsKill(false);
      }
    }
  }

  size_t NextUse(const Value& value) const {
    return value.next_use < value.uses.size() ? value.uses[value.next_use] : kNever;
  }

  void LeaveDead(size_t at) {
    std::erase_if(live_, [&](size_t index) {
      Value& value = values_[index];
      while (NextUse(value) <= at) ++value.next_use;
      return !value.leaves_block && NextUse(value) == kNever;
    });
  }

  bool LetGoOfOne() {
    auto farthest = live_.end();
    for (auto it = live_.begin(); it != live_.end(); ++it) {
      if (!values_[*it].reloadable) continue;
      if (farthest == live_.end() || NextUse(values_[*it]) > NextUse(values_[*farthest])) {
        farthest = it;
      }
    }
    if (farthest == live_.end()) return false;
    values_[*farthest].current = llvm::Register();
    live_.erase(farthest);
    return true;
  }

  Registers& registers_;
  const Numbered code_;
  const size_t num_registers_;
  std::vector<Value> values_;
  llvm::DenseMap<llvm::Register, size_t> index_;  // Original register -> values_.
  std::vector<size_t> live_;                      // Of values_, in registers now.
};

class PlaceLoads final : public llvm::MachineFunctionPass {
 public:
  static char id;
  explicit PlaceLoads(size_t num_registers)
      : MachineFunctionPass(id), num_registers_(num_registers) {}

  llvm::StringRef getPassName() const override { return "Place loads"; }

  void getAnalysisUsage(llvm::AnalysisUsage& usage) const override {
    usage.setPreservesCFG();
    MachineFunctionPass::getAnalysisUsage(usage);
  }

  bool runOnMachineFunction(llvm::MachineFunction& function) override {
    Registers registers(function);
    for (llvm::MachineBasicBlock& block : function) {
      SinkLoads(block, registers);
      Reloader(block, registers, num_registers_).Run();
    }
    return true;
  }

 private:
  const size_t num_registers_;
};

char PlaceLoads::id = 0;

}  // namespace

llvm::Pass* CreatePlaceLoadsPass(int64_t num_vector_registers) {
  return new PlaceLoads(static_cast<size_t>(num_vector_registers));
}

}  // namespace tunefarm::compiler
