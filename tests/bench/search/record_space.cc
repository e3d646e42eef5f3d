// Builds, verifies and times every valid config of a workload's space on this machine and writes a
// space file.
//
//   record_space 'conv2d/f32/nhwc/1x56x56x64/o64k3x3s1x1p1x1' --target native --out
//   tests/data/spaces/NAME.csv
//
// The clock of a shared machine drifts by more than configs differ. So each config is timed in
// turns with the default config's kernel; its cost is the ratio of the two times the default's
// median over the whole recording. The fastest tenth is timed once more, with more samples, so that
// the recorded best is not the luckiest. Each config has a child process: one that crashes or hangs
// is an outcome.
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/rng.h"
#include "base/statistics.h"
#include "base/status.h"
#include "compiler/artifact/artifact.h"
#include "compiler/lower/lower.h"
#include "compiler/op/operator.h"
#include "compiler/schedule/template.h"
#include "tests/bench/search/kernel_timer.h"
#include "tests/bench/search/space_file.h"
#include "tuner/feature/feature_table.h"
#include "tuner/search/default_config.h"

namespace tunefarm::tuner {
namespace {

using compiler::Artifact;
using compiler::Config;

constexpr char kSymbol[] = "tunefarm_recorded";
constexpr uint64_t kInputSeed = 1;
constexpr int kTimeoutSeconds = 30;

struct Settings {
  std::string workload;
  std::string target = "native";
  std::string out;
  std::string machine;
  size_t max_configs = 4000;  // Of a larger space, a random sample.
  int num_samples = 8;
  uint64_t min_sample_ns = 1'500'000;
};

// What the children of one recording share, made before they are forked.
struct Task {
  compiler::Operator op;
  compiler::Target target;
  std::unique_ptr<compiler::BoundTemplate> bound;
  std::vector<compiler::TensorBytes> inputs;
  compiler::TensorBytes expected;
  Artifact reference;
};

struct Measurement {
  char outcome[24] = "crashed";  // What is left when the child says nothing.
  double ratio = 0;              // Of the config's time to the reference's.
  double reference_ns = 0;       // Median of the samples taken beside it.
};

absl::StatusOr<Artifact> Build(const Task& task, const Config& config) {
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Schedule schedule, task.bound->MakeSchedule(config));
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::LoweredKernel kernel,
                            compiler::Lower(task.op, schedule));
  return compiler::BuildArtifact(kernel, task.target, kSymbol);
}

void SetOutcome(const char* outcome, Measurement* measurement) {
  std::snprintf(measurement->outcome, sizeof measurement->outcome, "%s", outcome);
}

// In the child.
Measurement Measure(const Task& task, const Config& config, int num_samples,
                    uint64_t min_sample_ns) {
  Measurement measurement;
  const auto artifact = Build(task, config);
  if (!artifact.ok()) {
    std::fprintf(stderr, "%s: %s\n", task.bound->space().Print(config).c_str(),
                 base::OneLine(artifact.status()).c_str());
    SetOutcome("build_failed", &measurement);
    return measurement;
  }
  auto kernel = TimedKernel::Load(*artifact, task.inputs);
  auto reference = TimedKernel::Load(task.reference, task.inputs);
  if (!kernel.ok() || !reference.ok()) {
    return measurement;
  }
  (*kernel)->Run();
  if (!(*kernel)->OutputEquals(task.expected, task.op)) {
    SetOutcome("wrong_result", &measurement);
    return measurement;
  }
  // Disturbances only ever add time, so the smallest of each is the kernel's own.
  double candidate_ns = 0, reference_ns = 0;
  for (int sample = 0; sample < num_samples; ++sample) {
    const double reference_sample = (*reference)->SampleNs(min_sample_ns);
    const double candidate_sample = (*kernel)->SampleNs(min_sample_ns);
    reference_ns = sample == 0 ? reference_sample : std::min(reference_ns, reference_sample);
    candidate_ns = sample == 0 ? candidate_sample : std::min(candidate_ns, candidate_sample);
  }
  measurement.ratio = candidate_ns / reference_ns;
  measurement.reference_ns = reference_ns;
  SetOutcome("ok", &measurement);
  return measurement;
}

Measurement MeasureInChild(const Task& task, const Config& config, int num_samples,
                           uint64_t min_sample_ns) {
  int pipe_ends[2];
  TUNEFARM_CHECK(pipe(pipe_ends) == 0, "pipe");
  const pid_t child = fork();
  TUNEFARM_CHECK(child >= 0, "fork");
  if (child == 0) {
    alarm(kTimeoutSeconds);
    const Measurement measurement = Measure(task, config, num_samples, min_sample_ns);
    const bool sent = write(pipe_ends[1], &measurement, sizeof measurement) == sizeof measurement;
    _exit(sent ? 0 : 1);
  }
  close(pipe_ends[1]);
  Measurement measurement;
  const bool received = read(pipe_ends[0], &measurement, sizeof measurement) == sizeof measurement;
  close(pipe_ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!received) {
    measurement = Measurement();
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) SetOutcome("timeout", &measurement);
  }
  return measurement;
}

