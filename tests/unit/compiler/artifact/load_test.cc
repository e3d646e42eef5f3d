#include "compiler/artifact/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "tests/unit/compiler/artifact/sample_kernels.h"

namespace tunefarm::compiler {
namespace {

using ::testing::HasSubstr;

class LoadTest : public ::testing::Test {
 protected:
  LoadTest() {
    for (int i = 0; i < 64; ++i) {
      in_[i] = static_cast<float>(i);
      w_[i] = static_cast<float>(2 * i);
    }
    artifact_ = *BuildArtifact(ScaleKernel(), *ParseTarget("native"), "scale");
  }

  void ExpectScaled() {
    for (int i = 0; i < 64; ++i) EXPECT_EQ(out_[i], static_cast<float>(i * 2 * (63 - i))) << i;
  }

  alignas(64) std::array<float, 64> in_ = {}, w_ = {}, packed_ = {}, out_ = {};
  std::array<void*, 4> buffers_ = {&in_, &w_, &packed_, &out_};
  Artifact artifact_;
};

TEST_F(LoadTest, PreparesOnceAndRuns) {
  const auto kernel = LoadedKernel::Load(artifact_);
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  EXPECT_NE(kernel->prepare(), nullptr);
  EXPECT_EQ(kernel->scratch_bytes_per_worker(), 256);
  for (int num_threads : {1, 2, 5}) {
    out_.fill(-1);
    ASSERT_TRUE(kernel->Prepare(buffers_, num_threads).ok());
    ASSERT_TRUE(kernel->Run(buffers_, num_threads).ok());
    ExpectScaled();
  }
}

TEST_F(LoadTest, EntriesTouchOnlyTheBuffersTheyNeed) {
  const auto kernel = LoadedKernel::Load(artifact_);
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  const std::array<void*, 4> for_prepare = {nullptr, &w_, &packed_, nullptr};
  const std::array<void*, 4> for_run = {&in_, nullptr, &packed_, &out_};
  ASSERT_TRUE(kernel->Prepare(for_prepare).ok());
  ASSERT_TRUE(kernel->Run(for_run).ok());
  ExpectScaled();
}

TEST_F(LoadTest, SeveralKernelsOfOneNameLiveSideBySide) {
  LoweredKernel other = ScaleKernel();
  other.run.body = MakeStore(other.run.params[3], {Expr(5)}, MakeFloat(7));
  const auto scale = LoadedKernel::Load(artifact_);
  const auto sevens = LoadedKernel::Load(*BuildArtifact(other, *ParseTarget("native"), "scale"));
  ASSERT_TRUE(scale.ok() && sevens.ok());
  ASSERT_TRUE(sevens->Run(buffers_).ok());
  EXPECT_EQ(out_[5], 7);
  ASSERT_TRUE(scale->Prepare(buffers_).ok());
  ASSERT_TRUE(scale->Run(buffers_).ok());
  ExpectScaled();
}

TEST_F(LoadTest, AKernelIsFreshAfterAnotherWasUnloaded) {
  std::optional<LoadedKernel> first = *LoadedKernel::Load(artifact_);
  first.reset();
  const auto second =
      LoadedKernel::Load(*BuildArtifact(ScaleKernel(), *ParseTarget("native"), "renamed"));
  EXPECT_TRUE(second.ok()) << second.status();
}

TEST_F(LoadTest, WrongCallsAreRefused) {
  const auto kernel = LoadedKernel::Load(artifact_);
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  const auto message = [&](std::span<void* const> buffers, int num_threads) {
    const absl::Status status = kernel->Run(buffers, num_threads);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message(std::span<void* const>(buffers_).first(3), 1), HasSubstr("4 buffers"));
  EXPECT_THAT(message(buffers_, 0), HasSubstr("at least 1 thread"));
  std::array<void*, 4> crooked = buffers_;
  crooked[0] = &in_[1];
  EXPECT_THAT(message(crooked, 1), HasSubstr("not aligned to 64"));
}

TEST_F(LoadTest, WhatThisProcessCannotRunIsRefused) {
  Artifact old = artifact_;
  old.abi_version += 1;
  EXPECT_EQ(LoadedKernel::Load(old).status().code(), absl::StatusCode::kFailedPrecondition);
  const auto foreign = BuildArtifact(
      ScaleKernel(), *ParseTarget("triple=aarch64-unknown-linux-gnu,features=neon"), "scale");
  ASSERT_TRUE(foreign.ok()) << foreign.status();
  EXPECT_EQ(LoadedKernel::Load(*foreign).status().code(), absl::StatusCode::kInternal);
  Artifact bare = artifact_;
  bare.shared.clear();
  EXPECT_EQ(LoadedKernel::Load(bare).status().code(), absl::StatusCode::kFailedPrecondition);
  Artifact renamed = artifact_;
  renamed.run_symbol = "unknown";
  EXPECT_THAT(std::string(LoadedKernel::Load(renamed).status().message()),
              HasSubstr("no entry unknown"));
}

}  // namespace
}  // namespace tunefarm::compiler
