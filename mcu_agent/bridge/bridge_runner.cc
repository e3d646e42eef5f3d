#include "mcu_agent/bridge/bridge_runner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "device_agent/candidate_check.h"
#include "mcu_agent/bridge/output_look.h"
#include "spdlog/spdlog.h"

namespace tunefarm::mcu_agent {
namespace {

using device_agent::FailedResult;
using device_agent::MeasureRequest;

bool IsLinkError(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

// No cure helps against what is missing on this machine or wrong in a description.
bool IsBeyondCure(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsInvalidArgument(status);
}

std::string RegionAt(const BoardMap& map, uint64_t address) {
  for (const MemoryRegion& region : map.regions) {
    if (region.range.base <= address && address < region.range.end()) return region.name;
  }
  return "no region";
}

QueueEnd TroubleOf(const absl::Status& status) {
  QueueEnd end;
  end.kind = QueueEnd::kTrouble;
  end.symptom = IsLinkError(status) ? Symptom::kLinkLost : Symptom::kStuck;
  end.why = std::string(status.message());
  return end;
}

}  // namespace

struct BridgeRunner::Job {
  Job(const MeasureRequest& request, const OnResult& on_result)
      : request(request),
        on_result(on_result),
        ready(request.candidates.size()),
        book(request.candidates.size()) {}

