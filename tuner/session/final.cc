#include "tuner/session/final.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/statistics.h"
#include "base/status.h"
#include "spdlog/spdlog.h"
#include "tuner/session/peak_estimate.h"

namespace tunefarm::tuner {
namespace {

constexpr size_t kNumFinalists = 4;
// A default slower than this many times the best takes no part: its search median tells enough.
constexpr double kSlowDefault = 8;

// Nobody would notice the difference.
constexpr double kAsGood = 1.01;

constexpr absl::Duration kLookForStop = absl::Milliseconds(100);
// Without any report. The finalists' device may be gone for good, and no other can take its place:
// where the tracker says that it is not there, a while to come back is enough.
constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr absl::Duration kPatienceWithoutDevice = absl::Seconds(3);

std::vector<MeasureRequest> RoundRequests(const std::vector<RankedTrial>& finalists,
                                          const TaskSetup& setup) {
  std::vector<MeasureRequest> requests;
  for (const RankedTrial& finalist : finalists) {
    MeasureRequest request;
    request.ticket = requests.size();
    request.workload = setup.workload_key;
    request.target = setup.target_text;
    request.config = finalist.config;
    request.device = finalist.device;
    request.final_round = true;
    requests.push_back(request);
  }
  return requests;
}

std::vector<int64_t> Ids(const std::vector<RankedTrial>& trials) {
  std::vector<int64_t> ids;
  for (const RankedTrial& trial : trials) ids.push_back(trial.trial_id);
  return ids;
}

// The reports of one round in the order of `requests`; empty: it was not completed.
std::vector<MeasureReport> MeasureRound(const std::vector<MeasureRequest>& requests,
                                        const MeasureOptions& options,
                                        const std::atomic<bool>& stop, Measurer& measurer) {
  absl::Status failure = measurer.Submit(requests, options);
  std::vector<MeasureReport> reports(requests.size());
  absl::Duration waited;
  for (size_t arrived = 0; arrived < requests.size() && failure.ok() && !stop;) {
    absl::StatusOr<MeasureReport> report = measurer.Next(kLookForStop);
    if (report.ok()) {
      ++arrived;
      waited = absl::ZeroDuration();
      reports[report->ticket] = *std::move(report);
      continue;
    }
    waited += kLookForStop;
    const std::string reason = measurer.waiting_reason();
    if (!absl::IsDeadlineExceeded(report.status())) {
      failure = report.status();
    } else if (waited > (reason.empty() ? kPatience : kPatienceWithoutDevice)) {
      failure = absl::UnavailableError(reason.empty() ? "no report in time" : reason);
    }
  }
  if (failure.ok() && !stop) return reports;
  if (!failure.ok()) spdlog::warn("the final ends early: {}", base::OneLine(failure));
  measurer.Cancel();
  return {};
}

double MeasurePeak(const TaskSetup& setup, const std::atomic<bool>& stop, Measurer& measurer) {
  const PeakEstimate peak(&measurer, setup.target_text, setup.workload.dtype);
  for (absl::Duration waited; waited < kPatience && !stop; waited += kLookForStop) {
    if (peak.WaitFor(kLookForStop)) break;
  }
  return peak.flops();
}

// Gives the finalists the figures that the log has of them, which count the rounds of a final that
// was broken off before as well, and names the winner as the log does.
absl::Status Crown(const TaskLog& log, FinalResult* result) {
  for (size_t i = 0; i < result->finalists.size(); ++i) {
    RankedTrial& finalist = result->finalists[i];
    TUNEFARM_ASSIGN_OR_RETURN(const db::CostStatistics cost, log.FinalCost(finalist.trial_id));
    if (cost.num_samples == 0) continue;
    finalist.median_ns = cost.median_ns;
    finalist.mad_ns = cost.mad_ns;
    finalist.num_samples = static_cast<uint32_t>(cost.num_samples);
    if (!result->winner || LeadsInLog(finalist, result->finalists[*result->winner])) {
      result->winner = i;
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<RankedTrial> ChooseFinalists(const Scoreboard& board, const TaskSetup& setup) {
  std::vector<RankedTrial> finalists = board.Top(kNumFinalists);
  const RankedTrial* untuned = board.Find(setup.space().Print(setup.default_config));
  if (finalists.empty() || untuned == nullptr) return finalists;
  const bool takes_part = std::any_of(finalists.begin(), finalists.end(), [&](const auto& trial) {
    return trial.trial_id == untuned->trial_id;
  });
  if (!takes_part && untuned->device == finalists[0].device &&
      untuned->median_ns < kSlowDefault * finalists[0].median_ns) {
    finalists.push_back(*untuned);
  }
  return finalists;
}

bool IsPlain(const std::vector<std::vector<double>>& rounds) {
  const auto median = [&](size_t finalist) {
    std::vector<double> costs;
    for (const std::vector<double>& round : rounds) costs.push_back(round[finalist]);
    return base::Median(costs);
  };
  size_t leader = 0;
  for (size_t i = 1; i < rounds[0].size(); ++i) {
    if (median(i) < median(leader)) leader = i;
  }
  for (size_t i = 0; i < rounds[0].size(); ++i) {
    const auto all = [&](auto&& holds) {
      return std::all_of(rounds.begin(), rounds.end(), [&](const std::vector<double>& round) {
        return holds(round[i] / round[leader]);
      });
    };
    const bool behind = all([](double ratio) { return ratio >= 1; });
    const bool as_good = all([](double ratio) { return ratio < kAsGood && ratio > 1 / kAsGood; });
    if (!behind && !as_good) return false;
  }
  return true;
}

absl::StatusOr<FinalResult> HoldFinal(const std::vector<RankedTrial>& finalists,
                                      const TaskSetup& setup, const FinalOptions& options,
                                      const std::atomic<bool>& stop, Measurer& measurer,
                                      TaskLog& log) {
  const std::vector<MeasureRequest> requests = RoundRequests(finalists, setup);
  MeasureOptions measure;
  measure.num_samples = options.samples_per_round;
  measure.min_sample = options.min_sample;
  FinalResult result;
  result.finalists = finalists;
  std::vector<double> peaks;
  std::vector<std::vector<double>> costs;
  TUNEFARM_ASSIGN_OR_RETURN(const uint32_t first_round, log.NextFinalRound(Ids(finalists)));
  while (result.num_rounds < options.num_rounds &&
         (result.num_rounds < options.min_rounds || !IsPlain(costs))) {
    const std::vector<MeasureReport> round = MeasureRound(requests, measure, stop, measurer);
    if (round.empty()) break;
    const uint32_t number = first_round + result.num_rounds++;
    if (peaks.size() + 1 == result.num_rounds) {  // Where it fails once it is not tried again.
      const double peak = MeasurePeak(setup, stop, measurer);
      if (peak > 0) peaks.push_back(peak);
    }
    costs.emplace_back();
    for (size_t i = 0; i < round.size(); ++i) {
      const bool ok = round[i].outcome == Outcome::kOk;
      costs.back().push_back(ok ? round[i].median_ns : std::numeric_limits<double>::infinity());
      TUNEFARM_RETURN_IF_ERROR(log.AppendFinal(finalists[i].trial_id, number, round[i]));
    }
  }
  result.peak_flops = base::Median(peaks);
  TUNEFARM_RETURN_IF_ERROR(Crown(log, &result));
  return result;
}

}  // namespace tunefarm::tuner
