#include "tracker/requirement.h"

#include <gtest/gtest.h>

#include "tests/unit/tracker/core_harness.h"

namespace tunefarm::tracker {
namespace {

DeviceInfo Board() {
  DeviceInfo info;
  info.name = "pi-1";
  info.triple = "aarch64-unknown-linux-gnu";
  info.features = {"neon", "dotprod"};
  info.tags = {{"lab", "west"}, {"fan", "yes"}};
  return info;
}

TEST(RequirementTest, EveryConditionThatIsSetMustHold) {
  EXPECT_TRUE(Meets(Board(), {}));
  Requirement all;
  all.name = "pi-1";
  all.architecture = "aarch64";
  all.features = {"dotprod"};
  all.tags = {{"lab", "west"}};
  EXPECT_TRUE(Meets(Board(), all));
  std::vector<Requirement> broken(5, all);
  broken[0].name = std::string("pi-2");
  broken[1].architecture = std::string("aarch6");  // A prefix is not enough.
  broken[2].features.emplace_back("sve");
  broken[3].tags["lab"] = std::string("east");
  broken[4].tags.emplace("rack", "1");
  for (const Requirement& one : broken) EXPECT_FALSE(Meets(Board(), one)) << &one - &broken[0];
}

TEST(RequirementTest, EmulatorsAndHardwareCanBeAskedForAlone) {
  const DeviceInfo board = Board();
  DeviceInfo emulator = Board();
  emulator.emulated = true;
  Requirement hardware, emulators;
  hardware.emulated = false;
  emulators.emulated = true;
  EXPECT_TRUE(Meets(board, hardware));
  EXPECT_FALSE(Meets(emulator, hardware));
  EXPECT_FALSE(Meets(board, emulators));
  EXPECT_TRUE(Meets(emulator, emulators));
  EXPECT_TRUE(Meets(emulator, {}));
  EXPECT_EQ(WhyNoneMeets(hardware, {&emulator}, {}),
            "no connected device is hardware, not an emulator; 1 device connected");
}

TEST(RequirementTest, TextNamesTheConditionThatNoDeviceMeets) {
  const DeviceInfo board = Board();
  const std::vector<const DeviceInfo*> devices = {&board};
  Requirement requirement;
  requirement.name = "pi-2";
  EXPECT_EQ(WhyNoneMeets(requirement, devices, {}),
            "no connected device is named pi-2; 1 device connected");
  requirement = {};
  requirement.architecture = "x86_64";
  EXPECT_EQ(WhyNoneMeets(requirement, devices, {}),
            "no connected device is of architecture x86_64; 1 device connected");
  requirement = {};
  requirement.tags = {{"lab", "east"}};
  EXPECT_EQ(WhyNoneMeets(requirement, devices, {}),
            "no connected device has tag lab=east; 1 device connected");
}

TEST(RequirementTest, TextNamesAllConditionsWhenOnlyTheirSumFails) {
  DeviceInfo west = Board();
  DeviceInfo east = Board();
  east.tags["lab"] = "east";
  east.features.push_back("sve");
  Requirement requirement;
  requirement.features = {"sve"};
  requirement.tags = {{"lab", "west"}};
  EXPECT_EQ(WhyNoneMeets(requirement, {&west, &east}, {}),
            "no connected device has sve and has tag lab=west; 2 devices connected");
}

}  // namespace
}  // namespace tunefarm::tracker
