// Compiles the layers of ResNet-18 and MobileNet-v1 for Arm boards and prints, without any board:
// how close llvm-mca's model of the core puts the inner loop to the core's multiply-add peak, and
// how many instructions the kernel executes per multiply-add under QEMU's user mode, beside those
// that XNNPACK's f32 tiles would. None of it is a time.
#include <cmath>
#include <cstdio>
#include <map>

#include "CLI/CLI.hpp"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/artifact/artifact.h"
#include "compiler/op/reference.h"
#include "compiler/op/workload.h"
#include "tests/bench/arm_codegen/inner_loop.h"
#include "tests/bench/arm_codegen/static_search.h"
#include "tests/bench/arm_codegen/xnnpack_tile.h"
#include "tests/support/arm_machine/arm_machine.h"

namespace tunefarm::bench {
namespace {

constexpr char kPreamble[] =
    "# STATIC AND EMULATED FIGURES, NOT BOARD TIMINGS. No board took part in any number below.\n"
    "#   %peak     llvm-mca-19's simulated cycles of the inner loop, run without cache misses, as\n"
    "#             part of the peak, in multiply-add instructions, of the model named in the "
    "target's line\n"
    "#   useful    part of the multiply-adds issued that the result needs (the rest are tails)\n"
    "#   inst/MAC  instructions executed by one run of the kernel, counted by a QEMU plugin, per\n"
    "#             nominal multiply-add (taps in the padding count, whether skipped or not)\n"
    "#   xnn       the same for the microkernel that XNNPACK runs, by arithmetic "
    "(xnnpack_tile.h):\n"
    "#             its gemm for 1x1 with stride 1, else its igemm; tile 6x8, on 32-bit Arm 4x8\n"
    "#   least     the same for its gemm on an im2col matrix that costs nothing: no convolution "
    "by\n"
    "#             that tile needs fewer\n";

// A board, LLVM's model that stands for its core, and XNNPACK's tile for its registers.
struct Board {
  const char* name;
  CoreModel model;
  const char* remark;
  bool wide = true;  // 64-bit.

