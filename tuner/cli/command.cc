#include "tuner/cli/command.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "tracker/listen_address.h"
#include "tracker/token_gate.h"

namespace tunefarm::tuner {

int ExitCode(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitDone;
    case absl::StatusCode::kInvalidArgument:
      return kExitUsage;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    default:
      return kExitFailed;
  }
}

void PrintError(const absl::Status& status) {
  std::string message(status.message());
  for (char& c : message) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  std::fprintf(stderr, "tuner: %s\n", message.c_str());
}

void AddWorkloadOption(CLI::App& command, std::string& workload) {
  command
      .add_option("-w,--workload", workload,
                  "Workload key, e.g. conv2d/f32/nhwc/1x56x56x64/o64k3x3s1x1p1x1/bias+relu")
      ->required();
}

void AddTargetOption(CLI::App& command, std::string& target) {
  command
      .add_option(
          "-t,--target", target,
          "native, a name of 'tuner targets', or triple=...,cpu=...,features=a+b; for a board "
          "without an OS ,code=a+b behind it names memories for code")
      ->capture_default_str();
}

void AddLogOption(CLI::App& command, std::string& path) {
  command.add_option("--db", path, "The tuning log, a SQLite file")->capture_default_str();
}

void AddJsonFlag(CLI::App& command, bool& json) { command.add_flag("--json", json, "Print JSON"); }

void AddTokenFileOption(CLI::App& command, std::string& path) {
  command.add_option("--token-file", path,
                     "File with the secret that the tracker or daemon demands");
}

absl::StatusOr<TrackerAddress> MakeAddress(const std::string& host_port,
                                           const std::string& token_file) {
  TUNEFARM_ASSIGN_OR_RETURN(const tracker::ListenAddress address,
                            tracker::ParseListenAddress(host_port));
  if (address.port == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("address '%s': port 0 is nobody's", host_port));
  }
  TrackerAddress result;
  result.host_port = host_port;
  if (token_file.empty()) return result;
  absl::StatusOr<std::string> token = tracker::ReadTokenFile(token_file);
  if (!token.ok()) return absl::InvalidArgumentError(std::string(token.status().message()));
  result.token = *std::move(token);
  return result;
}

absl::StatusOr<std::unique_ptr<db::TuningLog>> OpenLog(const std::string& path, db::OpenMode mode) {
  absl::StatusOr<std::unique_ptr<db::TuningLog>> log = db::TuningLog::Open(path, mode);
  if (absl::IsNotFound(log.status()) || absl::IsInvalidArgument(log.status())) {
    return absl::FailedPreconditionError(std::string(log.status().message()));
  }
  return log;
}

absl::StatusOr<std::unique_ptr<db::TuningLog>> OpenLogIfThere(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return nullptr;
  return OpenLog(path, db::OpenMode::kReadOnly);
}

void HintAtEmulated(const absl::StatusOr<BestSchedule>& best) {
  if (!best.ok() || best->how != "exact") return;
  std::fprintf(stderr, "an emulated board has measured it (%s): --include-emulated takes that\n",
               best->device.c_str());
}

std::string Owner() {
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  const passwd* user = getpwuid(geteuid());
  if (user != nullptr) return absl::StrFormat("%s@%s", user->pw_name, host);
  return absl::StrFormat("%d@%s", geteuid(), host);
}

std::string FormatDuration(double ns) {
  if (ns < 1e3) return absl::StrFormat("%.4g ns", ns);
  if (ns < 1e6) return absl::StrFormat("%.4g us", ns / 1e3);
  return absl::StrFormat("%.4g ms", ns / 1e6);
}

std::string FormatCost(double cost, const std::string& unit) {
  return unit == "ns" ? FormatDuration(cost) : absl::StrFormat("%.0f %s", cost, unit);
}

}  // namespace tunefarm::tuner
