// What a trial costs on an emulated board, end to end, and what trouble costs.
//
//   mcu_bench rate [--trials 64]      trials per minute of `tuner tune`, and how the time divides
//   mcu_bench load [--megabytes 1]    speed of writing to and reading from the board
//   mcu_bench soak [--trials 1000]    trials with injected faults: how many are lost or doubled,
//   and
//                                     whether a second board of the farm notices
#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/str_format.h"
#include "base/ready_program.h"
#include "base/status.h"
#include "mcu_agent/bridge/openocd_board.h"
#include "nlohmann/json.hpp"
#include "spdlog/spdlog.h"
#include "tests/bench/mcu/trial_parts.h"
#include "tests/support/mcu_farm/soak.h"
#include "tests/support/program.h"

namespace tunefarm {
namespace {

constexpr char kWorkload[] = "conv2d/s8/nhwc/1x25x5x64/o64k1x1/bias+requant+relu";
constexpr uint32_t kPsram = 0x60000000;  // Of mps2-an500.

struct Options {
  int trials = 0;
  int megabytes = 1;
  uint64_t seed = 1;
  double fault_rate = 0.05;
  int batch = 16;
  bool flash = false;
};

// How the time of a trial divides.
absl::Status PrintParts(const Options& options, const std::string& log_path) {
  TrialPartsOptions parts_options;
  TUNEFARM_ASSIGN_OR_RETURN(parts_options.bin_dir, base::OwnDirectory());
  parts_options.workload = kWorkload;
  parts_options.log_path = log_path;
  parts_options.num_trials = options.trials;
  parts_options.batch = options.batch;
  TUNEFARM_ASSIGN_OR_RETURN(const TrialParts parts, MeasureTrialParts(parts_options));
  if (parts.num_trials == 0) return absl::InternalError("no trial ended well");
  const std::pair<const char*, absl::Duration> named[] = {
      {"propose", parts.propose},
      {"build", parts.build},
      {"link", parts.link},
      {"load", parts.load},
      {"run and verify, on the board", parts.queue},
      {"  of it the timed runs, by difference", parts.run},
      {"read", parts.read},
      {"log", parts.log}};
  std::printf("its parts, one after the other, %d trials in batches of %d\n", parts.num_trials,
              options.batch);
  for (const auto& [name, time] : named) {
    std::printf("  %-40s %8.2f ms a trial\n", name,
                absl::ToDoubleMilliseconds(time) / parts.num_trials);
  }
  return absl::OkStatus();
}

absl::Status Rate(const Options& options) {
  const testing::TempFolder folder;
  const std::string db = folder.File("tuner.db");
  testing::Program tune("tuner", {"tune", kWorkload, "--target", "cortex-m7", "--board",
                                  "emulated:mps2-an500", "--strategy", "random", "--trials",
                                  std::to_string(options.trials), "--db", db, "--json"});
  int trials = 0;
  double first = 0;
  double last = 0;
  nlohmann::json done;
  for (std::string line; !(line = tune.ReadLine()).empty();) {
    const auto event = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (event.value("event", "") == "done") done = event;
    if (event.value("event", "") != "trial") continue;
    last = event.value("seconds", 0.0);
    if (++trials == 1) first = last;
  }
  if (tune.Wait() != 0 || trials == 0) return absl::InternalError(tune.Errors());
  const auto count = static_cast<double>(trials);
  std::printf("%s on emulated:mps2-an500, %.0f trials in %.2f s\n", kWorkload, count, last);
  std::printf("  %-40s %8.0f\n", "trials per minute", 60 * count / last);
  std::printf("  %-40s %8.2f s\n", "until the first result", first);
  std::printf("  %-40s %8.1f s\n", "whole command, final included", done.value("seconds", 0.0));
  return PrintParts(options, folder.File("parts.db"));
}

absl::Status Load(const Options& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::string bin, base::OwnDirectory());
  TUNEFARM_ASSIGN_OR_RETURN(const mcu_agent::BoardMap board,
                            mcu_agent::LoadBoardMap(bin + "/../boards", "mps2-an500"));
  const mcu_agent::Pace pace;
  mcu_agent::OpenOcdBoardOptions board_options;
  board_options.emulated_board = bin + "/tuner-emulated-board";
  mcu_agent::OpenOcdBoard control(board_options, &board, &pace);
  TUNEFARM_RETURN_IF_ERROR(control.Cure(mcu_agent::Rung::kRestartOpenOcd));
  const std::string bytes(static_cast<size_t>(options.megabytes) << 20, '\x5A');
  const absl::Duration begin = pace.Now();
  TUNEFARM_RETURN_IF_ERROR(control.session().Write(kPsram, bytes));
  const absl::Duration written = pace.Now();
  TUNEFARM_ASSIGN_OR_RETURN(const std::string read,
                            control.session().Read(kPsram, static_cast<uint32_t>(bytes.size())));
  const absl::Duration end = pace.Now();
  if (read != bytes) {
    const auto [at, unused] = std::mismatch(read.begin(), read.end(), bytes.begin(), bytes.end());
    return absl::DataLossError(
        absl::StrFormat("of %u bytes written %u were read, the first that differs is number %d",
                        bytes.size(), read.size(), at - read.begin()));
  }
  const double megabytes = static_cast<double>(bytes.size()) * 1e-6;
  std::printf("ST-Link over TCP, %.2f MB: write %.2f MB/s, read %.2f MB/s\n", megabytes,
              megabytes / absl::ToDoubleSeconds(written - begin),
              megabytes / absl::ToDoubleSeconds(end - written));
  return absl::OkStatus();
}

absl::Status Soak(const Options& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::string bin, base::OwnDirectory());
  testing::SoakOptions soak = options.flash ? testing::SoakInFlash() : testing::SoakInRam();
  soak.bin_dir = bin;
  soak.num_trials = options.trials;
  soak.batch = options.batch;
  soak.fault_rate = options.fault_rate;
  soak.seed = options.seed;
  TUNEFARM_ASSIGN_OR_RETURN(const testing::SoakReport report, testing::RunSoak(soak));
  std::printf("%d trials in batches of %d, seed %u, %s\n", soak.num_trials, soak.batch,
              static_cast<unsigned>(soak.seed), absl::FormatDuration(report.time).c_str());
  std::printf("  results %d, doubled %d, of another cost than their config's first %d\n",
              report.num_results, report.num_twice, report.num_disagreeing);
  for (const auto& [outcome, count] : report.outcomes) {
    std::printf("  %-28s %5d\n", outcome.c_str(), count);
  }
  for (const auto& [fault, count] : report.faults) {
    std::printf("  injected %-28s %5d\n", fault.c_str(), count);
  }
  const testing::BesideReport& beside = report.beside;
  std::printf(
      "  the board beside it: results %d, failed %d, of another cost %d, longest gap between "
      "batches %s\n",
      beside.num_results, beside.num_failed, beside.num_disagreeing,
      absl::FormatDuration(beside.longest_gap).c_str());
  for (const std::string& failure : report.failures) std::printf("  %s\n", failure.c_str());
  const bool good = report.num_results == soak.num_trials && report.num_twice == 0 &&
                    report.failures.empty() && report.num_disagreeing == 0 &&
                    report.num_elsewhere == 0;
  if (!good) return absl::InternalError("trials were lost, doubled or spoiled");
  if (beside.num_failed != 0 || beside.num_disagreeing != 0) {
    return absl::InternalError("the board beside it was disturbed: " + beside.first_failure);
  }
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  spdlog::set_level(spdlog::level::off);
  CLI::App app("Emulated boards: trials per minute, speed of loading, trials under faults");
  app.require_subcommand(1);
  Options rate = {.trials = 64};
  Options load;
  Options soak = {.trials = 1000};
  CLI::App* rate_command = app.add_subcommand("rate", "Trials per minute of tuner tune");
  rate_command->add_option("--trials", rate.trials)->capture_default_str();
  CLI::App* load_command = app.add_subcommand("load", "Speed of writing and reading");
  load_command->add_option("--megabytes", load.megabytes)->check(CLI::Range(1, 15));
  CLI::App* soak_command = app.add_subcommand("soak", "Trials with injected faults");
  soak_command->add_option("--trials", soak.trials)->capture_default_str();
  soak_command->add_option("--fault-rate", soak.fault_rate)->capture_default_str();
  soak_command->add_flag("--flash", soak.flash, "Two of three kernels run from flash");
  soak_command->add_option("--batch", soak.batch)->capture_default_str();
  soak_command->add_option("--seed", soak.seed)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = *rate_command ? Rate(rate) : *load_command ? Load(load) : Soak(soak);
  if (status.ok()) return 0;
  std::fprintf(stderr, "mcu_bench: %s\n", base::OneLine(status).c_str());
  return 1;
}

}  // namespace
}  // namespace tunefarm

int main(int argc, char** argv) { return tunefarm::Main(argc, argv); }
