#include "tuner/feature/analytic_cost.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/unit/tuner/feature/example_facts.h"

namespace tunefarm::tuner {
namespace {

TEST(AnalyticCostTest, EachBoundOfTheExampleIsTheValueComputedByHand) {
  const AnalyticCost cost = EstimateCost(ExampleFacts(), ExampleTarget());
  // 14450688 multiply-adds, 2 per cycle.
  EXPECT_DOUBLE_EQ(cost.fma_issue_cycles, 7225344);
  // The work is 14450688 / 12 = 1204224 steps of a full tile (2090 2/3 tiles of 576); one link of 4
  // x 1.05 cycles each.
  EXPECT_NEAR(cost.fma_latency_cycles, 5057740.8, 0.01);
  // The other 149 1/3 of the 2240 tiles show 0.6 of their latency: 0.6 x 149.333 x 576 x 4.2.
  EXPECT_NEAR(cost.tail_cycles, 216760.32, 0.01);
  // 1204224 steps x (2 + 6) loads, 2 per cycle.
  EXPECT_DOUBLE_EQ(cost.load_cycles, 4816896);
  // 1204224 steps x 83 / 4 instructions, 5 per cycle.
  EXPECT_NEAR(cost.front_end_cycles, 4997529.6, 0.01);
  // One tile touches 6144 + 36864 + 384 = 43392 bytes, more than 3/4 of 32 KiB: 2240 x 43392 bytes,
  // 32 per cycle.
  EXPECT_DOUBLE_EQ(cost.l1_miss_bytes, 97198080);
  EXPECT_DOUBLE_EQ(cost.l2_cycles, 3037440);
  // An inner pass (84992) fits 3/4 of 1 MiB, a middle pass (1098752) does not: 4 x 1098752 bytes,
  // 0.6 x 32 per cycle.
  EXPECT_DOUBLE_EQ(cost.l2_miss_bytes, 4395008);
  EXPECT_NEAR(cost.l3_cycles, 228906.67, 0.01);
  // 1811456 bytes in all fit half of 32 MiB: nothing comes from memory again and again.
  EXPECT_DOUBLE_EQ(cost.dram_cycles, 0);
  EXPECT_DOUBLE_EQ(cost.tile_overhead_cycles, 33600);  // 2240 x 15.
  EXPECT_DOUBLE_EQ(cost.epilogue_cycles, 25088);       // One store per cycle.
  EXPECT_DOUBLE_EQ(cost.packing_cycles, 0);
}

TEST(AnalyticCostTest, TotalIsTheLargestBoundPlusUnhiddenTransfersPlusWhatStandsBetweenTiles) {
  const AnalyticCost cost = EstimateCost(ExampleFacts(), ExampleTarget());
  EXPECT_EQ(cost.limit, Bound::kFmaIssue);
  // 7225344 + 0.05 x (3037440 + 228906.67) + 216760.32 + 33600 + 25088.
  EXPECT_NEAR(cost.total_cycles, 7664109.65, 0.1);
}

TEST(AnalyticCostTest, SpreadingTakesThePlaceOfMultiplyAdds) {
  compiler::ConfigFacts facts = ExampleFacts();
  facts.spreads_per_step = 6;
  // 1204224 steps x (12 multiply-adds + 6), 2 per cycle.
  EXPECT_DOUBLE_EQ(EstimateCost(facts, ExampleTarget()).fma_issue_cycles, 1204224 * 9.0);
}

TEST(AnalyticCostTest, WithoutAThirdCacheMemoryIsAskedOnlyForWhatTheSecondLacks) {
  compiler::Target target = ExampleTarget();
  target.l3_bytes = 0;
  // As above: what the second cache is given again and again.
  EXPECT_DOUBLE_EQ(EstimateCost(ExampleFacts(), target).l3_miss_bytes, 4395008);
  target.l2_bytes = 4 << 20;
  EXPECT_DOUBLE_EQ(EstimateCost(ExampleFacts(), target).dram_cycles, 0);
  // Nothing leaves a first cache that holds everything, whatever stands behind it.
  target.l1_bytes = 4 << 20;
  target.l2_bytes = 0;
  EXPECT_DOUBLE_EQ(EstimateCost(ExampleFacts(), target).dram_cycles, 0);
}

TEST(AnalyticCostTest, InOrderCoresWaitForTransfers) {
  compiler::Target target = ExampleTarget();
  target.in_order = true;
  const AnalyticCost cost = EstimateCost(ExampleFacts(), target);
  // 2 instructions per cycle: 1204224 x 20.75 / 2 = 12493824 is the largest; L2 at 16 and L3 at 9.6
  // bytes per cycle take 6074880 + 457813.33, added whole; tails as before; 2240 x 8; 25088.
  EXPECT_EQ(cost.limit, Bound::kFrontEnd);
  EXPECT_NEAR(cost.total_cycles, 12493824 + 6074880 + 457813.33 + 216760.32 + 17920 + 25088, 0.1);
}

TEST(AnalyticCostTest, InOrderCoresWaitForEachGroupOfLoads) {
  compiler::Target target = ExampleTarget();
  compiler::ConfigFacts facts = ExampleFacts();
  facts.load_waits_per_step = 0.25;
  EXPECT_DOUBLE_EQ(EstimateCost(facts, target).load_wait_cycles, 0);
  target.in_order = true;
  // 1204224 steps x (8 loads + 6 cycles / 4).
  EXPECT_DOUBLE_EQ(EstimateCost(facts, target).load_wait_cycles, 1204224 * 9.5);
  const double grouped = EstimateCost(facts, target).total_cycles;
  facts.load_waits_per_step = 8;
  EXPECT_DOUBLE_EQ(EstimateCost(facts, target).total_cycles - grouped, 1204224 * 7.75 * 6);
}

TEST(AnalyticCostTest, BoardsCountInstructionsAndNoTransfers) {
  compiler::Target target = ExampleTarget();
  target.in_order = true;
  target.triple = "thumbv7em-none-unknown-eabihf";
  const AnalyticCost cost = EstimateCost(ExampleFacts(), target);
  // 1204224 steps x 83 / 4 instructions, one a cycle.
  EXPECT_NEAR(cost.front_end_cycles, 24987648, 0.01);
  EXPECT_EQ(cost.limit, Bound::kFrontEnd);
  EXPECT_DOUBLE_EQ(cost.l2_cycles + cost.l3_cycles + cost.dram_cycles, 0);
}

TEST(AnalyticCostTest, CodeInAWorseMemoryIsTriedLater) {
  compiler::ConfigFacts facts = ExampleFacts();
  const double best = EstimateCost(facts, ExampleTarget()).total_cycles;
  facts.code_memory = 1;
  EXPECT_NEAR(EstimateCost(facts, ExampleTarget()).total_cycles, 1.05 * best, 0.1);
}

TEST(AnalyticCostTest, FourAccumulatorsAreBoundByLatency) {
  compiler::ConfigFacts facts = ExampleFacts();
  facts.accumulators = facts.fma_per_step = 4;
  facts.vector_loads_per_step = 1;
  facts.broadcast_loads_per_step = 4;
  facts.body_instructions = 39;  // 4 x (4 + 1 + 4) + 3.
  facts.tiles = 6272;            // 56 x 56 x 8 vectors / 4, without tails.
  const AnalyticCost cost = EstimateCost(facts, ExampleTarget());
  // 6272 x 576 x 4.2 cycles, twice the issue bound: 8 = 4 cycles x 2 ports would fill the pipes.
  EXPECT_NEAR(cost.fma_latency_cycles, 15173222.4, 0.01);
  EXPECT_DOUBLE_EQ(cost.tail_cycles, 0);
  EXPECT_EQ(cost.limit, Bound::kFmaLatency);
}

TEST(AnalyticCostTest, OneRegisterTooManyLengthensTheChainByStoreForwarding) {
  compiler::ConfigFacts facts = ExampleFacts();
  facts.operand_registers = 5;  // 12 + 5 - 16 = 1.
  EXPECT_DOUBLE_EQ(SpilledRegisters(facts), 1);
  const AnalyticCost cost = EstimateCost(facts, ExampleTarget());
  EXPECT_NEAR(cost.fma_latency_cycles, 1204224 * (4.2 + 9), 0.01);
  EXPECT_DOUBLE_EQ(cost.load_cycles, 1204224 * (2 + 6 + 1) / 2.0);
  EXPECT_EQ(cost.limit, Bound::kFmaLatency);
}

TEST(AnalyticCostTest, HalfFilledVectorsDoubleTheIssueCycles) {
  compiler::ConfigFacts facts = ExampleFacts();
  facts.vector_lanes = 4;
  facts.issued_fmas = 2 * facts.useful_fmas;  // Twice as many vectors of half the lanes.
  const AnalyticCost cost = EstimateCost(facts, ExampleTarget());
  EXPECT_DOUBLE_EQ(cost.fma_issue_cycles, 2 * IdealCycles(facts, ExampleTarget()));
}

TEST(AnalyticCostTest, VectorsOfTwoRegistersCountAsTwoInstructions) {
  compiler::ConfigFacts facts = ExampleFacts();
  facts.vector_lanes = 16;
  facts.issued_fmas = facts.useful_fmas / 2;
  const AnalyticCost cost = EstimateCost(facts, ExampleTarget());
  EXPECT_DOUBLE_EQ(cost.fma_issue_cycles, IdealCycles(facts, ExampleTarget()));
}

TEST(AnalyticCostTest, BodiesBeyondTheDecodedCacheAreDecodedAgain) {
  compiler::ConfigFacts facts = ExampleFacts();
  facts.unroll_steps = 96;
  facts.body_instructions = 96 * 20 + 3;
  const AnalyticCost cost = EstimateCost(facts, ExampleTarget());
  EXPECT_NEAR(cost.front_end_cycles, 1204224 * (1923.0 / 96) / 2.5, 0.01);
  EXPECT_EQ(cost.limit, Bound::kFrontEnd);
}

TEST(AnalyticCostTest, WideBroadcastsNeedAPortAndNotItsWidth) {
  compiler::Target target = ExampleTarget();
  target.load_per_cycle = 1;  // Of full vectors.
  compiler::ConfigFacts facts = ExampleFacts();
  facts.vector_lanes = facts.native_lanes = 16;
  // 1204224 steps x (2 vectors / 1 + 6 scalars / 2).
  EXPECT_DOUBLE_EQ(EstimateCost(facts, target).load_cycles, 1204224.0 * 5);
}

TEST(AnalyticCostTest, CoreWithOneNarrowLoadPortReadsAScalarPerCycle) {
  compiler::Target target = ExampleTarget();
  target.load_per_cycle = 1;  // The A72.
  EXPECT_DOUBLE_EQ(EstimateCost(ExampleFacts(), target).load_cycles, 1204224.0 * 8);
}

TEST(AnalyticCostTest, RowsAPowerOfTwoApartFightForTheSetsOfL1) {
  compiler::ConfigFacts facts = ExampleFacts();
  // A matrix product with k = 512: rows of 2 KiB lie on 2 sets of 64, 2 x 8 ways hold 16 lines. 24
  // rows miss half of their broadcasts, 64 bytes each.
  facts.steps_per_tile = 512;
  facts.tile_pixels = facts.broadcast_loads_per_step = 24;
  facts.fma_per_step = facts.accumulators = 24;
  facts.issued_fmas = facts.useful_fmas = 24 * 512 * 100;
  facts.tiles = 100;
  facts.levels[0] = {24 * 2048, 0, 0, 100};
  const double fitting = 100.0 * 24 * 2048;  // 48 KiB per tile, more than 3/4 of L1.
  EXPECT_DOUBLE_EQ(EstimateCost(facts, ExampleTarget()).l1_miss_bytes,
                   fitting + 0.5 * 64 * 24 * 512 * 100);
  // With k = 513 rows spread over all sets.
  facts.steps_per_tile = 513;
  facts.levels[0].input_bytes = 24 * 2052;
  EXPECT_DOUBLE_EQ(EstimateCost(facts, ExampleTarget()).l1_miss_bytes, 100.0 * 24 * 2052);
}

TEST(AnalyticCostTest, UnrolledLoopsHaveNoExitToMispredict) {
  compiler::ConfigFacts facts = ExampleFacts();
  facts.steps_per_tile = facts.unroll_steps = 9;
  EXPECT_DOUBLE_EQ(EstimateCost(facts, ExampleTarget()).tile_overhead_cycles, 2240 * 2);
}

TEST(AnalyticCostTest, PackingIsReadAndWrittenAtHalfOfL2sRate) {
  compiler::ConfigFacts facts = ExampleFacts();
  facts.packing_bytes = 1600;
  EXPECT_DOUBLE_EQ(EstimateCost(facts, ExampleTarget()).packing_cycles,
                   100);  // 16 bytes per cycle.
}

TEST(AnalyticCostTest, KernelsLargerThanL3AreBoundByMemory) {
  compiler::ConfigFacts facts;
  facts.useful_fmas = facts.issued_fmas = 1000;
  facts.total_weight_bytes = 1 << 28;
  const AnalyticCost cost = EstimateCost(facts, ExampleTarget());
  EXPECT_DOUBLE_EQ(cost.l3_miss_bytes, 1 << 28);
  EXPECT_DOUBLE_EQ(cost.dram_cycles, (1 << 28) / 4.0);
  EXPECT_EQ(cost.limit, Bound::kDram);
}

TEST(AnalyticCostTest, UnevenChunksLeaveWorkersIdle) {
  compiler::ConfigFacts facts = ExampleFacts();
  facts.parallel_chunks = 5;  // Two rounds of 4 workers: 2.5 are busy on average.
  const double one = EstimateCost(facts, ExampleTarget(), 1).total_cycles;
  EXPECT_DOUBLE_EQ(EstimateCost(facts, ExampleTarget(), 4).total_cycles, one / 2.5);
}

TEST(AnalyticCostTest, SenselessFactsCostMoreThanAnyKernel) {
  compiler::ConfigFacts facts = ExampleFacts();
  facts.issued_fmas = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(EstimateCost(facts, ExampleTarget()).total_cycles, 1e18);
}

}  // namespace
}  // namespace tunefarm::tuner
