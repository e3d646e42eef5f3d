#include "compiler/target/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tunefarm::compiler {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

constexpr char kAvx512Flags[] =
    "flags : fpu sse4_2 popcnt abm fma f16c avx avx2 bmi1 bmi2 avx512f avx512dq avx512cd avx512bw "
    "avx512vl avx512_vnni\n";

std::string X86(const std::string& vendor, int family, int model, const std::string& flags) {
  return "processor\t: 0\nvendor_id\t: " + vendor + "\ncpu family\t: " + std::to_string(family) +
         "\nmodel\t\t: " + std::to_string(model) + "\nbogomips\t: 5192.26\n" + flags +
         "\n\nprocessor\t: 1\nvendor_id\t: Other\n";
}

TEST(HostTest, ZenFourIsRecognisedByFamilyAndModel) {
  const Target target = DescribeMachine(X86("AuthenticAMD", 25, 17, kAvx512Flags), "x86_64");
  EXPECT_EQ(target.name, "native");
  EXPECT_EQ(target.triple, "x86_64-unknown-linux-gnu");
  EXPECT_EQ(target.cpu, "znver4");
  EXPECT_EQ(target.vector_bits, 512);
  EXPECT_EQ(target.fma_per_cycle, 1);
  EXPECT_THAT(target.features, Contains("avx512vnni"));
  EXPECT_DOUBLE_EQ(target.clock_hz, 2596.13e6);
}

// A hypervisor may hide AVX-512: the flags decide, not the model.
TEST(HostTest, FeaturesThatTheFlagsHideAreNotUsed) {
  const Target target =
      DescribeMachine(X86("AuthenticAMD", 25, 17, "flags : avx avx2 fma"), "x86_64");
  EXPECT_EQ(target.cpu, "znver4");
  EXPECT_EQ(target.vector_bits, 256);
  EXPECT_THAT(target.features, ElementsAre("avx", "avx2", "fma"));
}

TEST(HostTest, SteppingsOfOneIntelModelAreToldApartByTheirFeatures) {
  EXPECT_EQ(DescribeMachine(X86("GenuineIntel", 6, 0x55, kAvx512Flags), "x86_64").cpu,
            "cascadelake");
  EXPECT_EQ(DescribeMachine(X86("GenuineIntel", 6, 0x55, "flags : avx512f"), "x86_64").cpu,
            "skylake-avx512");
}

TEST(HostTest, AnUnknownModelGetsItsInstructionSetLevel) {
  EXPECT_EQ(DescribeMachine(X86("GenuineIntel", 6, 250, kAvx512Flags), "x86_64").cpu, "x86-64-v4");
  EXPECT_EQ(DescribeMachine(X86("HygonGenuine", 24, 1, "flags : sse4_2"), "x86_64").cpu,
            "x86-64-v2");
  const Target nothing = DescribeMachine("", "x86_64");
  EXPECT_EQ(nothing.cpu, "x86-64");
  EXPECT_EQ(nothing.vector_bits, 128);
}

TEST(HostTest, AnArmBoardIsDescribedByItsFeatures) {
  const Target target =
      DescribeMachine("processor : 0\nFeatures : fp asimd asimddp\nCPU part : 0xd05\n", "aarch64");
  EXPECT_EQ(target.triple, "aarch64-unknown-linux-gnu");
  EXPECT_EQ(target.num_vector_registers, 32);
  EXPECT_THAT(target.features, ElementsAre("dotprod", "neon"));
  EXPECT_THAT(target.features, Not(Contains("i8mm")));
}

TEST(HostTest, ArmsOwnCoresAreRecognisedByTheirPartNumber) {
  const auto describe = [](const std::string& implementer, const std::string& part) {
    return DescribeMachine("processor : 0\nFeatures : fp asimd\nCPU implementer : " + implementer +
                               "\nCPU part : " + part + "\n",
                           "aarch64");
  };
  EXPECT_EQ(describe("0x41", "0xd08").cpu, "cortex-a72");
  EXPECT_EQ(describe("0x41", "0xd08").fma_per_cycle, 1);
  EXPECT_EQ(describe("0x41", "0xfff").cpu, "generic");
  EXPECT_EQ(describe("0x51", "0xd08").cpu, "generic");
}

TEST(HostTest, ThisMachineHasCoresAndCaches) {
  const Target target = HostTarget();
  EXPECT_GE(target.num_cores, 1);
  EXPECT_GE(target.l1_bytes, 4096);
  EXPECT_GE(target.clock_hz, 1e8);
}

}  // namespace
}  // namespace tunefarm::compiler
