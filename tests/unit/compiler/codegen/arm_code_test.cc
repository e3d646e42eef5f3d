// What is selected for Arm, read from the assembly of whole kernels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/codegen/emit.h"
#include "compiler/lower/lower.h"
#include "compiler/schedule/template.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::compiler {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

// The assembly of the run entry with the config of the operator's template.
std::string Assembly(const std::string& key, const std::string& board, const std::string& config) {
  const Operator op = *BuildOperator(*ParseWorkload(key));
  const Target target = *ParseTarget(board);
  const auto bound = *BindTemplate(op, target);
  const auto parsed = bound->space().Parse(config);
  EXPECT_THAT(parsed, testing::IsOk());
  const auto schedule = bound->MakeSchedule(*parsed);
  EXPECT_THAT(schedule, testing::IsOk());
  auto kernel = Lower(op, *schedule);
  EXPECT_THAT(kernel, testing::IsOk());
  kernel->prepare.reset();
  const auto assembly = EmitAssembly(*kernel, target, "kernel");
  EXPECT_THAT(assembly, testing::IsOk());
  return assembly.ok() ? *assembly : "";
}

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

constexpr char kMatmul[] = "matmul/f32/48x64x64";
constexpr char kS8[] = "conv2d/s8/nhwc/1x8x8x64/o64k1x1/bias+requant";

TEST(ArmCodeTest, LanesAreLoadedFourAtATimeAndMultipliedByElement) {
  const std::string text = Assembly(
      kMatmul, "rpi4", "tile_m=6,tile_n=2,unroll_k=4,pairs=0,block_m=0,lanes=4,ahead=0,group=0");
  for (const char* lane : {".s[0]", ".s[1]", ".s[2]", ".s[3]"}) {
    EXPECT_GE(Count(text, lane), 12) << lane;
  }
  EXPECT_THAT(text, Not(HasSubstr("ld1r")));
  EXPECT_THAT(text, Not(HasSubstr("dup")));
}

TEST(ArmCodeTest, OneLaneAtATimeIsSpreadByItsLoad) {
  const std::string text = Assembly(
      kMatmul, "rpi4", "tile_m=6,tile_n=2,unroll_k=4,pairs=0,block_m=0,lanes=1,ahead=0,group=0");
  EXPECT_THAT(text, HasSubstr("ld1r"));
  EXPECT_THAT(text, Not(HasSubstr(".s[3]")));
}

TEST(ArmCodeTest, LoopsCountDownToZeroWithoutAComparison) {
  const std::string tile = "tile_m=4,tile_n=2,unroll_k=4,pairs=0,block_m=0,lanes=4,";
  for (const auto& [board, feed] : {std::pair("rpi4", "ahead=0,group=0"),
                                    {"rpi3-32", "ahead=0,group=0"},
                                    {"rpi3-32", "ahead=8,group=0"}}) {
    const std::string text = Assembly(kMatmul, board, tile + feed);
    // The loop over k; those over tiles compute addresses from their counters.
    EXPECT_THAT(text, ContainsRegex("subs\t")) << board;
    EXPECT_THAT(text, ContainsRegex("b\\.?ne\t")) << board;
  }
}

TEST(ArmCodeTest, ThirtyTwoBitCodeMultipliesByElementToo) {
  const std::string text = Assembly(
      kMatmul, "rpi3-32", "tile_m=4,tile_n=2,unroll_k=4,pairs=0,block_m=0,lanes=2,ahead=0,group=0");
  EXPECT_THAT(text, ContainsRegex("vmla.f32\tq[0-9]+, q[0-9]+, d[0-9]+\\[1\\]"));
}

TEST(ArmCodeTest, FullTilesOfTheBoardsDoNotSpill) {
  for (const char* config : {"tile_m=7,tile_n=3,unroll_k=4", "tile_m=5,tile_n=4,unroll_k=8"}) {
    const std::string rest = ",pairs=0,block_m=0,lanes=4,ahead=0,group=0";
    EXPECT_THAT(Assembly("matmul/f32/35x48x64", "rpi4", config + rest), Not(HasSubstr("Spill")))
        << config;
  }
}

