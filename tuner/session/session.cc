#include "tuner/session/session.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "tuner/search/early_stop.h"
#include "tuner/session/candidate_queue.h"
#include "tuner/session/drift_watch.h"
#include "tuner/session/final.h"
#include "tuner/session/learner.h"
#include "tuner/session/peak_estimate.h"
#include "tuner/session/scoreboard.h"
#include "tuner/session/summary.h"
#include "tuner/session/task_log.h"
#include "tuner/session/task_setup.h"
#include "tuner/session/transfer.h"

namespace tunefarm::tuner {
namespace {

constexpr absl::Duration kLookForStop = absl::Milliseconds(100);
// The peak gets the machine for itself, but nobody waits for it long.
constexpr absl::Duration kPeakPatience = absl::Milliseconds(500);
// Within this, builders and devices finish what they are at when the session is stopped.
constexpr absl::Duration kFarewell = absl::Seconds(2);
// Short: the search has to tell good from bad, the final takes its time.
constexpr absl::Duration kMinSample = absl::Milliseconds(1);
// A candidate this much slower than the best is not worth all its samples; while the best is that
// of a few first trials, a wider margin.
constexpr double kCutAbove = 1.5;
constexpr double kFirstCutAbove = 3;
constexpr uint32_t kFirstTrials = 8;
constexpr int kMaxLostInARow = 24;  // Then it is not the candidates' bad luck.

class Session {
 public:
  Session(const SessionSpec& spec, Measurer& measurer, db::TuningLog& log,
          const std::atomic<bool>& stop, const EventSink& sink)
      : spec_(spec),
        measurer_(measurer),
        tuning_log_(log),
        stop_(stop),
        sink_(sink),
        start_(spec.clock->SteadyNow()),
        early_stop_(MakeEarlyStop(spec)) {}

  absl::StatusOr<SessionSummary> Run();

 private:
  static EarlyStopOptions MakeEarlyStop(const SessionSpec& spec) {
    EarlyStopOptions options;
    options.max_trials = spec.max_trials;
    return options;
  }

  absl::Status Prepare();
  absl::Status ReplayLogged();
  absl::Status Search();
  absl::Status FinishRunning();
  absl::Status TopUp();
  absl::Status Handle(const MeasureReport& report);
  absl::Status HandleLost(SessionCandidate candidate, const MeasureReport& report);
  absl::Status HandleWatch(const MeasureReport& report);
  void Learn(uint64_t config_index, bool ok, double cost_ns);
  std::string StopReason() const;
  double ShareOfPeak() const;
  absl::Status Final();
  absl::StatusOr<SessionSummary> Close();

  double CutAbove() const;
  double Seconds() const { return absl::ToDoubleSeconds(spec_.clock->SteadyNow() - start_); }
  size_t TrialsLeft() const;
  void ReportWaiting();
  void Tell(TuningEvent::Kind kind, const std::string& text);
  TuningEvent MakeEvent(TuningEvent::Kind kind) const;
  void TellTrial(const SessionCandidate& candidate, const MeasureReport& report, int64_t trial_id);

  const SessionSpec& spec_;
  Measurer& measurer_;
  db::TuningLog& tuning_log_;
  const std::atomic<bool>& stop_;
  const EventSink& sink_;
  const absl::Duration start_;

  TaskSetup setup_;
  std::optional<TaskLog> log_;
  std::unique_ptr<Learner> learner_;
  std::optional<CandidateQueue> queue_;
  std::optional<DriftWatch> watch_;
  std::optional<PeakEstimate> peak_;
  Scoreboard board_;
  EarlyStop early_stop_;

  uint64_t last_ticket_ = 0;
  std::map<uint64_t, SessionCandidate> outstanding_;  // By ticket.
  int lost_in_a_row_ = 0;
  uint32_t trials_before_ = 0;  // Of earlier runs.
  std::string told_waiting_;
  std::string stop_reason_;
  std::optional<FinalResult> final_;
};

absl::StatusOr<SessionSummary> Session::Run() {
  // Before anything else works: a peak beside a busy compiler would be too low.
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Target target, compiler::ParseTarget(spec_.target));
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Workload workload,
                            compiler::ParseWorkload(spec_.workload));
  peak_.emplace(&measurer_, compiler::Print(target), workload.dtype);
  TUNEFARM_RETURN_IF_ERROR(Prepare());
  absl::Status status = ReplayLogged();
  if (status.ok()) status = Search();
  if (status.ok() && stop_reason_ == "interrupted") status = FinishRunning();
  measurer_.Cancel();
  outstanding_.clear();
  if (status.ok() && stop_reason_ != "interrupted") status = Final();
  if (status.ok()) return Close();
  // What is logged stays; where the log itself fails, this is the error to tell.
  log_->Close(db::TaskState::kFailed, base::OneLine(status)).IgnoreError();
  return status;
}

