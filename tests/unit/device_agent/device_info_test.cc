#include "device_agent/device/device_info.h"

#include "device_agent/device/cores.h"
#include "gtest/gtest.h"
#include "proto/kernel_abi.h"

namespace tunefarm::device_agent {
namespace {

SystemFiles Tree(const std::string& name) {
  return SystemFiles(std::string(TUNEFARM_SOURCE_DIR "/tests/data/sysfs/") + name);
}

TEST(DeviceInfoTest, MemoryAndModelComeFromTheSystemsFiles) {
  const v1::DeviceInfo server = ReadDeviceInfo(Tree("x86_server"));
  EXPECT_EQ(server.memory_bytes(), uint64_t{65650876} << 10);
  EXPECT_EQ(server.model(), "Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz");
  EXPECT_EQ(ReadDeviceInfo(Tree("raspberry_pi4")).model(), "Raspberry Pi 4 Model B Rev 1.4");
}

TEST(DeviceInfoTest, ThisMachineIsDescribed) {
  const v1::DeviceInfo info = ReadDeviceInfo(SystemFiles());
  EXPECT_NE(info.triple().find("-linux-"), std::string::npos);
  EXPECT_FALSE(info.cpu().empty());
  EXPECT_EQ(info.num_cores(), AllowedCores().size());
  EXPECT_GT(info.memory_bytes(), 0u);
  EXPECT_EQ(info.kernel_abi_version(), TUNEFARM_KERNEL_ABI_VERSION);
}

#if defined(__x86_64__)
TEST(DeviceInfoTest, ProgramThatSeesAForeignProcessorIsEmulated) {
  EXPECT_TRUE(ReadDeviceInfo(Tree("raspberry_pi4")).emulated());
}
#endif

TEST(DeviceInfoTest, LargestCacheIsFound) {
  EXPECT_EQ(LastLevelCacheBytes(Tree("x86_server")), uint64_t{28160} << 10);
  EXPECT_EQ(LastLevelCacheBytes(Tree("virtual_machine")), uint64_t{32} << 20);
}

}  // namespace
}  // namespace tunefarm::device_agent
