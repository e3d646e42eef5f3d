#include "tests/support/mcu_soak.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <list>
#include <thread>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/hash.h"
#include "base/rng.h"
#include "base/status.h"
#include "base/unique_fd.h"
#include "mcu_agent/bridge/board_device.h"
#include "mcu_agent/bridge/bridge_runner.h"
#include "mcu_agent/bridge/openocd_board.h"
#include "tuner/measure/candidate_builder.h"
#include "tuner/measure/expected_output.h"

namespace tunefarm::testing {
namespace {

constexpr uint64_t kTimeoutNs = 600'000'000;
// Within a batch of 16, which takes about half a second.
constexpr uint64_t kLongestDelayMs = 400;
constexpr char kKillOpenOcd[] = "kill-openocd";
// Every kind of trouble, each until something of the bridge's ladder ends it.
constexpr const char* kFaults[] = {"dead-probe until=reconnect",
                                   "dead-cable until=reconnect",
                                   "dead-cable until=power",
                                   "stuck-core until=reset",
                                   "stuck-core until=power",
                                   "corrupt-word after=",
                                   "brown-out after=",
                                   "power-cycle",
                                   kKillOpenOcd};

void SendCommand(uint16_t port, const std::string& command) {
  const base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return;
  const std::string line = command + "\n";
  if (send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL) < 0) return;
  char answer[64];
  recv(fd.get(), answer, sizeof(answer), 0);
}

// Makes trouble after a delay, on a thread of its own that ends with it.
class Trouble {
 public:
  Trouble(std::string command, absl::Duration delay, uint16_t port, pid_t openocd)
      : thread_([=] {
          absl::SleepFor(delay);
          if (command == kKillOpenOcd) {
            if (openocd > 0) kill(openocd, SIGKILL);
          } else {
            SendCommand(port, command);
          }
        }) {}
  ~Trouble() { thread_.join(); }

 private:
  std::thread thread_;
};

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

class Soak {
 public:
  Soak(const SoakOptions& options, mcu_agent::BoardMap board, std::vector<v1::Kernel> kernels,
       const tuner::ExpectedOutput& expected)
      : options_(options),
        board_(std::move(board)),
        kernels_(std::move(kernels)),
        control_(BoardOptions(), &board_, &pace_),
        quarantine_(*mcu_agent::QuarantineList::Open("")),
        runner_(BridgeOptions(), &board_, &control_, &quarantine_, &pace_),
        rng_(options.seed) {
    request_.timing.set_num_samples(2);
    request_.timing.set_timeout_ns(kTimeoutNs);
    request_.verification =
        tuner::MakeVerification(expected, tuner::OutputPosition(kernels_[0].signature()));
    request_.blobs[expected.blob.digest()] =
        std::make_shared<const std::string>(expected.blob.data());
  }

  absl::StatusOr<SoakReport> Run() {
    TUNEFARM_RETURN_IF_ERROR(runner_.BringUp());
    const absl::Duration begin = pace_.Now();
    for (int first = 0; first < options_.num_trials; first += options_.batch) {
      RunBatch(first, std::min(options_.batch, options_.num_trials - first));
    }
    report_.time = pace_.Now() - begin;
    for (const auto& [id, count] : results_of_) report_.num_twice += count > 1 ? 1 : 0;
    report_.num_results = static_cast<int>(results_of_.size());
    return report_;
  }

 private:
  mcu_agent::OpenOcdBoardOptions BoardOptions() {
    mcu_agent::OpenOcdBoardOptions options;
    options.emulated_board = options_.bin_dir + "/tuner-emulated-board";
    options.command_timeout = absl::Seconds(1);
    options.on_emulator = [this](uint16_t port) { port_ = port; };
    options.on_openocd = [this](pid_t pid) { openocd_ = pid; };
    return options;
  }

