#include "tests/support/mcu_farm/soak.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/rng.h"
#include "base/status.h"
#include "device_agent/agent.h"
#include "device_agent/agent_process.h"
#include "mcu_agent/bridge/board_device.h"
#include "mcu_agent/bridge/bridge_runner.h"
#include "mcu_agent/bridge/openocd_board.h"
#include "tests/support/mcu_farm/farm_client.h"
#include "tests/support/mcu_farm/soak_trouble.h"
#include "tuner/measure/candidate_builder.h"
#include "tuner/measure/expected_output.h"

namespace tunefarm::testing {
namespace {

constexpr uint64_t kTimeoutNs = 600'000'000;
// For a batch, whatever the ladder has to do for it.
constexpr absl::Duration kPatience = absl::Minutes(3);
constexpr char kTroubled[] = "troubled";
constexpr char kBeside[] = "beside";

// Batches of candidates that take the kernels in turn, for one device of the farm.
class Trials {
 public:
  Trials(const std::vector<v1::Kernel>& kernels, const tuner::ExpectedOutput& expected,
         const std::string& device)
      : kernels_(kernels) {
    request_.set_owner("soak of " + device);
    request_.mutable_requirement()->set_name(device);
    request_.mutable_timing()->set_num_samples(2);
    request_.mutable_timing()->set_timeout_ns(kTimeoutNs);
    *request_.mutable_verification() =
        tuner::MakeVerification(expected, tuner::OutputPosition(kernels_[0].signature()));
  }

  v1::SubmitRequest Batch(int first, int count) const {
    v1::SubmitRequest request = request_;
    for (int i = first; i < first + count; ++i) {
      v1::Candidate& candidate = *request.add_candidates();
      candidate.set_candidate_id(static_cast<uint64_t>(i) + 1);
      *candidate.mutable_kernel() = kernels_[Kernel(candidate.candidate_id())];
    }
    return request;
  }
  // The position of the candidate's kernel, and of its config.
  size_t Kernel(uint64_t candidate_id) const { return (candidate_id - 1) % kernels_.size(); }

 private:
  const std::vector<v1::Kernel>& kernels_;
  v1::SubmitRequest request_;
};

std::vector<std::string> AgentFlags(const SoakOptions& options, const std::string& tracker) {
  std::vector<std::string> flags = {
      "--board", "emulated:" + options.board, "--name",      kBeside, "--tracker",
      tracker,   "--run-quarantined",         "--state-dir", ""};
  if (options.use_flash) flags.push_back("--use-flash");
  return flags;
}

// The second board: an agent process, and a thread that has it measure until it is told to stop.
class SecondBoard {
 public:
  SecondBoard(const SoakOptions& options, const std::string& tracker, const Trials& trials)
      : options_(options),
        trials_(trials),
        client_(tracker),
        agent_("tuner-mcu-agent", AgentFlags(options, tracker)),
        costs_(options.configs.size()) {
    agent_.ReadLine();
    thread_ = std::thread([this] { Measure(); });
  }

  // Lets the last batch end.
  BesideReport Stop(const std::map<std::string, double>& cost_ns) {
    stopping_ = true;
    thread_.join();
    for (size_t i = 0; i < costs_.size(); ++i) {
      const auto first = cost_ns.find(options_.configs[i]);
      for (const double cost : costs_[i]) {
        report_.num_disagreeing += first != cost_ns.end() && cost != first->second ? 1 : 0;
      }
    }
    return report_;
  }

 private:
  void Measure() {
    absl::Duration last = base::RealClock().SteadyNow();
    for (int first = 0; !stopping_; first += options_.batch) {
      const absl::Status status =
          client_.Measure(trials_.Batch(first, options_.batch), kPatience,
                          [this](const v1::MeasureResult& result) { Take(result); });
      if (!status.ok()) Fail(base::OneLine(status));
      const absl::Duration now = base::RealClock().SteadyNow();
      report_.longest_gap = std::max(report_.longest_gap, now - std::exchange(last, now));
    }
  }

