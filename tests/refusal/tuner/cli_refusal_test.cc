// What the command line refuses: one line on stderr that says what is wrong and where, the right
// exit code, nothing on stdout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <fstream>

#include "tests/support/program.h"

namespace tunefarm {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using tunefarm::testing::Finished;
using tunefarm::testing::RunProgram;
using tunefarm::testing::TempFolder;

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kNotFound = 3;

constexpr char kKey[] = "matmul/f32/32x32x32";
// Nobody listens there: a port below 1024 that no service of a build machine has.
constexpr char kNobody[] = "127.0.0.1:9";

using Args = std::vector<std::string>;

void ExpectRefused(const Args& args, int code, const std::string& words) {
  const Finished finished = RunProgram("tuner", args);
  EXPECT_EQ(finished.code, code) << finished.err;
  EXPECT_EQ(finished.out, "");
  EXPECT_THAT(finished.err, StartsWith("tuner: "));
  EXPECT_THAT(finished.err, HasSubstr(words));
  EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
}

TEST(CliRefusalTest, CommandThatDoesNotExist) {
  ExpectRefused({}, kUsage, "subcommand");
  ExpectRefused({"tine"}, kUsage, "'tine' is no command of tuner");
  ExpectRefused({"query", "bset"}, kUsage, "'bset' is no command of query");
  ExpectRefused({"query"}, kUsage, "subcommand");
  ExpectRefused({"tune", kKey, "--trails", "3"}, kUsage, "--trails");
}

TEST(CliRefusalTest, WorkloadKeyThatDoesNotParse) {
  ExpectRefused({"tune", "conv3d/f32/nhwc/1x8x8x8"}, kUsage, "conv3d");
  ExpectRefused({"query", "best", "--workload", "matmul/f32/32x32"}, kUsage, "32x32");
  ExpectRefused({"bench", "matmul/f99/32x32x32"}, kUsage, "f99");
  ExpectRefused({"deploy", "kernel", "--workload", "nonsense", "--out", "/nowhere"}, kUsage,
                "nonsense");
}

TEST(CliRefusalTest, ShapesThatMakeNoSense) {
  ExpectRefused({"tune", "conv2d/f32/nhwc/1x4x4x8/o8k7x7"}, kUsage, "empty");
  ExpectRefused({"tune", "conv2d/f32/nhwc/1x8x8x6/o8k3x3p1x1g4"}, kUsage, "g4");
  ExpectRefused({"tune", "matmul/f32/0x4x4"}, kUsage, "0");
  ExpectRefused({"tune", "matmul/f32/99999999999x4x4"}, kUsage, "99999999999");
}

TEST(CliRefusalTest, UnknownTargetStrategyOrBudget) {
  ExpectRefused({"tune", kKey, "--target", "z80"}, kUsage, "z80");
  ExpectRefused({"tune", kKey, "--strategy", "guess"}, kUsage, "guess");
  ExpectRefused({"tune", kKey, "--trials", "0"}, kUsage, "--trials");
  ExpectRefused({"tune", kKey, "--seconds", "-1"}, kUsage, "--seconds");
  ExpectRefused({"tune", kKey, "--seed", "many"}, kUsage, "--seed");
}

TEST(CliRefusalTest, TargetThatNobodyHereCanMeasure) {
  const TempFolder folder;
  const std::string db = folder.File("a.db");
  const std::string key = "conv2d/s8/nhwc/1x5x5x16/o8k1x1/bias+requant+relu";
  ExpectRefused({"tune", key, "--target", "cortex-m7", "--db", db}, kUsage, "--board NAME");
  ExpectRefused({"bench", key, "--target", "cortex-m7", "--db", db}, kUsage, "--tracker HOST:PORT");
}

TEST(CliRefusalTest, ConfigThatTheSpaceDoesNotHave) {
  ExpectRefused({"bench", kKey, "--config", "999999999999"}, kUsage, "999999999999");
  ExpectRefused({"bench", kKey, "--config", "colour=3"}, kUsage, "colour");
}

TEST(CliRefusalTest, UnreachableTrackerOrDaemon) {
  const TempFolder folder;
  ExpectRefused({"tune", kKey, "--tracker", kNobody, "--db", folder.File("a.db")}, kFailed,
                kNobody);
  ExpectRefused({"tune", kKey, "--server", kNobody}, kFailed, kNobody);
  ExpectRefused({"query", "best", "--workload", kKey, "--server", kNobody}, kFailed, kNobody);
  ExpectRefused({"device", "list", "--tracker", kNobody}, kFailed, kNobody);
  ExpectRefused({"task", "list", "--server", kNobody}, kFailed, kNobody);
}

TEST(CliRefusalTest, AddressOrTokenFileThatIsNone) {
  ExpectRefused({"device", "list", "--tracker", "somewhere"}, kUsage, "somewhere");
  ExpectRefused({"device", "list", "--tracker", "127.0.0.1:99999"}, kUsage, "99999");
  ExpectRefused({"device", "list", "--tracker", kNobody, "--token-file", "/no/token"}, kUsage,
                "/no/token");
}

TEST(CliRefusalTest, DaemonBeyondLoopbackWithoutAToken) {
  const TempFolder folder;
  ExpectRefused({"serve", "--listen", "0.0.0.0:0", "--db", folder.File("a.db")}, kUsage, "token");
}

TEST(CliRefusalTest, LogOfANewerSchema) {
  const TempFolder folder;
  const std::string path = folder.File("new.db");
  ASSERT_EQ(RunProgram("tuner", {"query", "best", "--workload", kKey, "--db", path}).code, 0);
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  ASSERT_EQ(
      sqlite3_exec(
          database,
          "PRAGMA application_id = 1413893191; PRAGMA user_version = 9999; CREATE TABLE t (x)",
          nullptr, nullptr, nullptr),
      SQLITE_OK);
  sqlite3_close(database);
  ExpectRefused({"tune", kKey, "--db", path}, kFailed, "9999");
  ExpectRefused({"query", "best", "--workload", kKey, "--db", path}, kFailed, "9999");
  ExpectRefused({"query", "sql", "SELECT 1", "--db", path}, kFailed, "9999");
}

TEST(CliRefusalTest, FileThatIsNoLog) {
  const TempFolder folder;
  const std::string path = folder.File("text.db");
  std::ofstream(path) << std::string(8192, 'x');
  ExpectRefused({"tune", kKey, "--db", path}, kFailed, path);
  ExpectRefused({"query", "sql", "SELECT 1", "--db", path}, kFailed, path);
  ExpectRefused({"query", "sql", "SELECT 1", "--db", folder.File("none.db")}, kFailed, "none.db");
  ExpectRefused({"tune", kKey, "--db", folder.File("no/such/folder.db")}, kFailed, "no/such");
}

TEST(CliRefusalTest, TrialThatIsNotInTheLog) {
  const TempFolder folder;
  const std::string path = folder.File("a.db");
  // A log with nothing in it.
  {
    testing::Program daemon("tuner", {"serve", "--listen", "127.0.0.1:0", "--db", path});
    ASSERT_THAT(daemon.ReadLine(), StartsWith("listening on "));
    daemon.Signal(SIGTERM);
    ASSERT_EQ(daemon.Wait(), 0);
  }
  ExpectRefused({"replay", "7", "--db", path}, kNotFound, "7");
  ExpectRefused({"replay", "minus"}, kUsage, "minus");
}

TEST(CliRefusalTest, SqlThatIsNoQuestion) {
  const TempFolder folder;
  const std::string path = folder.File("a.db");
  {
    testing::Program daemon("tuner", {"serve", "--listen", "127.0.0.1:0", "--db", path});
    ASSERT_THAT(daemon.ReadLine(), StartsWith("listening on "));
    daemon.Signal(SIGTERM);
    ASSERT_EQ(daemon.Wait(), 0);
  }
  ExpectRefused({"query", "sql", "DELETE FROM trials", "--db", path}, kFailed, "only reading");
  ExpectRefused({"query", "sql", "SELEKT 1", "--db", path}, kUsage, "SELEKT");
  ExpectRefused({"query", "sql", "SELECT 1", "--json", "--csv", "--db", path}, kUsage, "--csv");
}

TEST(CliRefusalTest, BundleThatCannotBeWritten) {
  const TempFolder folder;
  std::ofstream(folder.File("file")) << "in the way";
  ExpectRefused({"deploy", "kernel", "--workload", kKey, "--db", folder.File("a.db"), "--out",
                 folder.File("file/x")},
                kFailed, "file/x");
  ExpectRefused(
      {"deploy", "kernel", "--workload", kKey, "--out", folder.path(), "--symbol", "9lives"},
      kUsage, "9lives");
}

}  // namespace
}  // namespace tunefarm
