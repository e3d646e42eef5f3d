// Everything that can be wrong with a log's file: one clear line each, and the file stays as it
// was.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "db/log_file.h"
#include "db/schema.h"
#include "db/sqlite.h"
#include "db/tuning_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/db/log_fixture.h"

namespace tunefarm::db {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

void WriteAll(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// Runs SQL on a file that no log has open.
void Execute(const std::string& path, const std::string& sql) {
  auto connection = Connection::Open(path, ConnectionMode::kReadWriteCreate);
  TUNEFARM_CHECK(connection.ok(), base::OneLine(connection.status()));
  const absl::Status status = (*connection)->Execute(sql);
  TUNEFARM_CHECK(status.ok(), base::OneLine(status));
}

// Root may do anything, so tests of permissions act as nobody for a while.
class WithoutRoot {
 public:
  WithoutRoot() {
    if (was_root_) TUNEFARM_CHECK(seteuid(65534) == 0, "seteuid");
  }
  ~WithoutRoot() {
    if (was_root_) TUNEFARM_CHECK(seteuid(0) == 0, "seteuid");
  }

 private:
  const bool was_root_ = geteuid() == 0;
};

class TroubleTest : public ::testing::Test {
 protected:
  // Opening `path_` fails with `code` and a line that contains `words` and the path, leaving the
  // file alone.
  void ExpectRefused(OpenMode mode, absl::StatusCode code, const std::string& words) {
    const bool existed = fs::is_regular_file(path_);
    const std::string before = existed ? ReadAll(path_) : "";
    const absl::Status status = TuningLog::Open(path_, mode).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
    EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("\n")));
    EXPECT_EQ(fs::is_regular_file(path_), existed);
    if (existed) {
      EXPECT_TRUE(ReadAll(path_) == before) << "the file was changed";
    }
    EXPECT_FALSE(fs::exists(path_ + ".lock")) << "a lock file is left";
  }
  void ExpectRefusedBothWays(absl::StatusCode code, const std::string& words) {
    ExpectRefused(OpenMode::kReadWriteCreate, code, words);
    ExpectRefused(OpenMode::kReadOnly, code, words);
  }

  // A closed log with some trials.
  void MakeLog(int num_trials = 200) {
    const auto log = OpenLog(path_);
    const int64_t task_id = AddTask(*log);
    for (int i = 0; i < num_trials; ++i) {
      ASSERT_TRUE(log->AppendTrial(OkTrial(task_id, absl::StrFormat("%d", i))).ok());
    }
  }

  TempFolder folder_;
  std::string path_ = folder_.File("tuner.db");
};

TEST_F(TroubleTest, MissingFolderIsNamed) {
  path_ = folder_.File("no/such/tuner.db");
  ExpectRefusedBothWays(absl::StatusCode::kNotFound,
                        "there is no folder " + folder_.File("no/such"));
}

TEST_F(TroubleTest, MissingLogIsNotMadeByAReader) {
  ExpectRefused(OpenMode::kReadOnly, absl::StatusCode::kNotFound, "there is no tuning log");
}

TEST_F(TroubleTest, FolderIsNoLog) {
  path_ = folder_.path();
  ExpectRefusedBothWays(absl::StatusCode::kInvalidArgument, "is a folder");
}

TEST_F(TroubleTest, TextFileIsNoLog) {
  WriteAll(path_, "root:x:0:0:root:/root:/bin/bash\n");
  ExpectRefusedBothWays(absl::StatusCode::kInvalidArgument, "not a tuning log");
}

TEST_F(TroubleTest, DatabaseOfAnotherProgramIsNoLog) {
  Execute(path_, "CREATE TABLE bookmarks (url TEXT)");
  ExpectRefusedBothWays(absl::StatusCode::kInvalidArgument, "another SQLite database");
}

TEST_F(TroubleTest, EmptyFileIsANewLogForAWriterOnly) {
  WriteAll(path_, "");
  ExpectRefused(OpenMode::kReadOnly, absl::StatusCode::kNotFound, "empty file");
  EXPECT_TRUE(TuningLog::Open(path_, OpenMode::kReadWriteCreate).ok());
}

