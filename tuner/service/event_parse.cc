#include "tuner/service/event_parse.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace tunefarm::tuner {
namespace {

using Json = nlohmann::json;
using Kind = TuningEvent::Kind;

constexpr std::pair<const char*, Kind> kKinds[] = {
    {"started", Kind::kStarted}, {"trial", Kind::kTrial}, {"waiting", Kind::kWaiting},
    {"final", Kind::kFinal},     {"done", Kind::kDone},   {"failed", Kind::kFailed}};

// Throws nlohmann's type_error for a field of another type.
template <typename T>
void Read(const Json& json, const char* name, T& value) {
  const auto it = json.find(name);
  if (it != json.end() && !it->is_null()) it->get_to(value);
}

BestSchedule ReadBest(const Json& json) {
  BestSchedule best;
  Read(json, "workload", best.workload);
  Read(json, "target", best.target);
  Read(json, "config", best.config);
  Read(json, "cost_median", best.cost_median);
  Read(json, "cost_unit", best.cost_unit);
  Read(json, "mad", best.mad);
  Read(json, "samples", best.samples);
  Read(json, "gflops", best.gflops);
  Read(json, "trial_id", best.trial_id);
  Read(json, "device", best.device);
  Read(json, "emulated", best.emulated);
  Read(json, "how", best.how);
  return best;
}

SessionSummary ReadSummary(const Json& json) {
  SessionSummary summary;
  Read(json, "task_id", summary.task_id);
  Read(json, "trials", summary.trials);
  Read(json, "seconds", summary.seconds);
  Read(json, "outcomes", summary.outcomes);
  Read(json, "stop_reason", summary.stop_reason);
  Read(json, "default_cost", summary.default_cost);
  Read(json, "bound_gflops", summary.bound_gflops);
  Read(json, "device_utilisation", summary.device_utilisation);
  const auto best = json.find("best");
  summary.has_best = best != json.end() && best->is_object();
  if (summary.has_best) summary.best = ReadBest(*best);
  return summary;
}

TuningEvent ReadEvent(const Json& json, Kind kind) {
  TuningEvent event;
  event.kind = kind;
  Read(json, "task_id", event.task_id);
  Read(json, "trial_id", event.trial_id);
  Read(json, "workload", event.workload);
  Read(json, "target", event.target);
  Read(json, "strategy", event.strategy);
  Read(json, "space", event.space);
  Read(json, "space_size", event.space_size);
  Read(json, "trial", event.trial);
  Read(json, "max_trials", event.max_trials);
  Read(json, "config", event.config);
  Read(json, "outcome", event.outcome);
  Read(json, "how", event.how);
  Read(json, "device", event.device);
  Read(json, "error", event.error);
  Read(json, "cost_ns", event.cost_ns);
  Read(json, "gflops", event.gflops);
  Read(json, "best_ns", event.best_ns);
  Read(json, "best_gflops", event.best_gflops);
  Read(json, "bound_gflops", event.bound_gflops);
  Read(json, "seconds", event.seconds);
  Read(json, "trials_per_second", event.trials_per_second);
  Read(json, "outcomes", event.outcomes);
  Read(json, "text", event.text);
  if (kind == Kind::kDone) event.summary = ReadSummary(json);
  return event;
}

}  // namespace

absl::StatusOr<TuningEvent> ParseEvent(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return absl::InvalidArgumentError(absl::StrFormat("event '%s' is no JSON object", text));
  }
  try {
    const std::string name = json.value("event", "");
    for (const auto& [known, kind] : kKinds) {
      if (name == known) return ReadEvent(json, kind);
    }
    return absl::InvalidArgumentError(
        absl::StrFormat("event '%s' is of unknown kind '%s'", text, name));
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(absl::StrFormat("event '%s': %s", text, error.what()));
  }
}

}  // namespace tunefarm::tuner