// Eight rows of four lanes and four steps of two weights, all before the first multiply-add.
TEST(ArmCodeTest, GroupedLoadsStandTogether) {
  const std::string text = Assembly(
      kMatmul, "rpi3", "tile_m=8,tile_n=2,unroll_k=4,pairs=0,block_m=0,lanes=4,ahead=0,group=4");
  const size_t first = text.find("fmla");
  const size_t last = text.find("b.lt", first);
  ASSERT_NE(last, std::string::npos);
  EXPECT_THAT(text.substr(first, last - first), Not(HasSubstr("ld")));
  EXPECT_THAT(text, Not(HasSubstr("Spill")));
}

// Sixteen registers: eight accumulators, two weights, four rows of lanes. No accumulator's
// multiply-adds follow one another, as 32-bit Arm's instruction selection would have them.
TEST(ArmCodeTest, ThirtyTwoBitCodeKeepsTheOrderOfTheSchedule) {
  const std::string text = Assembly(
      kMatmul, "rpi3-32", "tile_m=4,tile_n=2,unroll_k=4,pairs=0,block_m=0,lanes=4,ahead=0,group=2");
  EXPECT_THAT(text, Not(HasSubstr("Spill")));
  std::string before;
  for (size_t at = text.find("vmla.f32\t"); at != std::string::npos;
       at = text.find("vmla.f32\t", at + 1)) {
    const std::string accumulator = text.substr(at + 9, text.find(',', at) - at - 9);
    EXPECT_NE(accumulator, before) << text.substr(at, 40);
    before = accumulator;
  }
}

TEST(ArmCodeTest, TermsOfS8AreWidenedAndMultipliedByElement) {
  const std::string config =
      "tile_m=4,tile_n=1,unroll_k=8,terms=1,block_m=0,lanes=8,ahead=0,group=0";
  const std::string text = Assembly(kS8, "rpi4", config);
  EXPECT_THAT(text, ContainsRegex("smlal2\tv[0-9]+.4s, v[0-9]+.8h, v[0-9]+.h\\[7\\]"));
  EXPECT_THAT(Assembly(kS8, "rpi3-32",
                       "tile_m=4,tile_n=1,unroll_k=8,terms=1,block_m=0,lanes=8,"
                       "ahead=0,group=0"),
              HasSubstr("vmlal.s16\tq"));
}

TEST(ArmCodeTest, FourTermsAreDotProductsWhereTheCoreHasThem) {
  const std::string text = Assembly(
      kS8, "rpi5", "tile_m=4,tile_n=4,unroll_k=4,terms=4,block_m=0,lanes=4,ahead=0,group=0");
  EXPECT_THAT(text, ContainsRegex("sdot\tv[0-9]+.4s, v[0-9]+.16b, v[0-9]+.4b\\[3\\]"));
  EXPECT_THAT(text, Not(HasSubstr("dup\tv")));
  EXPECT_THAT(text, Not(HasSubstr("smlal")));
}

TEST(ArmCodeTest, RequantisingTakesTheRoundedProductOfNeonAndFitsTheRegisters) {
  const std::string dot = Assembly(
      kS8, "rpi5", "tile_m=4,tile_n=4,unroll_k=4,terms=4,block_m=0,lanes=4,ahead=0,group=0");
  EXPECT_THAT(dot, HasSubstr("sqrdmulh\t"));
  EXPECT_THAT(dot, HasSubstr("srshl\t"));
  EXPECT_THAT(dot, Not(HasSubstr("smull")));
  const std::string widening =
      "tile_m=4,tile_n=1,unroll_k=8,terms=1,block_m=0,lanes=8,ahead=0,group=0";
  EXPECT_THAT(Assembly(kS8, "rpi4", widening), HasSubstr("sqrdmulh\t"));
  EXPECT_THAT(Assembly(kS8, "rpi3-32", widening), HasSubstr("vqrdmulh.s32\tq"));
}

}  // namespace
}  // namespace tunefarm::compiler
