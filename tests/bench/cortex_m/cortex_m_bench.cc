// Prints, per layer and network, the instructions of our best kernels beside CMSIS-NN's, on an
// emulated Cortex-M7 and M4, with estimated cycles. Nothing is asserted: the figures are the
// result.
//
//   cortex_m_bench [--model resnet8] [--max-configs 64]
//   cortex_m_bench --workload conv2d/s8/... [--target cortex-m7]     every config of one workload
#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>

#include "absl/strings/str_format.h"
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
  double ours = 0, peer = 0, our_cycles = 0, peer_cycles = 0;
};

class Table {
 public:
  explicit Table(std::string target) : target_(std::move(target)) {
    peer_cpi_ = CyclesPerInstruction(CmsisInnerLoop(), target_);
  }

  absl::Status Add(const PeerLayer& layer, int64_t max_configs);
  void PrintTotals() const;
  void PrintHead() const;

 private:
  const CountedConfig* BestOf(const PeerLayer& layer, int64_t max_configs, absl::Status* status);

  const std::string target_;
  double peer_cpi_ = 0;
  std::map<std::string, std::vector<CountedConfig>> known_;  // Networks repeat layers.
  std::map<std::string, Sums> totals_;
};

void Table::PrintHead() const {
  PrintText(absl::StrFormat(
      "\n%s: instructions by QEMU -icount; cycles = instructions x cycles per instruction of the "
      "hottest block by llvm-mca (CMSIS-style 2x2 loop: %.2f)\n"
      "%-11s %2s %-8s %10s %10s %6s %6s %7s %10s %6s  %s\n",
      target_, peer_cpi_, "model", "", "op", "CMSIS-NN", "ours", "ratio", "goal", "per MAC",
      "est.cycles", "ratio", "config"));
}

const CountedConfig* Table::BestOf(const PeerLayer& layer, int64_t max_configs,
                                   absl::Status* status) {
  auto known = known_.find(layer.workload);
  if (known == known_.end()) {
    auto counted = CountConfigs(layer.workload, target_, max_configs);
    if (!counted.ok()) {
      *status = counted.status();
      return nullptr;
    }
    known = known_.emplace(layer.workload, *std::move(counted)).first;
  }
  if (known->second.empty() || !known->second.back().exact) {
    *status = absl::InternalError("a config's output differs from the reference");
    return nullptr;
  }
  return &known->second.front();
}

absl::Status Table::Add(const PeerLayer& layer, int64_t max_configs) {
  const auto peer = static_cast<double>(target_ == "cortex-m7" ? layer.m7_peer : layer.m4_peer);
  absl::Status status;
  const CountedConfig* best = BestOf(layer, max_configs, &status);
  if (best == nullptr) return base::Annotate(status, layer.workload);
  const auto ours = static_cast<double>(best->instructions);
  double cpi = CyclesPerInstruction(HottestBlock(best->assembly), target_);
  if (cpi == 0) cpi = peer_cpi_;  // llvm-mca's model lacks an instruction of this kernel.
  Sums& sums = totals_[layer.model];
  sums.ours += ours;
  sums.peer += peer;
  sums.our_cycles += ours * cpi;
  sums.peer_cycles += peer * peer_cpi_;
  const std::string goal =
      layer.goal == 0
          ? ""
          : absl::StrFormat("%s%.2f", ours / peer <= layer.goal ? "<=" : "> ", layer.goal);
  const std::string per_mac =
      layer.macs == 0 ? "" : absl::StrFormat("%.3f", ours / static_cast<double>(layer.macs));
  PrintText(absl::StrFormat("%-11s %2d %-8s %10.0f %10.0f %6.3f %6s %7s %10.0f %6.3f  %s\n",
                            layer.model, layer.layer, layer.op, peer, ours, ours / peer, goal,
                            per_mac, ours * cpi, ours * cpi / (peer * peer_cpi_), best->config));
  std::fflush(stdout);
  return absl::OkStatus();
}

void Table::PrintTotals() const {
  for (const auto& [model, sums] : totals_) {
    PrintText(absl::StrFormat("%-11s %-11s %10.0f %10.0f %6.3f %s0.50 %7s %10.0f %6.3f\n", model,
                              "total", sums.peer, sums.ours, sums.ours / sums.peer,
                              sums.ours / sums.peer <= 0.5 ? "<=" : "> ", "", sums.our_cycles,
                              sums.our_cycles / sums.peer_cycles));
  }
}

int Fail(const absl::Status& status) {
  std::fputs((base::OneLine(status) + "\n").c_str(), stderr);
  return 1;
}

int PrintConfigs(const std::string& workload, const std::string& target, int64_t max_configs) {
  const auto counted = CountConfigs(workload, target, max_configs);
  if (!counted.ok()) return Fail(counted.status());
  for (const CountedConfig& config : *counted) {
    PrintText(absl::StrFormat("%10d instructions  %6d B code  %7d B scratch  %s  %s\n",
                              config.instructions, config.text_bytes, config.scratch_bytes,
                              config.exact ? "exact" : "DIFFERS", config.config));
  }
  return 0;
}

int Main(int argc, char** argv) {
  std::string model, workload, target = "cortex-m7";
  int64_t max_configs = 64;
  CLI::App app("Kernels for Cortex-M beside CMSIS-NN.");
  app.add_option("--model", model, "resnet8, dscnn_kws or cifar10_cnn; all by default");
  app.add_option("--workload", workload, "count every config of this workload instead");
  app.add_option("--target", target, "cortex-m4 or cortex-m7, with --workload");
  app.add_option("--max-configs", max_configs, "configs counted per layer")
      ->check(CLI::Range(1, 100000));
  CLI11_PARSE(app, argc, argv);
  if (std::string why = testing::WhyNoEmulatedCore(); !why.empty()) {
    return Fail(absl::FailedPreconditionError(why));
  }
  if (!workload.empty()) return PrintConfigs(workload, target, max_configs);
  const auto layers =
      ReadPeerLayers(TUNEFARM_SOURCE_DIR "/tests/data/cortex_m/cmsis_nn_instructions.csv");
  if (!layers.ok()) return Fail(layers.status());
  for (const char* cpu : {"cortex-m7", "cortex-m4"}) {
    Table table(cpu);
    table.PrintHead();
    for (const PeerLayer& layer : *layers) {
      if (!model.empty() && layer.model != model) continue;
      const absl::Status status = table.Add(layer, max_configs);
      if (!status.ok()) return Fail(status);
    }
    table.PrintTotals();
  }
  return 0;
}

}  // namespace
}  // namespace tunefarm::bench

int main(int argc, char** argv) { return tunefarm::bench::Main(argc, argv); }
