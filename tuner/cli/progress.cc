#include "tuner/cli/progress.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tuner/cli/command.h"

namespace tunefarm::tuner {
namespace {

constexpr int kBarColumns = 30;

std::string Cut(const std::string& text, int width) {
  if (static_cast<int>(text.size()) <= width) return text;
  return width > 3 ? text.substr(0, static_cast<size_t>(width) - 3) + "..." : text.substr(0, width);
}

std::string Speed(double gflops, double ns) {
  if (gflops <= 0) return FormatDuration(ns);
  return absl::StrFormat("%.2f GFLOP/s  %s", gflops, FormatDuration(ns));
}

std::string OfPeak(double gflops, double bound_gflops) {
  if (gflops <= 0 || bound_gflops <= 0) return "";
  return absl::StrFormat("  %.1f %% of the FMA peak (%.1f)", 100 * gflops / bound_gflops,
                         bound_gflops);
}

std::string Failures(const std::map<std::string, uint32_t>& outcomes) {
  std::map<std::string, uint32_t> failures = outcomes;
  failures.erase("ok");
  return failures.empty() ? "none" : RenderOutcomes(failures);
}

std::string Bar(uint32_t done, uint32_t all) {
  const int filled =
      all == 0 ? 0
               : static_cast<int>(static_cast<uint64_t>(std::min(done, all)) * kBarColumns / all);
  return absl::StrFormat("[%s%s]", std::string(filled, '#'),
                         std::string(kBarColumns - filled, '.'));
}

// "about 12 s left"; the budgets bound it, an early stop makes it shorter.
std::string TimeLeft(const Progress& progress) {
  const TuningEvent& latest = progress.latest;
  if (latest.trials_per_second <= 0 || latest.trial == 0) return "";
  double seconds =
      (progress.started.max_trials - std::min(latest.trial, progress.started.max_trials)) /
      latest.trials_per_second;
  if (progress.max_seconds > 0)
    seconds = std::min(seconds, std::max(0.0, progress.max_seconds - latest.seconds));
  if (seconds < 90) return absl::StrFormat("at most %.0f s left", std::ceil(seconds));
  return absl::StrFormat("at most %.0f min left", std::ceil(seconds / 60));
}

std::string TrialText(const TuningEvent& event) {
  if (event.outcome == "ok") {
    return absl::StrFormat("%s  (%s)  %s", Speed(event.gflops, event.cost_ns), event.how,
                           event.config);
  }
  return absl::StrFormat("%s: %s  %s", event.outcome, event.error, event.config);
}

}  // namespace

void Progress::Update(const TuningEvent& event) {
  switch (event.kind) {
    case TuningEvent::Kind::kStarted:
      started = event;
      latest = event;
      break;
    case TuningEvent::Kind::kTrial:
      latest = event;
      last_trial = TrialText(event);
      waiting.clear();
      break;
    case TuningEvent::Kind::kWaiting:
      waiting = event.text;
      break;
    case TuningEvent::Kind::kFinal:
      phase = "the fastest are measured once more, in turns, before one is crowned";
      waiting.clear();
      break;
    case TuningEvent::Kind::kDone:
    case TuningEvent::Kind::kFailed:
      ended = true;
      break;
  }
}

std::vector<std::string> RenderBlock(const Progress& progress, int width) {
  const TuningEvent& started = progress.started;
  const TuningEvent& latest = progress.latest;
  if (started.workload.empty()) return {};
  std::vector<std::string> lines;
  lines.push_back(absl::StrFormat("%s  task %d, %s, %d configs", started.workload, started.task_id,
                                  started.strategy, started.space_size));
  std::string pace;
  if (latest.trials_per_second > 0) pace = absl::StrFormat("  %.1f/s", latest.trials_per_second);
  const bool is_searching = progress.phase.empty() && !progress.ended;
  const std::string left = is_searching ? TimeLeft(progress) : "";
  lines.push_back(absl::StrFormat("  %s %d/%d trials%s%s%s", Bar(latest.trial, started.max_trials),
                                  latest.trial, started.max_trials, pace, left.empty() ? "" : "  ",
                                  left));
  lines.push_back(latest.best_ns > 0
                      ? absl::StrFormat("  best    %s%s", Speed(latest.best_gflops, latest.best_ns),
                                        OfPeak(latest.best_gflops, latest.bound_gflops))
                      : "  best    nothing yet");
  lines.push_back("  failed  " + Failures(latest.outcomes));
  if (progress.ended) {
    lines.push_back("");
  } else if (!progress.waiting.empty()) {
    lines.push_back("  waiting " + progress.waiting);
  } else if (!progress.phase.empty()) {
    lines.push_back("  final   " + progress.phase);
  } else {
    lines.push_back("  last    " +
                    (progress.last_trial.empty() ? "nothing yet" : progress.last_trial));
  }
  for (std::string& line : lines) line = Cut(line, width);
  return lines;
}

std::string RenderLine(const TuningEvent& event) {
  switch (event.kind) {
    case TuningEvent::Kind::kStarted:
      return absl::StrFormat("task %d: %s, strategy %s, space %s of %d configs, at most %d trials",
                             event.task_id, event.workload, event.strategy, event.space,
                             event.space_size, event.max_trials);
    case TuningEvent::Kind::kTrial: {
      std::string line =
          absl::StrFormat("trial %d/%d  %s", event.trial, event.max_trials, TrialText(event));
      if (event.best_ns > 0) {
        line += absl::StrFormat("  best %s%s", Speed(event.best_gflops, event.best_ns),
                                OfPeak(event.best_gflops, event.bound_gflops));
      }
      return line;
    }
    case TuningEvent::Kind::kWaiting:
      return "waiting: " + event.text;
    case TuningEvent::Kind::kFinal:
      return "final: the fastest are measured once more, in turns";
    case TuningEvent::Kind::kDone:
    case TuningEvent::Kind::kFailed:
      return "";
  }
  __builtin_unreachable();
}

std::string RenderSummary(const SessionSummary& summary, const std::string& schedule) {
  const double rate = summary.seconds > 0 ? summary.trials / summary.seconds : 0;
  std::string text = absl::StrFormat(
      "%d trials in %.1f s (%.1f/s)%s%s; stopped: %s; device busy %.0f %%\n", summary.trials,
      summary.seconds, rate, summary.outcomes.empty() ? "" : ": ", RenderOutcomes(summary.outcomes),
      summary.stop_reason, 100 * summary.device_utilisation);
  if (!summary.has_best) return text;
  const BestSchedule& best = summary.best;
  text += absl::StrFormat("best      %s%s\n",
                          best.cost_unit == "ns" ? Speed(best.gflops, best.cost_median)
                                                 : FormatCost(best.cost_median, best.cost_unit),
                          OfPeak(best.gflops, summary.bound_gflops));
  text += absl::StrFormat("          median of %d samples, mad %s, trial %d on %s%s\n",
                          best.samples, FormatCost(best.mad, best.cost_unit), best.trial_id,
                          best.device, best.emulated ? " (an emulator's timing)" : "");
  if (best.gflops > summary.bound_gflops && summary.bound_gflops > 0) {
    text +=
        "          above the peak: taps that meet padding count as work, and the kernel skips "
        "them\n";
  }
  if (summary.default_cost > 0) {
    text += absl::StrFormat("speed-up  %.2f x over the untuned default (%s)\n",
                            summary.default_cost / best.cost_median,
                            FormatCost(summary.default_cost, best.cost_unit));
  }
  text += absl::StrFormat("config    %s\n", best.config);
  if (schedule.empty()) return text;
  text += "schedule\n";
  const std::vector<std::string> steps = absl::StrSplit(schedule, '\n', absl::SkipEmpty());
  for (const std::string& line : steps) {
    text += absl::StrFormat("  %s\n", line);
  }
  return text;
}

std::string RenderOutcomes(const std::map<std::string, uint32_t>& outcomes) {
  std::vector<std::string> parts;
  for (const auto& [name, count] : outcomes) {
    const std::string part = absl::StrFormat("%s %d", name, count);
    parts.insert(name == "ok" ? parts.begin() : parts.end(), part);
  }
  return absl::StrJoin(parts, ", ");
}

}  // namespace tunefarm::tuner
