#include "mcu_agent/bridge/tcl_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/support/tcl_server.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::HasSubstr;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;
using ::tunefarm::testing::TclServer;

constexpr absl::Duration kAnswerLimit = absl::Seconds(30);
constexpr absl::Duration kSoon = absl::Milliseconds(20);

TclClient Connect(const TclServer& server) {
  absl::StatusOr<TclClient> client = TclClient::Connect(server.port(), kAnswerLimit);
  EXPECT_THAT(client, IsOk());
  return *std::move(client);
}

TEST(TclClientTest, ResultComesBackWithoutItsMarks) {
  const TclServer server([](const std::string& command) -> TclServer::Reply {
    EXPECT_THAT(command, HasSubstr("catch {read_memory 0 32 1}"));
    return {"+0x1234 \n\x1a"};
  });
  TclClient client = Connect(server);
  EXPECT_EQ(*client.Call("read_memory 0 32 1", kAnswerLimit), "0x1234");
}

TEST(TclClientTest, FailedCommandIsToldAndTheConnectionGoesOn) {
  const TclServer server([](const std::string& command) -> TclServer::Reply {
    return {command.find("halt") != std::string::npos ? "-timed out\x1a" : "+ok\x1a"};
  });
  TclClient client = Connect(server);
  EXPECT_THAT(client.Call("halt", kAnswerLimit),
              StatusIs(absl::StatusCode::kFailedPrecondition, "timed out"));
  EXPECT_EQ(*client.Call("resume", kAnswerLimit), "ok");
}

TEST(TclClientTest, LongReplyInPiecesIsOneResult) {
  const std::string words(300'000, 'x');
  const TclServer server(
      [&](const std::string&) -> TclServer::Reply { return {"+" + words + "\x1a"}; });
  TclClient client = Connect(server);
  EXPECT_EQ(*client.Call("read", kAnswerLimit), words);
}

TEST(TclClientTest, SilenceEndsAtTheDeadlineAndWithItTheConnection) {
  const TclServer server([](const std::string&) -> TclServer::Reply { return {"+half a reply"}; });
  TclClient client = Connect(server);
  EXPECT_THAT(client.Call("reset halt", kSoon),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       "OpenOCD did not answer \"reset halt\" within 20ms"));
  EXPECT_FALSE(client.alive());
  // A late reply must not be taken for that of the next command.
  EXPECT_THAT(client.Call("resume", kAnswerLimit),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("is over")));
}

TEST(TclClientTest, ClosedConnectionEndsTheCallAtOnce) {
  const TclServer server([](const std::string&) -> TclServer::Reply { return {"+ha", true}; });
  TclClient client = Connect(server);
  EXPECT_THAT(client.Call("halt", kAnswerLimit),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("closed the connection")));
  EXPECT_FALSE(client.alive());
}

TEST(TclClientTest, ReplyOfSomethingElseEndsTheConnection) {
  const TclServer server([](const std::string&) -> TclServer::Reply { return {"HTTP/1.1\x1a"}; });
  TclClient client = Connect(server);
  EXPECT_THAT(client.Call("halt", kAnswerLimit),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("none of OpenOCD's")));
}

TEST(TclClientTest, NobodyListeningIsToldWithThePort) {
  uint16_t port = 0;
  {
    const TclServer gone([](const std::string&) -> TclServer::Reply { return {}; });
    port = gone.port();
  }
  EXPECT_THAT(TclClient::Connect(port, kAnswerLimit),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("Connection refused")));
}

}  // namespace
}  // namespace tunefarm::mcu_agent
