#include "device_agent/device/device_state.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"

namespace tunefarm::device_agent {
namespace {

constexpr int kCore = 3;

std::string TreePath(const std::string& name) {
  return std::string(TUNEFARM_SOURCE_DIR "/tests/data/sysfs/") + name;
}

v1::DeviceState ReadTree(const std::string& name) {
  return DeviceStateReader(SystemFiles(TreePath(name)), kCore).Read();
}

TEST(DeviceStateTest, RaspberryPiTellsEverything) {
  const v1::DeviceState state = ReadTree("raspberry_pi4");
  EXPECT_EQ(state.cpu_frequency_hz(), 1'500'000'000u);
  EXPECT_EQ(state.temperature_millicelsius(), 48686);
  EXPECT_TRUE(state.throttled());  // 0x50005: low voltage and throttled, now and before.
  EXPECT_DOUBLE_EQ(state.load_average(), 0.42);
}

TEST(DeviceStateTest, ZoneOfTheProcessorIsChosenAmongZones) {
  const v1::DeviceState state = ReadTree("x86_server");
  EXPECT_EQ(state.temperature_millicelsius(), 61000);
  EXPECT_EQ(state.cpu_frequency_hz(), 2'799'998'000u);
}

TEST(DeviceStateTest, ProcessorsMonitorIsReadWhereThereIsNoZone) {
  EXPECT_EQ(ReadTree("amd_desktop").temperature_millicelsius(), 55125);
}

TEST(DeviceStateTest, WhatTheSystemDoesNotTellIsAbsent) {
  // No frequency, an empty sensor, a load that is no number.
  const v1::DeviceState state = ReadTree("virtual_machine");
  EXPECT_FALSE(state.has_cpu_frequency_hz());
  EXPECT_FALSE(state.has_temperature_millicelsius());
  EXPECT_FALSE(state.has_throttled());
  EXPECT_FALSE(state.has_load_average());
  EXPECT_FALSE(ReadTree("no_such_tree").has_load_average());
}

TEST(DeviceStateTest, ThrottlingIsToldWhenItsCountGrows) {
  std::string directory = testing::TempDir() + "/device_state_XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  std::filesystem::copy(TreePath("x86_server"), directory,
                        std::filesystem::copy_options::recursive);
  DeviceStateReader reader(SystemFiles(directory), kCore);
  const v1::DeviceState before = reader.Read();
  EXPECT_TRUE(before.has_throttled());
  EXPECT_FALSE(before.throttled());
  std::ofstream(directory + "/sys/devices/system/cpu/cpu3/thermal_throttle/core_throttle_count")
      << "8\n";
  EXPECT_TRUE(reader.Read().throttled());
  EXPECT_FALSE(reader.Read().throttled());
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace tunefarm::device_agent
