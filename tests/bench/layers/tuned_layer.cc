#include "tests/bench/layers/tuned_layer.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/artifact/artifact.h"
#include "compiler/artifact/load.h"
#include "compiler/lower/lower.h"
#include "compiler/op/reference.h"
#include "compiler/schedule/template.h"
#include "nlohmann/json.hpp"
#include "proto/buffer_placement.h"
#include "tuner/measure/peak_kernel.h"

namespace tunefarm::bench {
namespace {

using compiler::Artifact;
using compiler::LoadedKernel;

constexpr size_t kEarlyTrials = 16;

// A loaded kernel with its memory.
struct Call {
  explicit Call(LoadedKernel loaded) : kernel(std::move(loaded)) {}
  ~Call() {
    for (void* memory : allocations) std::free(memory);
    std::free(scratch);
  }
  LoadedKernel kernel;
  std::vector<void*> allocations;
  std::vector<void*> buffers;  // In them.
  void* scratch = nullptr;
};

void* Allocate(size_t num_bytes) { return std::aligned_alloc(4096, (num_bytes / 4096 + 1) * 4096); }

absl::StatusOr<std::function<void()>> MakeCall(const Artifact& artifact) {
  TUNEFARM_ASSIGN_OR_RETURN(LoadedKernel kernel, LoadedKernel::Load(artifact));
  auto call = std::make_shared<Call>(std::move(kernel));
  for (size_t i = 0; i < artifact.buffers.size(); ++i) {
    const compiler::ArtifactBuffer& buffer = artifact.buffers[i];
    const bool is_output = buffer.role == compiler::BufferRole::kOutput;
    const size_t offset = is_output ? TUNEFARM_OUTPUT_DISTANCE_BYTES : 0;
    auto* memory = static_cast<std::byte*>(
        Allocate(offset + buffer.num_elems * compiler::SizeBytes(buffer.dtype)));
    call->allocations.push_back(memory);
    call->buffers.push_back(memory + offset);
    if (buffer.dtype != compiler::DType::kF32) continue;
    auto* data = static_cast<float*>(call->buffers.back());
    for (int64_t e = 0; e < buffer.num_elems; ++e)
      data[e] = tunefarm_fill_float(&buffer.fill, 1, i, e);
  }
  call->scratch = Allocate(artifact.scratch_bytes_per_worker);
  if (call->kernel.prepare() != nullptr) {
    call->kernel.prepare()(call->buffers.data(), call->scratch, nullptr);
  }
  return [call] { call->kernel.run()(call->buffers.data(), call->scratch, nullptr); };
}

void FindEarly(std::vector<nlohmann::json> trials, TuningResult* result) {
  trials.resize(std::min(trials.size(), kEarlyTrials));
  for (const auto& trial : trials) result->early_seconds = trial.value("seconds", 0.0);
  std::erase_if(trials, [](const auto& trial) { return trial.value("outcome", "") != "ok"; });
  std::sort(trials.begin(), trials.end(), [](const auto& a, const auto& b) {
    return a.value("cost_ns", 0.0) < b.value("cost_ns", 0.0);
  });
  for (const auto& trial : trials) result->early_configs.push_back(trial["config"]);
}

}  // namespace

absl::StatusOr<TuningResult> TuneLayer(const std::string& key, int trials, const std::string& db) {
  const std::string command =
      absl::StrFormat("%s/tuner tune '%s' --target native --trials %d --db '%s' --json",
                      TUNEFARM_BIN_DIR, key, trials, db);
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return absl::InternalError("cannot start: " + command);
  TuningResult result;
  std::vector<nlohmann::json> trial_events;
  char* line = nullptr;
  size_t capacity = 0;
  while (getline(&line, &capacity, pipe) > 0) {
    const nlohmann::json event = nlohmann::json::parse(line, nullptr, false);
    if (event.is_discarded()) continue;
    if (event.value("event", "") == "trial") trial_events.push_back(event);
    if (event.value("event", "") != "done") continue;
    result.trials = event["trials"];
    result.seconds = event["seconds"];
    result.config = event["best"]["config"];
  }
  std::free(line);
  const int status = pclose(pipe);
  if (status != 0 || result.config.empty()) {
    return absl::InternalError(absl::StrFormat("exit status %d of: %s", status, command));
  }
  FindEarly(std::move(trial_events), &result);
  return result;
}

absl::StatusOr<std::function<void()>> LoadConfig(const compiler::Workload& workload,
                                                 const compiler::Target& target,
                                                 const std::string& config) {
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Operator op, compiler::BuildOperator(workload));
  TUNEFARM_ASSIGN_OR_RETURN(const auto bound, compiler::BindTemplate(op, target));
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Config parsed, bound->space().Parse(config));
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Schedule schedule, bound->MakeSchedule(parsed));
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::LoweredKernel kernel, compiler::Lower(op, schedule));
  TUNEFARM_ASSIGN_OR_RETURN(const Artifact artifact,
                            compiler::BuildArtifact(kernel, target, "layer"));
  return MakeCall(artifact);
}

absl::StatusOr<std::function<void()>> LoadPeak(const compiler::Target& target, double* flops) {
  const tuner::PeakKernel peak = tuner::MakePeakKernel(target);
  *flops = static_cast<double>(peak.flops);
  TUNEFARM_ASSIGN_OR_RETURN(const Artifact artifact,
                            compiler::BuildArtifact(peak.kernel, target, "peak"));
  return MakeCall(artifact);
}

}  // namespace tunefarm::bench
