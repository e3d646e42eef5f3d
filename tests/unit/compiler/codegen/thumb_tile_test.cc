// Register tiles for Cortex-M: what is written, and that the loops which the expansions build are
// recognised.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "compiler/codegen/emit.h"
#include "compiler/codegen/thumb/pair_tile.h"
#include "compiler/codegen/thumb/window_tile.h"
#include "compiler/lower/lower.h"

namespace tunefarm::compiler {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

int64_t Count(const std::string& text, const std::string& word) {
  int64_t count = 0;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(text, '\n'))) {
    count += absl::StrContains(line, word) ? 1 : 0;
  }
  return count;
}

TEST(PairTileTest, AStepOfTwoByFourTakesEightMultiplyAddsAndThreeLoads) {
  PairTileShape shape;
  shape.pixels = 2;
  shape.channels = 4;
  shape.phases = {{16, 1}};
  const std::string text = PairTileAssembly(shape);
  EXPECT_EQ(Count(text, "smlad") + Count(text, "smuad"), 16 * 8);
  EXPECT_EQ(Count(text, "ldrd"), 16 * 3);
}

TEST(PairTileTest, NarrowWeightsTakeOneWideningMorePerWord) {
  PairTileShape shape;
  shape.pixels = 4;
  shape.channels = 2;
  shape.weight_bits = 8;
  shape.phases = {{16, 1}};
  const std::string text = PairTileAssembly(shape);
  EXPECT_EQ(Count(text, "smlad") + Count(text, "smuad"), 16 * 8);
  EXPECT_EQ(Count(text, "ldrd"), 16 * 3);
  EXPECT_EQ(Count(text, "sxtb16"), 16 * 2);
  // A single word serves two steps.
  shape.channels = 1;
  EXPECT_EQ(Count(PairTileAssembly(shape), "ldr r3, [r1"), 8);
}

TEST(PairTileTest, TheFirstStepStartsTheSums) {
  PairTileShape shape;
  shape.pixels = 2;
  shape.channels = 3;
  shape.phases = {{4, 1}, {4, 3}};
  EXPECT_EQ(Count(PairTileAssembly(shape), "smuad"), 6);
}

TEST(PairTileTest, ARunOfRowsTakesNoMoreInstructionsThanColumnsDo) {
  PairTileShape columns;
  columns.pixels = 4;
  columns.channels = 2;
  columns.phases = {{3, 1}, {6, 4}};
  PairTileShape rows = columns;
  rows.tap_bytes = {0, 4, 8};
  rows.run_bytes = 136;
  const int64_t stepping = Count(PairTileAssembly(rows), "[r0, #136]!");
  EXPECT_EQ(stepping, 2);  // Of three runs that the code shows, all but the first.
  EXPECT_LE(Count(PairTileAssembly(rows), " "), Count(PairTileAssembly(columns), " "));
  // Too far for a load: one addition more in each of those runs.
  rows.run_bytes = 1200;
  EXPECT_EQ(Count(PairTileAssembly(rows), "addw r0, r0, #1200"), 2);
}

TEST(PairTileTest, NoLoadReachesFurtherThanItsEncoding) {
  // Pairs and single words in turns: a pair that follows a single word at the end of the reach.
  PairTileShape shape;
  shape.channels = 6;
  shape.tap_bytes = {0, 4, 8, 12, 16};
  shape.run_bytes = 80;
  shape.phases = {{100, 1}};
  EXPECT_THAT(PairTileAssembly(shape), HasSubstr("addw r1, r1, #1024"));
  EXPECT_THAT(PairTileAssembly(shape), Not(HasSubstr("ldrd r2, r3, [r1, #1024]")));
}

TEST(PairTileTest, AResultTakesSixInstructionsAndTwoMoreForRelu) {
  PairTileShape shape;
  shape.phases = {{1, 1}};
  const int64_t plain = Count(PairTileAssembly(shape), " ");
  shape.requantise.activation = ShortRequantise::Activation::kRelu;
  EXPECT_EQ(Count(PairTileAssembly(shape), " "), plain + 2);
}

TEST(WindowTileTest, TwoOutputsOfAThreeByThreeWindowTakeTwelveMultiplyAdds) {
  WindowTileShape shape;
  shape.outputs = 8;
  shape.row_bytes = 24;
  const std::string text = WindowTileAssembly(shape);
  EXPECT_EQ(Count(text, "smla") + Count(text, "smua") + Count(text, "smul"), 12);
  EXPECT_THAT(text, HasSubstr("bne"));
}

TEST(WindowTileTest, AnOddOutputIsComputedAlone) {
  WindowTileShape shape;
  shape.outputs = 9;
  EXPECT_EQ(Count(WindowTileAssembly(shape), "strb"), 3);
  shape.outputs = 1;
  EXPECT_EQ(Count(WindowTileAssembly(shape), "strb"), 1);
}

