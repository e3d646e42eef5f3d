// Tunes every convolution of ResNet-18 and MobileNet-v1 (batch 1, f32, one thread) and prints, per
// layer: GFLOP/s, % of the multiply-add peak measured in the same run, trials and seconds used, and
// oneDNN's time where this build has it.
//
// All are timed interleaved on one core, round after round, and compared by medians. Two figures
// are given: nominal counts 2 x MAC for every kernel tap, also where it meets padding; effective
// leaves the padding out. `at16`: how close to the session's winner the best of its first 16 trials
// comes. The search's own timings could not tell: the luckiest of many equals always comes late.
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "CLI/CLI.hpp"
#include "base/statistics.h"
#include "base/status.h"
#include "tests/bench/layers/onednn_peer.h"
#include "tests/bench/layers/tuned_layer.h"

namespace tunefarm::bench {
namespace {

constexpr int kRounds = 15;
constexpr double kMinSampleSeconds = 0.004;
// As many as a session takes into its final.
constexpr size_t kEarlyFinalists = 4;
// The best counts as found at this share of its speed, within this time.
constexpr double kFound = 0.99;
constexpr double kFoundSeconds = 3;

struct Timed {
  std::function<void()> run;
  std::vector<double> samples_ns;

  void Sample() {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    int runs = 0;
    double elapsed = 0;
    do {
      run();
      ++runs;
      elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    } while (elapsed < kMinSampleSeconds);
    samples_ns.push_back(elapsed / runs * 1e9);
  }
  double median() const { return base::Median(samples_ns); }
};

// Sums of logarithms: geometric means by kind of layer.
struct Geomean {
  double log_sum = 0;
  int count = 0;
  void Add(double value) {
    log_sum += std::log(value);
    ++count;
  }
  double value() const { return count == 0 ? 0 : std::exp(log_sum / count); }
};

struct Means {
  Geomean nominal, effective, onednn_nominal, ratio;
  int num_found_early = 0;
};

// Keeps this process on the last core while it lives, and not the tuner's, which it starts besides.
class OnLastCore {
 public:
  OnLastCore() {
    sched_getaffinity(0, sizeof(before_), &before_);
    cpu_set_t last;
    CPU_ZERO(&last);
    CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &last);
    sched_setaffinity(0, sizeof(last), &last);
  }
  ~OnLastCore() { sched_setaffinity(0, sizeof(before_), &before_); }
  OnLastCore(const OnLastCore&) = delete;
  OnLastCore& operator=(const OnLastCore&) = delete;

 private:
  cpu_set_t before_;
};

// All that is timed for one layer, in the order in which it takes turns.
struct Contest {
  Timed ours, peak, peer;
  std::vector<Timed> early;
  double least_early_share = 0;  // 1: the winner is an early one, so that none is timed.
  double peak_flops = 0;

