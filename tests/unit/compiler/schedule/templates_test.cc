#include <gtest/gtest.h>

#include "compiler/schedule/template.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::compiler {
namespace {

std::unique_ptr<BoundTemplate> Bind(const std::string& key, const std::string& target) {
  return *BindTemplate(*BuildOperator(*ParseWorkload(key)), *ParseTarget(target));
}

const char kResnetLayer[] = "conv2d/f32/nhwc/1x56x56x64/o64k3x3s1x1p1x1/bias+relu";

TEST(TemplatesTest, OperatorsGetTheTemplateMadeForThem) {
  EXPECT_EQ(Bind(kResnetLayer, "x86-avx2")->space().name(), "conv2d_direct.v1");
  EXPECT_EQ(Bind("conv2d/f32/nhwc/1x7x7x16/o32k1x1", "x86-avx2")->space().name(), "gemm.v1");
  EXPECT_EQ(Bind("dense/f32/1x512/o1000/bias", "x86-avx2")->space().name(), "gemm.v1");
  EXPECT_EQ(Bind("depthwise_conv2d/f32/nhwc/1x14x14x512/k3x3p1x1", "x86-avx2")->space().name(),
            "window.v3");
  EXPECT_EQ(Bind("add/f32/nhwc/1x7x7x16", "x86-avx2")->space().name(), "plain.v1");
}

// 6 x 2 vectors of 8: 12 accumulators, 2 weight vectors and a broadcast are 15 of 16 registers.
TEST(TemplatesTest, RegisterFitPrunesBeforeAnythingIsBuilt) {
  const auto bound = Bind(kResnetLayer, "x86-avx2");
  const ConfigSpace& space = bound->space();
  const std::string rest = ",unroll_ic=1,pairs=0,block_oh=0,padding=1";
  EXPECT_EQ(space.Violation(*space.Parse("tile_oh=1,tile_ow=6,tile_oc=2" + rest)), "");
  EXPECT_EQ(space.Violation(*space.Parse("tile_oh=1,tile_ow=7,tile_oc=2" + rest)),
            "tile 7x2 needs 17 vector registers, the target has 16");
  EXPECT_EQ(space.Violation(*space.Parse("tile_oh=1,tile_ow=3,tile_oc=2" + rest)),
            "tile 3x2 has 6 accumulators, 8 hide the multiply-add's latency");
  EXPECT_THAT(bound->MakeSchedule(*space.Parse("tile_oh=1,tile_ow=7,tile_oc=2" + rest)),
              testing::StatusIs(absl::StatusCode::kFailedPrecondition,
                                ::testing::HasSubstr("17 vector registers")));
}

// 56 x 56 pixels in tiles of 1 x 14 by 2 of 4 channel vectors: 56 * 4 * 2 = 448 tiles; 3 * 3 * 64 =
// 576 steps of 14 * 2 multiply-adds.
TEST(TemplatesTest, FactsCountTheTiledKernel) {
  const auto bound = Bind(kResnetLayer, "x86-avx512");
  const ConfigFacts facts = bound->Facts(*bound->space().Parse(
      "tile_oh=1,tile_ow=14,tile_oc=2,unroll_ic=2,pairs=0,block_oh=4,padding=1"));
  EXPECT_EQ(facts.vector_lanes, 16);
  EXPECT_EQ(facts.accumulators, 28);
  EXPECT_EQ(facts.tiles, 448);
  EXPECT_EQ(facts.steps_per_tile, 576);
  EXPECT_EQ(facts.fma_per_step, 28);
  EXPECT_EQ(facts.issued_fmas, 448.0 * 576 * 28);
  EXPECT_EQ(facts.useful_fmas, facts.issued_fmas);
  EXPECT_EQ(facts.levels[0].weight_bytes, 576 * 32 * 4);
  EXPECT_EQ(facts.parallel_chunks, 14);
}

TEST(TemplatesTest, EveryValidConfigOfASmallSpaceHasASchedule) {
  const auto bound = Bind("conv2d/f32/nhwc/1x4x5x3/o20k3x3p1x1/bias", "x86-avx2");
  for (uint64_t index : bound->space().ValidIndices(100000)) {
    EXPECT_THAT(bound->MakeSchedule(bound->space().At(index)), testing::IsOk());
  }
}

TEST(TemplatesTest, CodePlacementIsAKnobWhereTheTargetNamesItsMemories) {
  for (const std::string key :
       {"conv2d/s8/nhwc/1x8x8x16/o16k3x3p1x1/bias+requant", "softmax/s8/1x10",
        "depthwise_conv2d/s8/nhwc/1x6x5x17/k3x3p1x1/bias+requant", "add/s8/nhwc/1x3x5x18",
        "conv2d/f32/nhwc/1x7x7x16/o32k1x1", "max_pool2d/s8/nhwc/1x6x6x17/k2x2s2x2"}) {
    const auto plain = Bind(key, "cortex-m7");
    const auto placed = Bind(key, "cortex-m7,code=itcm+sram1");
    EXPECT_EQ(placed->space().name(), plain->space().name());
    EXPECT_EQ(placed->space().num_indices(), 2 * plain->space().num_indices());
    const uint64_t first = placed->space().ValidIndices(1)[0];
    for (const int64_t memory : {0, 1}) {
      const Config config = placed->space().At(first + static_cast<uint64_t>(memory));
      ASSERT_EQ(placed->space().Get(config, "code_memory"), memory) << key;
      EXPECT_EQ(placed->MakeSchedule(config)->steps.back().names[0],
                memory == 0 ? "itcm" : "sram1");
      EXPECT_EQ(placed->Facts(config).code_memory, memory);
    }
  }
}

// Old logs and configs stay valid: a target without memories has the space it had.
TEST(TemplatesTest, WithoutMemoriesNoSpaceHasAPlacement) {
  const auto bound = Bind("conv2d/s8/nhwc/1x8x8x16/o16k3x3p1x1/bias+requant", "cortex-m7");
  for (const Knob& knob : bound->space().knobs()) EXPECT_NE(knob.name, "code_memory");
}

}  // namespace
}  // namespace tunefarm::compiler
