// tuner doctor: whether this machine is fit to tune.
#include <cstdio>
#include <fstream>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/target/target.h"
#include "nlohmann/json.hpp"
#include "tuner/cli/command.h"
#include "tuner/cli/doctor_checks.h"

namespace tunefarm::tuner {
namespace {

using Json = nlohmann::ordered_json;

struct DoctorOptions {
  std::string db = kDefaultLog;
  FarmOptions farm;
  bool json = false;
};

void PrintFinding(const Finding& finding) {
  std::printf("%-5s %-10s %s\n", Name(finding.health), finding.subject.c_str(),
              finding.found.c_str());
  if (!finding.advice.empty()) std::printf("%17s-> %s\n", "", finding.advice.c_str());
  std::fflush(stdout);
}

absl::Status RunDoctor(const DoctorOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Target target, compiler::ParseTarget("native"));
  std::string loadavg;
  std::getline(std::ifstream("/proc/loadavg"), loadavg);
  Json list = Json::array();
  int num_checks = 0, num_failed = 0;
  const auto report = [&](const Finding& finding) {
    ++num_checks;
    if (finding.health == Health::kFail) ++num_failed;
    if (!options.json) PrintFinding(finding);
    list.push_back({{"health", Name(finding.health)},
                    {"subject", finding.subject},
                    {"found", finding.found},
                    {"advice", finding.advice}});
  };
  report(CheckVectors(target));
  report(CheckCompiler(target));
  report(CheckGovernor("/sys/devices/system/cpu"));
  report(CheckLoad(loadavg, target.num_cores));
  report(CheckDisk(options.db));
  report(CheckLog(options.db));
  report(CheckPort("127.0.0.1:7700"));
  report(CheckFarm(options.farm, target));
  if (options.json) std::printf("%s\n", list.dump().c_str());
  if (num_failed == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("%d of %d checks failed", num_failed, num_checks));
}

}  // namespace

void AddDoctor(CLI::App& app, Action& action) {
  AddCommand<DoctorOptions>(
      app, action, "doctor",
      "Check whether this machine is fit to tune, and say what to do where not",
      [](CLI::App& command, DoctorOptions& options) {
        AddLogOption(command, options.db);
        AddFarmOptions(command, options.farm);
        AddJsonFlag(command, options.json);
      },
      RunDoctor);
}

}  // namespace tunefarm::tuner
