#include "tuner/session/event.h"

#include <nlohmann/json.hpp>

namespace tunefarm::tuner {
namespace {

using Json = nlohmann::ordered_json;

const char* Name(TuningEvent::Kind kind) {
  switch (kind) {
    case TuningEvent::Kind::kStarted:
      return "started";
    case TuningEvent::Kind::kTrial:
      return "trial";
    case TuningEvent::Kind::kWaiting:
      return "waiting";
    case TuningEvent::Kind::kFinal:
      return "final";
    case TuningEvent::Kind::kDone:
      return "done";
    case TuningEvent::Kind::kFailed:
      return "failed";
  }
  return "unknown";
}

Json BestJson(const BestSchedule& best) {
  return {
      {"workload", best.workload},       {"target", best.target},       {"config", best.config},
      {"cost_median", best.cost_median}, {"cost_unit", best.cost_unit}, {"mad", best.mad},
      {"samples", best.samples},         {"gflops", best.gflops},       {"trial_id", best.trial_id},
      {"device", best.device},           {"emulated", best.emulated},   {"how", best.how}};
}

// What is so far, told by every event between the first and the last.
void AddProgress(const TuningEvent& event, Json* json) {
  json->update({{"trial", event.trial},
                {"max_trials", event.max_trials},
                {"best_ns", event.best_ns},
                {"best_gflops", event.best_gflops},
                {"bound_gflops", event.bound_gflops},
                {"seconds", event.seconds},
                {"trials_per_second", event.trials_per_second},
                {"outcomes", event.outcomes}});
}

void AddStarted(const TuningEvent& event, Json* json) {
  json->update({{"workload", event.workload},
                {"target", event.target},
                {"strategy", event.strategy},
                {"space", event.space},
                {"space_size", event.space_size},
                {"max_trials", event.max_trials},
                {"trial", event.trial}});
}

void AddTrial(const TuningEvent& event, Json* json) {
  json->update({{"trial_id", event.trial_id},
                {"config", event.config},
                {"how", event.how},
                {"outcome", event.outcome},
                {"device", event.device},
                {"cost_ns", event.cost_ns},
                {"gflops", event.gflops}});
  if (!event.error.empty()) (*json)["error"] = event.error;
}

void AddDone(const SessionSummary& summary, Json* json) {
  json->update({{"trials", summary.trials},
                {"seconds", summary.seconds},
                {"outcomes", summary.outcomes},
                {"stop_reason", summary.stop_reason},
                {"best", summary.has_best ? BestJson(summary.best) : Json()},
                {"default_cost", summary.default_cost},
                {"bound_gflops", summary.bound_gflops},
                {"device_utilisation", summary.device_utilisation}});
}

// Error texts come from other machines: bytes that are not UTF-8 become the replacement character.
std::string Print(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string ToJson(const TuningEvent& event) {
  Json json = {{"event", Name(event.kind)}, {"task_id", event.task_id}};
  switch (event.kind) {
    case TuningEvent::Kind::kStarted:
      AddStarted(event, &json);
      break;
    case TuningEvent::Kind::kTrial:
      AddTrial(event, &json);
      AddProgress(event, &json);
      break;
    case TuningEvent::Kind::kWaiting:
    case TuningEvent::Kind::kFinal:
      json["text"] = event.text;
      AddProgress(event, &json);
      break;
    case TuningEvent::Kind::kDone:
      AddDone(event.summary, &json);
      break;
    case TuningEvent::Kind::kFailed:
      json["text"] = event.text;
      break;
  }
  return Print(json);
}

std::string ToJson(const BestSchedule& best) { return Print(BestJson(best)); }

}  // namespace tunefarm::tuner
