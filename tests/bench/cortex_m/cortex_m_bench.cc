// Prints, per layer and network, the instructions of our best kernels beside CMSIS-NN's, on an
// emulated Cortex-M7 and M4, with estimated cycles. Nothing is asserted: the figures are the
// result.
//
//   cortex_m_bench [--model resnet8] [--max-configs 64]
//   cortex_m_bench --only pixels=4,channels=2,weight_bits=16     of each space these configs
//   cortex_m_bench --knobs            and per layer the best config of each value of each knob
//   cortex_m_bench --workload conv2d/s8/... [--target cortex-m7]     every config of one workload
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "tests/bench/cortex_m/core_search.h"
#include "tests/bench/cortex_m/cycle_estimate.h"
#include "tests/bench/cortex_m/layers.h"
#include "tests/support/emulated_core/emulated_core.h"

namespace tunefarm::bench {
namespace {

void PrintText(const std::string& text) { std::fputs(text.c_str(), stdout); }

// Sums over a network on one cpu.
struct Sums {
  double ours = 0, by_default = 0, peer = 0, our_cycles = 0, best_cycles = 0, peer_cycles = 0;
};

// "tile=4,steps=8" as pairs.
std::vector<std::pair<std::string, std::string>> KnobValues(const std::string& config) {
  std::vector<std::pair<std::string, std::string>> values;
  for (const std::string& knob : std::vector<std::string>(absl::StrSplit(config, ','))) {
    values.emplace_back(absl::StrSplit(knob, absl::MaxSplits('=', 1)));
  }
  return values;
}

// For each value of each knob the config with the fewest instructions.
void PrintKnobs(const std::vector<CountedConfig>& configs) {
  std::map<std::pair<std::string, std::string>, const CountedConfig*> best;
  for (const CountedConfig& config : configs) {
    if (!config.asked) continue;
    for (const auto& value : KnobValues(config.config)) best.emplace(value, &config);
  }
  for (const auto& [value, config] : best) {
    PrintText(absl::StrFormat(
        "              %-14s %10d instructions %10.0f est. cycles %7d B code %7d B packed %7d B "
        "scratch\n",
        value.first + "=" + value.second, config->instructions, config->EstimatedCycles(),
        config->text_bytes, config->packed_bytes, config->scratch_bytes));
  }
}

class Table {
 public:
  explicit Table(std::string target) : target_(std::move(target)) {
    peer_cpi_ = CyclesPerInstruction(CmsisInnerLoop(), target_);
  }

  // `knobs`: also each knob's values, the first time a workload is met.
  absl::Status Add(const PeerLayer& layer, const SearchBounds& bounds, bool knobs);
  void PrintTotals() const;
  void PrintHead() const;

 private:
  absl::StatusOr<const std::vector<CountedConfig>*> ConfigsOf(const PeerLayer& layer,
                                                              const SearchBounds& bounds);

