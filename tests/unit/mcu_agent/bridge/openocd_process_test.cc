#include "mcu_agent/bridge/openocd_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/str_format.h"
#include "tests/support/program.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;
using ::tunefarm::testing::TempFolder;

constexpr absl::Duration kPatience = absl::Seconds(30);

OpenOcdSpec Fake(const std::string& fault = "") {
  OpenOcdSpec spec;
  spec.program = TUNEFARM_FAKE_OPENOCD;
  spec.start_timeout = kPatience;
  if (!fault.empty()) spec.commands.push_back("fake " + fault);
  return spec;
}

TEST(OpenOcdProcessTest, StartedOneAnswersAndEndsWithItsOwner) {
  auto openocd = OpenOcdProcess::Start(Fake());
  ASSERT_THAT(openocd, IsOk());
  EXPECT_EQ(*(*openocd)->tcl().Call("version", kPatience), "done");
  const pid_t pid = (*openocd)->pid();
  openocd->reset();
  EXPECT_FALSE(std::filesystem::exists(absl::StrFormat("/proc/%d", pid)));
}

TEST(OpenOcdProcessTest, ErrorOfACommandIsFoundInItsLog) {
  auto openocd = OpenOcdProcess::Start(Fake());
  ASSERT_THAT(openocd, IsOk());
  const size_t before = (*openocd)->LogSize();
  EXPECT_THAT((*openocd)->tcl().Call("read_memory 0 32 1", kPatience),
              StatusIs(absl::StatusCode::kFailedPrecondition, ""));
  EXPECT_EQ((*openocd)->ErrorSince(before), "Failed to read memory at 0x20000000");
  EXPECT_EQ((*openocd)->ErrorSince((*openocd)->LogSize()), "");
}

TEST(OpenOcdProcessTest, MissingProgramIsNamed) {
  OpenOcdSpec spec;
  spec.program = "no-such-openocd";
  EXPECT_THAT(
      OpenOcdProcess::Start(spec).status(),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("no executable \"no-such-openocd\"")));
}

TEST(OpenOcdProcessTest, OldVersionIsRefused) {
  const TempFolder folder;
  std::filesystem::create_symlink(TUNEFARM_FAKE_OPENOCD, folder.File("old-openocd"));
  OpenOcdSpec spec = Fake();
  spec.program = folder.File("old-openocd");
  EXPECT_THAT(OpenOcdProcess::Start(spec).status(),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("is version \"0.11.0\", the bridge needs 0.12 or later")));
}

TEST(OpenOcdProcessTest, EndWhileStartingIsToldByItsFirstError) {
  EXPECT_THAT(OpenOcdProcess::Start(Fake("no-port")).status(),
              StatusIs(absl::StatusCode::kUnavailable,
                       "OpenOCD ended by exit code 1: unable to open ftdi device"));
  EXPECT_THAT(
      OpenOcdProcess::Start(Fake("dies")).status(),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("unable to connect to the target")));
}

TEST(OpenOcdProcessTest, SilenceEndsAtTheDeadline) {
  OpenOcdSpec spec = Fake("silent");
  spec.start_timeout = absl::Milliseconds(300);
  EXPECT_THAT(OpenOcdProcess::Start(spec).status(),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("did not answer")));
}

TEST(OpenOcdVersionTest, VersionIsReadFromItsOutput) {
  EXPECT_EQ(OpenOcdVersion("Open On-Chip Debugger 0.12.0\nLicensed"), "0.12.0");
  EXPECT_EQ(OpenOcdVersion("Open On-Chip Debugger 0.12.0+dev-01234-gabc (2024-01-01)\n"),
            "0.12.0+dev-01234-gabc");
  EXPECT_EQ(OpenOcdVersion("bash: openocd: command not found"), "");
}

TEST(OpenOcdVersionTest, TwelveAndLaterAreUsable) {
  EXPECT_TRUE(IsUsableVersion("0.12.0"));
  EXPECT_TRUE(IsUsableVersion("0.12.0+dev-01234"));
  EXPECT_TRUE(IsUsableVersion("1.0"));
  EXPECT_FALSE(IsUsableVersion("0.11.0"));
  EXPECT_FALSE(IsUsableVersion("0"));
  EXPECT_FALSE(IsUsableVersion(""));
}

}  // namespace
}  // namespace tunefarm::mcu_agent
