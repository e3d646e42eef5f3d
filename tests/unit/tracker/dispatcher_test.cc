// The dispatcher with peers that only remember, and with many threads at once (for
// ThreadSanitizer).
#include "tracker/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string_view>
#include <thread>

#include "base/hash.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/version.h"
#include "proto/kernel_abi.h"

namespace tunefarm::tracker {
namespace {

using ::testing::HasSubstr;

class ManualClock final : public base::Clock {
 public:
  absl::Time Now() const override { return absl::UnixEpoch(); }
  absl::Duration SteadyNow() const override { return absl::Seconds(seconds.load()); }
  std::atomic<int> seconds = 1000;
};

// Remembers what it is given; Take waits for it.
template <class Base, class Message>
class RecordingPeer final : public Base {
 public:
  void Enqueue(Message message) override {
    base::MutexLock lock(&mutex_);
    messages_.push_back(std::move(message));
    changed_.NotifyAll();
  }
  void Close(absl::Status why) override {
    base::MutexLock lock(&mutex_);
    if (!closed_.has_value()) closed_ = std::move(why);
    changed_.NotifyAll();
  }
  void Flush() override {}

  // The next message; nothing once the peer is closed and empty. Blocks.
  std::optional<Message> Take() {
    base::MutexLock lock(&mutex_);
    while (messages_.empty() && !closed_.has_value()) changed_.Wait(&mutex_);
    if (messages_.empty()) return std::nullopt;
    Message message = std::move(messages_.front());
    messages_.pop_front();
    return message;
  }
  std::optional<absl::Status> closed() {
    base::MutexLock lock(&mutex_);
    return closed_;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<Message> messages_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> closed_ ABSL_GUARDED_BY(mutex_);
};
using Agent = RecordingPeer<AgentPeer, v1::TrackerMessage>;
using Client = RecordingPeer<ClientPeer, v1::SubmitUpdate>;

v1::Hello HelloOf(const std::string& name) {
  v1::Hello hello;
  hello.mutable_device()->set_name(name);
  hello.mutable_device()->set_triple("x86_64-pc-linux-gnu");
  hello.mutable_device()->set_kernel_abi_version(TUNEFARM_KERNEL_ABI_VERSION);
  hello.mutable_device()->set_agent_version(base::Print(base::OwnVersion()));
  return hello;
}

v1::SubmitRequest RequestOf(int num_candidates, const std::string& owner = "alice") {
  v1::SubmitRequest request;
  request.set_owner(owner);
  for (int i = 0; i < num_candidates; ++i) {
    v1::Candidate* candidate = request.add_candidates();
    candidate->set_candidate_id(static_cast<uint64_t>(i));
    candidate->mutable_kernel()->set_elf("elf of " + std::to_string(i));
  }
  return request;
}

v1::AgentMessage ResultOf(const v1::Assignment& assignment, int index) {
  v1::AgentMessage message;
  message.mutable_result()->set_assignment_id(assignment.assignment_id());
  message.mutable_result()->set_epoch(assignment.epoch());
  v1::MeasureResult* result = message.mutable_result()->mutable_result();
  result->set_candidate_id(assignment.candidates(index).candidate_id());
  result->set_outcome(v1::OUTCOME_OK);
  result->set_median_ns(1000);
  return message;
}

class DispatcherTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { base::InitLog("tracker_test", "off"); }

