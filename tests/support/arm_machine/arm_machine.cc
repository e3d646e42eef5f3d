#include "tests/support/arm_machine/arm_machine.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::testing {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

absl::Status Shell(const std::string& command, const std::string& errors) {
  const int status = std::system((command + " 2>'" + errors + "'").c_str());
  if (status == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::StrFormat("status %#x of %s: %s", status, command, ReadText(errors).substr(0, 2000)));
}

absl::Status CheckProgram(const std::string& program) {
  if (std::system(("command -v " + program + " >/dev/null").c_str()) == 0) return absl::OkStatus();
  return absl::UnavailableError("no program " + program);
}

void Append(std::ofstream& file, uint64_t value) {
  file.write(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

absl::StatusOr<ArmMachine> ArmMachine::Make(const std::string& triple) {
  ArmMachine machine;
  const bool wide = absl::StartsWith(triple, "aarch64");
  machine.architecture_ = wide ? "aarch64" : "arm";
  machine.clang_target_ = wide ? "aarch64-linux-gnu" : "armv7-linux-gnueabihf";
  for (const std::string& program :
       {std::string("clang-19"), std::string("ld.lld-19"),
        absl::StrFormat("qemu-%s-static", machine.architecture_)}) {
    TUNEFARM_RETURN_IF_ERROR(CheckProgram(program));
  }
  std::string folder = std::filesystem::temp_directory_path() / "arm-machine-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return absl::UnavailableError("no folder " + folder);
  machine.folder_ = folder;
  TUNEFARM_RETURN_IF_ERROR(Shell(
      absl::StrFormat("clang-19 --target=%s -mcpu=cortex-a53 -O1 -ffreestanding -nostdlib "
                      "-fno-stack-protector -I '%s' -c '%s/tests/support/arm_machine/start.c' -o "
                      "'%s/start.o'",
                      machine.clang_target_, TUNEFARM_SOURCE_DIR, TUNEFARM_SOURCE_DIR, folder),
      folder + "/errors"));
  return machine;
}

ArmMachine::ArmMachine(ArmMachine&& other) noexcept
    : folder_(std::exchange(other.folder_, "")),
      architecture_(std::move(other.architecture_)),
      clang_target_(std::move(other.clang_target_)) {}

ArmMachine::~ArmMachine() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

absl::Status ArmMachine::Link(const compiler::Artifact& artifact) {
  std::ofstream(folder_ + "/kernel.o", std::ios::binary) << artifact.object;
  return Shell(absl::StrFormat("ld.lld-19 -static -z noexecstack -o '%s/program' '%s/start.o' "
                               "'%s/kernel.o'",
                               folder_, folder_, folder_),
               folder_ + "/errors");
}

absl::StatusOr<std::vector<uint8_t>> ArmMachine::Execute(
    const compiler::Artifact& artifact, const std::vector<std::vector<uint8_t>>& buffers,
    const Call& call, const std::string& emulator) {
  {
    std::ofstream input(folder_ + "/in", std::ios::binary);
    Append(input, buffers.size());
    Append(input, static_cast<uint64_t>(artifact.scratch_bytes_per_worker));
    Append(input, static_cast<uint64_t>(call.repeats));
    Append(input, call.parallel ? 1 : 0);
    for (const auto& buffer : buffers) Append(input, buffer.size());
    for (const auto& buffer : buffers) {
      input.write(reinterpret_cast<const char*>(buffer.data()),
                  static_cast<std::streamsize>(buffer.size()));
    }
  }
  TUNEFARM_RETURN_IF_ERROR(Shell(absl::StrFormat("%s '%s/program' <'%s/in' >'%s/out'", emulator,
                                                 folder_, folder_, folder_),
                                 folder_ + "/errors"));
  const std::string out = ReadText(folder_ + "/out");
  return std::vector<uint8_t>(out.begin(), out.end());
}

absl::StatusOr<std::vector<uint8_t>> ArmMachine::Run(
    const compiler::Artifact& artifact, const std::vector<std::vector<uint8_t>>& buffers,
    const Call& call) {
  TUNEFARM_RETURN_IF_ERROR(Link(artifact));
  return Execute(artifact, buffers, call, absl::StrFormat("qemu-%s-static", architecture_));
}

absl::StatusOr<uint64_t> ArmMachine::CountInstructions(
    const compiler::Artifact& artifact, const std::vector<std::vector<uint8_t>>& buffers,
    const std::string& plugin_path) {
  // Debian's static QEMU cannot load plugins.
  TUNEFARM_RETURN_IF_ERROR(CheckProgram("qemu-" + architecture_));
  TUNEFARM_RETURN_IF_ERROR(Link(artifact));
  const std::string counts = folder_ + "/counts";
  const std::string emulator = absl::StrFormat("qemu-%s -plugin '%s' -d plugin -D '%s'",
                                               architecture_, plugin_path, counts);
  // What stands around the calls is the same for one and for two of them.
  uint64_t totals[2] = {0, 0};
  for (int64_t repeats : {1, 2}) {
    TUNEFARM_RETURN_IF_ERROR(
        Execute(artifact, buffers, {.parallel = false, .repeats = repeats}, emulator).status());
    totals[repeats - 1] = std::strtoull(ReadText(counts).c_str(), nullptr, 10);
  }
  if (totals[0] == 0 || totals[1] <= totals[0]) {
    return absl::InternalError(absl::StrFormat("the plugin counted %d and %d instructions",
                                               totals[0], totals[1]));
  }
  return totals[1] - totals[0];
}

}  // namespace tunefarm::testing
