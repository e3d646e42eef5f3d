#include "tests/bench/cortex_m/core_search.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_split.h"
#include "base/status.h"
#include "compiler/artifact/artifact.h"
#include "compiler/lower/lower.h"
#include "compiler/schedule/template.h"
#include "tests/support/emulated_core/emulated_core.h"
#include "tests/support/kernel_check.h"
#include "tuner/search/default_config.h"

namespace tunefarm::bench {
namespace {

constexpr uint64_t kDataSeed = 7;
constexpr size_t kBatch = 16;
constexpr uint64_t kMaxIndices = 200000;

struct Candidate {
  CountedConfig counted;
  testing::CoreTask task;
};

absl::StatusOr<Candidate> Compile(const compiler::Operator& op, const compiler::Target& target,
                                  const compiler::BoundTemplate& bound, uint64_t index) {
  const compiler::Config config = bound.space().At(index);
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Schedule schedule, bound.MakeSchedule(config));
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::LoweredKernel kernel, compiler::Lower(op, schedule));
  Candidate candidate;
  TUNEFARM_ASSIGN_OR_RETURN(candidate.task.artifact,
                            compiler::BuildArtifact(kernel, target, "kernel"));
  candidate.task.buffers = testing::MakeCallBuffers(op, kernel, kDataSeed);
  candidate.counted.config = bound.space().Print(config);
  candidate.counted.text_bytes = candidate.task.artifact.text_bytes;
  candidate.counted.scratch_bytes = candidate.task.artifact.scratch_bytes_per_worker;
  candidate.counted.cycles_per_instruction = candidate.task.artifact.cycles_per_instruction;
  for (const compiler::KernelBuffer& buffer : kernel.buffers) {
    if (buffer.role != compiler::BufferRole::kPacked) continue;
    candidate.counted.packed_bytes +=
        buffer.buffer->num_elems() * compiler::SizeBytes(buffer.buffer->dtype);
  }
  return candidate;
}

absl::Status CountBatch(const compiler::Operator& op, const std::string& machine,
                        std::vector<Candidate> batch, std::vector<CountedConfig>& counted) {
  std::vector<testing::CoreTask> tasks;
  for (Candidate& candidate : batch) tasks.push_back(std::move(candidate.task));
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<testing::CoreResult> results,
                            testing::RunOnCore(machine, tasks));
  for (size_t i = 0; i < batch.size(); ++i) {
    CountedConfig& config = batch[i].counted;
    config.instructions = results[i].run_instructions;
    config.exact =
        testing::CompareWithReference(op, tasks[i].buffers, results[i].buffers.back()).ok();
    counted.push_back(std::move(config));
  }
  return absl::OkStatus();
}

bool HasAll(const std::string& config, const std::string& wanted) {
  const std::vector<std::string> knobs = absl::StrSplit(config, ',');
  const std::vector<std::string> values = absl::StrSplit(wanted, ',');
  return std::all_of(values.begin(), values.end(), [&](const std::string& value) {
    return std::find(knobs.begin(), knobs.end(), value) != knobs.end();
  });
}

// The configs to be counted: as many as there may be, evenly spread.
std::vector<uint64_t> ChosenIndices(const compiler::ConfigSpace& space,
                                    const SearchBounds& bounds) {
  std::vector<uint64_t> indices = space.ValidIndices(kMaxIndices), wanted;
  for (uint64_t index : indices) {
    if (!bounds.only.empty() && HasAll(space.Print(space.At(index)), bounds.only)) {
      wanted.push_back(index);
    }
  }
  if (!wanted.empty()) indices = std::move(wanted);
  const auto most = static_cast<size_t>(bounds.max_configs);
  const size_t stride = (indices.size() + most - 1) / most;
  std::vector<uint64_t> chosen;
  for (size_t i = 0; i < indices.size(); i += stride) chosen.push_back(indices[i]);
  return chosen;
}

}  // namespace

absl::StatusOr<std::vector<CountedConfig>> CountConfigs(const std::string& workload,
                                                        const std::string& target_name,
                                                        const SearchBounds& bounds) {
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Workload parsed, compiler::ParseWorkload(workload));
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Operator op, compiler::BuildOperator(parsed));
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Target target, compiler::ParseTarget(target_name));
  TUNEFARM_ASSIGN_OR_RETURN(const auto bound, compiler::BindTemplate(op, target));
  const compiler::ConfigSpace& space = bound->space();
  TUNEFARM_ASSIGN_OR_RETURN(
      const compiler::Config by_default,
      tuner::DefaultConfig(
          space, [&](const compiler::Config& config) { return bound->Facts(config); }, target));
  std::vector<uint64_t> indices = ChosenIndices(space, bounds);
  const uint64_t default_index = *space.IndexOf(by_default);
  const size_t num_asked = indices.size();
  if (std::find(indices.begin(), indices.end(), default_index) == indices.end()) {
    indices.push_back(default_index);
  }
  std::vector<CountedConfig> counted;
  std::vector<Candidate> batch;
  const std::string machine = testing::MachineOf(target.cpu);
  for (size_t i = 0; i < indices.size(); ++i) {
    TUNEFARM_ASSIGN_OR_RETURN(Candidate candidate, Compile(op, target, *bound, indices[i]));
    candidate.counted.is_default = indices[i] == default_index;
    candidate.counted.asked =
        i < num_asked || bounds.only.empty() || HasAll(candidate.counted.config, bounds.only);
    batch.push_back(std::move(candidate));
    if (batch.size() < kBatch) continue;
    TUNEFARM_RETURN_IF_ERROR(CountBatch(op, machine, std::move(batch), counted));
    batch.clear();
  }
  if (!batch.empty()) TUNEFARM_RETURN_IF_ERROR(CountBatch(op, machine, std::move(batch), counted));
  std::sort(counted.begin(), counted.end(), [](const CountedConfig& a, const CountedConfig& b) {
    return std::tuple(!a.exact, !a.asked, a.instructions, a.text_bytes) <
           std::tuple(!b.exact, !b.asked, b.instructions, b.text_bytes);
  });
  return counted;
}

}  // namespace tunefarm::bench
