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
  std::string target;    // As 'tuner --target' takes it: the board's name.
};

// Raspberry Pis 3, 4 and 5 with 64-bit systems, and a Pi 3 with a 32-bit one: that core has
// Armv8's instructions there too (vmaxnm, ...), and QEMU's 32-bit mode has them in "max" alone.
inline std::vector<Board> Boards() {
  return {{"CortexA53", "arm64", "cortex-a53", "rpi3"},
          {"CortexA72", "arm64", "cortex-a72", "rpi4"},
          {"CortexA76", "arm64", "cortex-a76", "rpi5"},
          {"CortexA53In32Bit", "armhf", "max", "rpi3-32"}};
}

// The emulator of a preset's processor, and the agent as a path; the text says why there is none.
struct EmulatedAgent {
  std::string emulator, agent, missing;
};
EmulatedAgent FindAgent(const std::string& preset);

}  // namespace tunefarm

#endif  // TUNEFARM_TESTS_INTEGRATION_CROSS_BOARDS_H_
