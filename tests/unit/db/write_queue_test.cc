#include "db/write_queue.h"

#include <atomic>
#include <string>
#include <thread>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/db/log_fixture.h"

namespace tunefarm::db {
namespace {

using ::testing::HasSubstr;

class WriteQueueTest : public ::testing::Test {
 protected:
  static std::unique_ptr<Connection> Open(const std::string& path) {
    auto connection = Connection::Open(path, ConnectionMode::kReadWriteCreate);
    TUNEFARM_CHECK(connection.ok(), base::OneLine(connection.status()));
    return *std::move(connection);
  }

  void SetUp() override {
    ASSERT_TRUE(reader_
                    ->Execute("PRAGMA journal_mode = WAL; "
                              "CREATE TABLE t (x INTEGER PRIMARY KEY CHECK (x >= 0)) STRICT")
                    .ok());
  }

  static QueuedWrite Insert(int x) {
    return {.what = absl::StrFormat("row %d", x),
            .names = {absl::StrFormat("x %d", x)},
            .apply = [x](Connection& connection) {
              return connection.Execute(absl::StrFormat("INSERT INTO t VALUES (%d)", x));
            }};
  }
  int64_t NumRows() { return *reader_->QueryInt("SELECT COUNT(*) FROM t"); }

  TempFolder folder_;
  const std::string path_ = folder_.File("queue.db");
  std::unique_ptr<Connection> reader_ = Open(path_);
  std::atomic<bool> broken_ = true;
  // Only a Flush or a full batch commits within the test's time.
  WriteQueue queue_{Open(path_),
                    {.batch_delay = absl::Hours(1), .max_batch_writes = 3, .max_queued_writes = 9}};
};

TEST_F(WriteQueueTest, FlushCommitsAllThatWasQueued) {
  EXPECT_TRUE(queue_.Enqueue(Insert(1)).ok());
  EXPECT_TRUE(queue_.Enqueue(Insert(2)).ok());
  EXPECT_TRUE(queue_.Holds("x 2"));
  EXPECT_EQ(NumRows(), 0);
  EXPECT_TRUE(queue_.Flush().ok());
  EXPECT_FALSE(queue_.Holds("x 2"));
  EXPECT_EQ(NumRows(), 2);
}

TEST_F(WriteQueueTest, FullBatchDoesNotWaitForItsTime) {
  for (int x = 0; x < 3; ++x) EXPECT_TRUE(queue_.Enqueue(Insert(x)).ok());
  while (queue_.Holds("x 2")) std::this_thread::yield();
  EXPECT_EQ(NumRows(), 3);
}

TEST_F(WriteQueueTest, WriteTheSchemaRefusesIsDroppedAloneAndToldOnce) {
  for (int x : {1, -7, 2}) EXPECT_TRUE(queue_.Enqueue(Insert(x)).ok());
  const absl::Status status = queue_.Flush();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("row -7 was refused"));
  EXPECT_EQ(NumRows(), 2) << "its neighbours in the batch are kept";
  EXPECT_TRUE(queue_.Flush().ok());
}

TEST_F(WriteQueueTest, ImmediateWriteComesAfterTheQueuedAndFailsAlone) {
  EXPECT_TRUE(queue_.Enqueue(Insert(1)).ok());
  int64_t rows_before = -1;
  const absl::Status status = queue_.Run([&](Connection& connection) {
    rows_before = *connection.QueryInt("SELECT COUNT(*) FROM t");
    EXPECT_TRUE(connection.Execute("INSERT INTO t VALUES (5)").ok());
    return absl::CancelledError("on second thought");
  });
  EXPECT_TRUE(absl::IsCancelled(status));
  EXPECT_EQ(rows_before, 1);
  EXPECT_EQ(NumRows(), 1);
}

TEST_F(WriteQueueTest, TroubleThatPassesLosesNothingAndKeepsTheOrder) {
  QueuedWrite write = Insert(1);
  write.apply = [this, insert = write.apply](Connection& connection) {
    return broken_ ? absl::UnavailableError("unplugged") : insert(connection);
  };
  EXPECT_TRUE(queue_.Enqueue(write).ok());
  EXPECT_TRUE(queue_.Enqueue(Insert(2)).ok());
  EXPECT_TRUE(absl::IsUnavailable(queue_.Flush()));
  EXPECT_EQ(NumRows(), 0);
  EXPECT_TRUE(queue_.Holds("x 1"));
  // Immediate writes do not overtake.
  EXPECT_TRUE(absl::IsUnavailable(queue_.Run(Insert(3).apply)));
  broken_ = false;
  EXPECT_TRUE(queue_.Flush().ok());
  EXPECT_EQ(NumRows(), 2);
}

TEST_F(WriteQueueTest, DestructionWritesWhatIsLeft) {
  {
    WriteQueue queue(
        Open(path_),
        {.batch_delay = absl::Hours(1), .max_batch_writes = 100, .max_queued_writes = 100});
    for (int x = 0; x < 50; ++x) EXPECT_TRUE(queue.Enqueue(Insert(x)).ok());
  }
  EXPECT_EQ(NumRows(), 50);
}

}  // namespace
}  // namespace tunefarm::db
