#include "compiler/codegen/emit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "compiler/ir/verify.h"
#include "tests/unit/compiler/codegen/conv_tile.h"
#include "tests/unit/compiler/codegen/run_kernel.h"

namespace tunefarm::compiler {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Assembly(const Function& function, const std::string& target) {
  const auto assembly = EmitAssembly(KernelOf(function), *ParseTarget(target), "kernel");
  EXPECT_TRUE(assembly.ok()) << assembly.status();
  return assembly.ok() ? *assembly : "";
}

int CountLines(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  int count = 0;
  for (const auto line : absl::StrSplit(text, '\n')) {
    count += std::regex_search(std::string(line), regex) ? 1 : 0;
  }
  return count;
}

struct Tile {
  int lanes, pixels, vectors, unroll;
  const char* target;
};

// Tiles whose accumulators, operands and one broadcast leave a register free.
constexpr Tile kFittingTiles[] = {
    {16, 14, 2, 1, "x86-avx512"}, {16, 14, 2, 2, "x86-avx512"}, {16, 14, 2, 4, "x86-avx512"},
    {16, 28, 1, 4, "x86-avx512"}, {16, 7, 2, 4, "x86-avx512"},  {16, 8, 3, 2, "x86-avx512"},
    {8, 4, 2, 1, "x86-avx2"},     {8, 4, 2, 4, "x86-avx2"},     {8, 7, 1, 4, "x86-avx2"},
};

// Tiles that need one register more than there are.
constexpr Tile kTightTiles[] = {
    {16, 7, 4, 1, "x86-avx512"},
    {16, 7, 4, 4, "x86-avx512"},
    {16, 14, 2, 8, "x86-avx512"},
    {8, 4, 3, 2, "x86-avx2"},
};

void ExpectNoSpills(const Tile& tile) {
  const std::string text =
      Assembly(ConvTile(tile.lanes, tile.pixels, tile.vectors, tile.unroll), tile.target);
  EXPECT_EQ(CountLines(text, "%[yz]mm.*\\(%rsp\\)|\\(%rsp\\).*%[yz]mm"), 0)
      << tile.pixels << " x " << tile.vectors << " unrolled by " << tile.unroll << "\n"
      << text;
}

TEST(EmitTest, ATileThatFitsTheRegistersIsNeverSpilled) {
  for (const Tile& tile : kFittingTiles) ExpectNoSpills(tile);
}

TEST(EmitTest, OperandsOfATightTileAreLoadedAgainInsteadOfSpillingSums) {
  for (const Tile& tile : kTightTiles) ExpectNoSpills(tile);
}

TEST(EmitTest, EveryMultiplyAddIsFusedAndOperandsAreLoadedOnce) {
  const std::string text = Assembly(ConvTile(16, 14, 2, 2), "x86-avx512");
  EXPECT_EQ(CountLines(text, "vfmadd.*zmm"), 14 * 2 * 2);
  EXPECT_EQ(CountLines(text, "vmulps"), 0);
  EXPECT_EQ(CountLines(text, "vbroadcastss"), 14 * 2);
}

TEST(EmitTest, TheInnerLoopOnlyAddsToItsPointers) {
  const std::string text = Assembly(ConvTile(16, 14, 2, 1), "x86-avx512");
  const size_t first = text.find("vfmadd");
  const size_t last = text.rfind("vfmadd");
  const std::string loop = text.substr(first, text.find("\tj", last) - first);
  EXPECT_THAT(loop, Not(HasSubstr("imul")));
  EXPECT_THAT(loop, Not(HasSubstr("lea")));
  EXPECT_LE(CountLines(loop, "\t(add|inc|sub|dec)q"), 3) << loop;
}

TEST(EmitTest, ATileComputesWhatTheInterpreterDoes) {
  const Function function = ConvTile(16, 7, 4, 2);
  const std::vector<Bytes> buffers = RandomBuffers(function, 3);
  const auto want = RunInterpreted(function, buffers);
  ASSERT_TRUE(want.ok()) << want.status();
  for (const Target& target : RunnableTargets()) {
    const auto got = RunCompiled(function, target, buffers, 2);
    ASSERT_TRUE(got.ok()) << got.status();
    // Sums of 576 products of multiples of 1/64 below 256: exact in any order.
    EXPECT_EQ((*got)[3], (*want)[3]) << Print(target);
  }
}

TEST(EmitTest, OnlyTheFeaturesOfTheTargetAreUsed) {
  const Function function = ConvTile(8, 4, 2, 1);
  EXPECT_THAT(Assembly(function, "x86-avx2"), Not(HasSubstr("zmm")));
  EXPECT_THAT(Assembly(function, "x86-avx2"), HasSubstr("vfmadd"));
  const std::string plain =
      Assembly(function, "triple=x86_64-unknown-linux-gnu,cpu=znver4,features=");
  EXPECT_THAT(plain, Not(HasSubstr("ymm")));
  EXPECT_THAT(plain, Not(HasSubstr("vfmadd")));
}

TEST(EmitTest, BuffersAreKnownNotToOverlap) {
  const Function function = Parse(
      "fn run(a: f32[16], b: f32[16], out: f32[16]) { alloc t: f32[16] scratch {"
      "  t[ramp(0, 1, 8)] = a[ramp(0, 1, 8)] out[ramp(0, 1, 8)] = b[ramp(0, 1, 8)]"
      "  out[ramp(8, 1, 8)] = t[ramp(0, 1, 8)] + a[ramp(0, 1, 8)] + b[ramp(0, 1, 8)] } }");
  // One load of each input, although stores stand between its uses.
  const auto text = EmitLlvmText(KernelOf(function), *ParseTarget("x86-avx2"), "kernel");
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(CountLines(*text, "load <8 x float>.*invariant.load"), 2) << *text;
  EXPECT_THAT(*text, HasSubstr("!noalias"));
}

TEST(EmitTest, OtherArchitecturesAreEmittedToo) {
  const Function function = ConvTile(4, 4, 2, 1);
  EXPECT_THAT(Assembly(function, "triple=aarch64-unknown-linux-gnu,cpu=cortex-a53,features=neon"),
              HasSubstr("fmla"));
  EXPECT_THAT(
      Assembly(function, "triple=armv7-unknown-linux-gnueabihf,cpu=cortex-a15,features=neon+vfp4"),
      HasSubstr("vmla.f32"));
}

TEST(EmitTest, WhatLlvmDoesNotKnowIsRefused) {
  const LoweredKernel kernel = KernelOf(Parse("fn run(out: f32[1]) { out[0] = 1f }"));
  const auto refusal = [&](const std::string& target) {
    const auto object = EmitObject(kernel, *ParseTarget(target), "kernel");
    EXPECT_EQ(object.status().code(), absl::StatusCode::kInvalidArgument) << target;
    return std::string(object.status().message());
  };
  EXPECT_THAT(refusal("triple=pdp11-unknown-linux,cpu=generic"), HasSubstr("pdp11"));
  EXPECT_THAT(refusal("triple=aarch64-unknown-linux-gnu,cpu=cortex-z9"), HasSubstr("cortex-z9"));
  EXPECT_THAT(refusal("triple=aarch64-unknown-linux-gnu,cpu=generic,features=avx2"),
              HasSubstr("'avx2'"));
}

std::string RefusalOf(const Function& function) {
  const auto object = EmitObject(KernelOf(function), *ParseTarget("x86-avx2"), "kernel");
  EXPECT_EQ(object.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(object.status().message());
}

TEST(EmitTest, IrThatIsNotFullyLoweredIsRefusedByName) {
  EXPECT_THAT(RefusalOf(Parse("fn run(out: f32[2,2]) { out[0, 1] = 1f }")),
              HasSubstr("run: access to out has 2 indices"));
  EXPECT_THAT(RefusalOf(Parse("fn run(out: f32[4]) { unrolled i in 0..4 { out[i] = 1f } }")),
              HasSubstr("loop i is still to be vectorized or unrolled"));
  EXPECT_THAT(
      RefusalOf(Parse("fn run(out: f32[1]) { alloc big: f32[20000] register { big[0] = 1f } }")),
      HasSubstr("big take 80000 bytes, at most 65536"));
  const Buffer stray = MakeBuffer("stray", DType::kF32, {1});
  EXPECT_THAT(RefusalOf({"run", {}, MakeStore(stray, {Expr(0)}, MakeFloat(1))}),
              HasSubstr("buffer stray is neither a parameter nor allocated here"));
  EXPECT_THAT(RefusalOf({"run", {stray}, MakeStore(stray, {MakeVar("i")}, MakeFloat(1))}),
              HasSubstr("variable i outside its loop"));
}

TEST(EmitTest, ThreadsCompileAtOnceToTheSameBytes) {
  const LoweredKernel kernel = KernelOf(ConvTile(16, 7, 2, 2));
  const Target target = *ParseTarget("x86-avx512");
  const std::string want = *EmitObject(kernel, target, "kernel");
  std::vector<std::string> got(4);
  std::vector<std::thread> threads;
  for (std::string& object : got) {
    threads.emplace_back([&] { object = *EmitObject(kernel, target, "kernel"); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& object : got) EXPECT_EQ(object, want);
}

}  // namespace
}  // namespace tunefarm::compiler
