// The real tracker on loopback with agents and clients on the generated stubs.
#include "tracker/tracker_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string_view>
#include <thread>

#include "base/hash.h"
#include "base/log.h"
#include "tests/integration/tracker/fake_agent.h"
#include "tunefarm/v1/tuner.grpc.pb.h"

namespace tunefarm::tracker {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class TrackerServerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    base::InitLog("tracker_server_test", "off");
    RouteGrpcLog();
  }

  void Start(TrackerServerOptions options = {}) {
    options.listen = "127.0.0.1:0";
    absl::StatusOr<std::unique_ptr<TrackerServer>> server = TrackerServer::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = v1::TrackerService::NewStub(ConnectTo(address()));
  }
  std::string address() const { return server_->address(); }

  grpc::Status PutBlob(const std::string& digest, const std::string& data) {
    v1::PutBlobsRequest request;
    request.add_blobs()->set_digest(digest);
    request.mutable_blobs(0)->set_data(data);
    v1::PutBlobsReply reply;
    grpc::ClientContext context;
    return stub_->PutBlobs(&context, request, &reply);
  }
  v1::ListDevicesReply ListDevices() {
    v1::ListDevicesReply reply;
    grpc::ClientContext context;
    EXPECT_TRUE(stub_->ListDevices(&context, {}, &reply).ok());
    return reply;
  }

  std::unique_ptr<TrackerServer> server_;
  std::unique_ptr<v1::TrackerService::Stub> stub_;
};

TEST_F(TrackerServerTest, BatchGoesThroughTrackerAndAgentAndBack) {
  Start();
  FakeAgent agent(address(), "pi-1");
  EXPECT_EQ(agent.Read()->welcome().heartbeat_interval_ns(), 2'000'000'000u);
  FakeClient client(address(), FakeClient::RequestOf(40));
  std::thread serving([&] { agent.Serve(); });
  const std::vector<v1::MeasureResult> results = client.Results();
  EXPECT_TRUE(client.Finish().ok());
  EXPECT_THAT(results, SizeIs(40));
  std::set<uint64_t> seen;
  for (const v1::MeasureResult& result : results) {
    EXPECT_EQ(result.outcome(), v1::OUTCOME_OK);
    EXPECT_EQ(result.device(), "pi-1");
    EXPECT_GT(result.epoch(), 0u);
    seen.insert(result.candidate_id());
  }
  EXPECT_THAT(seen, SizeIs(40));
  agent.Cancel();
  serving.join();
}

TEST_F(TrackerServerTest, WorkOfABrokenStreamGoesToAnotherAgent) {
  Start();
  FakeAgent first(address(), "pi-1");
  EXPECT_TRUE(first.Read()->has_welcome());  // Else the client is told to wait before its result.
  FakeClient client(address(), FakeClient::RequestOf(8));
  const v1::Assignment lost = first.NextAssignment();
  ASSERT_EQ(lost.candidates_size(), 8);
  first.Answer(lost, 0);
  EXPECT_EQ(client.Read()->result().device(), "pi-1");
  first.Break();

  FakeAgent second(address(), "pi-2");
  std::thread serving([&] { second.Serve(); });
  const std::vector<v1::MeasureResult> results = client.Results();
  EXPECT_THAT(results, SizeIs(7));
  for (const v1::MeasureResult& result : results) {
    EXPECT_EQ(result.device(), "pi-2");
    EXPECT_GT(result.epoch(), lost.epoch());
  }
  EXPECT_TRUE(client.Finish().ok());
  second.Cancel();
  serving.join();
}

TEST_F(TrackerServerTest, SilentAgentIsCutOff) {
  TrackerServerOptions options;
  options.policy.heartbeat_interval = absl::Milliseconds(20);
  Start(options);
  FakeAgent agent(address(), "pi-1");
  const grpc::Status status = agent.Finish();  // Reads and says nothing.
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("device pi-1 counts as lost: silent for"));
  EXPECT_EQ(ListDevices().devices(0).status(), v1::DEVICE_STATUS_LOST);
}