  const MeasureRequest& request;
  const OnResult& on_result;
  std::vector<std::optional<ReadyCandidate>> ready;  // None: ended before it could run.
  TrialBook book;
  absl::Duration wall;    // Of each candidate of the last batch.
  uint32_t clock_hz = 0;  // Of the core, when that batch ran.
};

BridgeRunner::BridgeRunner(BridgeOptions options, const BoardMap* board, BoardControl* control,
                           QuarantineList* quarantine, const Pace* pace)
    : options_(std::move(options)),
      board_(*board),
      pace_(*pace),
      control_(*control),
      quarantine_(*quarantine),
      ladder_(options_.has_power_hook),
      contents_(board) {}

std::string BridgeRunner::unavailable_reason() const {
  base::MutexLock lock(&state_);
  return unavailable_reason_;
}

bool BridgeRunner::SetUnavailable(const std::string& reason) {
  base::MutexLock lock(&state_);
  return std::exchange(unavailable_reason_, reason) != reason;
}

absl::Status BridgeRunner::BringUp() {
  base::MutexLock lock(&work_);
  if (up_) return absl::OkStatus();
  ladder_.Reopen();
  return EnsureUp();
}

absl::Status BridgeRunner::EnsureUp() {
  if (up_) return absl::OkStatus();
  TUNEFARM_RETURN_IF_ERROR(Recover(Symptom::kLinkLost, "not started"));
  ladder_.Reopen();  // Starting was no cure of a trouble.
  return absl::OkStatus();
}

absl::Status BridgeRunner::Recover(Symptom symptom, std::string why) {
  up_ = false;
  contents_.BringAnew();
  const bool tries_anew = !unavailable_reason().empty();
  while (true) {
    const Rung rung = ladder_.Next(symptom);
    if (rung == Rung::kQuarantine) break;
    spdlog::log(tries_anew ? spdlog::level::debug : spdlog::level::warn, "{}: {}; next: {}",
                board_.name, why, Name(rung));
    if (rung >= Rung::kRestartOpenOcd) contents_.Forget();
    const absl::Status cured = control_.Cure(rung);
    if (cured.ok()) {
      spdlog::info("{}: up again after: {}", board_.name, Name(rung));
      up_ = true;
      SetUnavailable("");
      return absl::OkStatus();
    }
    why = std::string(cured.message());
    if (IsBeyondCure(cured)) break;
    symptom = IsLinkError(cured) ? Symptom::kLinkLost : Symptom::kBroken;
  }
  const std::string tried = ladder_.History();
  const std::string reason = tried.empty() ? why : absl::StrFormat("%s (tried: %s)", why, tried);
  // BringUp tries again and again: one line for each news.
  if (SetUnavailable(reason)) spdlog::error("{}: out of service: {}", board_.name, reason);
  return absl::UnavailableError(absl::StrFormat("board %s: %s", board_.name, reason));
}

absl::Status BridgeRunner::Run(const MeasureRequest& request, std::stop_token stop,
                               const OnResult& on_result) {
  base::MutexLock lock(&work_);
  // A board that is out of service is BringUp's to revive: work must not wait for it.
  const std::string reason = unavailable_reason();
  if (!reason.empty()) {
    return absl::UnavailableError(absl::StrFormat("board %s: %s", board_.name, reason));
  }
  TUNEFARM_RETURN_IF_ERROR(EnsureUp());
  Job job(request, on_result);
  Accept(&job);
  while (true) {
    EndThoseForFlash(&job);
    if (job.book.Next().empty()) return absl::OkStatus();
    if (stop.stop_requested()) return absl::CancelledError("measuring was cancelled");
    TUNEFARM_RETURN_IF_ERROR(RunNextBatch(&job, stop));
  }
}

BatchContext BridgeRunner::Context(const Job& job) {
  const BoardSession& session = control_.session();
  return {&board_,
          &job.request,
          session.identity().capacity,
          session.has_feature(TUNEFARM_FEATURE_FPU),
          session.clock().tick_hz,
          session.clock().overhead_ticks,
          contents_.flash()};
}

// Ends every candidate that cannot run, and reads the images of the others.
void BridgeRunner::Accept(Job* job) {
  for (size_t i = 0; i < job->request.candidates.size(); ++i) {
    const v1::Candidate& candidate = job->request.candidates[i];
    absl::StatusOr<ReadyCandidate> ready = Ready(candidate, *job);
    if (ready.ok()) {
      job->ready[i] = *std::move(ready);
      continue;
    }
    v1::Outcome outcome = v1::OUTCOME_BUILD_FAILED;
    if (absl::IsResourceExhausted(ready.status())) outcome = v1::OUTCOME_OUT_OF_MEMORY;
    if (absl::IsFailedPrecondition(ready.status())) outcome = v1::OUTCOME_CRASHED;
    Report(i,
           FailedResult(candidate.candidate_id(), outcome, "load",
                        std::string(ready.status().message())),
           job);
  }
}

absl::StatusOr<ReadyCandidate> BridgeRunner::Ready(const v1::Candidate& candidate, const Job& job) {
  TUNEFARM_RETURN_IF_ERROR(device_agent::CheckCandidate(candidate, job.request, options_.triple));
  const v1::Kernel& kernel = candidate.kernel();
  const std::optional<std::string> reason = quarantine_.Reason(board_.name, kernel.digest());
  if (reason && !options_.run_quarantined) {
    return absl::FailedPreconditionError(
        absl::StrFormat("this kernel took a %s down before (%s); it runs again only with "
                        "--run-quarantined",
                        board_.name, *reason));
  }
  ReadyCandidate ready;
  ready.candidate = &candidate;
  TUNEFARM_ASSIGN_OR_RETURN(ready.image,
                            ReadKernelImage(kernel.elf(), kernel.signature().run_symbol(),
                                            kernel.signature().prepare_symbol()));
  const BatchContext context = Context(job);
  TUNEFARM_RETURN_IF_ERROR(CheckTask(context, ready));
  TUNEFARM_RETURN_IF_ERROR(NumInBatch(context, {&ready}).status());
  return ready;
}

absl::StatusOr<std::vector<size_t>> BridgeRunner::ChooseBatch(Job* job) {
  std::vector<size_t> next = job->book.Next();
  if (job->book.RunsAlone(next.front())) return std::vector<size_t>{next.front()};
  const std::string key = BatchKey(*job->ready[next.front()]);
  std::erase_if(next, [&](size_t i) { return BatchKey(*job->ready[i]) != key; });
  std::vector<const ReadyCandidate*> candidates;
  for (const size_t i : next) candidates.push_back(&*job->ready[i]);
  TUNEFARM_ASSIGN_OR_RETURN(const size_t count, NumInBatch(Context(*job), candidates));
  next.resize(count);
  return next;
}

absl::Status BridgeRunner::RunNextBatch(Job* job, std::stop_token stop) {
  TUNEFARM_RETURN_IF_ERROR(EnsureUp());
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<size_t> batch, ChooseBatch(job));
  // A second look is worth something only if nothing is left of the first.
  if (job->book.RunsAlone(batch.front())) contents_.BringAnew();
  std::vector<const ReadyCandidate*> candidates;
  for (const size_t i : batch) candidates.push_back(&*job->ready[i]);
  const BatchContext context = Context(*job);
  TUNEFARM_ASSIGN_OR_RETURN(const BatchPlan plan,
                            PlanOf(context, candidates, contents_.residents(), &checksums_));
  const absl::Duration begin = pace_.Now();
  const absl::Status loaded = contents_.Load(plan, &control_.session(), stop);
  if (absl::IsCancelled(loaded)) return Cancelled();
  if (absl::IsAborted(loaded)) return HandleRefusal(std::string(loaded.message()), batch, job);
  if (!loaded.ok()) return HandleTrouble(TroubleOf(loaded), plan, batch, job);
  const absl::Duration load_time = pace_.Now() - begin;
  const QueueEnd end = control_.session().RunQueue(plan.tasks, plan.setup, stop);
  if (end.kind == QueueEnd::kCancelled) return Cancelled();
  if (end.kind == QueueEnd::kTrouble) return HandleTrouble(end, plan, batch, job);
  job->wall = (pace_.Now() - begin) / static_cast<double>(batch.size());
  job->clock_hz = context.tick_hz;
  spdlog::info("{}: batch of {}: {} bytes at {:#010x} ({}), brought there in {}, ran in {}",
               board_.name, batch.size(), plan.block.size(), plan.block.begin,
               RegionAt(board_, plan.block.begin), absl::FormatDuration(load_time),
               absl::FormatDuration(pace_.Now() - begin - load_time));
  return Judge(end, plan, batch, job);
}

// The board is in the middle of something that nobody wants.
absl::Status BridgeRunner::Cancelled() {
  up_ = control_.Cure(Rung::kReload).ok();
  return absl::CancelledError("measuring was cancelled");
}

// Flash took nothing; the board itself is well.
absl::Status BridgeRunner::HandleRefusal(const std::string& why, const std::vector<size_t>& batch,
                                         Job* job) {
  for (const size_t i : batch) CountLoss(i, why, job);
  spdlog::warn("{}: flash: {}", board_.name, why);
  return control_.Cure(Rung::kReload).ok() ? absl::OkStatus() : Recover(Symptom::kBroken, why);
}

// Ends those that flash would have to be programmed for, if it takes nothing.
void BridgeRunner::EndThoseForFlash(Job* job) {
  const std::string refusal = contents_.flash_refusal();
  if (refusal.empty()) return;
  for (size_t i = 0; i < job->ready.size(); ++i) {
    if (job->book.HasEnded(i) || !NeedsFlash(board_, *job->ready[i])) continue;
    Report(i,
           FailedResult(job->request.candidates[i].candidate_id(), v1::OUTCOME_DEVICE_LOST, "load",
                        refusal),
           job);
  }
}

absl::Status BridgeRunner::HandleTrouble(const QueueEnd& end, const BatchPlan& plan,
                                         const std::vector<size_t>& batch, Job* job) {
  const bool in_a_call = end.task && end.symptom != Symptom::kLinkLost &&
                         *end.task >= plan.first_call && *end.task < plan.first_tensor_check;
  if (end.task && *end.task > plan.first_call) ladder_.Progressed();
  if (!in_a_call) {
    for (const size_t i : batch) CountLoss(i, end.why, job);
    return Recover(end.symptom, end.why);
  }
  const size_t culprit = batch[*end.task - plan.first_call];
  const bool is_proven = job->book.Failed(culprit);
  if (is_proven) Quarantine(culprit, end, job);
  const absl::Status recovered = Recover(end.symptom, end.why);
  // There is no second look on a board that does not come back, and another board of its kind must
  // not be the second witness.
  if (!recovered.ok() && !is_proven) Quarantine(culprit, end, job);
  return recovered;
}

void BridgeRunner::Quarantine(size_t index, const QueueEnd& end, Job* job) {
  const v1::Candidate& candidate = job->request.candidates[index];
  const absl::Status noted =
      quarantine_.Add(board_.name, candidate.kernel().digest(), end.why, pace_.clock->Now());
  if (!noted.ok()) spdlog::error("{}", base::OneLine(noted));
  const v1::Outcome outcome =
      end.symptom == Symptom::kStuck ? v1::OUTCOME_TIMEOUT : v1::OUTCOME_CRASHED;
  v1::MeasureResult result = FailedResult(candidate.candidate_id(), outcome, "time",
                                          absl::StrFormat("took the board down: %s", end.why));
  result.set_took_board_down(end.why);
  Report(index, std::move(result), job);
}

absl::Status BridgeRunner::Judge(const QueueEnd& end, const BatchPlan& plan,
                                 const std::vector<size_t>& batch, Job* job) {
  const absl::StatusOr<std::string> samples =
      control_.session().ReadTwice(plan.samples, plan.sample_bytes());
  if (!samples.ok()) return HandleTrouble(TroubleOf(samples.status()), plan, batch, job);
  std::vector<const ReadyCandidate*> candidates;
  for (const size_t i : batch) candidates.push_back(&*job->ready[i]);
  std::vector<Verdict> verdicts =
      JudgeBatch(Context(*job), plan, candidates, end.results, *samples);
  ladder_.Finished();
  contents_.Ran(plan, BlockIntact(plan, end.results), TensorsIntact(plan, end.results));
  for (size_t i = 0; i < batch.size(); ++i) {
    Verdict& verdict = verdicts[i];
    if (job->book.RunsAlone(batch[i])) {
      absl::StatusOr<Verdict> looked = LookAtOutput(plan, *job->ready[batch[i]], job->request,
                                                    std::move(verdict), &control_.session());
      if (!looked.ok()) return HandleTrouble(TroubleOf(looked.status()), plan, batch, job);
      verdict = *std::move(looked);
    }
    switch (verdict.kind) {
      case Verdict::kDone:
        Report(batch[i], std::move(verdict.result), job);
        break;
      case Verdict::kLost:
        spdlog::warn("{}: {}", board_.name, verdict.why);
        CountLoss(batch[i], verdict.why, job);
        break;
      default:
        CountFailure(batch[i], std::move(verdict), job);
    }
  }
  return absl::OkStatus();
}

void BridgeRunner::CountFailure(size_t index, Verdict verdict, Job* job) {
  if (!job->book.Failed(index)) {
    spdlog::info("{}: candidate {} seems to fail ({}), it runs again alone", board_.name,
                 job->request.candidates[index].candidate_id(), verdict.result.error());
    return;
  }
  Report(index, std::move(verdict.result), job);
}

void BridgeRunner::CountLoss(size_t index, const std::string& why, Job* job) {
  if (!job->book.Lost(index)) return;
  Report(index,
         FailedResult(job->request.candidates[index].candidate_id(), v1::OUTCOME_DEVICE_LOST,
                      "load", why),
         job);
}

void BridgeRunner::Report(size_t index, v1::MeasureResult result, Job* job) {
  job->book.End(index);
  result.set_emulated(board_.emulator.has_value());
  if (board_.emulator) {
    result.set_median_instructions(result.median_ns() / (1 << board_.emulator->icount_shift));
  }
  result.set_wall_ns(static_cast<uint64_t>(absl::ToInt64Nanoseconds(job->wall)));
  if (job->clock_hz != 0) {
    result.mutable_before()->set_cpu_frequency_hz(job->clock_hz);
    result.mutable_after()->set_cpu_frequency_hz(job->clock_hz);
    result.set_tick_hz(job->clock_hz);
  }
  job->on_result(std::move(result));
}

}  // namespace tunefarm::mcu_agent