absl::Status Session::Prepare() {
  TUNEFARM_ASSIGN_OR_RETURN(setup_, SetUpTask(spec_.workload, spec_.target));
  TUNEFARM_ASSIGN_OR_RETURN(const Transfer transfer,
                            FindTransfer(setup_, spec_.task_id, tuning_log_));
  TUNEFARM_ASSIGN_OR_RETURN(learner_,
                            Learner::Create(spec_.strategy, spec_.seed, setup_, transfer));
  queue_.emplace(&setup_.space(), setup_.default_index,
                 [this](size_t n) { return learner_->Propose(n); });
  TUNEFARM_ASSIGN_OR_RETURN(log_, TaskLog::Open(spec_, setup_, &tuning_log_));
  watch_.emplace(spec_.drift, spec_.clock, &setup_, &measurer_, &*log_);
  return absl::OkStatus();
}

// Trials of an earlier run of this task count towards its budget and teach as if they were new.
absl::Status Session::ReplayLogged() {
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<db::TrialRecord> trials, log_->LoggedTrials());
  const bool on_hardware = AnyOnHardware(trials);  // An emulator's timings teach nothing about it.
  for (const db::TrialRecord& trial : trials) {
    const bool ok = trial.outcome == db::Outcome::kOk;
    if (trial.superseded_by != 0) {
      queue_->MarkLostBefore(trial.config);  // It has taken a number, no more.
      continue;
    }
    board_.Add(FromRecord(trial.outcome), ToRanked(trial), trial.cut);
    if (trial.outcome == db::Outcome::kDeviceLost) {
      queue_->MarkLostBefore(trial.config);
      continue;
    }
    // A config that the present space does not have counts, but teaches nothing.
    const std::optional<uint64_t> index = setup_.IndexOf(trial.config);
    if (index) queue_->MarkTried(*index);
    if (index && !(trial.emulated && on_hardware)) Learn(*index, ok, trial.search_cost.min_ns);
  }
  trials_before_ = board_.num_trials();
  sink_(MakeEvent(TuningEvent::Kind::kStarted));
  return absl::OkStatus();
}

void Session::Learn(uint64_t config_index, bool ok, double cost_ns) {
  learner_->Observe(config_index, ok, cost_ns);
  early_stop_.Observe(ok, cost_ns);
}

absl::Status Session::Search() {
  peak_->WaitFor(kPeakPatience);
  while (true) {
    stop_reason_ = StopReason();
    if (!stop_reason_.empty()) return absl::OkStatus();
    TUNEFARM_RETURN_IF_ERROR(TopUp());
    if (outstanding_.empty() && !watch_->busy()) {
      stop_reason_ = TrialsLeft() == 0 ? "trials" : "exhausted";
      return absl::OkStatus();
    }
    const absl::StatusOr<MeasureReport> report = measurer_.Next(kLookForStop);
    if (absl::IsDeadlineExceeded(report.status())) {
      ReportWaiting();
      continue;
    }
    TUNEFARM_RETURN_IF_ERROR(report.status());
    TUNEFARM_RETURN_IF_ERROR(Handle(*report));
  }
}

absl::Status Session::FinishRunning() {
  const absl::Duration deadline = spec_.clock->SteadyNow() + kFarewell;
  while (!outstanding_.empty() && measurer_.waiting_reason().empty()) {
    const absl::Duration left = deadline - spec_.clock->SteadyNow();
    if (left <= absl::ZeroDuration()) break;
    const absl::StatusOr<MeasureReport> report = measurer_.Next(left);
    if (absl::IsDeadlineExceeded(report.status())) return absl::OkStatus();
    TUNEFARM_RETURN_IF_ERROR(report.status());
    TUNEFARM_RETURN_IF_ERROR(Handle(*report));
  }
  return absl::OkStatus();
}

