#include "compiler/target/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tunefarm::compiler {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Target MustParse(const std::string& text) {
  absl::StatusOr<Target> target = ParseTarget(text);
  EXPECT_TRUE(target.ok()) << target.status();
  return target.ok() ? *target : Target();
}

std::string Refusal(const std::string& text) {
  const absl::StatusOr<Target> target = ParseTarget(text);
  EXPECT_EQ(target.status().code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(target.status().message());
}

TEST(TargetTest, Avx2HasSixteenRegistersOfEightFloats) {
  const Target target = MustParse("x86-avx2");
  EXPECT_EQ(target.vector_bits, 256);
  EXPECT_EQ(target.VectorLanes(4), 8);
  EXPECT_EQ(target.num_vector_registers, 16);
  EXPECT_EQ(target.fma_per_cycle, 2);
  EXPECT_EQ(target.load_per_cycle, 2);
  EXPECT_EQ(target.fma_latency_cycles, 4);
  EXPECT_EQ(target.PeakFlopsPerCycle(), 32);
  EXPECT_TRUE(target.HasFeature("fma"));
  EXPECT_FALSE(target.HasFeature("avx512f"));
}

TEST(TargetTest, Avx512HasThirtyTwoRegistersOfSixteenFloats) {
  const Target target = MustParse("x86-avx512");
  EXPECT_EQ(target.VectorLanes(4), 16);
  EXPECT_EQ(target.num_vector_registers, 32);
  EXPECT_EQ(target.PeakFlopsPerCycle(), 64);
}

TEST(TargetTest, EveryKnownNameParsesAndItsPrintedTextParsesToTheSameText) {
  for (const KnownTarget& known : KnownTargets()) {
    const std::string text = Print(MustParse(known.name));
    EXPECT_EQ(Print(MustParse(text)), text);
    EXPECT_FALSE(known.summary.empty());
  }
  EXPECT_EQ(KnownTargets().front().name, "native");
}

TEST(TargetTest, FeaturesArePrintedSortedAndOnce) {
  EXPECT_EQ(
      Print(MustParse("cpu=znver4,features=fma+avx2+fma+avx,triple=x86_64-unknown-linux-gnu")),
      "triple=x86_64-unknown-linux-gnu,cpu=znver4,features=avx+avx2+fma");
}

TEST(TargetTest, ZnverFourDoesOneZmmFmaOrTwoYmmFmasPerCycle) {
  const std::string zmm =
      "triple=x86_64-unknown-linux-gnu,cpu=znver4,features="
      "avx+avx2+avx512bw+avx512dq+avx512f+avx512vl+fma";
  const std::string ymm = "triple=x86_64-unknown-linux-gnu,cpu=znver4,features=avx+avx2+fma";
  EXPECT_EQ(MustParse(zmm).fma_per_cycle, 1);
  EXPECT_EQ(MustParse(zmm).load_per_cycle, 1);
  EXPECT_EQ(MustParse(ymm).fma_per_cycle, 2);
  EXPECT_EQ(MustParse(zmm).PeakFlopsPerCycle(), MustParse(ymm).PeakFlopsPerCycle());
}

TEST(TargetTest, Avx512WithoutItsDoublewordPartIsUsedAsAvx2) {
  const Target target =
      MustParse("triple=x86_64-unknown-linux-gnu,cpu=x86-64-v3,features=avx+avx2+avx512f+fma");
  EXPECT_EQ(target.vector_bits, 256);
}

TEST(TargetTest, ArmFactsFollowFromTheTriple) {
  EXPECT_EQ(MustParse("triple=aarch64-unknown-linux-gnu,cpu=cortex-a53").num_vector_registers, 32);
  EXPECT_TRUE(MustParse("triple=aarch64-unknown-linux-gnu,cpu=cortex-a53").in_order);
  const Target arm = MustParse("triple=armv7-unknown-linux-gnueabihf,cpu=cortex-a9,features=neon");
  EXPECT_EQ(arm.vector_bits, 128);
  EXPECT_EQ(arm.num_vector_registers, 16);
}

TEST(TargetTest, CortexMIsBareMetalWithPairMultiplyAndNoVectors) {
  for (const char* name : {"cortex-m4", "cortex-m7", "cortex-m33"}) {
    const Target target = MustParse(name);
    EXPECT_TRUE(target.IsBareMetal()) << name;
    EXPECT_TRUE(target.HasPairMultiply()) << name;
    EXPECT_TRUE(target.in_order) << name;
    EXPECT_LT(target.clock_hz, 1e9) << name;
    EXPECT_EQ(target.PointerBits(), 32) << name;
    EXPECT_EQ(target.VectorLanes(4), 1) << name;
  }
  EXPECT_FALSE(MustParse("x86-avx2").IsBareMetal());
  EXPECT_EQ(MustParse("x86-avx2").PointerBits(), 64);
  EXPECT_FALSE(MustParse("triple=thumbv6m-none-eabi,cpu=cortex-m0").HasPairMultiply());
}

// Cores, gigahertz and quadword multiply-adds per cycle make the peaks: 9.6, 12 and 38.4 GFLOP/s
// per core.
TEST(TargetTest, BoardsHaveCoresCachesAndAPeak) {
  const Target rpi3 = MustParse("rpi3"), rpi4 = MustParse("rpi4"), rpi5 = MustParse("rpi5");
  EXPECT_EQ(Print(rpi3), "triple=aarch64-unknown-linux-gnu,cpu=cortex-a53,features=neon");
  EXPECT_TRUE(rpi3.in_order);
  EXPECT_FALSE(rpi4.in_order);
  EXPECT_DOUBLE_EQ(rpi3.PeakFlopsPerCycle() * rpi3.clock_hz, 9.6e9);
  EXPECT_DOUBLE_EQ(rpi4.PeakFlopsPerCycle() * rpi4.clock_hz, 12e9);
  EXPECT_DOUBLE_EQ(rpi5.PeakFlopsPerCycle() * rpi5.clock_hz, 38.4e9);
  EXPECT_EQ(rpi5.l1_bytes, 64 * 1024);
  for (const Target& target : {rpi3, rpi4, rpi5}) EXPECT_EQ(target.num_cores, 4);
}

TEST(TargetTest, A32BitBoardHasSixteenRegistersAndMultipliesByElement) {
  const Target target = MustParse("rpi3-32");
  EXPECT_EQ(target.num_vector_registers, 16);
  EXPECT_EQ(target.PointerBits(), 32);
  EXPECT_TRUE(target.HasLaneMultiply());
  EXPECT_TRUE(target.in_order);
  EXPECT_FALSE(
      MustParse("triple=armv6-unknown-linux-gnueabihf,cpu=arm1176jzf-s").HasLaneMultiply());
}

TEST(TargetTest, OnlyCoresWithTheFeatureHaveDotProducts) {
  EXPECT_TRUE(MustParse("rpi5").HasDotProduct());
  EXPECT_FALSE(MustParse("rpi4").HasDotProduct());
  EXPECT_FALSE(MustParse("android-arm64").HasDotProduct());
}

TEST(TargetTest, AnUnknownNameIsRefusedWithTheKnownOnes) {
  EXPECT_THAT(Refusal("x86-avx3"), AllOf(HasSubstr("'x86-avx3'"), HasSubstr("unknown name"),
                                         HasSubstr("native, x86-avx2, x86-avx512")));
  EXPECT_THAT(Refusal(""), HasSubstr("unknown name"));
}

TEST(TargetTest, AMalformedDescriptionIsRefusedAtItsPart) {
  EXPECT_THAT(Refusal("triple=aarch64-linux,cpus=a"), HasSubstr("unknown part 'cpus'"));
  EXPECT_THAT(Refusal("triple=aarch64-linux,triple=b-c"), HasSubstr("'triple' stands twice"));
  EXPECT_THAT(Refusal("triple=aarch64-linux,cpu"), HasSubstr("'cpu' has no '='"));
  EXPECT_THAT(Refusal("triple=aarch64-linux,cpu="), HasSubstr("'' is no name of a cpu"));
  EXPECT_THAT(Refusal("cpu=cortex-a53"), HasSubstr("'' is no triple"));
  EXPECT_THAT(Refusal("triple=x86_64-linux,cpu=znver4"), HasSubstr("features= is missing"));
  EXPECT_THAT(Refusal("triple=x86_64-linux,cpu=znver4,features=a b"),
              HasSubstr("'a b' is no name of a feature"));
}

TEST(TargetTest, CodeMemoriesArePartOfATargetsText) {
  const Target target = MustParse("cortex-m7,code=itcm+sram1");
  EXPECT_EQ(target.code_memories, (std::vector<std::string>{"itcm", "sram1"}));
  EXPECT_EQ(target.cpu, "cortex-m7");
  EXPECT_EQ(Print(target), Print(MustParse("cortex-m7")) + ",code=itcm+sram1");
  EXPECT_EQ(Print(MustParse(Print(target))), Print(target));
  EXPECT_TRUE(MustParse("cortex-m7").code_memories.empty());
}

TEST(TargetTest, BoardsWithSeveralCodeMemoriesHaveNames) {
  EXPECT_EQ(Print(MustParse("stm32f746")), Print(MustParse("cortex-m7,code=itcm+sram1")));
  EXPECT_EQ(MustParse("stm32f746").clock_hz, 216e6);
}

TEST(TargetTest, CodeMemoriesThatCannotBeAreRefused) {
  EXPECT_THAT(Refusal("x86-avx2,code=itcm"),
              HasSubstr("code= is for boards without an operating system"));
  EXPECT_THAT(Refusal("cortex-m7,code="), HasSubstr("'' is no name of a memory"));
  EXPECT_THAT(Refusal("cortex-m7,code=itcm+../x"), HasSubstr("'../x' is no name of a memory"));
  EXPECT_THAT(Refusal("cortex-m7,code=itcm+itcm"), HasSubstr("memory 'itcm' stands twice"));
  EXPECT_THAT(Refusal("cortex-m7,code=a+b+c+d+e+f+g+h+i"), HasSubstr("9 memories for code"));
  EXPECT_THAT(Refusal("cortex-m70,code=itcm"), HasSubstr("unknown name"));
}

}  // namespace
}  // namespace tunefarm::compiler
