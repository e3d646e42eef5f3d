#include "tests/integration/cross/boards.h"

#include <filesystem>

namespace tunefarm {

EmulatedAgent FindAgent(const std::string& preset) {
  EmulatedAgent found;
  found.emulator = preset == "armhf" ? "/usr/bin/qemu-arm-static" : "/usr/bin/qemu-aarch64-static";
  found.agent = TUNEFARM_SOURCE_DIR "/build/" + preset + "/bin/tuner-agent";
  if (!std::filesystem::exists(found.emulator)) {
    found.missing = found.emulator + " is missing: deploy/setup.sh installs it";
  } else if (!std::filesystem::exists(found.agent)) {
    found.missing = found.agent + " is missing: deploy/build.sh " + preset + " makes it";
  }
  return found;
}

}  // namespace tunefarm