// Why to stop now; "": go on.
std::string Session::StopReason() const {
  if (stop_) return "interrupted";
  if (spec_.max_seconds > 0 && Seconds() >= spec_.max_seconds) return "seconds";
  if (watch_->busy()) return "";  // What has been measured may not stand.
  if (board_.num_trials() >= spec_.max_trials) return "trials";
  const RankedTrial* best = board_.best();
  if (best == nullptr || board_.num_trials() < EarlyStopOptions().min_trials) return "";
  if (PeakEstimate::IsBound(ShareOfPeak())) return "bound";
  return early_stop_.Reason(absl::ZeroDuration()) ? "converged" : "";
}

// Of the best so far, by the operations that meet real input. 0: not known.
double Session::ShareOfPeak() const {
  const RankedTrial* best = board_.best();
  if (best == nullptr) return 0;
  return peak_->Share(static_cast<double>(setup_.effective_flops()), best->median_ns);
}

size_t Session::TrialsLeft() const {
  const size_t taken = board_.num_trials() + outstanding_.size();
  return taken < spec_.max_trials ? spec_.max_trials - taken : 0;
}

absl::Status Session::TopUp() {
  TUNEFARM_RETURN_IF_ERROR(watch_->SubmitDue());
  const size_t wanted = measurer_.wanted_in_flight();
  if (outstanding_.size() >= wanted || watch_->all_paused()) return absl::OkStatus();
  const size_t count = std::min(wanted - outstanding_.size(), TrialsLeft());
  std::vector<MeasureRequest> requests;
  for (SessionCandidate& candidate : queue_->Next(count)) {
    MeasureRequest request = ToRequest(candidate, ++last_ticket_, setup_);
    request.avoid_devices = watch_->paused_devices();
    requests.push_back(request);
    outstanding_[request.ticket] = std::move(candidate);
  }
  if (requests.empty()) return absl::OkStatus();
  MeasureOptions options;
  options.min_sample = kMinSample;
  options.cut_above_ns = CutAbove();
  return measurer_.Submit(requests, options);
}

double Session::CutAbove() const {
  const RankedTrial* best = board_.best();
  if (best == nullptr) return 0;
  return best->median_ns * (board_.num_trials() < kFirstTrials ? kFirstCutAbove : kCutAbove);
}

absl::Status Session::Handle(const MeasureReport& report) {
  if (DriftWatch::Owns(report.ticket)) return HandleWatch(report);
  const auto found = outstanding_.find(report.ticket);
  TUNEFARM_CHECK(found != outstanding_.end(), "a report for a ticket that was not given out");
  SessionCandidate candidate = std::move(found->second);
  outstanding_.erase(found);
  const uint64_t index = candidate.proposal.config_index;
  TUNEFARM_ASSIGN_OR_RETURN(const int64_t trial_id,
                            log_->Append(candidate, index, report, measurer_));
  const RankedTrial ranked = ToRanked(candidate, report, trial_id);
  board_.Add(report.outcome, ranked, report.cut);
  board_.AddDeviceTime(report.device, report.run_ns);
  TellTrial(candidate, report, trial_id);
  if (report.outcome == Outcome::kDeviceLost) return HandleLost(std::move(candidate), report);
  lost_in_a_row_ = 0;
  told_waiting_.clear();
  watch_->NoteTrial(candidate, report, trial_id);
  Learn(index, report.outcome == Outcome::kOk, ranked.min_ns);
  peak_->Doubt(ShareOfPeak());
  return absl::OkStatus();
}

absl::Status Session::HandleWatch(const MeasureReport& report) {
  TUNEFARM_ASSIGN_OR_RETURN(const DriftNews news, watch_->Take(report));
  board_.AddDeviceTime(report.device, report.run_ns);
  if (!news.text.empty()) Tell(TuningEvent::Kind::kWaiting, news.text);
  if (!news.correction) return absl::OkStatus();
  const DriftNews::Correction& correction = *news.correction;
  const RankedTrial ranked = ToRanked(correction.candidate, report, correction.trial_id);
  board_.Replace(correction.old_trial_id, report.outcome, ranked, report.cut);
  learner_->Correct(correction.candidate.proposal.config_index, report.outcome == Outcome::kOk,
                    ranked.min_ns);
  return absl::OkStatus();
}

