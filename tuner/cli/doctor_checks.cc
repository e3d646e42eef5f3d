#include "tuner/cli/doctor_checks.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "compiler/artifact/artifact.h"
#include "compiler/lower/lower.h"
#include "tracker/listen_address.h"
#include "tuner/cli/command.h"
#include "tuner/session/task_setup.h"

namespace tunefarm::tuner {
namespace {

constexpr char kSmallProduct[] = "matmul/f32/32x32x32";
constexpr uint64_t kLittleDisk = uint64_t{1} << 30;

// The first line of a file; "" if it cannot be read.
std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

absl::StatusOr<compiler::Artifact> BuildSmallProduct(const compiler::Target& target) {
  TUNEFARM_ASSIGN_OR_RETURN(const TaskSetup setup, SetUpTask(kSmallProduct, Print(target)));
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Operator op, compiler::BuildOperator(setup.workload));
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Schedule schedule,
                            setup.bound->MakeSchedule(setup.default_config));
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::LoweredKernel kernel, compiler::Lower(op, schedule));
  return compiler::BuildArtifact(kernel, target, "doctor");
}

absl::StatusOr<double> MeasurePeak(const FarmOptions& options, const compiler::Target& target) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::unique_ptr<Farm> farm, OpenFarm(options, Print(target)));
  return farm->NewMeasurer()->MeasurePeakFlops(Print(target));
}

std::string Message(const absl::Status& status) { return std::string(status.message()); }

// A board runs no kernel of this machine: that it is up is all that can be asked.
Finding CheckBoard(const FarmOptions& options) {
  const absl::Status opened = OpenFarm(options, /*target=*/"").status();
  if (opened.ok()) return {Health::kOk, "farm", "tracker, agent and board are up", ""};
  return {Health::kFail, "farm", Message(opened), "tuner-mcu-agent --log-level info says more"};
}

}  // namespace

const char* Name(Health health) {
  switch (health) {
    case Health::kOk:
      return "ok";
    case Health::kWarn:
      return "warn";
    case Health::kFail:
      return "fail";
  }
  __builtin_unreachable();
}

Finding CheckVectors(const compiler::Target& target) {
  const std::string found =
      absl::StrFormat("%s: %d-bit vectors, %d registers, %d cores", target.cpu, target.vector_bits,
                      target.num_vector_registers, target.num_cores);
  if (target.vector_bits >= 256 && target.HasFeature("fma"))
    return {Health::kOk, "processor", found, ""};
  return {Health::kWarn, "processor", found,
          "the templates are made for AVX2 with FMA and for AVX-512; kernels here will be slower "
          "than they could"};
}

Finding CheckCompiler(const compiler::Target& target) {
  const absl::Time start = absl::Now();
  const absl::StatusOr<compiler::Artifact> artifact = BuildSmallProduct(target);
  if (!artifact.ok()) {
    return {Health::kFail, "compiler", Message(artifact.status()),
            "is libllvm19 complete? deploy/setup.sh installs what is missing"};
  }
  return {Health::kOk, "compiler",
          absl::StrFormat("%s; a small product builds in %.0f ms", artifact->toolchain,
                          absl::ToDoubleMilliseconds(absl::Now() - start)),
          ""};
}

Finding CheckGovernor(const std::string& cpu_folder) {
  const std::string governor = FirstLine(cpu_folder + "/cpu0/cpufreq/scaling_governor");
  if (governor.empty()) {
    return {Health::kOk, "clock", "the system does not tell its governor (a virtual machine?)", ""};
  }
  if (governor == "performance") return {Health::kOk, "clock", "governor performance", ""};
  return {Health::kWarn, "clock", "governor " + governor,
          "timings wander with the clock; as root: echo performance | tee " + cpu_folder +
              "/cpu*/cpufreq/scaling_governor"};
}

Finding CheckLoad(const std::string& loadavg, int64_t num_cores) {
  char* end = nullptr;
  const double load = std::strtod(loadavg.c_str(), &end);
  if (end == loadavg.c_str()) return {Health::kOk, "load", "the system does not tell", ""};
  const std::string found = absl::StrFormat("%.2f of %d cores in the last minute", load, num_cores);
  if (load < 0.5 * static_cast<double>(num_cores)) return {Health::kOk, "load", found, ""};
  return {Health::kWarn, "load", found,
          "what else runs here disturbs the timings: stop it, or tune on another machine"};
}

Finding CheckDisk(const std::string& log_path) {
  const std::filesystem::path folder = std::filesystem::absolute(log_path).parent_path();
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(folder, error);
  if (error) {
    return {Health::kFail, "disk", absl::StrFormat("%s: %s", folder.string(), error.message()),
            "name another place for the log: --db FILE"};
  }
  if (access(folder.c_str(), W_OK) != 0) {
    return {Health::kFail, "disk", folder.string() + " takes no files from you",
            "name another place for the log: --db FILE"};
  }
  const std::string found = absl::StrFormat("%s: %.1f GB free", folder.string(),
                                            static_cast<double>(space.available) / 1e9);
  if (space.available >= kLittleDisk) return {Health::kOk, "disk", found, ""};
  return {Health::kWarn, "disk", found, "a million trials take about 1 GB: make room"};
}

Finding CheckLog(const std::string& log_path) {
  const auto log = OpenLogIfThere(log_path);
  if (!log.ok())
    return {Health::kFail, "log", Message(log.status()), "name another file: --db FILE"};
  return {Health::kOk, "log",
          *log == nullptr ? log_path + " is not there yet" : (*log)->path() + " opens", ""};
}

Finding CheckPort(const std::string& address) {
  const absl::StatusOr<tracker::ListenAddress> parsed = tracker::ParseListenAddress(address);
  const absl::Status free = parsed.ok() ? tracker::ProbeListen(*parsed) : parsed.status();
  if (free.ok()) return {Health::kOk, "port", address + " is free for tuner serve", ""};
  return {Health::kWarn, "port", Message(free),
          "only tuner serve and tuner-tracker need it: --listen takes another"};
}

Finding CheckFarm(const FarmOptions& options, const compiler::Target& target) {
  if (!options.board.empty()) return CheckBoard(options);
  const absl::StatusOr<double> peak = MeasurePeak(options, target);
  if (peak.ok()) {
    return {
        Health::kOk, "farm",
        absl::StrFormat("builder, tracker and agent work; f32 FMA peak of one core %.1f GFLOP/s",
                        *peak / 1e9),
        ""};
  }
  return {
      Health::kFail, "farm", Message(peak.status()),
      "TUNEFARM_LOG=debug tuner doctor says more; are tuner-tracker and tuner-agent beside tuner?"};
}

}  // namespace tunefarm::tuner
