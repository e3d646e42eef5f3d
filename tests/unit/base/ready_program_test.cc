#include "base/ready_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace tunefarm::base {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

constexpr absl::Duration kPatience = absl::Seconds(30);

TEST(ReadyProgramTest, FirstLineSaysThatItIsReady) {
  auto program = StartProgram("/bin/sh", {"-c", "echo ready here; exec sleep 1000"}, kPatience);
  ASSERT_THAT(program, IsOk());
  EXPECT_EQ(program->ready_line, "ready here");
  EXPECT_EQ(program->name, "sh");
  EXPECT_TRUE(program->process.IsRunning());
}

TEST(ReadyProgramTest, EndBeforeTheLineIsToldWithItsLastWords) {
  EXPECT_THAT(StartProgram("/bin/sh", {"-c", "echo no probe >&2; exit 3"}, kPatience).status(),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("sh ended by exit code 3"), HasSubstr("no probe"))));
}

TEST(ReadyProgramTest, SilenceEndsAtTheDeadline) {
  EXPECT_THAT(StartProgram("/bin/sh", {"-c", "exec sleep 1000"}, absl::Milliseconds(20)).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("not ready after 20ms")));
}

TEST(ReadyProgramTest, ProgramThatIsNotThereIsNotFound) {
  EXPECT_THAT(StartProgram("/no/such/program", {}, kPatience).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such/program")));
}

}  // namespace
}  // namespace tunefarm::base