// The farm's failure, not the candidate's: it is tried again and teaches nothing.
absl::Status Session::HandleLost(SessionCandidate candidate, const MeasureReport& report) {
  if (++lost_in_a_row_ >= kMaxLostInARow) {
    return absl::UnavailableError(absl::StrFormat("%d candidates in a row lost their device: %s",
                                                  lost_in_a_row_, report.error));
  }
  queue_->TryAgain(std::move(candidate));
  return absl::OkStatus();
}

void Session::ReportWaiting() {
  const std::string reason = measurer_.waiting_reason();
  if (reason.empty() || reason == told_waiting_) return;
  told_waiting_ = reason;
  Tell(TuningEvent::Kind::kWaiting, reason);
}

void Session::Tell(TuningEvent::Kind kind, const std::string& text) {
  TuningEvent event = MakeEvent(kind);
  event.text = text;
  sink_(event);
}

absl::Status Session::Final() {
  const std::vector<RankedTrial> finalists = ChooseFinalists(board_, setup_);
  if (finalists.empty()) return absl::OkStatus();
  Tell(TuningEvent::Kind::kFinal, absl::StrFormat("%d finalists, up to %d rounds", finalists.size(),
                                                  FinalOptions().num_rounds));
  TUNEFARM_ASSIGN_OR_RETURN(final_,
                            HoldFinal(finalists, setup_, FinalOptions(), stop_, measurer_, *log_));
  return absl::OkStatus();
}

absl::StatusOr<SessionSummary> Session::Close() {
  const bool interrupted = stop_reason_ == "interrupted";
  if (interrupted && spec_.leave_open_when_stopped) {
    TUNEFARM_RETURN_IF_ERROR(tuning_log_.Flush());
  } else {
    TUNEFARM_RETURN_IF_ERROR(
        log_->Close(interrupted ? db::TaskState::kCancelled : db::TaskState::kDone, stop_reason_));
  }
  SessionSummary summary = Summarize(board_, setup_, final_ ? &*final_ : nullptr, peak_->flops());
  summary.task_id = log_->task_id();
  summary.seconds = Seconds();
  summary.stop_reason = stop_reason_;
  summary.device_utilisation = board_.Utilisation(summary.seconds);
  TuningEvent event = MakeEvent(TuningEvent::Kind::kDone);
  event.summary = summary;
  sink_(event);
  return summary;
}

TuningEvent Session::MakeEvent(TuningEvent::Kind kind) const {
  TuningEvent event;
  event.kind = kind;
  event.task_id = log_->task_id();
  event.workload = setup_.workload_key;
  event.target = setup_.target_text;
  event.strategy = spec_.strategy;
  event.space = setup_.space().name();
  event.space_size = setup_.num_configs;
  event.trial = board_.num_trials();
  event.max_trials = spec_.max_trials;
  if (const RankedTrial* best = board_.best_in_log()) {
    event.best_ns = best->median_ns;
    event.best_gflops = setup_.GigaflopsAt(best->median_ns);
  }
  event.bound_gflops = peak_->flops() * 1e-9;
  event.seconds = Seconds();
  if (event.seconds > 0) {
    event.trials_per_second = (board_.num_trials() - trials_before_) / event.seconds;
  }
  event.outcomes = board_.outcomes();
  return event;
}

void Session::TellTrial(const SessionCandidate& candidate, const MeasureReport& report,
                        int64_t trial_id) {
  TuningEvent event = MakeEvent(TuningEvent::Kind::kTrial);
  event.trial_id = trial_id;
  event.config = candidate.config;
  event.how = Name(candidate.proposal.how);
  event.outcome = Name(report.outcome);
  event.device = report.device;
  event.error = report.error;
  if (report.outcome == Outcome::kOk) {
    event.cost_ns = report.median_ns;
    event.gflops = setup_.GigaflopsAt(report.median_ns);
  }
  sink_(event);
}

}  // namespace

absl::StatusOr<SessionSummary> RunSession(const SessionSpec& spec, Measurer& measurer,
                                          db::TuningLog& log, const std::atomic<bool>& stop,
                                          const EventSink& sink) {
  ObjectiveMeasurer costs(measurer, spec.objective);
  absl::StatusOr<SessionSummary> summary = Session(spec, costs, log, stop, sink).Run();
  if (!summary.ok()) {
    TuningEvent event;
    event.kind = TuningEvent::Kind::kFailed;
    event.task_id = spec.task_id;
    event.text = base::OneLine(summary.status());
    sink(event);
  }
  return summary;
}

}  // namespace tunefarm::tuner