  const std::string target_;
  double peer_cpi_ = 0;
  std::map<std::string, std::vector<CountedConfig>> known_;  // Networks repeat layers.
  std::map<std::string, Sums> totals_;
};

void Table::PrintHead() const {
  PrintText(absl::StrFormat(
      "\n%s: instructions by QEMU -icount; cycles = instructions x cycles per instruction of the "
      "hottest block by llvm-mca's model (CMSIS-style 2x2 loop: %.2f); fewest: of the config best "
      "by cycles; default: instructions of the config that is taken unmeasured, over ours\n"
      "%-11s %2s %-8s %10s %10s %6s %6s %7s %10s %6s %10s %7s  %s\n",
      target_, peer_cpi_, "model", "", "op", "CMSIS-NN", "ours", "ratio", "goal", "per MAC",
      "est.cycles", "ratio", "fewest", "default", "config"));
}

absl::StatusOr<const std::vector<CountedConfig>*> Table::ConfigsOf(const PeerLayer& layer,
                                                                   const SearchBounds& bounds) {
  auto known = known_.find(layer.workload);
  if (known == known_.end()) {
    TUNEFARM_ASSIGN_OR_RETURN(std::vector<CountedConfig> counted,
                              CountConfigs(layer.workload, target_, bounds));
    known = known_.emplace(layer.workload, std::move(counted)).first;
  }
  if (known->second.empty() || !known->second.back().exact) {
    return absl::InternalError(
        absl::StrFormat("%s: a config's output differs from the reference", layer.workload));
  }
  return &known->second;
}

absl::Status Table::Add(const PeerLayer& layer, const SearchBounds& bounds, bool knobs) {
  const bool is_new = !known_.contains(layer.workload);
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<CountedConfig>* configs, ConfigsOf(layer, bounds));
  const auto peer = static_cast<double>(target_ == "cortex-m7" ? layer.m7_peer : layer.m4_peer);
  const CountedConfig& best = configs->front();
  const auto ours = static_cast<double>(best.instructions);
  const auto by_default = static_cast<double>(
      std::find_if(configs->begin(), configs->end(), [](const CountedConfig& config) {
        return config.is_default;
      })->instructions);
  const double fewest_cycles = std::min_element(configs->begin(), configs->end(),
                                                [](const CountedConfig& a, const CountedConfig& b) {
                                                  return std::pair(!a.asked, a.EstimatedCycles()) <
                                                         std::pair(!b.asked, b.EstimatedCycles());
                                                })
                                   ->EstimatedCycles();
  Sums& sums = totals_[layer.model];
  sums.ours += ours;
  sums.by_default += by_default;
  sums.peer += peer;
  sums.our_cycles += best.EstimatedCycles();
  sums.best_cycles += fewest_cycles;
  sums.peer_cycles += peer * peer_cpi_;
  const std::string goal =
      layer.goal == 0
          ? ""
          : absl::StrFormat("%s%.2f", ours / peer <= layer.goal ? "<=" : "> ", layer.goal);
  const std::string per_mac =
      layer.macs == 0 ? "" : absl::StrFormat("%.3f", ours / static_cast<double>(layer.macs));
  PrintText(absl::StrFormat(
      "%-11s %2d %-8s %10.0f %10.0f %6.3f %6s %7s %10.0f %6.3f %10.0f %7.3f  %s\n", layer.model,
      layer.layer, layer.op, peer, ours, ours / peer, goal, per_mac, best.EstimatedCycles(),
      best.EstimatedCycles() / (peer * peer_cpi_), fewest_cycles, by_default / ours, best.config));
  if (knobs && is_new) PrintKnobs(*configs);
  std::fflush(stdout);
  return absl::OkStatus();
}

void Table::PrintTotals() const {
  for (const auto& [model, sums] : totals_) {
    PrintText(absl::StrFormat(
        "%-11s %-11s %10.0f %10.0f %6.3f %s0.50 %7s %10.0f %6.3f %10.0f %7.3f\n", model, "total",
        sums.peer, sums.ours, sums.ours / sums.peer, sums.ours / sums.peer <= 0.5 ? "<=" : "> ", "",
        sums.our_cycles, sums.our_cycles / sums.peer_cycles, sums.best_cycles,
        sums.by_default / sums.ours));
  }
}

int Fail(const absl::Status& status) {
  std::fputs((base::OneLine(status) + "\n").c_str(), stderr);
  return 1;
}

int PrintConfigs(const std::string& workload, const std::string& target,
                 const SearchBounds& bounds) {
  const auto counted = CountConfigs(workload, target, bounds);
  if (!counted.ok()) return Fail(counted.status());
  for (const CountedConfig& config : *counted) {
    PrintText(absl::StrFormat("%10d instructions  %6d B code  %7d B scratch  %s  %s\n",
                              config.instructions, config.text_bytes, config.scratch_bytes,
                              config.exact ? "exact" : "DIFFERS",
                              config.config + (config.is_default ? "  (default)" : "")));
  }
  return 0;
}

int Main(int argc, char** argv) {
  std::string model, workload, target = "cortex-m7";
  SearchBounds bounds;
  bool knobs = false;
  CLI::App app("Kernels for Cortex-M beside CMSIS-NN.");
  app.add_option("--model", model, "resnet8, dscnn_kws or cifar10_cnn; all by default");
  app.add_option("--workload", workload, "count every config of this workload instead");
  app.add_option("--target", target, "cortex-m4 or cortex-m7, with --workload");
  app.add_option("--max-configs", bounds.max_configs, "configs counted per layer")
      ->check(CLI::Range(1, 100000));
  app.add_option("--only", bounds.only,
                 "count configs with these knob values alone, where a layer's space has such");
  app.add_flag("--knobs", knobs, "print per layer the best config of each value of each knob");
  CLI11_PARSE(app, argc, argv);
  if (std::string why = testing::WhyNoEmulatedCore(); !why.empty()) {
    return Fail(absl::FailedPreconditionError(why));
  }
  if (!workload.empty()) return PrintConfigs(workload, target, bounds);
  const auto layers =
      ReadPeerLayers(TUNEFARM_SOURCE_DIR "/tests/data/cortex_m/cmsis_nn_instructions.csv");
  if (!layers.ok()) return Fail(layers.status());
  for (const char* cpu : {"cortex-m7", "cortex-m4"}) {
    Table table(cpu);
    table.PrintHead();
    for (const PeerLayer& layer : *layers) {
      if (!model.empty() && layer.model != model) continue;
      const absl::Status status = table.Add(layer, bounds, knobs);
      if (!status.ok()) return Fail(status);
    }
    table.PrintTotals();
  }
  return 0;
}

}  // namespace
}  // namespace tunefarm::bench

int main(int argc, char** argv) { return tunefarm::bench::Main(argc, argv); }
