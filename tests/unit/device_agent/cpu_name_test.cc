#include "device_agent/device/cpu_name.h"

#include "absl/strings/str_format.h"
#include "gtest/gtest.h"

namespace tunefarm::device_agent {
namespace {

std::string X86(const std::string& vendor, int family, int model,
                const std::vector<std::string>& features = {}) {
  return CpuName(
      "x86_64",
      absl::StrFormat("processor\t: 0\nvendor_id\t: %s\ncpu family\t: %d\nmodel\t\t: %d\n", vendor,
                      family, model),
      features);
}

std::string Arm(const std::string& implementer, const std::string& part) {
  return CpuName("aarch64", "CPU implementer\t: " + implementer + "\nCPU part\t: " + part + "\n",
                 {});
}

TEST(CpuNameTest, AmdGenerationsAreToldByFamilyAndModel) {
  EXPECT_EQ(X86("AuthenticAMD", 0x17, 0x01), "znver1");
  EXPECT_EQ(X86("AuthenticAMD", 0x17, 0x31), "znver2");
  EXPECT_EQ(X86("AuthenticAMD", 0x17, 0x71), "znver2");
  EXPECT_EQ(X86("AuthenticAMD", 0x19, 0x01), "znver3");
  EXPECT_EQ(X86("AuthenticAMD", 0x19, 0x11), "znver4");
  EXPECT_EQ(X86("AuthenticAMD", 0x19, 0x21), "znver3");
  EXPECT_EQ(X86("AuthenticAMD", 0x19, 0x61), "znver4");
  EXPECT_EQ(X86("AuthenticAMD", 0x1A, 0x02), "znver5");
}

TEST(CpuNameTest, IntelGenerationsAreToldByModel) {
  EXPECT_EQ(X86("GenuineIntel", 6, 0x3C), "haswell");
  EXPECT_EQ(X86("GenuineIntel", 6, 0x9E), "skylake");
  EXPECT_EQ(X86("GenuineIntel", 6, 0x6A), "icelake-server");
  EXPECT_EQ(X86("GenuineIntel", 6, 0x8F), "sapphirerapids");
}

TEST(CpuNameTest, SharedIntelModelIsToldByItsFeatures) {
  EXPECT_EQ(X86("GenuineIntel", 6, 0x55, {"avx512f"}), "skylake-avx512");
  EXPECT_EQ(X86("GenuineIntel", 6, 0x55, {"avx512f", "avx512vnni"}), "cascadelake");
  EXPECT_EQ(X86("GenuineIntel", 6, 0x55, {"avx512bf16", "avx512vnni"}), "cooperlake");
}

TEST(CpuNameTest, UnknownX86ProcessorGetsTheLevelOfItsFeatures) {
  EXPECT_EQ(X86("CentaurHauls", 7, 0x3B, {}), "x86-64");
  EXPECT_EQ(X86("GenuineIntel", 6, 0xFE, {"popcnt", "sse4.2"}), "x86-64-v2");
  EXPECT_EQ(X86("GenuineIntel", 6, 0xFE, {"avx2", "bmi", "bmi2", "f16c", "fma"}), "x86-64-v3");
  EXPECT_EQ(
      X86("AuthenticAMD", 0x30, 0, {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"}),
      "x86-64-v4");
}

TEST(CpuNameTest, ArmProcessorsAreToldByImplementerAndPart) {
  EXPECT_EQ(Arm("0x41", "0xd08"), "cortex-a72");
  EXPECT_EQ(Arm("0x41", "0xd0b"), "cortex-a76");
  EXPECT_EQ(Arm("0x41", "0xfff"), "generic");
  EXPECT_EQ(Arm("0x51", "0xd08"), "generic");
}

TEST(CpuNameTest, GarbageIsGeneric) {
  EXPECT_EQ(CpuName("x86_64", "", {}), "x86-64");
  EXPECT_EQ(CpuName("aarch64", "::::\n\n:\nCPU part", {}), "generic");
  EXPECT_EQ(X86("AuthenticAMD", -5, 99999999), "x86-64");
}

TEST(CpuNameTest, ProcessorOfAnotherArchitectureIsForeign) {
  const std::string x86 = "vendor_id\t: GenuineIntel\n";
  const std::string arm = "CPU implementer\t: 0x41\n";
  EXPECT_TRUE(IsForeignCpuinfo("aarch64", x86));
  EXPECT_TRUE(IsForeignCpuinfo("x86_64", arm));
  EXPECT_FALSE(IsForeignCpuinfo("x86_64", x86));
  EXPECT_FALSE(IsForeignCpuinfo("aarch64", arm));
  EXPECT_FALSE(IsForeignCpuinfo("aarch64", ""));  // Nothing told: nothing known.
}

}  // namespace
}  // namespace tunefarm::device_agent