TEST_F(TroubleTest, NewerSchemaAsksForANewerProgram) {
  MakeLog(1);
  Execute(path_, "PRAGMA user_version = 1000");
  ExpectRefusedBothWays(
      absl::StatusCode::kFailedPrecondition,
      absl::StrFormat("schema version 1000 is newer than %d", CurrentSchemaVersion()));
}

TEST_F(TroubleTest, DamagedPagesAreFoundOnOpeningForWriting) {
  MakeLog();
  std::string bytes = ReadAll(path_);
  for (size_t i = 4096; i < bytes.size(); i += 4096) bytes.replace(i, 64, std::string(64, '\xA5'));
  WriteAll(path_, bytes);
  ExpectRefused(OpenMode::kReadWriteCreate, absl::StatusCode::kDataLoss, "damaged");
}

TEST_F(TroubleTest, CutOffFileIsFoundOnOpeningForWriting) {
  MakeLog();
  const std::string bytes = ReadAll(path_);
  WriteAll(path_, bytes.substr(0, bytes.size() / 2));
  ExpectRefused(OpenMode::kReadWriteCreate, absl::StatusCode::kDataLoss, "damaged");
}

TEST_F(TroubleTest, AnyDamageIsAnErrorAndNeverACrash) {
  MakeLog(20);
  const std::string sound = ReadAll(path_);
  base::Rng rng(TestSeed());
  for (int round = 0; round < 200; ++round) {
    std::string bytes = sound;
    for (uint64_t i = 1 + rng.Below(40); i > 0; --i) {
      bytes[rng.Below(bytes.size())] = static_cast<char>(rng());
    }
    if (rng.Below(4) == 0) bytes.resize(rng.Below(bytes.size()));
    WriteAll(path_, bytes);
    // Whatever comes, it is a value or a Status: damage inside a number cannot even be seen.
    const auto log = TuningLog::Open(path_, OpenMode::kReadOnly);
    if (!log.ok()) continue;
    (*log)->TrialsOfTask(1).status().IgnoreError();
    (*log)->Best(kWorkload, kTarget, true).status().IgnoreError();
    (*log)->Check().IgnoreError();
  }
}

TEST_F(TroubleTest, CheckFindsAReferenceToARowThatIsGone) {
  MakeLog(3);
  EXPECT_TRUE(OpenLog(path_)->Check().ok());
  Execute(path_, "PRAGMA foreign_keys = OFF; DELETE FROM trials WHERE id = 2");
  const absl::Status status = OpenLog(path_)->Check();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("refers to a row of trials that is gone"));
}

TEST_F(TroubleTest, SampleOfATrialThatIsNotThereIsRefusedByTheFileItself) {
  const auto log = OpenForWriting(path_, 0);
  ASSERT_TRUE(log.ok()) << log.status();
  const absl::Status status = log->connection->Execute(
      "INSERT INTO samples (trial_id, round, sequence, value_ns) VALUES (99, 0, 0, 1)");
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("FOREIGN KEY"));
}

TEST_F(TroubleTest, ReadOnlyFolderRefusesAWriterAndServesAReader) {
  MakeLog(3);
  chmod(folder_.path().c_str(), 0555);
  {
    WithoutRoot without_root;
    ExpectRefused(OpenMode::kReadWriteCreate, absl::StatusCode::kPermissionDenied,
                  "Permission denied");
    const auto log = TuningLog::Open(path_, OpenMode::kReadOnly);
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_EQ((*log)->TrialsOfTask(1)->size(), 3u);
  }
  chmod(folder_.path().c_str(), 0755);
}

TEST_F(TroubleTest, ReadOnlyFileRefusesAWriter) {
  MakeLog(3);
  chmod(path_.c_str(), 0444);
  chmod(folder_.path().c_str(), 0777);
  WithoutRoot without_root;
  ExpectRefused(OpenMode::kReadWriteCreate, absl::StatusCode::kPermissionDenied, "read-only");
}

TEST_F(TroubleTest, UnreadableFileIsSaidToBe) {
  MakeLog(3);
  chmod(path_.c_str(), 0000);
  {
    WithoutRoot without_root;
    const absl::Status status = TuningLog::Open(path_, OpenMode::kReadOnly).status();
    EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("cannot read tuning log"));
  }
  chmod(path_.c_str(), 0644);
}

