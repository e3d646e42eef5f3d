#include "tuner/cli/command.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/status_matchers.h"

namespace tunefarm::tuner {
namespace {

using ::testing::HasSubstr;
using tunefarm::testing::IsOk;
using tunefarm::testing::StatusIs;

TEST(ExitCodeTest, TellsWrongUsageAndNothingFoundFromFailure) {
  EXPECT_EQ(ExitCode(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCode(absl::UnavailableError("")), 1);
  EXPECT_EQ(ExitCode(absl::InvalidArgumentError("")), 2);
  EXPECT_EQ(ExitCode(absl::NotFoundError("")), 3);
}

TEST(OpenLogTest, FileThatIsNotThereIsAFailureNotAnEmptyAnswer) {
  const std::string path = ::testing::TempDir() + "no_such_folder/a.db";
  EXPECT_THAT(OpenLog(path, db::OpenMode::kReadOnly),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path)));
}

TEST(OpenLogTest, NoLogIsNullWhereNoneIsNeeded) {
  const auto log = OpenLogIfThere(::testing::TempDir() + "no_such.db");
  ASSERT_THAT(log, IsOk());
  EXPECT_EQ(*log, nullptr);
}

TEST(OpenLogTest, FileThatIsNoLogIsRefusedAlsoWhereNoneIsNeeded) {
  const std::string path = ::testing::TempDir() + "not_a_log.db";
  std::ofstream(path) << std::string(4096, 'x');
  EXPECT_THAT(OpenLogIfThere(path),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path)));
}

TEST(MakeAddressTest, RefusesWhatNobodyCanListenOn) {
  EXPECT_THAT(MakeAddress("127.0.0.1:0", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("port 0")));
  EXPECT_THAT(MakeAddress("nowhere", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nowhere")));
  EXPECT_THAT(MakeAddress("127.0.0.1:7700", "/no/such/token"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("/no/such/token")));
}

TEST(MakeAddressTest, ReadsTheTokenOfAFile) {
  const std::string path = ::testing::TempDir() + "token";
  std::ofstream(path) << "  secret\n";
  const auto address = MakeAddress("[::1]:7700", path);
  ASSERT_THAT(address, IsOk());
  EXPECT_EQ(address->host_port, "[::1]:7700");
  EXPECT_EQ(address->token, "secret");
}

TEST(DurationTest, HasTheUnitThatFits) {
  EXPECT_EQ(FormatDuration(123.456), "123.5 ns");
  EXPECT_EQ(FormatDuration(12345), "12.35 us");
  EXPECT_EQ(FormatDuration(978000), "978 us");
  EXPECT_EQ(FormatDuration(1978123), "1.978 ms");
}

}  // namespace
}  // namespace tunefarm::tuner
