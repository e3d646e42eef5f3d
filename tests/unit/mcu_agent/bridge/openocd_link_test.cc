#include "mcu_agent/bridge/openocd_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::HasSubstr;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

OpenOcdLink Link(const std::string& fault = "") {
  OpenOcdSpec spec;
  spec.program = TUNEFARM_FAKE_OPENOCD;
  spec.start_timeout = absl::Seconds(30);
  if (!fault.empty()) spec.commands.push_back("fake " + fault);
  auto openocd = OpenOcdProcess::Start(spec);
  EXPECT_THAT(openocd, IsOk());
  return OpenOcdLink(*std::move(openocd));
}

TEST(OpenOcdLinkTest, FailedCommandIsToldInOpenOcdsWords) {
  OpenOcdLink link = Link();
  EXPECT_THAT(link.Read(0x20000000, 4),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "OpenOCD \"read_memory 0x20000000 32 1\": Failed to read memory at "
                       "0x20000000"));
  EXPECT_THAT(link.ResetAndHalt(), IsOk());
}

TEST(OpenOcdLinkTest, MemoryMovesInWholeWords) {
  OpenOcdLink link = Link();
  EXPECT_THAT(link.Write(0x20000002, "abcd"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("0x20000002")));
  EXPECT_THAT(link.Read(0x20000000, 3),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("3")));
  EXPECT_THAT(link.ProgramFlash(0x080E0002, "abcd"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("0x80e0002")));
  EXPECT_THAT(link.Write(0x20000000, "abcd"), IsOk());
}

TEST(OpenOcdLinkTest, FirmwareThatIsNotThereIsNamed) {
  OpenOcdLink link = Link();
  EXPECT_THAT(link.LoadElf("/no/such/firmware.elf"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/no/such/firmware.elf")));
}

}  // namespace
}  // namespace tunefarm::mcu_agent
