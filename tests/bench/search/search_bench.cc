// Replays recorded spaces and prints how many trials each strategy needs to come within 95, 98 and
// 99 % of the best.
//
//   search_bench tests/data/spaces/*.csv            recorded spaces
//   search_bench --synthetic                        made-up ones
//   search_bench --transfer tests/data/spaces/*.csv each space with the others as experience
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/statistics.h"
#include "base/status.h"
#include "tests/bench/search/replay.h"
#include "tests/bench/search/synthetic_space.h"

namespace tunefarm::tuner {
namespace {

struct Settings {
  std::vector<std::string> paths;
  std::vector<std::string> strategies = {"xgb", "random", "grid"};
  int num_seeds = 9;
  size_t max_trials = 256;
  size_t batch = 8;
  size_t lag = 0;
  bool synthetic = false;
  bool transfer = false;
};

using Spaces = std::vector<std::unique_ptr<ReplaySpace>>;

absl::Status Add(RecordedSpace recorded, Spaces* spaces) {
  TUNEFARM_ASSIGN_OR_RETURN(auto space, ReplaySpace::Make(std::move(recorded)));
  spaces->push_back(std::move(space));
  return absl::OkStatus();
}

absl::StatusOr<Spaces> LoadSpaces(const Settings& settings) {
  Spaces spaces;
  for (const std::string& path : settings.paths) {
    TUNEFARM_ASSIGN_OR_RETURN(RecordedSpace recorded, ReadSpaceFile(path));
    TUNEFARM_RETURN_IF_ERROR(Add(std::move(recorded), &spaces));
  }
  if (!settings.synthetic) return spaces;
  for (const auto& [image, channels] :
       std::vector<std::pair<int64_t, int64_t>>{{56, 64}, {28, 128}, {14, 256}, {7, 512}}) {
    for (int64_t registers : {16, 32}) {
      SyntheticOptions options;
      options.image = image;
      options.channels = channels;
      options.registers = registers;
      TUNEFARM_RETURN_IF_ERROR(Add(MakeSyntheticSpace(options), &spaces));
    }
  }
  return spaces;
}

double Quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1) + 0.5)];
}

std::string Trials(double value, size_t max_trials) {
  if (value > static_cast<double>(max_trials)) return ">" + std::to_string(max_trials);
  return std::to_string(static_cast<size_t>(value));
}

// Reached shares of the best that are reported.
constexpr double kShares[] = {0.95, 0.98, 0.99};

absl::Status BenchStrategy(const ReplaySpace& space, const std::vector<OtherTask>& others,
                           const std::string& strategy, const Settings& settings) {
  ReplayOptions options;
  options.strategy = strategy;
  options.max_trials = settings.max_trials;
  options.batch = settings.batch;
  options.lag = settings.lag;
  options.stop_share = kShares[2];
  if (strategy == "xgb") options.others = others;
  const int num_seeds = strategy == "grid" ? 1 : settings.num_seeds;
  std::vector<double> trials[3], at16;
  const auto start = std::chrono::steady_clock::now();
  size_t num_trials = 0;
  for (int seed = 1; seed <= num_seeds; ++seed) {
    options.seed = static_cast<uint64_t>(seed);
    TUNEFARM_ASSIGN_OR_RETURN(const ReplayResult result, Replay(space, options));
    for (int i = 0; i < 3; ++i) {
      trials[i].push_back(static_cast<double>(result.TrialsTo(kShares[i])));
    }
    at16.push_back(result.best_share[std::min<size_t>(15, result.best_share.size() - 1)]);
    num_trials += result.best_share.size();
  }
  const std::chrono::duration<double, std::milli> elapsed =
      std::chrono::steady_clock::now() - start;
  std::printf("  %-8s", strategy.c_str());
  for (const auto& counts : trials) {
    std::printf("  %5s %5s", Trials(Quantile(counts, 0.5), settings.max_trials).c_str(),
                Trials(Quantile(counts, 0.9), settings.max_trials).c_str());
  }
  std::printf("   %.3f   %.2f\n", base::Median(at16),
              elapsed.count() / static_cast<double>(num_trials));
  return absl::OkStatus();
}

absl::Status Run(const Settings& settings) {
  TUNEFARM_ASSIGN_OR_RETURN(const Spaces spaces, LoadSpaces(settings));
  std::printf(
      "trials until the best is within 5, 2 and 1 %% of the space's best: median and p90 of "
      "%d seeds; share of the best after 16 trials; ms of search per trial\n",
      settings.num_seeds);
  for (const auto& space : spaces) {
    const RecordedSpace& recorded = space->recorded();
    std::printf("%s on %s: %zu configs of %s\n", recorded.workload.c_str(),
                recorded.machine.c_str(), recorded.rows.size(), recorded.space_name.c_str());
    std::printf("  %-8s  %11s  %11s  %11s   @16     ms\n", "", "95%", "98%", "99%");
    std::vector<OtherTask> others;
    for (const auto& other : spaces) {
      if (settings.transfer && other != space) others.push_back(other->AsOtherTask());
    }
    for (const std::string& strategy : settings.strategies) {
      TUNEFARM_RETURN_IF_ERROR(BenchStrategy(*space, others, strategy, settings));
    }
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace tunefarm::tuner

int main(int argc, char** argv) {
  tunefarm::tuner::Settings settings;
  CLI::App app("Trials that each search strategy needs on recorded spaces");
  app.add_option("spaces", settings.paths, "Recorded spaces (tests/data/spaces/*.csv)");
  app.add_option("--strategy", settings.strategies, "Strategies to replay");
  app.add_option("--seeds", settings.num_seeds, "Seeds per strategy")->check(CLI::PositiveNumber);
  app.add_option("--trials", settings.max_trials, "Trials per replay")->check(CLI::PositiveNumber);
  app.add_option("--batch", settings.batch, "Configs proposed at once")->check(CLI::PositiveNumber);
  app.add_option("--lag", settings.lag, "Batches in flight when the next is proposed");
  app.add_flag("--synthetic", settings.synthetic, "Add made-up spaces");
  app.add_flag("--transfer", settings.transfer, "Train on the other spaces first");
  CLI11_PARSE(app, argc, argv);
  if (settings.paths.empty() && !settings.synthetic) {
    std::fprintf(stderr, "search_bench: no space is given; see --help\n");
    return 2;
  }
  const absl::Status status = tunefarm::tuner::Run(settings);
  if (status.ok()) return 0;
  std::fprintf(stderr, "search_bench: %s\n", tunefarm::base::OneLine(status).c_str());
  return 1;
}