  mcu_agent::BridgeOptions BridgeOptions() {
    mcu_agent::BridgeOptions options;
    options.triple = mcu_agent::DescribeBoard(board_)->triple();
    options.has_power_hook = true;
    options.run_quarantined = true;
    return options;
  }

  void RunBatch(int first, int count) {
    request_.candidates.clear();
    for (int i = first; i < first + count; ++i) {
      v1::Candidate candidate;
      candidate.set_candidate_id(static_cast<uint64_t>(i) + 1);
      *candidate.mutable_kernel() = kernels_[static_cast<size_t>(i) % kernels_.size()];
      request_.candidates.push_back(std::move(candidate));
    }
    std::list<Trouble> troubles;
    for (int i = 0; i < count; ++i) {
      if (rng_.Uniform() < options_.fault_rate) Inject(&troubles);
    }
    const absl::Status status =
        runner_.Run(request_, {}, [this](const v1::MeasureResult& result) { Take(result); });
    if (status.ok()) return;
    ++report_.num_failed_runs;
    report_.failures.push_back(base::OneLine(status));
  }

  void Inject(std::list<Trouble>* troubles) {
    std::string fault = kFaults[num_faults_++ % std::size(kFaults)];
    ++report_.faults[fault];
    if (fault.back() == '=') fault += absl::StrFormat("%u", rng_.Below(20'000));
    const absl::Duration delay = absl::Milliseconds(rng_.Below(kLongestDelayMs));
    troubles->emplace_back(fault, delay, port_, openocd_);
  }

  void Take(const v1::MeasureResult& result) {
    ++results_of_[result.candidate_id()];
    std::string outcome = v1::Outcome_Name(result.outcome());
    ++report_.outcomes[outcome];
    if (result.outcome() != v1::OUTCOME_OK) {
      report_.failures.push_back(
          absl::StrFormat("candidate %u: %s: %s", result.candidate_id(), outcome, result.error()));
      return;
    }
    const std::string& config =
        options_.configs[(result.candidate_id() - 1) % options_.configs.size()];
    const auto [known, is_new] = report_.cost_ns.emplace(config, result.median_ns());
    if (known->second != result.median_ns()) ++report_.num_disagreeing;
  }

  const SoakOptions& options_;
  const mcu_agent::BoardMap board_;
  const std::vector<v1::Kernel> kernels_;
  const mcu_agent::Pace pace_;
  // Written by the thread that runs batches, read by it when it makes trouble.
  uint16_t port_ = 0;
  pid_t openocd_ = 0;
  mcu_agent::OpenOcdBoard control_;
  mcu_agent::QuarantineList quarantine_;
  mcu_agent::BridgeRunner runner_;
  base::Rng rng_;
  device_agent::MeasureRequest request_;
  size_t num_faults_ = 0;
  std::map<uint64_t, int> results_of_;
  SoakReport report_;
};

}  // namespace

std::string MissingForEmulatedBoards() {
  const char* path = getenv("PATH");
  const std::vector<std::string> folders = absl::StrSplit(path != nullptr ? path : "", ':');
  for (const std::string program : {"openocd", "qemu-system-arm"}) {
    const bool found = std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
      return access((folder + "/" + program).c_str(), X_OK) == 0;
    });
    if (!found) return program + " is not installed (Debian: openocd, qemu-system-arm)";
  }
  return "";
}

absl::StatusOr<SoakReport> RunSoak(const SoakOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(mcu_agent::BoardMap board,
                            mcu_agent::LoadBoardMap(options.bin_dir + "/../boards", options.board));
  TUNEFARM_ASSIGN_OR_RETURN(std::vector<v1::Kernel> kernels, BuildKernels(options));
  TUNEFARM_ASSIGN_OR_RETURN(const tuner::ExpectedOutput expected,
                            tuner::ComputeExpectedOutput(options.workload));
  return Soak(options, std::move(board), std::move(kernels), expected).Run();
}

}  // namespace tunefarm::testing