TEST_F(TrackerServerTest, StoppedTrackerEndsClientsAndAgentsAsUnavailable) {
  Start();
  FakeAgent agent(address(), "pi-1");
  FakeClient client(address(), FakeClient::RequestOf(1));
  ASSERT_EQ(agent.NextAssignment().candidates_size(), 1);
  server_->Shutdown();
  EXPECT_EQ(client.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(agent.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  server_->Shutdown();  // Again does nothing.
}

TEST_F(TrackerServerTest, RestartedTrackerCancelsWhatItsPredecessorGave) {
  Start();
  v1::Assignment before;
  {
    FakeAgent agent(address(), "pi-1");
    FakeClient client(address(), FakeClient::RequestOf(1));
    before = agent.NextAssignment();
    server_.reset();
  }
  Start();
  v1::Hello hello = HelloOf("pi-1");
  hello.add_running()->set_assignment_id(before.assignment_id());
  hello.mutable_running(0)->set_epoch(before.epoch());
  FakeAgent agent(address(), hello);
  EXPECT_GT(agent.Read()->welcome().session_epoch(), before.epoch());
  EXPECT_EQ(agent.Read()->cancel().assignment_id(), before.assignment_id());
  // The late result of the old assignment does not end the new one, even for the same candidate.
  FakeClient client(address(), FakeClient::RequestOf(1));
  const v1::Assignment after = agent.NextAssignment();
  EXPECT_GT(after.epoch(), before.epoch());
  agent.Answer(before, 0);
  agent.Answer(after, 0);
  const std::vector<v1::MeasureResult> results = client.Results();
  ASSERT_THAT(results, SizeIs(1));
  EXPECT_EQ(results[0].epoch(), after.epoch());
}

TEST_F(TrackerServerTest, CancelledCallCancelsWhatIsInFlight) {
  Start();
  FakeAgent agent(address(), "pi-1");
  FakeClient client(address(), FakeClient::RequestOf(1));
  const v1::Assignment assignment = agent.NextAssignment();
  client.Cancel();
  EXPECT_EQ(client.Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(agent.Next(v1::TrackerMessage::kCancel).cancel().assignment_id(),
            assignment.assignment_id());
}

TEST_F(TrackerServerTest, ClientIsToldWhyItWaits) {
  Start();
  v1::SubmitRequest request = FakeClient::RequestOf(1);
  request.mutable_requirement()->add_features("avx512f");
  FakeClient client(address(), request);
  EXPECT_EQ(client.Read()->waiting(), "no device is connected");
  FakeAgent agent(address(), "pi-1");
  EXPECT_EQ(client.Read()->waiting(), "no connected device has avx512f; 1 device connected");
}

TEST_F(TrackerServerTest, BlobsGoFromClientToAgent) {
  Start();
  const std::string data(5 << 20, 'x');  // Above gRPC's default limit of 4 MiB.
  const std::string digest = base::Sha256Hex(std::string_view(data));
  EXPECT_EQ(PutBlob(digest, "something else").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  v1::SubmitRequest request = FakeClient::RequestOf(1);
  request.mutable_verification()->add_expected()->set_digest(digest);
  EXPECT_EQ(FakeClient(address(), request).Finish().error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
  ASSERT_TRUE(PutBlob(digest, data).ok());

  FakeClient client(address(), request);
  FakeAgent agent(address(), "pi-1");
  const v1::Assignment assignment = agent.NextAssignment();
  v1::AgentMessage wanted;
  wanted.mutable_blob_request()->add_digests(assignment.verification().expected(0).digest());
  agent.Write(wanted);
  const v1::BlobReply reply = agent.Next(v1::TrackerMessage::kBlobs).blobs();
  ASSERT_EQ(reply.blobs_size(), 1);
  EXPECT_EQ(reply.blobs(0).digest(), digest);
  EXPECT_EQ(reply.blobs(0).data(), data);
}

TEST_F(TrackerServerTest, LargeKernelsPass) {
  Start();
  FakeClient client(address(), FakeClient::RequestOf(2, 10 << 20));
  FakeAgent agent(address(), "pi-1");
  const v1::Assignment assignment = agent.NextAssignment();
  ASSERT_EQ(assignment.candidates_size(), 2);
  EXPECT_EQ(assignment.candidates(1).kernel().elf(), std::string(10 << 20, 'b'));
}

TEST_F(TrackerServerTest, MalformedSubmissionIsRefused) {
  Start();
  v1::SubmitRequest twice = FakeClient::RequestOf(2);
  twice.mutable_candidates(1)->set_candidate_id(0);
  for (const v1::SubmitRequest& request : {FakeClient::RequestOf(0), twice}) {
    EXPECT_EQ(FakeClient(address(), request).Finish().error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
  }
}

TEST_F(TrackerServerTest, AgentThatBreaksTheProtocolIsRefused) {
  Start();
  FakeAgent nameless(address(), "");
  EXPECT_EQ(nameless.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  FakeAgent twice(address(), "pi-1");
  v1::AgentMessage hello;
  *hello.mutable_hello() = HelloOf("pi-1");
  twice.Write(hello);
  EXPECT_EQ(twice.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(TrackerServerTest, NameBelongsToOneLiveAgentProcess) {
  Start();
  v1::Hello hello = HelloOf("pi-1");
  hello.set_instance_id("a");
  FakeAgent first(address(), hello);
  ASSERT_TRUE(first.Read()->has_welcome());
  hello.set_instance_id("b");
  FakeAgent stranger(address(), hello);
  EXPECT_EQ(stranger.Finish().error_code(), grpc::StatusCode::ALREADY_EXISTS);
  hello.set_instance_id("a");
  FakeAgent same(address(), hello);
  EXPECT_TRUE(same.Read()->has_welcome());
  EXPECT_EQ(first.Finish().error_code(), grpc::StatusCode::ABORTED);
}

TEST_F(TrackerServerTest, TokenIsDemandedOfAgentsAndClients) {
  TrackerServerOptions options;
  options.token = "sesame";
  Start(options);
  v1::Hello hello = HelloOf("pi-1");
  EXPECT_EQ(FakeAgent(address(), hello).Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  hello.set_token("wrong");
  EXPECT_EQ(FakeAgent(address(), hello).Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  hello.set_token("sesame");
  FakeAgent agent(address(), hello);
  EXPECT_TRUE(agent.Read()->has_welcome());

  const v1::SubmitRequest request = FakeClient::RequestOf(1);
  EXPECT_EQ(FakeClient(address(), request).Finish().error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(FakeClient(address(), request, "wrong").Finish().error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(PutBlob("", "").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  FakeClient client(address(), request, "sesame");
  agent.AnswerAll(agent.NextAssignment());
  EXPECT_TRUE(client.Finish().ok());
}

TEST_F(TrackerServerTest, ListenerBeyondLoopbackNeedsAToken) {
  TrackerServerOptions options;
  options.listen = "0.0.0.0:0";
  EXPECT_EQ(TrackerServer::Start(options).status().code(), absl::StatusCode::kInvalidArgument);
  options.token = "sesame";
  EXPECT_TRUE(TrackerServer::Start(options).ok());
}

TEST_F(TrackerServerTest, PortInUseIsOneClearError) {
  Start();
  TrackerServerOptions options;
  options.listen = address();
  const absl::Status status = TrackerServer::Start(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "cannot listen on " + address() + ": Address already in use");
}

TEST_F(TrackerServerTest, DrainedDeviceIsToldAndListed) {
  Start();
  FakeAgent agent(address(), "pi-1");
  ASSERT_TRUE(agent.Read()->has_welcome());
  v1::DrainDeviceRequest request;
  request.set_name("pi-1");
  request.set_reason("repair");
  v1::DrainDeviceReply reply;
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->DrainDevice(&context, request, &reply).ok());
  EXPECT_EQ(agent.Read()->drain().reason(), "repair");
  const v1::ListDevicesReply list = ListDevices();
  ASSERT_EQ(list.devices_size(), 1);
  EXPECT_EQ(list.devices(0).status(), v1::DEVICE_STATUS_DRAINING);
  EXPECT_EQ(list.devices(0).reason(), "repair");
  EXPECT_EQ(list.devices(0).info().features(0), "avx2");
}

class TaskList final : public v1::TunerService::Service {
  grpc::Status ListTasks(grpc::ServerContext* /*context*/, const v1::ListTasksRequest* /*request*/,
                         v1::ListTasksReply* reply) override {
    reply->add_tasks()->set_task_id(42);
    return grpc::Status::OK;
  }
};

TEST_F(TrackerServerTest, ExtraServiceAnswersOnTheSameListener) {
  TaskList tasks;
  TrackerServerOptions options;
  options.extra_services = {&tasks};
  Start(options);
  const auto stub = v1::TunerService::NewStub(ConnectTo(address()));
  v1::ListTasksReply reply;
  grpc::ClientContext context;
  ASSERT_TRUE(stub->ListTasks(&context, {}, &reply).ok());
  EXPECT_EQ(reply.tasks(0).task_id(), 42u);
  server_.reset();  // Before its service goes.
}

}  // namespace
}  // namespace tunefarm::tracker