  void Take(const v1::MeasureResult& result) {
    ++report_.num_results;
    if (result.outcome() != v1::OUTCOME_OK) return Fail(result.error());
    costs_[trials_.Kernel(result.candidate_id())].push_back(result.median_ns());
  }

  void Fail(const std::string& why) {
    if (report_.num_failed++ == 0) report_.first_failure = why;
  }

  const SoakOptions& options_;
  const Trials& trials_;
  FarmClient client_;
  Program agent_;
  std::vector<std::vector<double>> costs_;  // Of each config.
  BesideReport report_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

// The troubled board, with its agent in this process, so that trouble finds its OpenOCD.
class Soak {
 public:
  Soak(const SoakOptions& options, mcu_agent::BoardMap board,
       const std::vector<v1::Kernel>& kernels, const tuner::ExpectedOutput& expected)
      : options_(options),
        board_(std::move(board)),
        trials_(kernels, expected, kTroubled),
        beside_trials_(kernels, expected, kBeside),
        expected_(expected),
        control_(BoardOptions(), &board_, &pace_),
        quarantine_(*mcu_agent::QuarantineList::Open("")),
        runner_(BridgeOptions(), &board_, &control_, quarantine_.get(), &pace_),
        rng_(options.seed) {}

  absl::StatusOr<SoakReport> Run() {
    TUNEFARM_RETURN_IF_ERROR(runner_.BringUp());
    FarmClient client(tracker_.address());
    TUNEFARM_RETURN_IF_ERROR(client.Put(expected_.blob));
    device_agent::Agent agent(AgentOptions(), &runner_);
    std::thread serving([&agent] { agent.Run().IgnoreError(); });
    SecondBoard second(options_, tracker_.address(), beside_trials_);
    const absl::Duration begin = pace_.Now();
    for (int first = 0; first < options_.num_trials; first += options_.batch) {
      RunBatch(first, std::min(options_.batch, options_.num_trials - first), &client);
    }
    report_.time = pace_.Now() - begin;
    report_.beside = second.Stop(report_.cost_ns);
    agent.Stop();
    serving.join();
    for (const auto& [id, count] : results_of_) report_.num_twice += count > 1 ? 1 : 0;
    report_.num_results = static_cast<int>(results_of_.size());
    report_.faults = troubles_.faults();
    return report_;
  }

 private:
  mcu_agent::OpenOcdBoardOptions BoardOptions() {
    mcu_agent::OpenOcdBoardOptions options;
    options.emulated_board = options_.bin_dir + "/tuner-emulated-board";
    options.command_timeout = absl::Seconds(1);
    options.on_emulator = [this](uint16_t port) { targets_.control_port = port; };
    options.on_openocd = [this](pid_t pid) { targets_.openocd = pid; };
    return options;
  }

  // Kernels that trouble made look guilty run again: they are the same in every round.
  mcu_agent::BridgeOptions BridgeOptions() const {
    mcu_agent::BridgeOptions options;
    options.triple = mcu_agent::DescribeBoard(board_)->triple();
    options.has_power_hook = true;
    options.run_quarantined = true;
    return options;
  }

  device_agent::AgentOptions AgentOptions() {
    device_agent::AgentOptions options;
    options.tracker = tracker_.address();
    options.device = *mcu_agent::DescribeBoard(board_);
    options.device.set_name(kTroubled);
    options.device.set_max_batch(static_cast<uint32_t>(options_.batch));
    options.device.set_runs_quarantined(true);
    options.read_unavailable = [this] { return runner_.unavailable_reason(); };
    device_agent::DrawIdentity(&options);
    return options;
  }

  void RunBatch(int first, int count, FarmClient* client) {
    for (int i = 0; i < count; ++i) {
      if (rng_.Uniform() < options_.fault_rate) troubles_.Inject();
    }
    const absl::Status status =
        client->Measure(trials_.Batch(first, count), kPatience,
                        [this](const v1::MeasureResult& result) { Take(result); });
    troubles_.Join();
    if (!status.ok()) report_.failures.push_back(base::OneLine(status));
  }