  XnnpackCounts Xnnpack(const compiler::Workload& workload) const {
    return wide ? CountXnnpack(workload, kGemm6x8, kIgemm6x8)
                : CountXnnpack(workload, kGemm4x8, kIgemm4x8);
  }
};
const std::vector<Board>& Boards() {
  static const auto* const boards = new std::vector<Board>{
      {"rpi3",
       {"aarch64-linux-gnu", "cortex-a53", "+neon", 1},
       "LLVM's model of the A53; its simulation lets no result overtake an older one"},
      {"rpi3-32",
       {"armv7-linux-gnueabihf", "cortex-a9", "+neon,+vfp4", 1},
       "LLVM has no 32-bit model of the A53: the A9's, which has its rate of multiply-adds",
       /*wide=*/false},
      {"rpi4", {"aarch64-linux-gnu", "cortex-a72", "+neon", 1}, "LLVM's model of the A72"},
      {"rpi5",
       {"aarch64-linux-gnu", "neoverse-n1", "+neon,+dotprod", 2},
       "the Neoverse N1's model, the same core; LLVM's cortex-a76 is the model of the A57"},
      {"android-arm64",
       {"aarch64-linux-android", "neoverse-n1", "+neon", 2},
       "the Neoverse N1's model stands for the big cores of a phone (A76)"},
  };
  return *boards;
}

// Kernels whose instructions are counted under QEMU, which takes seconds for each.
constexpr int kFinalists = 4;

struct Options {
  std::vector<std::string> boards;
  std::vector<std::string> layers;
  std::string config;
  int num_tiles = 16;
  bool count = true;
  bool show_loop = false, show_tried = false;
};

absl::StatusOr<double> CountPerMac(const compiler::Operator& op, const compiler::Target& target,
                                   const ChosenKernel& chosen) {
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Artifact artifact,
                            compiler::BuildArtifact(chosen.kernel, target, "kernel"));
  TUNEFARM_ASSIGN_OR_RETURN(testing::ArmMachine machine, testing::ArmMachine::Make(target.triple));
  std::vector<std::vector<uint8_t>> buffers;
  for (size_t i = 0; i < artifact.buffers.size(); ++i) {
    const compiler::ArtifactBuffer& buffer = artifact.buffers[i];
    buffers.push_back(i < op.inputs.size()
                          ? compiler::FillInput(op, i, /*seed=*/1)
                          : std::vector<uint8_t>(buffer.num_elems * SizeBytes(buffer.dtype)));
  }
  TUNEFARM_ASSIGN_OR_RETURN(const uint64_t count,
                            machine.CountInstructions(artifact, buffers, TUNEFARM_COUNT_PLUGIN));
  return static_cast<double>(count) / static_cast<double>(op.workload.num_macs());
}

// Geometric means by kind of layer, and the worst.
struct Summary {
  double log_peak = 0, log_count = 0;
  double worst_peak = 1;
  int num_layers = 0, num_compared = 0, num_fewer = 0, num_fewer_than_least = 0;
  int num_fewer_than_wide = 0;  // Than the 6x8 tile, whether the board can hold it or not.
};

std::string KindOf(const compiler::Workload& w) {
  if (w.op == compiler::OpKind::kDepthwiseConv2d) return "depthwise";
  return absl::StrFormat("conv %dx%d", w.kh, w.kw);
}

// A kernel and its instructions per multiply-add; 0: not counted.
struct CountedKernel {
  ChosenKernel chosen;
  double per_mac = 0;
};

// Of the kernels that are alike to llvm-mca, the one that executes the fewest instructions.
absl::StatusOr<CountedKernel> Choose(const compiler::Operator& op, const compiler::Target& target,
                                     const Board& board, const Options& options) {
  const auto show = [&](const ChosenKernel& tried) {
    if (!options.show_tried) return;
    std::printf("    %12.0f cycles by the analytic cost  %6.1f  %5.3f  %6.4f  %s\n",
                tried.analytic_cycles, PartOfPeak(tried, board.model) * 100, tried.useful,
                InstructionsPerMac(tried), tried.config.c_str());
  };
  TUNEFARM_ASSIGN_OR_RETURN(std::vector<ChosenKernel> finalists,
                            ChooseKernels(op, target, board.model, options.num_tiles,
                                          options.count ? kFinalists : 1, options.config, show));
  if (!options.count) return CountedKernel{std::move(finalists.front()), 0};
  CountedKernel best;
  for (ChosenKernel& finalist : finalists) {
    TUNEFARM_ASSIGN_OR_RETURN(const double per_mac, CountPerMac(op, target, finalist));
    if (options.show_tried) {
      std::printf("    counted %6.4f  %s\n", per_mac, finalist.config.c_str());
    }
    if (best.per_mac == 0 || per_mac < best.per_mac) best = {std::move(finalist), per_mac};
  }
  return best;
}

// Adds a counted f32 convolution to its kind's summary; returns the two columns of XNNPACK.
std::string Compare(const compiler::Workload& workload, const Board& board, double per_mac,
                    Summary& summary) {
  if (workload.op == compiler::OpKind::kDepthwiseConv2d ||
      workload.dtype != compiler::DType::kF32) {
    return "     -      -";
  }
  const XnnpackCounts xnnpack = board.Xnnpack(workload);
  ++summary.num_compared;
  summary.num_fewer += per_mac < xnnpack.runs;
  summary.num_fewer_than_least += per_mac < xnnpack.least;
  summary.num_fewer_than_wide += per_mac < CountXnnpack(workload, kGemm6x8, kIgemm6x8).runs;
  return absl::StrFormat("%6.4f %6.4f", xnnpack.runs, xnnpack.least);
}

absl::Status PrintLayer(const compiler::Workload& workload, const compiler::Target& target,
                        const Board& board, const Options& options,
                        std::map<std::string, Summary>& summaries) {
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Operator op, compiler::BuildOperator(workload));
  TUNEFARM_ASSIGN_OR_RETURN(const CountedKernel best, Choose(op, target, board, options));
  const double peak = PartOfPeak(best.chosen, board.model);
  Summary& summary = summaries[KindOf(workload)];
  std::string counts = "     -      -      -";
  if (options.count) {
    summary.log_count += std::log(best.per_mac);
    counts =
        absl::StrFormat("%6.4f %s", best.per_mac, Compare(workload, board, best.per_mac, summary));
  }
  ++summary.num_layers;
  summary.log_peak += std::log(peak);
  summary.worst_peak = std::min(summary.worst_peak, peak);
  std::printf("%-66s %6.1f  %5.3f   %s  %s\n", compiler::Print(workload).c_str(), peak * 100,
              best.chosen.useful, counts.c_str(), best.chosen.config.c_str());
  if (options.show_loop) {
    for (const std::string& instruction : best.chosen.loop.instructions) {
      std::printf("    %s\n", instruction.c_str());
    }
  }
  std::fflush(stdout);
  return absl::OkStatus();
}

