// What the machine passes that move loads (place_loads.h, load_ahead.h) ask of instructions.
// Private to them.
#ifndef TUNEFARM_COMPILER_CODEGEN_MACHINE_LOADS_H_
#define TUNEFARM_COMPILER_CODEGEN_MACHINE_LOADS_H_

#include <llvm/ADT/DenseMap.h>
#include <llvm/CodeGen/MachineFunction.h>
#include <llvm/CodeGen/MachineRegisterInfo.h>
#include <llvm/CodeGen/TargetInstrInfo.h>
#include <llvm/CodeGen/TargetRegisterInfo.h>

#include <vector>

namespace tunefarm::compiler {

// No load moves across it unless it reads constant memory.
bool IsBarrier(const llvm::MachineInstr& instr);

// Of buffers that the kernel only reads: no store can change what is loaded.
bool ReadsConstantMemory(const llvm::MachineInstr& load);

// What is known of the registers of one function.
class Registers {
 public:
  explicit Registers(llvm::MachineFunction& function);

  // Vectors and floats share a register file.
  bool IsVector(llvm::Register reg) const;

  // A load of one value whose inputs are its address alone: a plain, broadcast or widening load.
  bool IsPlainLoad(const llvm::MachineInstr& instr) const;

  // Adds to a vector accumulator.
  bool IsMultiplyAdd(const llvm::MachineInstr& instr) const;

  // Loads the value of `reg` again before `place`, into a register of its own.
  llvm::Register Reload(llvm::Register reg, llvm::MachineInstr& place);

  // What `load` reads is read further down than before: no instruction may count as the last to do
  // so.
  void ExtendOperands(const llvm::MachineInstr& load);

  llvm::MachineRegisterInfo& info() { return info_; }

 private:
  llvm::MachineRegisterInfo& info_;
  const llvm::TargetRegisterInfo& target_;
  const llvm::TargetInstrInfo& instrs_;
};

// The instructions of a block, numbered.
struct Numbered {
  explicit Numbered(llvm::MachineBasicBlock& block);
  std::vector<llvm::MachineInstr*> order;
  llvm::DenseMap<const llvm::MachineInstr*, size_t> position;
  std::vector<size_t> barrier;  // The first barrier at or behind each position.
};

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_MACHINE_LOADS_H_
