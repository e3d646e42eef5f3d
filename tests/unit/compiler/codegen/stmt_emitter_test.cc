// Loops, conditions, scratch memory and parallel loops, compiled and run.
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/compiler/codegen/run_kernel.h"

namespace tunefarm::compiler {
namespace {

TEST(StmtEmitterTest, LoopsOfNoIterationsRunNothing) {
  ExpectAgrees(
      "fn run(out: s32[16]) { for i in 0..0 { out[i] = 1:s32 }"
      "  for i in 0..4 { for j in 0..i - 2 { out[i * 4 + j] = 2:s32 } } }");
}

TEST(StmtEmitterTest, BoundsMayDependOnOuterLoops) {
  ExpectAgrees(
      "fn run(out: index[64]) { for i in 0..8 { for j in max(0, 3 - i)..+min(8, i + 1) - max(0, i "
      "- 4) {"
      "  out[i * 8 + j % 8] = i * j } } }");
}

TEST(StmtEmitterTest, AnIfGuardsItsBody) {
  ExpectAgrees(
      "fn run(a: f32[30], out: f32[30]) { for i in 0..40 { if i < 30 && 4 < i { out[i] = a[i] * 2f "
      "if i % 2 == 0 { out[i] = 9f } } } }");
}

// Two that are never alive together share their place; the outer one must survive both.
TEST(StmtEmitterTest, ScratchBuffersKeepTheirValuesWhileTheyLive) {
  ExpectAgrees(
      "fn run(a: f32[32], out: f32[32]) { alloc s: f32[32] scratch {"
      "  for i in 0..32 { s[i] = a[i] + 1f }"
      "  alloc t: f32[32] scratch { for i in 0..32 { t[i] = s[31 - i] } for i in 0..32 { out[i] = "
      "t[i] } }"
      "  alloc u: f32[16] scratch { for i in 0..16 { u[i] = s[i] * 2f }"
      "    for i in 0..16 { out[i] = out[i] + u[i] * s[i] } } } }");
}

// A temporary inside a loop is not the place of its address computation.
TEST(StmtEmitterTest, ScratchAllocatedInsideALoopIsAddressedFromItsHead) {
  ExpectAgrees(
      "fn run(a: f32[24], out: f32[24]) { for i in 0..3 { if i < 2 { alloc t: f32[24] scratch {"
      "  for j in 0..8 { t[i * 8 + j] = a[i * 8 + j] } for j in 0..8 { out[i * 8 + j] = t[i * 8 + "
      "7 - j] } } } } }");
}

TEST(StmtEmitterTest, ParallelIterationsHaveTheirOwnScratch) {
  ExpectAgrees(
      "fn run(a: f32[6400], out: f32[6400]) { parallel i in 0..64 { alloc t: f32[100] scratch {"
      "  for j in 0..100 { t[j] = a[i * 100 + j] } for j in 0..100 { out[i * 100 + j] = t[99 - j] "
      "} } } }");
}

TEST(StmtEmitterTest, ParallelBodiesSeeOuterLoopsAndSharedScratch) {
  ExpectAgrees(
      "fn run(a: s32[60], out: s32[600]) { for i in 0..10 { alloc s: s32[60] scratch {"
      "  for j in 0..60 { s[j] = a[j] * s32(i) }"
      "  parallel k in i..+6 { alloc t: s32[10] scratch { for j in 0..10 { t[j] = s[(k - i) * 10 + "
      "j] }"
      "    for j in 0..10 { out[i * 60 + (k - i) * 10 + j] = t[j] + s32(k) } } } } } }");
}

TEST(StmtEmitterTest, ParallelBodiesSeeRegistersOfOutside) {
  ExpectAgrees(
      "fn run(a: f32[8], out: f32[80]) { alloc r: f32[8] register { r[ramp(0, 1, 8)] = a[ramp(0, "
      "1, 8)]"
      "  parallel i in 0..10 { out[ramp(i * 8, 1, 8)] = r[ramp(0, 1, 8)] * broadcast(2f, 8) } } }");
}

TEST(StmtEmitterTest, NestedParallelLoopsAndLoopsOfUnknownExtentRun) {
  ExpectAgrees(
      "fn run(out: index[400]) { for h in 0..2 { parallel i in 0..h * 10 {"
      "  parallel j in 0..i { out[i * 20 + j] = i * 1000 + j } } } }");
}

TEST(StmtEmitterTest, SeveralParallelLoopsRunOneAfterTheOther) {
  ExpectAgrees(
      "fn run(a: f32[64], out: f32[64]) { alloc t: f32[64] scratch {"
      "  parallel i in 0..8 { t[ramp(i * 8, 1, 8)] = a[ramp(i * 8, 1, 8)] + broadcast(1f, 8) }"
      "  parallel i in 0..8 { out[ramp(i * 8, 1, 8)] = t[ramp(56 - i * 8, 1, 8)] } } }");
}

// The very same loop variables and buffers, twice side by side: what unrolling leaves.
TEST(StmtEmitterTest, CopiesOfAStatementMayShareVariablesAndBuffers) {
  const Function once = Parse(
      "fn run(a: f32[16], out: f32[32]) { parallel i in 0..4 { alloc t: f32[4] scratch {"
      "  for j in 0..4 { t[j] = a[i * 4 + j] } for j in 0..4 { out[i * 4 + j] = out[i * 4 + j] + "
      "t[3 - j] } } } }");
  Function twice = once;
  twice.body = MakeBlock({once.body, MakeFor(MakeVar("r"), 0, 3, LoopKind::kSerial, once.body)});
  const std::vector<Bytes> buffers = RandomBuffers(twice, 5);
  for (const Target& target : RunnableTargets()) {
    const auto got = RunCompiled(twice, target, buffers, 2);
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(*got, *RunInterpreted(twice, buffers));
  }
}

}  // namespace
}  // namespace tunefarm::compiler