absl::StatusOr<Task> MakeTask(const Settings& settings) {
  Task task;
  TUNEFARM_ASSIGN_OR_RETURN(const auto workload, compiler::ParseWorkload(settings.workload));
  TUNEFARM_ASSIGN_OR_RETURN(task.target, compiler::ParseTarget(settings.target));
  TUNEFARM_ASSIGN_OR_RETURN(task.op, compiler::BuildOperator(workload));
  TUNEFARM_ASSIGN_OR_RETURN(task.bound, compiler::BindTemplate(task.op, task.target));
  for (size_t i = 0; i < task.op.inputs.size(); ++i) {
    task.inputs.push_back(compiler::FillInput(task.op, i, kInputSeed));
  }
  TUNEFARM_ASSIGN_OR_RETURN(task.expected, compiler::ReferenceOutput(task.op, task.inputs));
  const auto facts = [&task](const Config& config) { return task.bound->Facts(config); };
  TUNEFARM_ASSIGN_OR_RETURN(const Config config,
                            DefaultConfig(task.bound->space(), facts, task.target));
  TUNEFARM_ASSIGN_OR_RETURN(task.reference, Build(task, config));
  return task;
}

// All valid indices, or a sorted sample of them.
std::vector<uint64_t> ChooseIndices(const compiler::ConfigSpace& space, size_t max_configs) {
  std::vector<uint64_t> indices = space.ValidIndices(10'000'000);
  if (indices.size() <= max_configs) return indices;
  base::Rng rng(1);
  for (size_t i = 0; i < max_configs; ++i) {
    std::swap(indices[i], indices[i + rng.Below(indices.size() - i)]);
  }
  indices.resize(max_configs);
  std::sort(indices.begin(), indices.end());
  return indices;
}

void Progress(const char* what, size_t done, size_t all) {
  std::fprintf(stderr, "\r%s %zu of %zu", what, done, all);
  if (done == all) std::fputc('\n', stderr);
}

// Times the fastest quarter twice more, each time in a pass of its own, and takes the median: the
// recorded best must not be the luckiest.
void Refine(const Task& task, const Settings& settings, const std::vector<uint64_t>& indices,
            std::vector<Measurement>* measurements) {
  std::vector<size_t> order;
  for (size_t i = 0; i < measurements->size(); ++i) {
    if ((*measurements)[i].ratio > 0) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return (*measurements)[a].ratio < (*measurements)[b].ratio;
  });
  order.resize((order.size() + 3) / 4);
  std::vector<std::vector<double>> ratios(order.size());
  for (size_t i = 0; i < order.size(); ++i) ratios[i].push_back((*measurements)[order[i]].ratio);
  for (size_t pass = 0; pass < 2; ++pass) {
    for (size_t i = 0; i < order.size(); ++i) {
      const Config config = task.bound->space().At(indices[order[i]]);
      const Measurement again =
          MeasureInChild(task, config, settings.num_samples, settings.min_sample_ns);
      if (again.ratio > 0) ratios[i].push_back(again.ratio);
      Progress("refined", pass * order.size() + i + 1, 2 * order.size());
    }
  }
  for (size_t i = 0; i < order.size(); ++i) {
    (*measurements)[order[i]].ratio = base::Median(ratios[i]);
  }
}

RecordedSpace Describe(const Task& task, const Settings& settings) {
  const compiler::ConfigSpace& space = task.bound->space();
  RecordedSpace recorded;
  recorded.workload = compiler::Print(task.op.workload);
  recorded.target_text = compiler::Print(task.target);
  recorded.target = task.target;
  recorded.machine = settings.machine;
  recorded.space_name = space.name();
  recorded.space_hash = space.hash();
  recorded.feature_list_hash = FeatureListHash();
  recorded.knobs = space.knobs();
  return recorded;
}

absl::Status Record(const Settings& settings) {
  TUNEFARM_ASSIGN_OR_RETURN(const Task task, MakeTask(settings));
  const compiler::ConfigSpace& space = task.bound->space();
  const std::vector<uint64_t> indices = ChooseIndices(space, settings.max_configs);
  std::vector<Measurement> measurements;
  for (uint64_t index : indices) {
    measurements.push_back(
        MeasureInChild(task, space.At(index), settings.num_samples, settings.min_sample_ns));
    Progress("measured", measurements.size(), indices.size());
  }
  Refine(task, settings, indices, &measurements);

  std::vector<double> references;
  for (const Measurement& each : measurements) {
    if (each.ratio > 0) references.push_back(each.reference_ns);
  }
  const double reference_ns = base::Median(references);
  RecordedSpace recorded = Describe(task, settings);
  for (size_t i = 0; i < indices.size(); ++i) {
    const Config config = space.At(indices[i]);
    recorded.rows.push_back({indices[i], config, task.bound->Facts(config), measurements[i].outcome,
                             measurements[i].ratio * reference_ns});
  }
  return WriteSpaceFile(settings.out, recorded);
}

}  // namespace
}  // namespace tunefarm::tuner

int main(int argc, char** argv) {
  tunefarm::tuner::Settings settings;
  CLI::App app("Times every valid config of a workload's space on this machine");
  app.add_option("workload", settings.workload, "Workload key")->required();
  app.add_option("--target", settings.target, "Target; this machine must be able to run it");
  app.add_option("--out", settings.out, "Space file to write")->required();
  app.add_option("--machine", settings.machine, "Where this is, for people")->required();
  app.add_option("--max-configs", settings.max_configs, "Sample larger spaces down to this many");
  app.add_option("--samples", settings.num_samples, "Samples per config")
      ->check(CLI::PositiveNumber);
  app.add_option("--min-sample-ns", settings.min_sample_ns, "Least duration of one sample");
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = tunefarm::tuner::Record(settings);
  if (status.ok()) return 0;
  std::fprintf(stderr, "record_space: %s\n", tunefarm::base::OneLine(status).c_str());
  return 1;
}
