#include <cstdio>

#include "CLI/CLI.hpp"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/op/workload.h"
#include "tests/bench/arm_codegen/static_search.h"

namespace tunefarm::bench {
namespace {

int Main(int argc, char** argv) {
  CLI::App app{"x"};
  std::vector<std::string> targets = {"rpi3", "rpi3-32", "rpi4", "rpi5"};
  std::vector<std::string> layers;
  std::string config;
  bool show = false;
  int candidates = 16;
  app.add_option("--target", targets, "t");
  app.add_option("--layer", layers, "t");
  app.add_option("--config", config, "t");
  app.add_option("--candidates", candidates, "t");
  app.add_flag("--show", show, "t");
  CLI11_PARSE(app, argc, argv);
  for (const std::string& name : targets) {
    const auto target = compiler::ParseTarget(name);
    CoreModel model{"aarch64-linux-gnu", target->cpu, "+neon", 1};
    if (name == "rpi3-32") model = {"armv7-linux-gnueabihf", "cortex-a9", "+neon,+vfp4", 1};
    if (name == "rpi5") model = {"aarch64-linux-gnu", "neoverse-n1", "+neon,+dotprod", 2};
    for (const std::string& layer : layers) {
      const auto op = compiler::BuildOperator(*compiler::ParseWorkload(layer));
      const auto chosen = ChooseKernel(*op, *target, model, candidates, config);
      if (!chosen.ok()) {
        std::printf("%s\n", chosen.status().ToString().c_str());
        continue;
      }
      std::printf(
          "%s %s\n  %s\n  %.1f %% of peak, %.1f cycles, %.0f macs, %zu instr, %.4f instr/mac "
          "useful %.3f\n",
          name.c_str(), layer.c_str(), chosen->config.c_str(), PartOfPeak(*chosen, model) * 100,
          chosen->cycles, chosen->loop.macs, chosen->loop.instructions.size(),
          chosen->loop.instructions.size() / chosen->loop.macs, chosen->useful);
      if (show)
        for (const auto& i : chosen->loop.instructions) std::printf("    %s\n", i.c_str());
    }
  }
  return 0;
}

}  // namespace
}  // namespace tunefarm::bench

int main(int argc, char** argv) { return tunefarm::bench::Main(argc, argv); }
