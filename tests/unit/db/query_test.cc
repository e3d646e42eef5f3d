#include "db/query.h"

#include <string>
#include <vector>

#include "base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/db/log_fixture.h"

namespace tunefarm::db {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class QueryTest : public ::testing::Test {
 protected:
  absl::Status Refusal(const std::string& sql) { return RunReadOnlyQuery(path_, sql).status(); }

  TempFolder folder_;
  const std::string path_ = folder_.File("tuner.db");
  std::unique_ptr<TuningLog> log_ = OpenLog(path_);
};

TEST_F(QueryTest, ValuesKeepTheirTypes) {
  const QueryResult result =
      Query(path_, "SELECT 1 AS i, 0.5 AS r, 'w' || char(10) AS t, NULL AS n, x'00ff' AS b");
  EXPECT_THAT(result.columns, ElementsAre("i", "r", "t", "n", "b"));
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_THAT(result.rows[0],
              ElementsAre(QueryValue(int64_t{1}), QueryValue(0.5), QueryValue(std::string("w\n")),
                          QueryValue(std::monostate()), QueryValue(std::vector<uint8_t>{0, 255})));
}

TEST_F(QueryTest, NoRowsStillHaveColumns) {
  const QueryResult result = Query(path_, "SELECT trial_id, gflops FROM trial_details");
  EXPECT_THAT(result.columns, ElementsAre("trial_id", "gflops"));
  EXPECT_TRUE(result.rows.empty());
}

TEST_F(QueryTest, RunsBesideTheWriter) {
  AddTask(*log_);
  EXPECT_EQ(QueryCount(path_, "SELECT COUNT(*) FROM tasks"), 1);
}

TEST_F(QueryTest, EverythingThatWritesIsRefused) {
  AddTask(*log_);
  for (const char* sql :
       {"DELETE FROM tasks", "INSERT INTO toolchains (text) VALUES ('t')",
        "UPDATE tasks SET state = 'queued'", "DROP TABLE samples", "CREATE TABLE t (x)",
        "CREATE TEMP TABLE t (x)", "ATTACH 'other.db' AS other", "VACUUM", "VACUUM INTO 'copy.db'",
        "PRAGMA user_version = 9", "PRAGMA application_id(9)", "PRAGMA journal_mode = DELETE",
        "PRAGMA query_only = OFF", "PRAGMA writable_schema = ON", "BEGIN IMMEDIATE", "REINDEX",
        "WITH t AS (SELECT 1) DELETE FROM tasks", "EXPLAIN DELETE FROM tasks"}) {
    const absl::Status status = Refusal(sql);
    EXPECT_TRUE(absl::IsPermissionDenied(status)) << sql << ": " << status;
  }
  EXPECT_EQ(QueryCount(path_, "SELECT COUNT(*) FROM tasks"), 1);
  EXPECT_NE(QueryCount(path_, "PRAGMA user_version"), 9);
}

TEST_F(QueryTest, ForeignCodeIsNotLoaded) {
  EXPECT_THAT(base::OneLine(Refusal("SELECT load_extension('x')")), HasSubstr("not authorized"));
}

TEST_F(QueryTest, PragmasThatTellSomethingAreAllowed) {
  EXPECT_GT(Query(path_, "PRAGMA table_info(trials)").rows.size(), 20u);
  EXPECT_EQ(Cell(Query(path_, "PRAGMA integrity_check"), 0, "integrity_check"), "ok");
}

TEST_F(QueryTest, SecondStatementIsRefusedByItsText) {
  for (const char* sql :
       {"SELECT 1; SELECT 2", "SELECT 1;; /* x */ DELETE FROM tasks;", "SELECT 1; nonsense"}) {
    const absl::Status status = Refusal(sql);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << sql << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("one statement at a time"));
  }
}

TEST_F(QueryTest, TrailingSemicolonsAndCommentsAreNoSecondStatement) {
  EXPECT_EQ(QueryCount(path_, "SELECT 1; ; -- that is all\n /* really */ "), 1);
}

TEST_F(QueryTest, TextThatIsNoStatementIsSaidInOneLine) {
  EXPECT_EQ(base::OneLine(Refusal("")), "INVALID_ARGUMENT: SQL: no statement");
  EXPECT_EQ(base::OneLine(Refusal("-- nothing")), "INVALID_ARGUMENT: SQL: no statement");
  EXPECT_EQ(base::OneLine(Refusal("SELCT 1")),
            "INVALID_ARGUMENT: SQL: near \"SELCT\": syntax error");
  EXPECT_EQ(base::OneLine(Refusal("SELECT x FROM nowhere")),
            "INVALID_ARGUMENT: SQL: no such table: nowhere");
}

TEST_F(QueryTest, AnswerBeyondTheLimitIsRefusedNotCut) {
  const std::string two_rows = "SELECT 1 UNION ALL SELECT 2";
  EXPECT_TRUE(RunReadOnlyQuery(path_, two_rows, 2).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(RunReadOnlyQuery(path_, two_rows, 1).status()));
}

TEST_F(QueryTest, LogThatIsNotThereIsNotMade) {
  const std::string path = folder_.File("absent.db");
  EXPECT_TRUE(absl::IsNotFound(RunReadOnlyQuery(path, "SELECT 1").status()));
  EXPECT_TRUE(absl::IsNotFound(RunReadOnlyQuery(path, "SELECT 1").status()));
}

}  // namespace
}  // namespace tunefarm::db