  void Hold() {
    const OnLastCore pinned;
    std::vector<Timed*> all = {&ours, &peak, &peer};
    for (Timed& timed : early) all.push_back(&timed);
    std::erase_if(all, [](const Timed* timed) { return !timed->run; });
    for (Timed* timed : all) timed->run();
    for (int round = 0; round < kRounds; ++round) {
      for (Timed* timed : all) timed->Sample();
    }
  }
  double peak_gflops() const { return peak_flops / peak.median(); }
  // Of the winner's speed.
  double EarlyShare() const {
    double best = least_early_share;
    for (const Timed& timed : early) best = std::max(best, ours.median() / timed.median());
    return best;
  }
};

absl::StatusOr<Contest> MakeContest(const compiler::Workload& workload,
                                    const compiler::Target& target, const TuningResult& tuned) {
  Contest contest;
  TUNEFARM_ASSIGN_OR_RETURN(contest.ours.run, LoadConfig(workload, target, tuned.config));
  TUNEFARM_ASSIGN_OR_RETURN(contest.peak.run, LoadPeak(target, &contest.peak_flops));
  if (const auto onednn = MakeOnednnLayer(workload)) contest.peer.run = *onednn;
  const std::vector<std::string>& early = tuned.early_configs;
  if (std::find(early.begin(), early.end(), tuned.config) != early.end()) {
    contest.least_early_share = 1;
    return contest;
  }
  for (size_t i = 0; i < std::min(early.size(), kEarlyFinalists); ++i) {
    Timed& timed = contest.early.emplace_back();
    TUNEFARM_ASSIGN_OR_RETURN(timed.run, LoadConfig(workload, target, early[i]));
  }
  return contest;
}

absl::Status BenchLayer(const compiler::ModelLayer& layer, int trials, const std::string& db,
                        const compiler::Target& target, Means& means) {
  const compiler::Workload& workload = layer.workload;
  const std::string key = compiler::Print(workload);
  TUNEFARM_ASSIGN_OR_RETURN(const TuningResult tuned, TuneLayer(key, trials, db));
  TUNEFARM_ASSIGN_OR_RETURN(Contest contest, MakeContest(workload, target, tuned));
  contest.Hold();
  const double median = contest.ours.median();
  const double peak_gflops = contest.peak_gflops();
  const double nominal = 2.0 * static_cast<double>(workload.num_macs()) / median;
  const double effective = 2.0 * static_cast<double>(workload.num_effective_macs()) / median;
  const double early = contest.EarlyShare();
  std::printf("%-74s %7.1f %6.1f %6.1f %7.1f %5.1f%% %5d %6.1f %6.1f %6.2f", key.c_str(),
              median / 1e3, nominal, nominal / peak_gflops * 100, effective / peak_gflops * 100,
              base::MedianAbsoluteDeviation(contest.ours.samples_ns) / median * 100, tuned.trials,
              tuned.seconds, early * 100, tuned.early_seconds);
  means.nominal.Add(nominal / peak_gflops);
  means.effective.Add(effective / peak_gflops);
  if (early >= kFound && tuned.early_seconds <= kFoundSeconds) ++means.num_found_early;
  if (contest.peer.run) {
    const double peer = contest.peer.median();
    std::printf(" %8.1f %6.2f", peer / 1e3, peer / median);
    means.onednn_nominal.Add(nominal * median / peer / peak_gflops);
    means.ratio.Add(peer / median);
  }
  std::printf("\n");
  std::fflush(stdout);
  return absl::OkStatus();
}

void PrintMeans(const char* name, const Means& means) {
  if (means.nominal.count == 0) return;
  std::printf(
      "%-28s %2d layers, geometric means: nominal %.1f %% of peak, effective %.1f %%; oneDNN "
      "nominal %.1f %%, oneDNN time / ours %.3f; %d reach %.0f %% of their best within 16 trials "
      "and %.0f s\n",
      name, means.nominal.count, means.nominal.value() * 100, means.effective.value() * 100,
      means.onednn_nominal.value() * 100, means.ratio.value(), means.num_found_early, kFound * 100,
      kFoundSeconds);
}

int Main(int argc, char** argv) {
  CLI::App app{
      "Tunes the convolutions of known networks and prints how close to the machine's peak they "
      "come."};
  std::vector<std::string> models = {"resnet18", "mobilenet_v1"};
  int trials = 64;
  std::string db = (std::filesystem::temp_directory_path() / "layers_bench.db").string();
  app.add_option("--model", models, "Networks (resnet18, mobilenet_v1)");
  app.add_option("--trials", trials, "Trials per layer");
  const CLI::Option* chosen_db =
      app.add_option("--db", db, "Tuning log; default: a fresh one in the temporary folder");
  CLI11_PARSE(app, argc, argv);
  // The results of an earlier run would seed this one's search.
  if (chosen_db->empty()) std::filesystem::remove(db);
  const auto target = compiler::ParseTarget("native");
  std::printf("target %s\n%-74s %7s %6s %6s %7s %6s %5s %6s %6s %6s %8s %6s\n",
              compiler::Print(*target).c_str(), "layer", "us", "GF", "%peak", "%eff", "mad",
              "tried", "s", "at16", "s16", "oneDNN", "ratio");
  Means dense, depthwise;
  for (const std::string& model : models) {
    const auto layers = compiler::LayersOfModel(model);
    if (!layers.ok()) {
      std::fprintf(stderr, "layers_bench: %s\n", base::OneLine(layers.status()).c_str());
      return 2;
    }
    for (const compiler::ModelLayer& layer : *layers) {
      const compiler::OpKind kind = layer.workload.op;
      const bool is_depthwise = kind == compiler::OpKind::kDepthwiseConv2d;
      if (kind != compiler::OpKind::kConv2d && !is_depthwise) continue;
      const absl::Status status =
          BenchLayer(layer, trials, db, *target, is_depthwise ? depthwise : dense);
      if (!status.ok()) std::fprintf(stderr, "layers_bench: %s\n", base::OneLine(status).c_str());
    }
  }
  PrintMeans("convolutions (not depthwise)", dense);
  PrintMeans("depthwise", depthwise);
  return 0;
}

}  // namespace
}  // namespace tunefarm::bench

int main(int argc, char** argv) {
  // OpenMP, under oneDNN, reads its number of threads when it is loaded.
  if (std::getenv("OMP_NUM_THREADS") == nullptr) {
    setenv("OMP_NUM_THREADS", "1", 1);
    execv("/proc/self/exe", argv);
  }
  return tunefarm::bench::Main(argc, argv);
}
