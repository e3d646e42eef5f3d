#include "device_agent/sandbox/runner_channel.h"

#include <sys/stat.h>

#include "device_agent/sandbox/tensor_store.h"
#include "gtest/gtest.h"

namespace tunefarm::device_agent {
namespace {

class RunnerChannelTest : public testing::Test {
 protected:
  void SetUp() override {
    auto ends = MakeChannel();
    ASSERT_TRUE(ends.ok()) << ends.status();
    one_ = std::move(ends->first);
    other_ = std::move(ends->second);
  }

  base::UniqueFd one_, other_;
};

TEST_F(RunnerChannelTest, MessagesKeepTheirBordersAndFiles) {
  const absl::StatusOr<SharedFile> file = MakeMemoryFile("twelve bytes");
  ASSERT_TRUE(SendMessage(one_.get(), "first", {(*file)->get(), (*file)->get()}).ok());
  ASSERT_TRUE(SendMessage(one_.get(), "", {}).ok());
  absl::StatusOr<ChannelMessage> message = ReceiveMessage(other_.get());
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->bytes, "first");
  ASSERT_EQ(message->files.size(), 2u);
  EXPECT_NE(message->files[0].get(), (*file)->get());
  struct stat info;
  ASSERT_EQ(fstat(message->files[1].get(), &info), 0);
  EXPECT_EQ(info.st_size, 12);
  message = ReceiveMessage(other_.get());
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->bytes, "");
  EXPECT_TRUE(message->files.empty());
}

TEST_F(RunnerChannelTest, OtherSideGoneIsUnavailable) {
  other_.Close();
  EXPECT_EQ(ReceiveMessage(one_.get()).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(SendMessage(one_.get(), "x", {}).code(), absl::StatusCode::kUnavailable);
}

TEST_F(RunnerChannelTest, MessageBeyondTheBoundIsRefused) {
  EXPECT_EQ(SendMessage(one_.get(), std::string(97 << 10, 'x'), {}).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(SendMessage(one_.get(), std::string(96 << 10, 'x'), {}).ok());
  EXPECT_EQ(ReceiveMessage(other_.get())->bytes.size(), size_t{96} << 10);
}

}  // namespace
}  // namespace tunefarm::device_agent
