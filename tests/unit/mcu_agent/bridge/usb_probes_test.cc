#include "mcu_agent/bridge/usb_probes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/program.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::tunefarm::testing::StatusIs;
using ::tunefarm::testing::TempFolder;

void Plug(const TempFolder& folder, const std::string& place, const std::string& vendor,
          const std::string& product, const std::string& serial) {
  const std::filesystem::path path = folder.File(place);
  std::filesystem::create_directory(path);
  std::ofstream(path / "idVendor") << vendor << "\n";
  std::ofstream(path / "idProduct") << product << "\n";
  std::ofstream(path / "serial") << serial << "\n";
}

TEST(UsbProbesTest, StLinksAreFoundAmongOtherDevices) {
  const TempFolder folder;
  Plug(folder, "1-2", "0483", "374b", "066E");
  Plug(folder, "1-1", "0483", "374f", "0039");
  Plug(folder, "usb1", "1d6b", "0002", "0000:00:14.0");
  Plug(folder, "1-4", "0483", "5740", "a serial port of ST");
  const std::vector<UsbProbe> probes = FindProbes(folder.path());
  ASSERT_THAT(probes, SizeIs(2));
  EXPECT_EQ(probes[0].serial, "0039");
  EXPECT_EQ(probes[1].serial, "066E");
  EXPECT_EQ(probes[1].place, "1-2");
}

TEST(UsbProbesTest, MachineWithoutUsbHasNoProbes) {
  EXPECT_THAT(FindProbes("/no/such/folder"), IsEmpty());
}

TEST(UsbProbesTest, OnlyProbeNeedsNoSerial) {
  EXPECT_EQ(*ChooseProbe({{"0483:374b", "066E", "1-2"}}, ""), "066E");
}

TEST(UsbProbesTest, SerialChoosesAmongSeveral) {
  const std::vector<UsbProbe> two = {{"0483:374b", "066E", "1-2"}, {"0483:374b", "0039", "1-3"}};
  EXPECT_EQ(*ChooseProbe(two, "0039"), "0039");
  EXPECT_THAT(ChooseProbe(two, ""),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "2 probes are plugged in (066E at USB 1-2, 0039 at USB 1-3): choose one "
                       "with --serial"));
  EXPECT_THAT(ChooseProbe(two, "0666"),
              StatusIs(absl::StatusCode::kNotFound,
                       "no probe with serial 0666 is plugged in; there: 066E at USB 1-2, 0039 at "
                       "USB 1-3"));
}

TEST(UsbProbesTest, NoProbeIsTold) {
  EXPECT_THAT(ChooseProbe({}, "066E"),
              StatusIs(absl::StatusCode::kNotFound, ::testing::StartsWith("no probe: no ST-Link")));
}

}  // namespace
}  // namespace tunefarm::mcu_agent
