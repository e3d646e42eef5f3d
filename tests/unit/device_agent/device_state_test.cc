#include "device_agent/device/device_state.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "device_agent/device/sensor_files.h"
#include "device_agent/device/sensors.h"
#include "gmock/gmock.h"
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

TEST(DeviceStateTest, WholeStateHasGovernorClocksAndTheFirmwaresWord) {
  const v1::DeviceState pi4 =
      DeviceStateReader(SystemFiles(TreePath("raspberry_pi4")), kCore).ReadWhole();
  EXPECT_EQ(pi4.governor(), "ondemand");
  EXPECT_EQ(pi4.firmware_throttled(), 0x50005u);
  EXPECT_THAT(pi4.core_frequency_hz(), testing::SizeIs(4));
  const v1::DeviceState server =
      DeviceStateReader(SystemFiles(TreePath("virtual_machine")), kCore).ReadWhole();
  EXPECT_FALSE(server.has_governor());
  EXPECT_THAT(server.core_frequency_hz(), testing::IsEmpty());
}

TEST(DeviceStateTest, MainlinePi3TellsOfLowVoltageByItsAlarm) {
  const v1::DeviceState state = ReadTree("raspberry_pi3");
  EXPECT_EQ(state.cpu_frequency_hz(), 1'200'000'000u);
  EXPECT_EQ(state.temperature_millicelsius(), 61224);
  EXPECT_TRUE(state.throttled());
}

TEST(DeviceStateTest, Pi5ThatWasThrottledOnceIsNotThrottledNow) {
  const v1::DeviceState state =
      DeviceStateReader(SystemFiles(TreePath("raspberry_pi5")), kCore).ReadWhole();
  EXPECT_EQ(state.firmware_throttled(), 0xe0000u);  // Since the start, not now.
  EXPECT_TRUE(state.has_throttled());
  EXPECT_FALSE(state.throttled());
}

TEST(DeviceStateTest, PhoneIsThrottledWhereTheClockOfItsOwnClusterIsCapped) {
  const SystemFiles phone(TreePath("android_phone"));
  EXPECT_FALSE(DeviceStateReader(phone, 7).Read().throttled());
  EXPECT_TRUE(DeviceStateReader(phone, 5).Read().throttled());  // Of the domain of core 4.
  EXPECT_FALSE(DeviceStateReader(phone, 0).Read().throttled());
  EXPECT_TRUE(DeviceStateReader(phone, 0).Read().has_throttled());
}

TEST(DeviceStateTest, HottestProcessorZoneOfAPhoneIsReadAndNotItsBattery) {
  const SystemFiles phone(TreePath("android_phone"));
  EXPECT_EQ(DeviceStateReader(phone, 7).Read().temperature_millicelsius(), 47500);
  EXPECT_EQ(PassiveTripMillicelsius(phone, FindSensors(phone, 7)), 90000);
  const SystemFiles pi(TreePath("raspberry_pi5"));
  EXPECT_EQ(PassiveTripMillicelsius(pi, FindSensors(pi, kCore)), std::nullopt);
}

// The same facts through the descriptors that a candidate's process holds.
TEST(SensorFilesTest, SandboxReadsWhatTheAgentReads) {
  for (const char* tree : {"raspberry_pi3", "raspberry_pi4", "raspberry_pi5", "android_phone",
                           "x86_server", "amd_desktop", "virtual_machine"}) {
    const SystemFiles files(TreePath(tree));
    SensorFiles sensors(files, FindSensors(files, kCore));
    v1::DeviceState want = DeviceStateReader(files, kCore).Read();
    want.clear_load_average();
    EXPECT_EQ(ToProto(sensors.Read()).ShortDebugString(), want.ShortDebugString()) << tree;
  }
}

TEST(SensorFilesTest, SecondReadingSeesWhatHasChanged) {
  std::string directory = testing::TempDir() + "/sensor_files_XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  std::filesystem::copy(TreePath("x86_server"), directory,
                        std::filesystem::copy_options::recursive);
  const SystemFiles files(directory);
  SensorFiles sensors(files, FindSensors(files, kCore));
  EXPECT_EQ(sensors.Read().frequency_hz, 2'799'998'000u);
  const std::string core = directory + "/sys/devices/system/cpu/cpu3";
  std::ofstream(core + "/cpufreq/scaling_cur_freq") << "900000\n";
  std::ofstream(core + "/thermal_throttle/core_throttle_count") << "8\n";
  const StateReading reading = sensors.Read();
  EXPECT_EQ(reading.frequency_hz, 900'000'000u);
  EXPECT_EQ(reading.throttled, Throttling::kYes);
  EXPECT_EQ(sensors.Read().throttled, Throttling::kNo);
  std::filesystem::remove_all(directory);
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
