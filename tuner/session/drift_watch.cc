#include "tuner/session/drift_watch.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::tuner {
namespace {

// The session numbers its own tickets from 1.
constexpr uint64_t kFirstTicket = uint64_t{1} << 63;
constexpr uint32_t kReferenceSamples = 7;

db::ReferenceVerdict ToRecord(DriftVerdict verdict) {
  switch (verdict) {
    case DriftVerdict::kFirst:
      return db::ReferenceVerdict::kFirst;
    case DriftVerdict::kSteady:
      return db::ReferenceVerdict::kSteady;
    case DriftVerdict::kDrifted:
      return db::ReferenceVerdict::kDrifted;
    case DriftVerdict::kSettled:
      break;
  }
  return db::ReferenceVerdict::kSettled;
}

}  // namespace

DriftWatch::DriftWatch(const DriftOptions& options, const base::Clock* clock,
                       const TaskSetup* setup, Measurer* measurer, TaskLog* log)
    : clock_(clock),
      setup_(setup),
      measurer_(measurer),
      log_(log),
      monitor_(options),
      last_ticket_(kFirstTicket) {}

bool DriftWatch::Owns(uint64_t ticket) { return ticket > kFirstTicket; }

void DriftWatch::NoteTrial(const SessionCandidate& candidate, const MeasureReport& report,
                           int64_t trial_id) {
  if (report.device.empty() || report.outcome == Outcome::kDeviceLost) return;
  // A failure stays a failure on a slower clock. Another config's timing is as sound as that was.
  bool suspect = report.outcome == Outcome::kOk;
  if (report.reused) suspect = suspect && noted_code_.contains(report.text_hash);
  if (suspect) noted_[trial_id] = {trial_id, candidate, report.device};
  if (suspect && !report.text_hash.empty()) noted_code_[report.text_hash] = trial_id;
  if (!report.reused || suspect) {
    monitor_.OnTrial(report.device, clock_->SteadyNow(), trial_id, suspect);
  }
}

absl::Status DriftWatch::SubmitDue() {
  TUNEFARM_RETURN_IF_ERROR(SubmitReferences());
  return suspects_.empty() ? absl::OkStatus() : SubmitSuspects();
}

absl::Status DriftWatch::SubmitReferences() {
  for (const std::string& device : monitor_.TakeDue(clock_->SteadyNow())) {
    MeasureRequest request;
    request.ticket = ++last_ticket_;
    request.target = setup_->target_text;
    request.device = device;
    request.reference = true;
    MeasureOptions options;
    options.num_samples = kReferenceSamples;
    references_[request.ticket] = device;
    TUNEFARM_RETURN_IF_ERROR(measurer_->Submit({request}, options));
  }
  return absl::OkStatus();
}

absl::Status DriftWatch::SubmitSuspects() {
  std::vector<MeasureRequest> requests;
  for (Suspect& suspect : suspects_) {
    MeasureRequest request = ToRequest(suspect.candidate, ++last_ticket_, *setup_);
    request.device = suspect.device;
    request.final_round = true;  // Anew, back to back, never cut.
    requests.push_back(request);
    remeasuring_[request.ticket] = std::move(suspect);
  }
  suspects_.clear();
  return measurer_->Submit(requests, MeasureOptions());
}

absl::StatusOr<DriftNews> DriftWatch::Take(const MeasureReport& report) {
  if (const auto reference = references_.find(report.ticket); reference != references_.end()) {
    const std::string device = std::move(reference->second);
    references_.erase(reference);
    return TakeReference(device, report);
  }
  const auto found = remeasuring_.find(report.ticket);
  TUNEFARM_CHECK(found != remeasuring_.end(), "a report for a ticket that was not given out");
  Suspect suspect = std::move(found->second);
  remeasuring_.erase(found);
  return TakeRemeasured(std::move(suspect), report);
}

absl::StatusOr<DriftNews> DriftWatch::TakeReference(const std::string& device,
                                                    const MeasureReport& report) {
  DriftNews news;
  if (report.outcome != Outcome::kOk) {
    monitor_.OnReferenceLost(device);
    return news;
  }
  const double timing_ns = *std::min_element(report.samples_ns.begin(), report.samples_ns.end());
  const DriftJudgement judgement = monitor_.OnReference(device, clock_->SteadyNow(), timing_ns);
  TUNEFARM_RETURN_IF_ERROR(
      log_->AppendReference(*setup_, report, judgement.drift, ToRecord(judgement.verdict)));
  for (const int64_t id : judgement.suspects) suspects_.push_back(noted_.at(id));
  const bool sound =
      judgement.verdict == DriftVerdict::kSteady || judgement.verdict == DriftVerdict::kSettled;
  if (sound) {
    std::erase_if(noted_, [&](const auto& entry) { return entry.second.device == device; });
    std::erase_if(noted_code_, [&](const auto& code) { return !noted_.contains(code.second); });
  }
  if (judgement.verdict == DriftVerdict::kDrifted) {
    news.text = absl::StrFormat("%s has drifted by %+.1f %%: waiting for it to come back", device,
                                100 * judgement.drift);
  } else if (judgement.verdict == DriftVerdict::kSettled) {
    news.text = absl::StrFormat("%s is at %+.1f %% after a drift: measuring %d trials again",
                                device, 100 * judgement.drift, judgement.suspects.size());
  }
  return news;
}

absl::StatusOr<DriftNews> DriftWatch::TakeRemeasured(Suspect suspect, const MeasureReport& report) {
  DriftNews news;
  if (report.outcome == Outcome::kDeviceLost) {
    news.text = absl::StrFormat("trial %d stays as it was measured during a drift: %s",
                                suspect.trial_id, report.error);
    return news;
  }
  DriftNews::Correction correction;
  correction.old_trial_id = suspect.trial_id;
  correction.candidate = std::move(suspect.candidate);
  ++correction.candidate.attempt;
  correction.report = report;
  TUNEFARM_ASSIGN_OR_RETURN(
      correction.trial_id,
      log_->Append(correction.candidate, correction.candidate.proposal.config_index, report,
                   *measurer_, correction.old_trial_id));
  monitor_.OnTrial(report.device, clock_->SteadyNow(), correction.trial_id, /*suspect=*/false);
  news.correction = std::move(correction);
  return news;
}

}  // namespace tunefarm::tuner
