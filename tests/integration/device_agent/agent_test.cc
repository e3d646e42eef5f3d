// The agent loop against a tracker that the test plays, over real gRPC; the runner is a fake, so
// that the test decides when a measurement ends.
#include "device_agent/agent.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/hash.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/fake_kernel_runner.h"
#include "tests/support/fake_tracker.h"

namespace tunefarm::device_agent {
namespace {

using ::testing::ElementsAre;
using tunefarm::testing::FakeKernelRunner;
using tunefarm::testing::FakeTracker;

v1::TrackerMessage AssignmentOf(uint64_t assignment_id, uint64_t epoch,
                                const std::vector<uint64_t>& candidates) {
  v1::TrackerMessage message;
  v1::Assignment* assignment = message.mutable_assignment();
  assignment->set_assignment_id(assignment_id);
  assignment->set_epoch(epoch);
  for (const uint64_t id : candidates) {
    v1::Candidate* candidate = assignment->add_candidates();
    candidate->set_candidate_id(id);
    candidate->mutable_kernel()->set_elf("bytes of a kernel");
  }
  return message;
}

v1::TrackerMessage CancelOf(uint64_t assignment_id) {
  v1::TrackerMessage message;
  message.mutable_cancel()->set_assignment_id(assignment_id);
  return message;
}

v1::TrackerMessage BlobOf(const std::string& bytes) {
  v1::TrackerMessage message;
  v1::Blob* blob = message.mutable_blobs()->add_blobs();
  blob->set_digest(base::Sha256Hex(bytes));
  blob->set_data(bytes);
  return message;
}

// An agent that serves until the end of the scope.
class RunningAgent {
 public:
  RunningAgent(const std::string& address, KernelRunner* runner, const AgentOptions& options = {})
      : agent_(Complete(options, address), runner), thread_([this] { status_ = agent_.Run(); }) {}
  ~RunningAgent() {
    agent_.Stop();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status End() {
    agent_.Stop();
    return Join();
  }
  absl::Status Join() {
    thread_.join();
    return status_;
  }
  int num_first_welcomes() const { return num_first_welcomes_; }

 private:
  AgentOptions Complete(AgentOptions options, const std::string& address) {
    options.tracker = address;
    options.device.set_name("bench");
    options.token = "secret";
    options.instance_id = "instance";
    options.on_welcome = [this] { ++num_first_welcomes_; };
    return options;
  }

  std::atomic<int> num_first_welcomes_ = 0;
  Agent agent_;
  absl::Status status_;
  std::thread thread_;
};

TEST(AgentTest, HelloComesFirstAndSaysWhoTheAgentIs) {
  FakeKernelRunner runner;
  FakeTracker tracker;
  RunningAgent agent(tracker.address(), &runner);
  const v1::Hello hello = tracker.NextHello();
  EXPECT_EQ(hello.device().name(), "bench");
  EXPECT_EQ(hello.token(), "secret");
  EXPECT_EQ(hello.instance_id(), "instance");
  EXPECT_EQ(hello.running_size(), 0);
  ASSERT_TRUE(tracker.AwaitHeartbeats(1));
  EXPECT_EQ(agent.num_first_welcomes(), 1);
  EXPECT_TRUE(agent.End().ok());
}

// A device that breaks down with its first candidate.
class BreakingRunner final : public KernelRunner {
 public:
  absl::Status Run(const MeasureRequest&, std::stop_token, const OnResult&) override {
    broken_ = true;
    return absl::UnavailableError("the probe is gone");
  }
  std::string unavailable() const { return broken_ ? "the probe is gone" : ""; }

