#include "tests/support/mcu_farm/deployed_example.h"

namespace tunefarm::testing {

Finished RunDeployedExample(const std::string& bundle, const std::string& cpu,
                            const std::string& machine) {
  const std::string program = bundle + "/example.elf";
  const Finished built = RunProgram(
      "/usr/bin/clang-19", {"--target=thumbv7em-none-unknown-eabihf", "-mcpu=" + cpu, "-O2",
                            "-ffreestanding", "-nostdlib", "-fuse-ld=lld", "-Wall",
                            "-Wno-unused-function", "-Werror", "-Wl,-T," + bundle + "/board.ld",
                            bundle + "/example.c", bundle + "/kernel.o", "-o", program});
  if (built.code != 0) return built;
  return RunProgram(
      "/usr/bin/qemu-system-arm",
      {"-M", machine, "-display", "none", "-serial", "null", "-monitor", "none", "-icount",
       "shift=4", "-semihosting-config", "enable=on,target=native", "-kernel", program});
}

}  // namespace tunefarm::testing
