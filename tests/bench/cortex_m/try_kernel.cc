// Every config of a workload's template on an emulated core: instructions, bit-exactness.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "compiler/artifact/artifact.h"
#include "compiler/codegen/emit.h"
#include "compiler/lower/lower.h"
#include "compiler/schedule/template.h"
#include "tests/support/emulated_core/emulated_core.h"
#include "tests/support/kernel_check.h"

namespace tunefarm {
namespace {
using namespace compiler;
int Main(int argc, char** argv) {
  const auto workload = ParseWorkload(argv[1]);
  if (!workload.ok()) return puts(std::string(workload.status().message()).c_str()), 1;
  const auto op = BuildOperator(*workload);
  const auto target = ParseTarget(argv[2]);
  const auto bound = BindTemplate(*op, *target);
  const ConfigSpace& space = (*bound)->space();
  std::vector<uint64_t> indices;
  if (argc > 3 && std::string(argv[3]) != "all") indices.push_back(*space.IndexOf(*space.Parse(argv[3])));
  else indices = space.ValidIndices(100000);
  struct Row { std::string config; int64_t instructions; double seconds; std::string status; };
  std::vector<Row> rows;
  for (size_t first = 0; first < indices.size(); first += 24) {
    std::vector<testing::CoreTask> tasks;
    std::vector<testing::CallBuffers> inputs;
    std::vector<std::string> names;
    for (size_t i = first; i < std::min(indices.size(), first + 24); ++i) {
      const Config config = space.At(indices[i]);
      const auto schedule = (*bound)->MakeSchedule(config);
      if (!schedule.ok()) { puts(std::string(schedule.status().message()).c_str()); continue; }
      const auto kernel = Lower(*op, *schedule);
      if (!kernel.ok()) { puts(std::string(kernel.status().message()).c_str()); continue; }
      if (argc > 4 && std::string(argv[4]) == "asm") puts(EmitAssembly(*kernel, *target, "k")->c_str());
      if (argc > 4 && std::string(argv[4]) == "ir") puts(EmitLlvmText(*kernel, *target, "k")->c_str());
      const auto artifact = BuildArtifact(*kernel, *target, "kernel");
      if (!artifact.ok()) { puts(std::string(artifact.status().message()).c_str()); continue; }
      inputs.push_back(testing::MakeCallBuffers(*op, *kernel, 7));
      tasks.push_back({*artifact, inputs.back()});
      names.push_back(space.Print(config));
    }
    const auto results = testing::RunOnCore(testing::MachineOf(target->cpu), tasks);
    if (!results.ok()) { puts(std::string(results.status().message()).c_str()); continue; }
    for (size_t i = 0; i < tasks.size(); ++i) {
      const auto status = testing::CompareWithReference(*op, inputs[i], (*results)[i].buffers.back());
      rows.push_back({names[i], (*results)[i].run_instructions, 0, status.ok() ? "exact" : std::string(status.message())});
      rows.back().config += " text=" + std::to_string(tasks[i].artifact.text_bytes) + " scratch=" + std::to_string(tasks[i].artifact.scratch_bytes_per_worker);
    }
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.instructions < b.instructions; });
  const double macs = std::max<double>(1, static_cast<double>(workload->num_macs()));
  for (const Row& row : rows) printf("%10ld %.4f/mac %s %s\n", static_cast<long>(row.instructions), static_cast<double>(row.instructions) / macs, row.config.c_str(), row.status.c_str());
  return 0;
}
}  // namespace
}  // namespace tunefarm
int main(int argc, char** argv) { return tunefarm::Main(argc, argv); }