  ManualClock clock_;
  BlobStore blobs_{1000};
  Dispatcher dispatcher_{TrackerPolicy{}, /*max_queued_bytes=*/100000, clock_, blobs_};
};

TEST_F(DispatcherTest, StreamThatNeverSaysHelloIsClosed) {
  const auto silent = std::make_shared<Agent>();
  const auto gone = std::make_shared<Agent>();
  const auto agent = std::make_shared<Agent>();
  for (const auto& peer : {silent, gone, agent}) dispatcher_.Opened(peer);
  dispatcher_.Left(gone.get());
  const SessionId session = *dispatcher_.Hello(agent, HelloOf("pi-1"));
  v1::AgentMessage heartbeat;
  heartbeat.mutable_heartbeat();
  const auto pass = [&](int seconds) {
    clock_.seconds += seconds;
    dispatcher_.FromAgent(session, heartbeat);
    dispatcher_.Tick();
  };
  pass(9);
  EXPECT_FALSE(silent->closed().has_value());
  pass(1);
  ASSERT_TRUE(silent->closed().has_value());
  EXPECT_EQ(silent->closed()->code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(silent->closed()->message()), HasSubstr("no Hello within 10s"));
  EXPECT_FALSE(gone->closed().has_value());
  EXPECT_FALSE(agent->closed().has_value());
  EXPECT_EQ(silent.use_count(), 1) << "nobody holds it any more";
}

TEST_F(DispatcherTest, WelcomeComesFirstThenTheWorkWithItsKernels) {
  auto client = std::make_shared<Client>();
  v1::SubmitRequest request = RequestOf(2);
  request.mutable_timing()->set_num_samples(7);
  request.mutable_verification()->set_seed(11);
  ASSERT_TRUE(dispatcher_.Submit(client, request).ok());
  EXPECT_EQ(client->Take()->waiting(), "no device is connected");

  auto agent = std::make_shared<Agent>();
  const SessionId session = dispatcher_.Hello(agent, HelloOf("pi-1")).value();
  const v1::Welcome welcome = agent->Take()->welcome();
  EXPECT_EQ(welcome.session_epoch(), session);
  EXPECT_EQ(welcome.heartbeat_interval_ns(), 2'000'000'000u);
  const v1::Assignment assignment = agent->Take()->assignment();
  ASSERT_EQ(assignment.candidates_size(), 2);
  EXPECT_EQ(assignment.candidates(1).kernel().elf(), "elf of 1");
  EXPECT_EQ(assignment.timing().num_samples(), 7u);
  EXPECT_EQ(assignment.verification().seed(), 11u);

  dispatcher_.FromAgent(session, ResultOf(assignment, 0));
  const v1::MeasureResult result = client->Take()->result();
  EXPECT_EQ(result.outcome(), v1::OUTCOME_OK);
  EXPECT_EQ(result.device(), "pi-1");
  EXPECT_EQ(result.epoch(), assignment.epoch());
  EXPECT_FALSE(client->closed().has_value());
  dispatcher_.FromAgent(session, ResultOf(assignment, 1));
  EXPECT_TRUE(client->Take().has_value());
  EXPECT_FALSE(client->Take().has_value());
  EXPECT_TRUE(client->closed()->ok());
}

TEST_F(DispatcherTest, LostCandidateEndsWithItsHistory) {
  auto client = std::make_shared<Client>();
  v1::SubmitRequest request = RequestOf(1);
  request.set_max_attempts(1);
  ASSERT_TRUE(dispatcher_.Submit(client, request).ok());
  auto agent = std::make_shared<Agent>();
  dispatcher_.AgentGone(dispatcher_.Hello(agent, HelloOf("pi-1")).value(), "its stream closed");
  EXPECT_EQ(client->Take()->waiting(), "no device is connected");
  const v1::MeasureResult result = client->Take()->result();
  EXPECT_EQ(result.outcome(), v1::OUTCOME_DEVICE_LOST);
  EXPECT_EQ(result.device(), "pi-1");
  EXPECT_THAT(result.error(), HasSubstr("attempt 1 on pi-1: its stream closed"));
  EXPECT_FALSE(client->Take().has_value());
}

TEST_F(DispatcherTest, WhatOneAgentSaysOfAKernelAnotherIsToldAndTheClientToo) {
  const auto board = [](const std::string& name) {
    v1::Hello hello = HelloOf(name);
    (*hello.mutable_device()->mutable_tags())["board"] = "stm32f746";
    return hello;
  };
  v1::SubmitRequest request = RequestOf(1);
  request.mutable_candidates(0)->mutable_kernel()->set_digest("abc");
  const auto first = std::make_shared<Agent>();
  const SessionId session = dispatcher_.Hello(first, board("board-1")).value();
  const auto client = std::make_shared<Client>();
  ASSERT_TRUE(dispatcher_.Submit(client, request).ok());
  EXPECT_TRUE(first->Take()->has_welcome());
  v1::AgentMessage result = ResultOf(first->Take()->assignment(), 0);
  result.mutable_result()->mutable_result()->set_outcome(v1::OUTCOME_TIMEOUT);
  result.mutable_result()->mutable_result()->set_took_board_down("hung");
  dispatcher_.FromAgent(session, result);
  EXPECT_EQ(client->Take()->result().took_board_down(), "hung");

  v1::Hello hello = board("board-2");
  v1::QuarantinedKernel* known = hello.add_quarantined();
  known->set_digest("def");
  known->set_reason("faulted");
  const auto second = std::make_shared<Agent>();
  ASSERT_TRUE(dispatcher_.Hello(second, hello).ok());
  EXPECT_TRUE(second->Take()->has_welcome());
  EXPECT_EQ(second->Take()->quarantine().kernels(0).digest(), "abc");
  const v1::Quarantine told = first->Take()->quarantine();
  ASSERT_EQ(told.kernels_size(), 1);
  EXPECT_EQ(told.kernels(0).digest(), "def");
  EXPECT_EQ(told.kernels(0).reason(), "faulted");

  const auto again = std::make_shared<Client>();
  ASSERT_TRUE(dispatcher_.Submit(again, request).ok());
  const v1::MeasureResult refused = again->Take()->result();
  EXPECT_EQ(refused.outcome(), v1::OUTCOME_CRASHED);
  EXPECT_EQ(refused.phase(), "dispatch");
  EXPECT_THAT(refused.error(), HasSubstr("took a stm32f746 down before (hung)"));
  EXPECT_FALSE(again->Take().has_value());
}

TEST_F(DispatcherTest, AgentOfAnotherKernelAbiIsRefused) {
  v1::Hello hello = HelloOf("pi-1");
  hello.mutable_device()->set_kernel_abi_version(TUNEFARM_KERNEL_ABI_VERSION + 1);
  EXPECT_EQ(dispatcher_.Hello(std::make_shared<Agent>(), hello).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(DispatcherTest, SubmissionThatNamesAnUnknownBlobIsRefused) {
  v1::SubmitRequest request = RequestOf(1);
  request.mutable_verification()->add_expected()->set_digest("feed");
  EXPECT_EQ(dispatcher_.Submit(std::make_shared<Client>(), request).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(DispatcherTest, BlobOfASubmissionStaysUntilItEnds) {
  const std::string data(600, 'x');
  const std::string digest = base::Sha256Hex(std::string_view(data));
  const std::string other(600, 'y');
  const std::string other_digest = base::Sha256Hex(std::string_view(other));
  ASSERT_TRUE(blobs_.Put(digest, data).ok());
  v1::SubmitRequest request = RequestOf(1);
  request.mutable_verification()->add_expected()->set_digest(digest);
  const SubmissionId id = dispatcher_.Submit(std::make_shared<Client>(), request).value();
  EXPECT_EQ(blobs_.Put(other_digest, other).code(), absl::StatusCode::kResourceExhausted);

  auto agent = std::make_shared<Agent>();
  const SessionId session = dispatcher_.Hello(agent, HelloOf("pi-1")).value();
  agent->Take();  // Welcome.
  agent->Take();  // Assignment.
  v1::AgentMessage message;
  message.mutable_blob_request()->add_digests(digest);
  message.mutable_blob_request()->add_digests("feed");
  dispatcher_.FromAgent(session, message);
  EXPECT_EQ(agent->Take()->blobs().blobs(0).data(), data);
  EXPECT_EQ(agent->Take()->blobs().missing(0), "feed");

  dispatcher_.ClientGone(id);
  EXPECT_TRUE(agent->Take()->has_cancel());
  EXPECT_TRUE(blobs_.Put(other_digest, other).ok());
}

TEST_F(DispatcherTest, QueueIsLimitedInBytes) {
  v1::SubmitRequest request = RequestOf(1);
  request.mutable_candidates(0)->mutable_kernel()->set_elf(std::string(60000, 'x'));
  const SubmissionId id = dispatcher_.Submit(std::make_shared<Client>(), request).value();
  EXPECT_EQ(dispatcher_.Submit(std::make_shared<Client>(), request).status().code(),
            absl::StatusCode::kResourceExhausted);
  dispatcher_.ClientGone(id);
  EXPECT_TRUE(dispatcher_.Submit(std::make_shared<Client>(), request).ok());
}

TEST_F(DispatcherTest, DeviceListShowsWhatHeartbeatsTold) {
  const SessionId session = dispatcher_.Hello(std::make_shared<Agent>(), HelloOf("pi-1")).value();
  v1::AgentMessage message;
  message.mutable_heartbeat()->mutable_state()->set_temperature_millicelsius(61500);
  dispatcher_.FromAgent(session, message);
  clock_.seconds += 3;
  const v1::ListDevicesReply reply = dispatcher_.ListDevices();
  ASSERT_EQ(reply.devices_size(), 1);
  const v1::DeviceEntry& entry = reply.devices(0);
  EXPECT_EQ(entry.info().name(), "pi-1");
  EXPECT_EQ(entry.status(), v1::DEVICE_STATUS_IDLE);
  EXPECT_EQ(entry.connected_ns(), 3'000'000'000u);
  EXPECT_EQ(entry.state().temperature_millicelsius(), 61500);
  EXPECT_FALSE(entry.state().has_throttled());
}

TEST_F(DispatcherTest, ShutdownEndsEveryStreamAsUnavailable) {
  auto agent = std::make_shared<Agent>();
  auto client = std::make_shared<Client>();
  ASSERT_TRUE(dispatcher_.Hello(agent, HelloOf("pi-1")).ok());
  ASSERT_TRUE(dispatcher_.Submit(client, RequestOf(1)).ok());
  dispatcher_.Shutdown();
  EXPECT_EQ(agent->closed()->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client->closed()->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(dispatcher_.Hello(agent, HelloOf("pi-2")).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(dispatcher_.Submit(client, RequestOf(1)).status().code(),
            absl::StatusCode::kUnavailable);
}

// Agents that measure and break off, clients that submit and wait, all at once.
TEST_F(DispatcherTest, ManyThreadsAtOnceLoseNoCandidate) {
  constexpr int kNumAgents = 4;
  constexpr int kNumClients = 4;
  constexpr int kNumSubmissions = 20;
  constexpr int kNumCandidates = 20;
  std::atomic<int> num_clients_left = kNumClients;
  std::atomic<int> num_results = 0;

  const auto measure = [&](const std::string& name) {
    for (int connection = 0; num_clients_left.load() > 0; ++connection) {
      auto agent = std::make_shared<Agent>();
      const absl::StatusOr<SessionId> session = dispatcher_.Hello(agent, HelloOf(name));
      if (!session.ok()) return;  // Shut down.
      int num_measured = 0;
      // Every other connection breaks after some results.
      while (connection % 2 == 0 || num_measured < 10) {
        const std::optional<v1::TrackerMessage> message = agent->Take();
        if (!message.has_value()) return;
        if (!message->has_assignment()) continue;
        for (int i = 0; i < message->assignment().candidates_size(); ++i, ++num_measured) {
          dispatcher_.FromAgent(*session, ResultOf(message->assignment(), i));
        }
        if (connection % 2 == 0 && num_measured > 100) break;
      }
      dispatcher_.AgentGone(*session, "broken");
    }
  };
  const auto submit = [&](const std::string& owner) {
    for (int i = 0; i < kNumSubmissions; ++i) {
      auto client = std::make_shared<Client>();
      v1::SubmitRequest request = RequestOf(kNumCandidates, owner);
      request.set_max_attempts(100);
      ASSERT_TRUE(dispatcher_.Submit(client, request).ok());
      while (const std::optional<v1::SubmitUpdate> update = client->Take()) {
        if (update->has_result() && update->result().outcome() == v1::OUTCOME_OK) ++num_results;
      }
    }
    if (--num_clients_left == 0) dispatcher_.Shutdown();
  };

  std::vector<std::thread> threads;
  for (int i = 0; i < kNumAgents; ++i) threads.emplace_back(measure, "device-" + std::to_string(i));
  for (int i = 0; i < kNumClients; ++i) threads.emplace_back(submit, "owner-" + std::to_string(i));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_results.load(), kNumClients * kNumSubmissions * kNumCandidates);
}

}  // namespace
}  // namespace tunefarm::tracker
