// Boards of the farm that run Linux on Arm, by name. Stands beside cpu_facts.h, which knows their
// processors; target.cc makes Targets of both.
#ifndef TUNEFARM_COMPILER_TARGET_ARM_BOARDS_H_
#define TUNEFARM_COMPILER_TARGET_ARM_BOARDS_H_

#include <vector>

#include "compiler/target/target.h"

namespace tunefarm::compiler {

struct ArmBoard {
  const char* name;
  const char* summary;
  const char* triple;
  const char* cpu;
  std::vector<std::string> features;  // Sorted.
  int64_t num_cores;
  double clock_hz;
};
const std::vector<ArmBoard>& ArmBoards();

// With all facts of the board's processor filled in.
Target MakeTarget(const ArmBoard& board);

// LLVM's name of a processor by the "CPU part" of Arm's own designs (implementer 0x41) in
// /proc/cpuinfo; "generic" for the others.
const char* ArmCpuByPart(int part);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_TARGET_ARM_BOARDS_H_