 private:
  std::atomic<bool> broken_ = false;
};

TEST(AgentTest, DeviceIsUnavailableBeforeItsWorkComesBack) {
  BreakingRunner runner;
  FakeTracker tracker;
  AgentOptions options;
  options.read_unavailable = [&] { return runner.unavailable(); };
  RunningAgent agent(tracker.address(), &runner, options);
  EXPECT_EQ(tracker.NextHello().unavailable(), "");
  tracker.Send(AssignmentOf(1, 1, {10}));
  const std::optional<v1::AgentMessage> first = tracker.Next();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->heartbeat().unavailable(), "the probe is gone");
  EXPECT_EQ(tracker.NextResult().result().outcome(), v1::OUTCOME_DEVICE_LOST);
}

TEST(AgentTest, DeviceCanJoinAsUnavailable) {
  FakeKernelRunner runner;
  FakeTracker tracker;
  AgentOptions options;
  options.read_unavailable = [] { return "no probe"; };
  RunningAgent agent(tracker.address(), &runner, options);
  EXPECT_EQ(tracker.NextHello().unavailable(), "no probe");
}

TEST(AgentTest, KernelsThatTookABoardDownAreToldInHelloAndLearntFromTheTracker) {
  FakeKernelRunner runner;
  FakeTracker tracker;
  AgentOptions options;
  options.read_quarantined = [] {
    std::vector<v1::QuarantinedKernel> kernels(1);
    kernels[0].set_digest("abc");
    kernels[0].set_reason("hung");
    return kernels;
  };
  std::atomic<int> num_learnt = 0;
  options.on_quarantine = [&](const v1::Quarantine& told) { num_learnt += told.kernels_size(); };
  RunningAgent agent(tracker.address(), &runner, options);
  const v1::Hello hello = tracker.NextHello();
  ASSERT_EQ(hello.quarantined_size(), 1);
  EXPECT_EQ(hello.quarantined(0).digest(), "abc");
  EXPECT_EQ(hello.quarantined(0).reason(), "hung");

  v1::TrackerMessage message;
  message.mutable_quarantine()->add_kernels()->set_digest("def");
  tracker.Send(message);
  // What comes after it on the stream is dealt with after it.
  v1::TrackerMessage work = AssignmentOf(1, 1, {10});
  work.mutable_assignment()->mutable_candidates(0)->mutable_kernel()->clear_elf();
  work.mutable_assignment()->mutable_candidates(0)->mutable_kernel()->set_digest("ghi");
  tracker.Send(work);
  EXPECT_EQ(tracker.NextBlobRequest().digests_size(), 1);
  EXPECT_EQ(num_learnt, 1);
}

TEST(AgentTest, AgentWithoutAListGoesOnWhenTheTrackerTellsOne) {
  FakeKernelRunner runner;
  FakeTracker tracker;
  RunningAgent agent(tracker.address(), &runner);
  EXPECT_EQ(tracker.NextHello().quarantined_size(), 0);
  v1::TrackerMessage message;
  message.mutable_quarantine()->add_kernels()->set_digest("def");
  tracker.Send(message);
  ASSERT_TRUE(tracker.AwaitHeartbeats(1));
  EXPECT_TRUE(agent.End().ok());
}

TEST(AgentTest, EveryCandidateIsAnsweredWithTheEpochOfItsAssignment) {
  FakeKernelRunner runner;
  FakeTracker tracker;
  RunningAgent agent(tracker.address(), &runner);
  tracker.NextHello();
  tracker.Send(AssignmentOf(1, 71, {10, 11}));
  tracker.Send(AssignmentOf(2, 72, {20}));
  for (const auto& [assignment, epoch, candidate] :
       std::vector<std::array<uint64_t, 3>>{{1, 71, 10}, {1, 71, 11}, {2, 72, 20}}) {
    const v1::AgentResult result = tracker.NextResult();
    EXPECT_EQ(result.assignment_id(), assignment);
    EXPECT_EQ(result.epoch(), epoch);
    EXPECT_EQ(result.result().candidate_id(), candidate);
    EXPECT_EQ(result.result().epoch(), epoch);
    EXPECT_EQ(result.result().outcome(), v1::OUTCOME_OK);
  }
}

TEST(AgentTest, ResultIsSentBeforeTheNextCandidateEnds) {
  FakeKernelRunner runner({11});
  FakeTracker tracker;
  RunningAgent agent(tracker.address(), &runner);
  tracker.NextHello();
  tracker.Send(AssignmentOf(1, 1, {10, 11}));
  EXPECT_EQ(tracker.NextResult().result().candidate_id(), 10u);
  runner.Release();
  EXPECT_EQ(tracker.NextResult().result().candidate_id(), 11u);
}

TEST(AgentTest, HeartbeatsGoOnWhileAKernelRuns) {
  FakeKernelRunner runner({10});
  FakeTracker tracker;
  RunningAgent agent(tracker.address(), &runner);
  tracker.NextHello();
  tracker.Send(AssignmentOf(1, 1, {10}));
  runner.AwaitStart(10);
  ASSERT_TRUE(tracker.AwaitHeartbeats(20));
  runner.Release();
  EXPECT_EQ(tracker.NextResult().result().candidate_id(), 10u);
}

TEST(AgentTest, MissingBlobIsRequestedOnceAndKept) {
  FakeKernelRunner runner;
  FakeTracker tracker;
  RunningAgent agent(tracker.address(), &runner);
  tracker.NextHello();
  const std::string bytes = "expected output";
  v1::TrackerMessage assignment = AssignmentOf(1, 1, {10});
  assignment.mutable_assignment()->mutable_verification()->add_expected()->set_digest(
      base::Sha256Hex(bytes));
  tracker.Send(assignment);
  EXPECT_THAT(tracker.NextBlobRequest().digests(), ElementsAre(base::Sha256Hex(bytes)));
  tracker.Send(BlobOf(bytes));
  EXPECT_EQ(tracker.NextResult().result().candidate_id(), 10u);
  // The next assignment of the task needs no request: its result is what comes next.
  assignment.mutable_assignment()->set_assignment_id(2);
  tracker.Send(assignment);
  EXPECT_EQ(tracker.NextResult().assignment_id(), 2u);
}

TEST(AgentTest, CancelledAssignmentIsStoppedAndTheNextOneRuns) {
  FakeKernelRunner runner({10});
  FakeTracker tracker;
  RunningAgent agent(tracker.address(), &runner);
  tracker.NextHello();
  tracker.Send(AssignmentOf(1, 1, {10, 11}));
  runner.AwaitStart(10);
  tracker.Send(AssignmentOf(2, 2, {20}));
  tracker.Send(AssignmentOf(3, 3, {30}));
  tracker.Send(CancelOf(2));
  tracker.Send(CancelOf(1));
  tracker.Send(CancelOf(99));  // Unknown: ignored.
  const v1::AgentResult result = tracker.NextResult();
  EXPECT_EQ(result.assignment_id(), 3u);
  EXPECT_EQ(result.result().candidate_id(), 30u);
}

// Waits until somebody dials `port`, and hangs up: the agent has seen the end of its connection.
void AwaitDial(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int reuse = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  pollfd dialled = {.fd = listener, .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&dialled, 1, 10'000), 1);
  close(listener);
}

TEST(AgentTest, AgentReconnectsAndTellsWhatItFinishedMeanwhile) {
  FakeKernelRunner runner({11});
  auto tracker = std::make_unique<FakeTracker>();
  const int port = tracker->port();
  RunningAgent agent(tracker->address(), &runner);
  tracker->NextHello();
  tracker->Send(AssignmentOf(1, 5, {10, 11, 12}));
  EXPECT_EQ(tracker->NextResult().result().candidate_id(), 10u);
  tracker.reset();
  AwaitDial(port);
  runner.Release();  // 11 and 12 end while there is no tracker.
  runner.AwaitStart(12);

  tracker = std::make_unique<FakeTracker>(port);
  const v1::Hello hello = tracker->NextHello();
  ASSERT_EQ(hello.running_size(), 1);
  EXPECT_EQ(hello.running(0).assignment_id(), 1u);
  EXPECT_EQ(hello.running(0).epoch(), 5u);
  // The first result may have been lost with the old connection, so it is told again.
  for (const uint64_t candidate : {10, 11, 12}) {
    const v1::AgentResult result = tracker->NextResult();
    EXPECT_EQ(result.result().candidate_id(), candidate);
    EXPECT_EQ(result.epoch(), 5u);
  }
  EXPECT_EQ(agent.num_first_welcomes(), 1);
}

TEST(AgentTest, WorkThatIsNotWantedAfterAReconnectIsDropped) {
  FakeKernelRunner runner({10});
  auto tracker = std::make_unique<FakeTracker>();
  const int port = tracker->port();
  RunningAgent agent(tracker->address(), &runner);
  tracker->NextHello();
  tracker->Send(AssignmentOf(1, 5, {10}));
  runner.AwaitStart(10);
  tracker = nullptr;
  tracker = std::make_unique<FakeTracker>(port);
  EXPECT_EQ(tracker->NextHello().running_size(), 1);
  tracker->Send(CancelOf(1));
  tracker->Send(AssignmentOf(2, 6, {20}));
  EXPECT_EQ(tracker->NextResult().assignment_id(), 2u);
}

TEST(AgentTest, RefusalAtTheFirstHelloEndsTheAgent) {
  FakeKernelRunner runner;
  FakeTracker tracker;
  tracker.Refuse(grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "wrong token"));
  RunningAgent agent(tracker.address(), &runner);
  const absl::Status status = agent.Join();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(status.message(), "wrong token");
}

TEST(AgentTest, StopEndsAnAgentThatMeasures) {
  FakeKernelRunner runner({10});
  FakeTracker tracker;
  RunningAgent agent(tracker.address(), &runner);
  tracker.NextHello();
  tracker.Send(AssignmentOf(1, 1, {10}));
  runner.AwaitStart(10);
  EXPECT_TRUE(agent.End().ok());
}

TEST(AgentTest, StopEndsAnAgentThatNeverReachedItsTracker) {
  FakeKernelRunner runner;
  // Nothing listens there: the port was free a moment ago.
  const std::string address = FakeTracker().address();
  RunningAgent agent(address, &runner);
  EXPECT_TRUE(agent.End().ok());
}

}  // namespace
}  // namespace tunefarm::device_agent
