#include "tests/bench/mcu/trial_parts.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/status.h"
#include "compiler/artifact/artifact.h"
#include "compiler/artifact/link.h"
#include "compiler/lower/lower.h"
#include "db/tuning_log.h"
#include "mcu_agent/bridge/batch_plan.h"
#include "mcu_agent/bridge/batch_results.h"
#include "mcu_agent/bridge/board_contents.h"
#include "mcu_agent/bridge/board_device.h"
#include "mcu_agent/bridge/openocd_board.h"
#include "tuner/measure/candidate_builder.h"
#include "tuner/measure/expected_output.h"
#include "tuner/session/learner.h"
#include "tuner/session/task_log.h"

namespace tunefarm {
namespace {

using mcu_agent::BatchPlan;
using mcu_agent::ReadyCandidate;
using tuner::Proposal;

constexpr int kQueueRuns = 2;
constexpr int kMoreRuns = 8;

absl::Duration Now() { return base::RealClock().SteadyNow(); }

// Adds the time until its end to a sum.
class Span {
 public:
  explicit Span(absl::Duration* sum) : sum_(*sum), begin_(Now()) {}
  ~Span() { sum_ += Now() - begin_; }

 private:
  absl::Duration& sum_;
  const absl::Duration begin_;
};

class Meter {
 public:
  Meter(const TrialPartsOptions& options, tuner::TaskSetup setup, mcu_agent::BoardMap board)
      : options_(options),
        setup_(std::move(setup)),
        board_(std::move(board)),
        control_(BoardOptions(), &board_, &pace_) {}

  absl::StatusOr<TrialParts> Run() {
    TUNEFARM_RETURN_IF_ERROR(control_.Cure(mcu_agent::Rung::kRestartOpenOcd));
    TUNEFARM_RETURN_IF_ERROR(Prepare());
    while (num_tried_ < options_.num_trials) {
      TUNEFARM_ASSIGN_OR_RETURN(const std::vector<Proposal> proposals, Propose());
      TUNEFARM_RETURN_IF_ERROR(Build(proposals));
      TUNEFARM_ASSIGN_OR_RETURN(const std::vector<mcu_agent::Verdict> verdicts, Measure());
      TUNEFARM_RETURN_IF_ERROR(Keep(proposals, verdicts));
    }
    return parts_;
  }

 private:
  mcu_agent::OpenOcdBoardOptions BoardOptions() const {
    mcu_agent::OpenOcdBoardOptions options;
    options.emulated_board = options_.bin_dir + "/tuner-emulated-board";
    return options;
  }

