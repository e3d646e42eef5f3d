#include "tuner/measure/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "base/unique_fd.h"
#include "tests/support/status_matchers.h"
#include "tunefarm/v1/build.pb.h"

namespace tunefarm::tuner {
namespace {

using ::testing::HasSubstr;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

class FrameTest : public ::testing::Test {
 protected:
  FrameTest() {
    std::array<int, 2> ends;
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    near_ = base::UniqueFd(ends[0]);
    far_ = base::UniqueFd(ends[1]);
  }
  void SendBytes(const std::string& bytes) {
    ASSERT_EQ(send(near_.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }

  base::UniqueFd near_, far_;
  FrameReader reader_;
};

v1::BuildRequest Request(uint64_t ticket) {
  v1::BuildRequest request;
  request.set_ticket(ticket);
  request.set_target("t");
  return request;
}

TEST_F(FrameTest, MessagesArriveInOrderHoweverTheyAreCut) {
  ASSERT_THAT(WriteFrame(near_.get(), Request(1)), IsOk());
  ASSERT_THAT(WriteFrame(near_.get(), Request(2)), IsOk());
  std::array<char, 256> bytes;
  const ssize_t size = recv(far_.get(), bytes.data(), bytes.size(), 0);
  uint64_t seen = 0;
  for (ssize_t i = 0; i < size; ++i) {
    SendBytes(std::string(1, bytes[static_cast<size_t>(i)]));
    ASSERT_THAT(reader_.ReadAvailable(far_.get()), IsOk());
    v1::BuildRequest request;
    const absl::StatusOr<bool> complete = reader_.Next(&request);
    ASSERT_THAT(complete, IsOk());
    if (*complete) {
      EXPECT_EQ(request.ticket(), ++seen);
    }
  }
  EXPECT_EQ(seen, 2);
}

TEST_F(FrameTest, NothingThereIsNoError) {
  EXPECT_THAT(reader_.ReadAvailable(far_.get()), IsOk());
  v1::BuildRequest request;
  EXPECT_FALSE(*reader_.Next(&request));
}

TEST_F(FrameTest, EndOfStreamIsUnavailable) {
  near_.Close();
  EXPECT_THAT(reader_.ReadSome(far_.get()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("end of stream")));
}

TEST_F(FrameTest, WritingToAPeerThatIsGoneIsUnavailableAndNoSignal) {
  far_.Close();
  EXPECT_THAT(WriteFrame(near_.get(), Request(1)),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("send")));
}

TEST_F(FrameTest, LengthBeyondTheBoundIsDataLoss) {
  SendBytes("\xff\xff\xff\x7f");
  ASSERT_THAT(reader_.ReadAvailable(far_.get()), IsOk());
  v1::BuildRequest request;
  EXPECT_THAT(reader_.Next(&request),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("exceeds the bound")));
}

TEST_F(FrameTest, BytesThatAreNoSuchMessageAreDataLoss) {
  SendBytes(std::string("\x02\x00\x00\x00", 4) + "\xff\xff");
  ASSERT_THAT(reader_.ReadAvailable(far_.get()), IsOk());
  v1::BuildRequest request;
  EXPECT_THAT(reader_.Next(&request),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("expected message")));
}

}  // namespace
}  // namespace tunefarm::tuner