std::string AssemblyOf(const std::string& key, const Step& step, const std::string& target) {
  const auto op = BuildOperator(*ParseWorkload(key));
  EXPECT_TRUE(op.ok()) << op.status();
  const auto kernel = Lower(*op, Schedule{{step}});
  EXPECT_TRUE(kernel.ok()) << kernel.status();
  const auto text = EmitAssembly(*kernel, *ParseTarget(target), "kernel");
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? *text : "";
}

TEST(TileLoopTest, ConvolutionsBecomePairTilesOnCortexM) {
  for (const char* activation : {"", "+relu", "+clip-3:40"}) {
    const std::string key =
        std::string("conv2d/s8/nhwc/1x6x6x8/o12k3x3p1x1/bias+requant") + activation;
    for (const PairTileKnobs& knobs : {PairTileKnobs{2, 4, 8},
                                       {1, 8, 4},
                                       {4, 2, 16},
                                       {1, 1, 2},
                                       {2, 4, 8, 8},
                                       {4, 1, 4, 8},
                                       {4, 2, 32, 8},
                                       {4, 2, 8, 16, 1},
                                       {2, 4, 16, 16, 4},
                                       {1, 8, 4, 16, 6},
                                       {4, 1, 32, 16, 2}}) {
      EXPECT_THAT(AssemblyOf(key, ExpandPairTile("out", knobs), "cortex-m4"), HasSubstr("smuad"))
          << key;
    }
  }
}

TEST(TileLoopTest, AnIterationOfOneWordOrOneRunIsALoopToo) {
  const std::string key = "conv2d/s8/nhwc/1x6x6x64/o8k3x3p1x1/bias+requant";
  const std::string word = AssemblyOf(key, ExpandPairTile("out", {4, 2, 2, 8}), "cortex-m4");
  const std::string run = AssemblyOf(key, ExpandPairTile("out", {2, 4, 4, 16, 1}), "cortex-m4");
  EXPECT_LT(Count(word, "smlad"), 200);
  EXPECT_LT(Count(run, "smlad"), 200);
  // 0: straight code.
  const std::string straight = AssemblyOf("conv2d/s8/nhwc/1x6x6x16/o8k3x3p1x1/bias+requant",
                                          ExpandPairTile("out", {2, 4, 0, 16, 6}), "cortex-m4");
  EXPECT_EQ(Count(straight, "smlad"), (9 * 8 - 1) * 8);
}

TEST(TileLoopTest, RowsOfAwkwardConvolutionsBecomePairTilesOnCortexM) {
  for (const char* key : {"conv2d/s8/nhwc/1x9x9x8/o6k3x3s2x2p1x1/bias+requant",
                          "conv2d/s8/nhwc/1x7x8x3/o5k5x5p2x2/bias+requant+relu",
                          "conv2d/s8/nhwc/2x9x11x6/o4k2x3s3x3p0x1x1x0d1x2/requant",
                          "conv2d/s8/nhwc/1x11x9x1/o8k10x4s2x2p4x1x5x1/bias+requant+relu"}) {
    for (const PairTileKnobs& knobs : {PairTileKnobs{4, 2, 8, 16, 1}, {2, 4, 16, 16, 2}}) {
      const std::string text = AssemblyOf(key, ExpandPairTile("out", knobs), "cortex-m7");
      // One tile for whole groups of pixels and one for the rest of a row, each written once for
      // whole groups of rows and once for the rest of the image; none was left to LLVM.
      EXPECT_THAT(text, HasSubstr("smuad")) << key;
      EXPECT_THAT(text, Not(HasSubstr("smlabb"))) << key;
    }
  }
}

TEST(TileLoopTest, ThreeWideWindowsBecomeWindowTilesOnCortexM) {
  for (const char* key : {"depthwise_conv2d/s8/nhwc/1x7x6x5/k3x3p1x1/bias+requant+relu",
                          "depthwise_conv2d/s8/nhwc/1x6x9x4/k3x3/bias+requant"}) {
    for (bool along_height : {false, true}) {
      EXPECT_THAT(AssemblyOf(key, ExpandWindowRows("out", {along_height}), "cortex-m7"),
                  HasSubstr("smlatb"));
    }
  }
}

TEST(TileLoopTest, ElsewhereTheSameLoopsArePlainOnes) {
  EXPECT_THAT(AssemblyOf("conv2d/s8/nhwc/1x6x6x8/o12k3x3p1x1/bias+requant",
                         ExpandPairTile("out", {2, 4, 8}), "x86-avx2"),
              Not(HasSubstr("smlad")));
}

}  // namespace
}  // namespace tunefarm::compiler
