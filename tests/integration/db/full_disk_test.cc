// A disk that is really full: a small tmpfs. Needs the right to mount; skipped without it.
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/db/log_fixture.h"

namespace tunefarm::db {
namespace {

using ::testing::HasSubstr;

class FullDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // In a mount namespace of this thread and those it starts: the mount ends with the test,
    // however that ends.
    mounted_ = unshare(CLONE_NEWNS) == 0 &&
               mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=2m") == 0;
    if (!mounted_) GTEST_SKIP() << "mounting a tmpfs: " << std::strerror(errno);
  }
  void TearDown() override {
    log_.reset();
    if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
  }

  // Takes all the room that is left, to the last byte.
  void Fill() {
    std::ofstream file(folder_.File("filler"), std::ios::binary);
    const std::string block(4096, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void Free() { std::filesystem::remove(folder_.File("filler")); }

  TempFolder folder_;
  const std::string path_ = folder_.File("tuner.db");
  bool mounted_ = false;
  std::unique_ptr<TuningLog> log_;
};

TEST_F(FullDiskTest, NewLogOnAFullDiskIsRefusedInOneLine) {
  Fill();
  const absl::Status status = TuningLog::Open(path_, OpenMode::kReadWriteCreate).status();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("disk full"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
  Free();
  EXPECT_TRUE(TuningLog::Open(path_, OpenMode::kReadWriteCreate).ok()) << "what was left is no bar";
}

TEST_F(FullDiskTest, OldLogOnAFullDiskCanBeReadAndLosesNothing) {
  log_ = OpenLog(path_);
  const int64_t id = *log_->AppendTrial(OkTrial(AddTask(*log_), "a"));
  log_.reset();
  Fill();
  const absl::Status status = TuningLog::Open(path_, OpenMode::kReadWriteCreate).status();
  EXPECT_TRUE(status.ok() || absl::IsResourceExhausted(status)) << status;
  Free();
  EXPECT_TRUE(OpenLog(path_)->GetTrial(id).ok());
}

TEST_F(FullDiskTest, TrialsWaitUntilThereIsRoomAgain) {
  log_ = OpenLog(path_);
  const int64_t task_id = AddTask(*log_);
  Fill();
  int num_trials = 0;
  absl::Status status;
  while (status.ok()) {
    for (int i = 0; i < 50; ++i) {
      const auto id = log_->AppendTrial(OkTrial(task_id, absl::StrFormat("%d", num_trials++)));
      ASSERT_TRUE(id.ok()) << id.status();
    }
    status = log_->Flush();
  }
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("disk full"));
  EXPECT_TRUE(log_->GetTask(task_id).ok()) << "reading goes on";
  Free();
  status = log_->Flush();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(log_->TrialsOfTask(task_id)->size(), static_cast<size_t>(num_trials));
  EXPECT_TRUE(log_->Check().ok());
}

}  // namespace
}  // namespace tunefarm::db
