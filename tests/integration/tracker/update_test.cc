// How a newer agent gets from a client to an agent, and the agent's word back; and Hellos that only
// ask.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/log.h"
#include "tests/integration/tracker/fake_agent.h"
#include "tracker/tracker_server.h"

namespace tunefarm::tracker {
namespace {

using ::testing::HasSubstr;

class UpdateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    base::InitLog("update_test", "off");
    TrackerServerOptions options;
    options.listen = "127.0.0.1:0";
    server_ = *TrackerServer::Start(options);
    stub_ = v1::TrackerService::NewStub(ConnectTo(server_->address()));
  }

  grpc::Status Update(const std::string& device) {
    v1::UpdateDeviceRequest request;
    request.set_name(device);
    request.mutable_update()->set_version("9.9.9");
    request.mutable_update()->set_digest("feed");
    request.mutable_update()->set_executable(std::string(10 << 20, 'x'));
    v1::UpdateDeviceReply reply;
    grpc::ClientContext context;
    return stub_->UpdateDevice(&context, request, &reply);
  }

  static void Report(FakeAgent& agent, const std::string& digest, const std::string& error) {
    v1::AgentMessage message;
    message.mutable_update_report()->set_digest(digest);
    message.mutable_update_report()->set_error(error);
    agent.Write(message);
  }

  std::unique_ptr<TrackerServer> server_;
  std::unique_ptr<v1::TrackerService::Stub> stub_;
};

TEST_F(UpdateTest, WordOfTheAgentIsTheAnswer) {
  FakeAgent agent(server_->address(), "pi-1");
  agent.Next(v1::TrackerMessage::kWelcome);
  for (const std::string& error : {std::string(), std::string("not newer")}) {
    grpc::Status answer;
    std::thread client([&] { answer = Update("pi-1"); });
    const v1::TrackerMessage message = agent.Next(v1::TrackerMessage::kUpdate);
    EXPECT_EQ(message.update().executable().size(), 10u << 20);
    Report(agent, "of another", "not meant");
    Report(agent, "feed", error);
    client.join();
    EXPECT_EQ(answer.ok(), error.empty());
    EXPECT_EQ(answer.error_message(), error);
  }
}

TEST_F(UpdateTest, SecondUpdateAtOnceIsRefused) {
  FakeAgent agent(server_->address(), "pi-1");
  agent.Next(v1::TrackerMessage::kWelcome);
  grpc::Status first;
  std::thread client([&] { first = Update("pi-1"); });
  agent.Next(v1::TrackerMessage::kUpdate);
  EXPECT_EQ(Update("pi-1").error_code(), grpc::StatusCode::ALREADY_EXISTS);
  Report(agent, "feed", "");
  client.join();
  EXPECT_TRUE(first.ok());
}

TEST_F(UpdateTest, AgentThatGoesAwayLeavesNobodyWaiting) {
  auto agent = std::make_unique<FakeAgent>(server_->address(), "pi-1");
  agent->Next(v1::TrackerMessage::kWelcome);
  grpc::Status answer;
  std::thread client([&] { answer = Update("pi-1"); });
  agent->Next(v1::TrackerMessage::kUpdate);
  agent.reset();
  client.join();
  EXPECT_EQ(answer.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(answer.error_message(), HasSubstr("went away before it answered"));
}

TEST_F(UpdateTest, UnknownDeviceIsNamed) {
  const grpc::Status answer = Update("nobody");
  EXPECT_EQ(answer.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(answer.error_message(), "no connected device is named nobody");
}

TEST_F(UpdateTest, ProbeIsAnsweredAndLeavesNoDevice) {
  v1::Hello hello = HelloOf("pi-1");
  hello.set_probe(true);
  FakeAgent probe(server_->address(), hello);
  EXPECT_EQ(probe.Read()->welcome().session_epoch(), 0u);
  EXPECT_TRUE(probe.Finish().ok());

  hello.mutable_device()->set_agent_version("99.0.0");
  FakeAgent refused(server_->address(), hello);
  EXPECT_THAT(refused.Finish().error_message(), HasSubstr("update the tracker"));
  v1::ListDevicesReply reply;
  grpc::ClientContext context;
  EXPECT_TRUE(stub_->ListDevices(&context, {}, &reply).ok());
  EXPECT_EQ(reply.devices_size(), 0);
}

}  // namespace
}  // namespace tunefarm::tracker