TEST_F(TroubleTest, SecondWriterInTheSameProcessIsToldWhoWrites) {
  auto log = OpenLog(path_);
  fs::create_symlink(path_, folder_.File("alias.db"));
  for (const std::string& name : {path_, folder_.File("alias.db")}) {
    const absl::Status status = TuningLog::Open(name, OpenMode::kReadWriteCreate).status();
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr(absl::StrFormat("%s is being written by process %d", path_, getpid())));
  }
  log.reset();
  EXPECT_TRUE(TuningLog::Open(path_, OpenMode::kReadWriteCreate).ok()) << "the first has closed";
  EXPECT_FALSE(fs::exists(path_ + ".lock"));
}

// A log whose file cannot grow, because another table fills it; Free() makes room.
class DiskFullTest : public TroubleTest {
 protected:
  static constexpr char kFill[] =
      "CREATE TABLE filler AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
      "LIMIT 1000) SELECT randomblob(1000) FROM n";

  void SetUp() override {
    {
      task_id_ = AddTask(*OpenLog(path_));
    }
    Execute(path_, kFill);
    OpenOptions options;
    options.max_file_bytes = fs::file_size(path_);
    options.max_waiting_trials = 500;
    log_ = OpenLog(path_, options);
  }

  // Appends until the disk is full, then some more; returns how many in all.
  int FillUp() {
    int num_trials = 0;
    for (absl::Status status; status.ok(); status = log_->Flush()) {
      for (int i = 0; i < 10; ++i) Append(num_trials++);
    }
    for (int i = 0; i < 25; ++i) Append(num_trials++);
    return num_trials;
  }
  void Append(int number) {
    const auto id = log_->AppendTrial(OkTrial(task_id_, absl::StrFormat("%d", number)));
    ASSERT_TRUE(id.ok()) << id.status();
    EXPECT_EQ(*id, number + 1);
  }
  void Free() { Execute(path_, "DROP TABLE filler"); }

  int64_t task_id_ = 0;
  std::unique_ptr<TuningLog> log_;
};

TEST_F(DiskFullTest, TrialsWaitInMemoryAndAreWrittenWhenThereIsRoom) {
  const int num_trials = FillUp();
  const absl::Status full = log_->Flush();
  EXPECT_TRUE(absl::IsResourceExhausted(full));
  EXPECT_THAT(std::string(full.message()), HasSubstr(path_ + ": disk full"));
  EXPECT_LT(log_->TrialsOfTask(task_id_)->size(), static_cast<size_t>(num_trials));
  EXPECT_TRUE(absl::IsAlreadyExists(log_->AppendTrial(OkTrial(task_id_, "0")).status()));
  const std::string last_key = absl::StrFormat("%d", num_trials - 1);
  EXPECT_TRUE(absl::IsAlreadyExists(log_->AppendTrial(OkTrial(task_id_, last_key)).status()))
      << "a key that waits in memory is taken as well";
  EXPECT_TRUE(log_->AppendSamples(num_trials, 1, {50}).ok()) << "so are samples for it";
  Free();
  EXPECT_TRUE(log_->Flush().ok());
  const std::vector<TrialRecord> trials = *log_->TrialsOfTask(task_id_);
  ASSERT_EQ(trials.size(), static_cast<size_t>(num_trials));
  for (int i = 0; i < num_trials; ++i) EXPECT_EQ(trials[i].trial_key, absl::StrFormat("%d", i));
  EXPECT_EQ(trials.back().cost_ns, 50);
  EXPECT_TRUE(log_->Check().ok());
}

TEST_F(DiskFullTest, ImmediateChangesSayThatTheDiskIsFull) {
  FillUp();
  EXPECT_TRUE(absl::IsResourceExhausted(log_->CreateTask(SampleTask()).status()));
  EXPECT_TRUE(absl::IsResourceExhausted(log_->SetTaskState(task_id_, TaskState::kDone, "end")));
  Free();
  EXPECT_TRUE(log_->SetTaskState(task_id_, TaskState::kDone, "end").ok());
}

TEST_F(DiskFullTest, WaitingTrialsAreBounded) {
  FillUp();
  absl::Status status;
  for (int i = 0; i <= 500 && status.ok(); ++i) {
    status = log_->AppendTrial(OkTrial(task_id_, absl::StrFormat("more %d", i))).status();
  }
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("500 writes wait"));
}

}  // namespace
}  // namespace tunefarm::db