  void Take(const v1::MeasureResult& result) {
    ++results_of_[result.candidate_id()];
    report_.num_elsewhere += result.device() != kTroubled ? 1 : 0;
    std::string outcome = v1::Outcome_Name(result.outcome());
    ++report_.outcomes[outcome];
    if (result.outcome() != v1::OUTCOME_OK) {
      report_.failures.push_back(
          absl::StrFormat("candidate %u: %s: %s", result.candidate_id(), outcome, result.error()));
      return;
    }
    const std::string& config = options_.configs[trials_.Kernel(result.candidate_id())];
    const auto [known, is_new] = report_.cost_ns.emplace(config, result.median_ns());
    if (known->second != result.median_ns()) ++report_.num_disagreeing;
  }

  const SoakOptions& options_;
  const mcu_agent::BoardMap board_;
  const Trials trials_, beside_trials_;
  const tuner::ExpectedOutput& expected_;
  const mcu_agent::Pace pace_;
  TroubleTargets targets_;
  mcu_agent::OpenOcdBoard control_;
  const std::unique_ptr<mcu_agent::QuarantineList> quarantine_;
  mcu_agent::BridgeRunner runner_;
  const TrackerProcess tracker_;
  base::Rng rng_;
  TroubleMaker troubles_{&targets_, &rng_};
  std::map<uint64_t, int> results_of_;
  SoakReport report_;
};

}  // namespace

SoakOptions SoakInRam() {
  SoakOptions options;
  options.board = "mps2-an500";
  options.target = "cortex-m7";
  options.workload = "conv2d/s8/nhwc/1x25x5x64/o64k1x1/bias+requant+relu";
  options.configs = {"pixels=2,channels=4,steps=32,weight_bits=16,rows=0",
                     "pixels=4,channels=2,steps=32,weight_bits=16,rows=0",
                     "pixels=2,channels=2,steps=8,weight_bits=16,rows=0",
                     "pixels=1,channels=4,steps=4,weight_bits=16,rows=0"};
  return options;
}

SoakOptions SoakInFlash() {
  SoakOptions options;
  options.board = "netduinoplus2";
  options.use_flash = true;
  options.target = "cortex-m4,code=sram+flash";
  options.workload = "conv2d/s8/nhwc/1x5x5x16/o8k1x1/bias+requant+relu";
  options.configs = {"pixels=2,channels=4,steps=8,weight_bits=16,rows=0,code_memory=1",
                     "pixels=2,channels=2,steps=8,weight_bits=16,rows=0,code_memory=1",
                     "pixels=1,channels=4,steps=4,weight_bits=16,rows=0,code_memory=0"};
  return options;
}

absl::StatusOr<std::vector<v1::Kernel>> BuildKernels(const SoakOptions& options) {
  tuner::CandidateBuilder builder;
  std::vector<v1::Kernel> kernels;
  for (const std::string& config : options.configs) {
    v1::BuildRequest request;
    request.set_ticket(1);
    request.set_target(options.target);
    request.mutable_candidate()->set_workload(options.workload);
    request.mutable_candidate()->set_config(config);
    const v1::BuildReply reply = builder.Build(request);
    if (reply.outcome() != v1::OUTCOME_OK) {
      return absl::InternalError(absl::StrFormat("build of %s: %s", config, reply.error()));
    }
    kernels.push_back(reply.kernel());
  }
  return kernels;
}

absl::StatusOr<SoakReport> RunSoak(const SoakOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(mcu_agent::BoardMap board,
                            mcu_agent::LoadBoardMap(options.bin_dir + "/../boards", options.board));
  if (!options.use_flash) board = mcu_agent::WithoutFlash(std::move(board));
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<v1::Kernel> kernels, BuildKernels(options));
  TUNEFARM_ASSIGN_OR_RETURN(const tuner::ExpectedOutput expected,
                            tuner::ComputeExpectedOutput(options.workload));
  return Soak(options, std::move(board), kernels, expected).Run();
}

}  // namespace tunefarm::testing
