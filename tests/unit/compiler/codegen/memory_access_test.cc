// Loads and stores of every lane pattern, and the addresses under them.
#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "compiler/codegen/emit.h"
#include "tests/unit/compiler/codegen/run_kernel.h"

namespace tunefarm::compiler {
namespace {

TEST(MemoryAccessTest, StridedAndReversedVectorsAreGatheredAndScattered) {
  ExpectAgrees(
      "fn run(a: f32[64], out: f32[64]) { for i in 0..4 {"
      "  out[ramp(i, 4, 16)] = a[ramp(i * 16 + 15, -1, 16)] } }");
}

TEST(MemoryAccessTest, StrideZeroRepeatsOneElement) {
  ExpectAgrees(
      "fn run(a: s8[6], out: s8[30]) { for i in 0..6 { out[ramp(i * 5, 1, 5)] = a[ramp(i, 0, 5)] } "
      "}");
}

// How a pair of int8 is repeated for dot_s8x2.
TEST(MemoryAccessTest, ARepeatedGroupIsLoadedOnce) {
  const std::string text =
      "fn run(a: s8[40], out: s8[640]) { for i in 0..20 {"
      "  out[ramp(i * 32, 1, 32)] = a[broadcast(i * 2, 32) + ramp(0, 1, 32) % broadcast(2, 32)] } "
      "}";
  ExpectAgrees(text);
  const auto assembly = EmitAssembly(KernelOf(Parse(text)), *ParseTarget("x86-avx512"), "kernel");
  ASSERT_TRUE(assembly.ok());
  EXPECT_NE(assembly->find("vpbroadcastw"), std::string::npos) << *assembly;
}

TEST(MemoryAccessTest, IndicesWithoutPatternAreTakenLaneByLane) {
  ExpectAgrees(
      "fn run(a: f32[64], out: f32[64]) { for i in 0..8 {"
      "  out[ramp(i * 8, 1, 8)] = a[(ramp(i, 5, 8) * ramp(i, 5, 8)) % broadcast(64, 8)]"
      "  out[(ramp(0, 3, 8) + broadcast(i * 8, 8)) % broadcast(64, 8)] = broadcast(1f, 8) } }");
}

// An index array, as indirect convolution uses.
TEST(MemoryAccessTest, AnIndexMayBeLoaded) {
  ExpectAgrees(
      "fn run(table: s8[10], a: f32[600], out: f32[80]) { for i in 0..10 { for j in 0..2 {"
      "  out[ramp(i * 8 + j * 4, 1, 4)] = a[ramp((index(table[i]) + 128) * 2 + j * 4, 1, 4)] } } "
      "}");
}

// A chain with one term per loop and constants of both signs, as a padded convolution makes.
TEST(MemoryAccessTest, AddressesOfNestedLoopsAddUp) {
  ExpectAgrees(
      "fn run(a: f32[1000], out: f32[120]) { for i in 2..+3 { for j in 1..+4 { for k in 0..10 {"
      "  out[(i - 2) * 40 + (j - 1) * 10 + k] = a[i * 100 + j * 30 + k * 7 - 200] + a[k * 7 + j * "
      "30 + i * 100 - 229] "
      "} } } }");
}

// More pointers than a loop keeps in registers of their own, with two different steps.
TEST(MemoryAccessTest, ManyPointersInOneLoopAreIndexed) {
  std::string sum = "a[k]";
  for (int i = 1; i <= 9; ++i) {
    const std::string row = "((j + " + std::to_string(i) + ") / 3)";
    sum += " + a[" + row + " * 10 + k] + a[" + row + " * 7 + k * 2]";
  }
  ExpectAgrees(
      "fn run(a: s32[200], out: s32[80]) { for j in 0..8 { for k in 0..10 { out[j * 10 + k] = " +
      sum + " } } }");
}

// A loop of one iteration starts where its lower bound says, which may itself depend on memory.
TEST(MemoryAccessTest, AVariableMayStandForAnExpression) {
  ExpectAgrees(
      "fn run(t: s8[9], a: f32[2000], out: f32[27]) { for i in 0..9 { for j in i * 2..+1 { for m "
      "in index(t[i])..+1 {"
      "  for k in 0..3 { out[i * 3 + k] = a[j * 4 + m + k + 200] } } } } }");
}

TEST(MemoryAccessTest, RegisterBuffersKeepVectorsOfSeveralWidths) {
  ExpectAgrees(
      "fn run(a: f32[48], out: f32[24]) { alloc acc: f32[24] register {"
      "  acc[ramp(0, 1, 16)] = broadcast(0f, 16) acc[ramp(16, 1, 8)] = broadcast(1f, 8)"
      "  for i in 0..2 {"
      "    acc[ramp(0, 1, 16)] = acc[ramp(0, 1, 16)] + a[ramp(i * 24, 1, 16)]"
      "    acc[ramp(16, 1, 8)] = acc[ramp(16, 1, 8)] + a[ramp(i * 24 + 16, 1, 8)] * acc[ramp(16, "
      "1, 8)] }"
      "  acc[3] = acc[5]"
      "  out[ramp(0, 1, 12)] = acc[ramp(0, 1, 12)] out[ramp(12, 1, 12)] = acc[ramp(12, 1, 12)] } "
      "}");
}

TEST(MemoryAccessTest, ARegisterBufferIndexedByALoopStillWorks) {
  ExpectAgrees(
      "fn run(a: s16[10], out: s16[10]) { alloc t: s16[10] register {"
      "  for i in 0..10 { t[9 - i] = a[i] } for i in 0..10 { out[i] = t[i] } } }");
}

// More values than registers, from a buffer that is only read and from one that is overwritten
// between their uses.
TEST(MemoryAccessTest, ValuesThatAreLoadedAgainAreTheOnesOfBefore) {
  constexpr int kValues = 40;
  for (int lanes : {4, 8, 16}) {
    const auto at = [&](const std::string& buffer, int i) {
      return buffer + absl::StrFormat("[ramp(%d, 1, %d)]", i * lanes, lanes);
    };
    std::string first, stores;
    for (int i = 0; i < kValues; ++i) {
      const int j = kValues - 1 - i;
      first += at("old", i) + " = " + at("t", i) + " ";
      first += at("r", i) + " = " + at("a", i) + " * " + at("old", i) + " ";
      stores += at("t", i) + " = " + at("a", j) + " ";
      stores += at("out", i) + " = " + at("r", j) + " + " + at("a", i) + " + " + at("old", j) + " ";
    }
    const int size = kValues * lanes;
    ExpectAgrees(
        absl::StrFormat("fn run(a: f32[%d], b: f32[%d], out: f32[%d]) { alloc t: f32[%d] scratch {"
                        "  for i in 0..%d { t[i] = b[i] }"
                        "  alloc old: f32[%d] register { alloc r: f32[%d] register { %s %s } } } }",
                        size, size, size, size, size, size, size, first, stores));
  }
}

}  // namespace
}  // namespace tunefarm::compiler