  // What is done once a task.
  absl::Status Prepare() {
    TUNEFARM_ASSIGN_OR_RETURN(
        learner_, tuner::Learner::Create("xgb", options_.seed, setup_, tuner::Transfer()));
    TUNEFARM_ASSIGN_OR_RETURN(
        log_, db::TuningLog::Open(options_.log_path, db::OpenMode::kReadWriteCreate));
    tuner::SessionSpec spec;
    spec.workload = setup_.workload_key;
    spec.target = setup_.target_text;
    TUNEFARM_ASSIGN_OR_RETURN(task_id_, tuner::CreateTask(spec, setup_, log_.get()));
    TUNEFARM_ASSIGN_OR_RETURN(op_, compiler::BuildOperator(setup_.workload));
    TUNEFARM_ASSIGN_OR_RETURN(expected_, tuner::ComputeExpectedOutput(setup_.workload_key));
    request_.timing.set_num_samples(2);
    request_.timing.set_timeout_ns(1'000'000'000);
    request_.blobs[expected_.blob.digest()] =
        std::make_shared<const std::string>(expected_.blob.data());
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Proposal>> Propose() {
    const Span span(&parts_.propose);
    std::vector<Proposal> proposals = learner_->Propose(static_cast<size_t>(options_.batch));
    if (proposals.empty()) return absl::OutOfRangeError("the space has no more configs");
    num_tried_ += static_cast<int>(proposals.size());
    return proposals;
  }

  // One kernel for each proposal, into request_.
  absl::Status Build(const std::vector<Proposal>& proposals) {
    request_.candidates.clear();
    for (const Proposal& proposal : proposals) {
      const absl::Duration begin = Now();
      TUNEFARM_ASSIGN_OR_RETURN(
          const compiler::Schedule schedule,
          setup_.bound->MakeSchedule(setup_.space().At(proposal.config_index)));
      TUNEFARM_ASSIGN_OR_RETURN(const compiler::LoweredKernel kernel,
                                compiler::Lower(op_, schedule));
      TUNEFARM_ASSIGN_OR_RETURN(
          const compiler::Artifact artifact,
          compiler::BuildArtifact(kernel, setup_.target, tuner::kKernelSymbol));
      const absl::Duration built = Now();
      // It is linked within BuildArtifact; how long that takes is told by doing it once more.
      TUNEFARM_RETURN_IF_ERROR(compiler::LinkImage(artifact.object, artifact.code_memory).status());
      const absl::Duration link = Now() - built;
      parts_.link += link;
      parts_.build += built - begin - link;
      v1::Candidate& candidate = request_.candidates.emplace_back();
      candidate.set_candidate_id(request_.candidates.size());
      *candidate.mutable_kernel() = tuner::ToKernel(artifact);
    }
    request_.verification = tuner::MakeVerification(
        expected_, tuner::OutputPosition(request_.candidates[0].kernel().signature()));
    return absl::OkStatus();
  }

  mcu_agent::BatchContext Context() {
    const mcu_agent::BoardSession& session = control_.session();
    return {&board_,
            &request_,
            session.identity().capacity,
            session.has_feature(TUNEFARM_FEATURE_FPU),
            session.clock().tick_hz,
            session.clock().overhead_ticks,
            contents_.flash()};
  }

  absl::StatusOr<std::vector<mcu_agent::Verdict>> Measure() {
    std::vector<ReadyCandidate> ready(request_.candidates.size());
    std::vector<const ReadyCandidate*> candidates;
    BatchPlan plan;
    {
      const Span span(&parts_.load);
      for (size_t i = 0; i < ready.size(); ++i) {
        const v1::Kernel& kernel = request_.candidates[i].kernel();
        ready[i].candidate = &request_.candidates[i];
        TUNEFARM_ASSIGN_OR_RETURN(ready[i].image, mcu_agent::ReadKernelImage(
                                                      kernel.elf(), kernel.signature().run_symbol(),
                                                      kernel.signature().prepare_symbol()));
        candidates.push_back(&ready[i]);
      }
      TUNEFARM_ASSIGN_OR_RETURN(plan,
                                PlanOf(Context(), candidates, contents_.residents(), &checksums_));
      TUNEFARM_RETURN_IF_ERROR(contents_.Load(plan, &control_.session(), std::stop_token()));
    }
    TUNEFARM_ASSIGN_OR_RETURN(const mcu_agent::QueueEnd end, RunQueue(plan));
    const Span span(&parts_.read);
    TUNEFARM_ASSIGN_OR_RETURN(const std::string samples,
                              control_.session().ReadTwice(plan.samples, plan.sample_bytes()));
    contents_.Ran(plan, BlockIntact(plan, end.results), TensorsIntact(plan, end.results));
    return JudgeBatch(Context(), plan, candidates, end.results, samples);
  }

  // Besides the queue itself: with one timed run a candidate and with many, whose difference is
  // what they take. Each several times, of which the fastest counts: the machine has other things
  // to do.
  absl::StatusOr<mcu_agent::QueueEnd> RunQueue(const BatchPlan& plan) {
    absl::Duration with_one = absl::InfiniteDuration();
    absl::Duration with_many = absl::InfiniteDuration();
    for (int i = 0; i < kQueueRuns; ++i) {
      TUNEFARM_RETURN_IF_ERROR(TimeQueue(plan, 1, &with_one));
      TUNEFARM_RETURN_IF_ERROR(TimeQueue(plan, 1 + kMoreRuns, &with_many));
    }
    const absl::Duration run = (with_many - with_one) / kMoreRuns;
    parts_.run += run * static_cast<double>(plan.repeats);
    const Span span(&parts_.queue);
    mcu_agent::QueueEnd end =
        control_.session().RunQueue(plan.tasks, plan.setup, std::stop_token());
    TUNEFARM_RETURN_IF_ERROR(Check(end));
    return end;
  }

  absl::Status TimeQueue(const BatchPlan& plan, uint32_t repeats, absl::Duration* fastest) {
    std::vector<tunefarm_task> tasks = plan.tasks;
    for (tunefarm_task& task : tasks) {
      if (task.head.kind != TUNEFARM_TASK_CALL) continue;
      task.call.repeats = repeats;
      task.call.samples = 0;  // There is room for those of the plan alone.
    }
    const absl::Duration begin = Now();
    const mcu_agent::QueueEnd end =
        control_.session().RunQueue(tasks, plan.setup, std::stop_token());
    *fastest = std::min(*fastest, Now() - begin);
    return Check(end);
  }

  static absl::Status Check(const mcu_agent::QueueEnd& end) {
    if (end.kind == mcu_agent::QueueEnd::kFinished) return absl::OkStatus();
    return absl::UnavailableError(absl::StrFormat("a queue did not end: %s", end.why));
  }

  // Tells the strategy and the log.
  absl::Status Keep(const std::vector<Proposal>& proposals,
                    const std::vector<mcu_agent::Verdict>& verdicts) {
    for (size_t i = 0; i < verdicts.size(); ++i) {
      const v1::MeasureResult& result = verdicts[i].result;
      const bool ok = verdicts[i].kind == mcu_agent::Verdict::kDone;
      parts_.num_trials += ok ? 1 : 0;
      {
        const Span span(&parts_.propose);
        learner_->Observe(proposals[i].config_index, ok, result.median_ns());
      }
      if (!ok) continue;
      const Span span(&parts_.log);
      db::TrialRecord trial;
      trial.trial_key = absl::StrFormat("%u", ++num_logged_);
      trial.task_id = task_id_;
      trial.config_index = proposals[i].config_index;
      trial.config = setup_.space().Print(setup_.space().At(trial.config_index));
      trial.kernel = db::KernelRecord{request_.candidates[i].kernel().digest(), "", 1, ""};
      trial.device = board_.name;
      trial.emulated = true;
      trial.runs_per_sample = result.runs_per_sample();
      trial.samples_ns.assign(result.samples_ns().begin(), result.samples_ns().end());
      TUNEFARM_RETURN_IF_ERROR(log_->AppendTrial(trial).status());
    }
    const Span span(&parts_.log);
    return log_->Flush();
  }

  const TrialPartsOptions& options_;
  const tuner::TaskSetup setup_;
  const mcu_agent::BoardMap board_;
  const mcu_agent::Pace pace_;
  mcu_agent::OpenOcdBoard control_;
  std::unique_ptr<tuner::Learner> learner_;
  std::unique_ptr<db::TuningLog> log_;
  int64_t task_id_ = 0;
  compiler::Operator op_;
  tuner::ExpectedOutput expected_;
  device_agent::MeasureRequest request_;
  mcu_agent::BoardContents contents_{&board_};
  mcu_agent::DrawnChecksums checksums_;
  int num_tried_ = 0;
  uint64_t num_logged_ = 0;
  TrialParts parts_;
};

}  // namespace

absl::StatusOr<TrialParts> MeasureTrialParts(const TrialPartsOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(tuner::TaskSetup setup,
                            tuner::SetUpTask(options.workload, options.target));
  TUNEFARM_ASSIGN_OR_RETURN(mcu_agent::BoardMap board,
                            mcu_agent::LoadBoardMap(options.bin_dir + "/../boards", options.board));
  return Meter(options, std::move(setup), std::move(board)).Run();
}

}  // namespace tunefarm
