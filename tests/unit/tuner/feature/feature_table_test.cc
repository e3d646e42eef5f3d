#include "tuner/feature/feature_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "tests/unit/tuner/feature/example_facts.h"

namespace tunefarm::tuner {
namespace {

float Value(const std::string& name, const compiler::ConfigFacts& facts = ExampleFacts()) {
  const auto index = FeatureIndex(name);
  EXPECT_TRUE(index.ok()) << index.status();
  return ExtractFeatures(facts, ExampleTarget(), ExampleWorkload()).at(index.value_or(1000));
}

TEST(FeatureTableTest, RegisterFeaturesOfTheExample) {
  EXPECT_FLOAT_EQ(Value("accumulators"), 12);
  EXPECT_FLOAT_EQ(Value("register_use"), 15.0 / 16);  // (12 + 3) / 16.
  EXPECT_FLOAT_EQ(Value("spilled_registers"), 0);
  EXPECT_FLOAT_EQ(Value("latency_fill"), 12.0 / 8);  // 4 cycles x 2 per cycle.
  EXPECT_FLOAT_EQ(Value("vector_fill"), 1);
}

TEST(FeatureTableTest, LoopFeaturesOfTheExample) {
  EXPECT_FLOAT_EQ(Value("fma_per_load"), 12.0 / 8);
  EXPECT_FLOAT_EQ(Value("broadcast_share"), 6.0 / 8);
  EXPECT_FLOAT_EQ(Value("overhead_per_fma"), 0.75 / 12);
  EXPECT_FLOAT_EQ(Value("unroll_steps"), 2);  // log2 4.
  EXPECT_FLOAT_EQ(Value("steps_per_tile"), std::log2(576.0f));
  EXPECT_FLOAT_EQ(Value("fma_per_body"), std::log2(48.0f));  // 12 x 4.
  EXPECT_FLOAT_EQ(Value("body_to_uop_cache"), std::log2(83.0f / 1500));
  EXPECT_FLOAT_EQ(Value("code_bytes"), 12);  // log2 4096.
}

TEST(FeatureTableTest, TileAndByteFeaturesOfTheExample) {
  EXPECT_FLOAT_EQ(Value("tail_waste"), 1);
  EXPECT_FLOAT_EQ(Value("tile_fill"), 14450688.0 / (2240.0 * 12 * 576));
  EXPECT_FLOAT_EQ(Value("tiles"), std::log2(2240.0f));
  EXPECT_FLOAT_EQ(Value("parallel_imbalance"), 1);  // 56 chunks on 4 cores.
  EXPECT_FLOAT_EQ(Value("tile_to_l1"), std::log2(43392.0f / 32768));
  EXPECT_FLOAT_EQ(Value("inner_to_l2"), std::log2(84992.0f / 1048576));
  EXPECT_FLOAT_EQ(Value("middle_to_l2"), std::log2(1098752.0f / 1048576));
  EXPECT_FLOAT_EQ(Value("middle_passes"), 2);  // log2 4.
  EXPECT_FLOAT_EQ(Value("total_to_l2"), std::log2(1811456.0f / 1048576));
  // 14450688 x 8 multiply-accumulates over 97198080 bytes.
  EXPECT_FLOAT_EQ(Value("intensity_l2"), std::log2(115605504.0f / 97198080));
}

TEST(FeatureTableTest, CyclesAreRelativeToAPerfectKernel) {
  EXPECT_FLOAT_EQ(Value("fma_issue"), 1);
  EXPECT_FLOAT_EQ(Value("fma_latency"), 5057740.8 / 7225344);
  EXPECT_FLOAT_EQ(Value("loads"), 4816896.0 / 7225344);
  EXPECT_FLOAT_EQ(Value("l2_transfer"), 3037440.0 / 7225344);
  EXPECT_FLOAT_EQ(Value("tails"), 216760.32 / 7225344);
  EXPECT_FLOAT_EQ(Value("tile_overhead"), 33600.0 / 7225344);
  EXPECT_FLOAT_EQ(Value(kAnalyticEfficiency), 7225344 / 7664109.65);
  EXPECT_FLOAT_EQ(Value("limit"), 0);
}

TEST(FeatureTableTest, TaskAndDeviceFeaturesOfTheExample) {
  EXPECT_FLOAT_EQ(Value("task_macs"), std::log2(115605504.0f));
  EXPECT_FLOAT_EQ(Value("task_channels"), 6);
  EXPECT_FLOAT_EQ(Value("task_taps"), 9);
  EXPECT_FLOAT_EQ(Value("task_depthwise"), 0);
  EXPECT_FLOAT_EQ(Value("device_registers"), 16);
  EXPECT_FLOAT_EQ(Value("device_lanes"), 3);
  EXPECT_FLOAT_EQ(Value("device_l2_bytes"), 20);
}

TEST(FeatureTableTest, TailsShowAsWaste) {
  compiler::ConfigFacts facts = ExampleFacts();
  facts.issued_fmas =
      facts.useful_fmas * 60 / 56;  // 10 full tiles of 6 pixels where 56 are needed.
  EXPECT_FLOAT_EQ(Value("tail_waste", facts), 60.0 / 56);
}

TEST(FeatureTableTest, RowsAreFiniteWhateverTheFacts) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (double bad : {0.0, -1.0, infinity, nan, 1e300}) {
    compiler::ConfigFacts facts;
    facts.native_lanes = facts.available_registers = facts.fma_per_step = bad;
    facts.useful_fmas = facts.issued_fmas = facts.parallel_chunks = bad;
    facts.levels[0].input_bytes = facts.total_input_bytes = bad;
    facts.body_instructions = facts.steps_per_tile = facts.tiles = bad;
    const auto row = ExtractFeatures(facts, ExampleTarget(), ExampleWorkload());
    for (size_t i = 0; i < row.size(); ++i) {
      EXPECT_TRUE(std::isfinite(row[i])) << Features()[i].name << " for facts of " << bad;
    }
  }
}

TEST(FeatureTableTest, NamesAreUniqueAndEveryFeatureSaysItsUnitAndMeaning) {
  std::set<std::string> names;
  for (const Feature& feature : Features()) {
    EXPECT_TRUE(names.insert(feature.name).second) << feature.name;
    EXPECT_STRNE(feature.unit, "") << feature.name;
    EXPECT_STRNE(feature.meaning, "") << feature.name;
  }
  EXPECT_EQ(FeatureListHash().size(), 64u);
  EXPECT_EQ(FeatureIndex("no_such").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace tunefarm::tuner
