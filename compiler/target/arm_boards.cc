#include "compiler/target/arm_boards.h"

#include "compiler/target/cpu_facts.h"

namespace tunefarm::compiler {

// Cores and clocks: "Raspberry Pi computer hardware", raspberrypi.com/documentation (BCM2837 4 x
// A53 at 1.2 GHz, BCM2711 4 x A72 at 1.5 GHz, BCM2712 4 x A76 at 2.4 GHz). A Pi 3 with a 32-bit
// system runs the same core in its AArch32 state: 16 quadword registers, VFPv4 and NEON. The phone
// is the least that Android asks of a 64-bit device (Armv8.0-A); half of eight cores and 2 GHz
// stand for the big cluster of a usual one.
const std::vector<ArmBoard>& ArmBoards() {
  static const auto* const boards = new std::vector<ArmBoard>{
      {"rpi3",
       "Raspberry Pi 3, 64-bit system (Cortex-A53, in order)",
       "aarch64-unknown-linux-gnu",
       "cortex-a53",
       {"neon"},
       4,
       1.2e9},
      {"rpi3-32",
       "Raspberry Pi 3, 32-bit system (Armv7 hard float on Cortex-A53)",
       "armv7-unknown-linux-gnueabihf",
       "cortex-a53",
       {"neon", "vfp4"},
       4,
       1.2e9},
      {"rpi4",
       "Raspberry Pi 4, 64-bit system (Cortex-A72)",
       "aarch64-unknown-linux-gnu",
       "cortex-a72",
       {"neon"},
       4,
       1.5e9},
      {"rpi5",
       "Raspberry Pi 5 (Cortex-A76, dot products of s8)",
       "aarch64-unknown-linux-gnu",
       "cortex-a76",
       {"dotprod", "neon"},
       4,
       2.4e9},
      {"android-arm64",
       "any 64-bit Android phone (Armv8.0-A)",
       "aarch64-unknown-linux-android",
       "generic",
       {"neon"},
       4,
       2.0e9},
  };
  return *boards;
}

Target MakeTarget(const ArmBoard& board) {
  Target target;
  target.name = board.name;
  target.triple = board.triple;
  target.cpu = board.cpu;
  target.features = board.features;
  FillFacts(target);
  target.num_cores = board.num_cores;
  target.clock_hz = board.clock_hz;
  return target;
}

// The MIDR_EL1 tables of the processors' technical reference manuals.
const char* ArmCpuByPart(int part) {
  switch (part) {
    case 0xd03:
      return "cortex-a53";
    case 0xd05:
      return "cortex-a55";
    case 0xd07:
      return "cortex-a57";
    case 0xd08:
      return "cortex-a72";
    case 0xd09:
      return "cortex-a73";
    case 0xd0a:
      return "cortex-a75";
    case 0xd0b:
      return "cortex-a76";
    case 0xd0c:
      return "neoverse-n1";
    case 0xd0d:
      return "cortex-a77";
    case 0xd41:
      return "cortex-a78";
    case 0xd44:
      return "cortex-x1";
    default:
      return "generic";
  }
}

}  // namespace tunefarm::compiler
