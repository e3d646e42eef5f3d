// One kernel whose numbers the tests of this folder compute by hand: conv2d 1x56x56x64 -> 64
// channels, 3x3, padding 1, f32 on a 16-register AVX2 core; register tile 6 pixels x 2 vectors of
// 8, tails exact.
#ifndef TUNEFARM_TESTS_UNIT_TUNER_FEATURE_EXAMPLE_FACTS_H_
#define TUNEFARM_TESTS_UNIT_TUNER_FEATURE_EXAMPLE_FACTS_H_

#include "compiler/op/workload.h"
#include "compiler/space/facts.h"
#include "compiler/target/target.h"

namespace tunefarm::tuner {

inline compiler::Target ExampleTarget() {
  compiler::Target target;
  target.num_cores = 4;
  target.vector_bits = 256;
  target.num_vector_registers = 16;
  target.fma_per_cycle = 2;
  target.load_per_cycle = 2;
  target.fma_latency_cycles = 4;
  target.l1_bytes = 32 << 10;
  target.l2_bytes = 1 << 20;
  target.l3_bytes = 32 << 20;
  return target;
}

inline compiler::Workload ExampleWorkload() {
  compiler::Workload workload;
  workload.op = compiler::OpKind::kConv2d;
  workload.layout = compiler::Layout::kNhwc;
  workload.h = workload.w = 56;
  workload.c = workload.oc = 64;
  workload.kh = workload.kw = 3;
  workload.pad_top = workload.pad_left = workload.pad_bottom = workload.pad_right = 1;
  return workload;
}

inline compiler::ConfigFacts ExampleFacts() {
  compiler::ConfigFacts facts;
  facts.vector_lanes = facts.native_lanes = 8;
  facts.accumulators = 12;
  facts.operand_registers = 3;
  facts.available_registers = 16;
  facts.tile_pixels = 6;
  facts.tile_vectors = 2;
  facts.fma_per_step = 12;
  facts.vector_loads_per_step = 2;
  facts.broadcast_loads_per_step = 6;
  facts.steps_per_tile = 576;  // 3 x 3 x 64.
  facts.unroll_steps = 4;
  facts.body_instructions = 83;  // 4 x (12 + 2 + 6) + 3.
  facts.code_bytes = 4096;
  facts.loop_overhead_per_step = 0.75;
  facts.tiles = 2240;            // 10 (9 of 6 pixels, one of 2) x 56 rows x 4 (64 channels by 16).
  facts.issued_fmas = 14450688;  // 56 x 56 x 8 x 576.
  facts.useful_fmas = 14450688;
  facts.epilogue_vectors = 25088;  // 56 x 56 x 8.
  facts.parallel_chunks = 56;
  facts.levels[0] = {6144, 36864, 384, 2240};    // 3 x 8 x 64 x 4; 576 x 16 x 4; 6 x 16 x 4.
  facts.levels[1] = {44544, 36864, 3584, 224};   // 3 x 58 x 64 x 4; the same; 56 x 16 x 4.
  facts.levels[2] = {861184, 36864, 200704, 4};  // 58 x 58 x 64 x 4; the same; 56 x 56 x 16 x 4.
  facts.total_input_bytes = 861184;
  facts.total_weight_bytes = 147456;  // 576 x 64 x 4.
  facts.total_output_bytes = 802816;  // 56 x 56 x 64 x 4.
  return facts;
}

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TESTS_UNIT_TUNER_FEATURE_EXAMPLE_FACTS_H_