void PrintSummaries(const std::map<std::string, Summary>& summaries, const Board& board,
                    bool counted) {
  for (const auto& [kind, summary] : summaries) {
    const double layers = summary.num_layers;
    std::printf("%-12s %2d layers: %%peak geometric mean %.1f, worst %.1f", kind.c_str(),
                summary.num_layers, std::exp(summary.log_peak / layers) * 100,
                summary.worst_peak * 100);
    if (counted) std::printf("; inst/MAC %.4f", std::exp(summary.log_count / layers));
    if (summary.num_compared > 0) {
      std::printf("; fewer than xnn in %d of %d, than its least in %d", summary.num_fewer,
                  summary.num_compared, summary.num_fewer_than_least);
      if (!board.wide) {
        std::printf(", than the 6x8 tile that its registers do not hold in %d",
                    summary.num_fewer_than_wide);
      }
    }
    std::printf("\n");
  }
}

absl::StatusOr<std::vector<compiler::Workload>> Layers(const Options& options) {
  std::vector<compiler::Workload> workloads;
  for (const std::string& key : options.layers) {
    TUNEFARM_ASSIGN_OR_RETURN(compiler::Workload workload, compiler::ParseWorkload(key));
    workloads.push_back(std::move(workload));
  }
  if (!workloads.empty()) return workloads;
  for (const char* model : {"resnet18", "mobilenet_v1"}) {
    TUNEFARM_ASSIGN_OR_RETURN(const auto layers, compiler::LayersOfModel(model));
    for (const compiler::ModelLayer& layer : layers) {
      const compiler::OpKind kind = layer.workload.op;
      if (kind != compiler::OpKind::kConv2d && kind != compiler::OpKind::kDepthwiseConv2d) continue;
      workloads.push_back(layer.workload);
    }
  }
  return workloads;
}

absl::Status Run(const Options& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<compiler::Workload> layers, Layers(options));
  std::printf("%s", kPreamble);
  for (const Board& board : Boards()) {
    if (std::find(options.boards.begin(), options.boards.end(), board.name) ==
        options.boards.end()) {
      continue;
    }
    TUNEFARM_ASSIGN_OR_RETURN(const compiler::Target target, compiler::ParseTarget(board.name));
    std::printf("\n== %s  %s\n== mca -mcpu=%s, peak %g quadword multiply-adds per cycle: %s\n",
                board.name, compiler::Print(target).c_str(), board.model.cpu.c_str(),
                board.model.fma_per_cycle, board.remark);
    std::printf("%-66s %6s  %5s %8s %6s %6s  config\n", "layer", "%peak", "useful", "inst/MAC",
                "xnn", "least");
    std::map<std::string, Summary> summaries;
    for (const compiler::Workload& workload : layers) {
      const absl::Status status = PrintLayer(workload, target, board, options, summaries);
      if (!status.ok()) {
        return base::Annotate(status, compiler::Print(workload) + " on " + board.name);
      }
    }
    PrintSummaries(summaries, board, options.count);
  }
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  CLI::App app{"Static and emulated figures of the code compiled for Arm boards; no timings."};
  Options options;
  for (const Board& board : Boards()) options.boards.push_back(board.name);
  bool no_count = false;
  app.add_option("--target", options.boards, "Boards: rpi3, rpi3-32, rpi4, rpi5, android-arm64");
  app.add_option("--layer", options.layers, "Workload keys instead of the two networks");
  app.add_option("--config", options.config, "Take this config instead of searching");
  app.add_option("--tiles", options.num_tiles, "Register tiles given to llvm-mca");
  app.add_flag("--no-count", no_count, "Leave out the run under QEMU");
  app.add_flag("--show-loop", options.show_loop, "Print the inner loops");
  app.add_flag("--show-tried", options.show_tried,
               "Print all that llvm-mca was asked about, in the analytic order");
  CLI11_PARSE(app, argc, argv);
  options.count = !no_count;
  const absl::Status status = Run(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "arm_codegen: %s\n", base::OneLine(status).c_str());
  return 1;
}

}  // namespace
}  // namespace tunefarm::bench

int main(int argc, char** argv) { return tunefarm::bench::Main(argc, argv); }
