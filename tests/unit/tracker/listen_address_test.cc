#include "tracker/listen_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tunefarm::tracker {
namespace {

TEST(ListenAddressTest, ParsesWhatItPrints) {
  for (const char* text : {"127.0.0.1:7700", "localhost:0", "[::1]:65535", "0.0.0.0:80"}) {
    const absl::StatusOr<ListenAddress> address = ParseListenAddress(text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(ToString(*address), text);
  }
}

TEST(ListenAddressTest, MalformedAddressIsRefused) {
  for (const char* text : {"", "7700", "host", ":7700", "host:", "host:x", "host:65536", "host:-1",
                           "::1:7700", "[::1]", "host:7700 "}) {
    EXPECT_EQ(ParseListenAddress(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(ListenAddressTest, OnlyLoopbackCountsAsLoopback) {
  for (const char* host : {"localhost", "127.0.0.1", "127.1.2.3", "::1"}) {
    EXPECT_TRUE(IsLoopback({host, 1})) << host;
  }
  for (const char* host :
       {"0.0.0.0", "::", "192.168.1.1", "128.0.0.1", "lab.example", "127.evil"}) {
    EXPECT_FALSE(IsLoopback({host, 1})) << host;
  }
}

TEST(ListenAddressTest, ProbeTellsThatAPortIsTaken) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&any), sizeof(any)), 0);
  ASSERT_EQ(listen(fd, 1), 0);
  socklen_t length = sizeof(any);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&any), &length), 0);
  const absl::Status taken = ProbeListen({"127.0.0.1", ntohs(any.sin_port)});
  EXPECT_EQ(taken.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(taken.message()), ::testing::HasSubstr("Address already in use"));
  close(fd);
  EXPECT_TRUE(ProbeListen({"127.0.0.1", 0}).ok());
}

}  // namespace
}  // namespace tunefarm::tracker
