// The boards that QEMU's user mode plays on this machine: which agent, which processor, which
// target its kernels are built for.
#ifndef TUNEFARM_TESTS_INTEGRATION_CROSS_BOARDS_H_
#define TUNEFARM_TESTS_INTEGRATION_CROSS_BOARDS_H_

#include <string>
#include <vector>

namespace tunefarm {

struct Board {
  std::string name;      // Of the test.
  std::string preset;    // Of the agent's build: build/<preset>/bin/tuner-agent.
  std::string qemu_cpu;  // Its emulated processor.
  std::string target;    // As 'tuner --target' takes it.
};

// Raspberry Pis 3, 4 and 5 with 64-bit systems, and a 32-bit one.
inline std::vector<Board> Boards() {
  const std::string arm64 = "triple=aarch64-unknown-linux-gnu";
  const std::string armhf = "triple=armv7-unknown-linux-gnueabihf";
  return {{"CortexA53", "arm64", "cortex-a53", arm64 + ",cpu=cortex-a53,features=neon"},
          {"CortexA72", "arm64", "cortex-a72", arm64 + ",cpu=cortex-a72,features=neon"},
          {"CortexA76", "arm64", "cortex-a76", arm64 + ",cpu=cortex-a76,features=neon+dotprod"},
          {"ArmV7", "armhf", "cortex-a7", armhf + ",cpu=cortex-a7,features=neon+vfp4"}};
}

// The emulator of a preset's processor, and the agent as a path; the text says why there is none.
struct EmulatedAgent {
  std::string emulator, agent, missing;
};
EmulatedAgent FindAgent(const std::string& preset);

}  // namespace tunefarm

#endif  // TUNEFARM_TESTS_INTEGRATION_CROSS_BOARDS_H_
