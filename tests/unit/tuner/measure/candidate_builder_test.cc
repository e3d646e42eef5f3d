#include "tuner/measure/candidate_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "proto/kernel_abi.h"
#include "tests/support/status_matchers.h"
#include "tuner/measure/expected_output.h"
#include "tuner/measure/peak_kernel.h"

namespace tunefarm::tuner {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

constexpr char kMatmul[] = "matmul/f32/48x64x32";
constexpr char kTarget[] = "x86-avx2";

std::string FirstConfig(const std::string& workload) {
  const auto op = *compiler::BuildOperator(*compiler::ParseWorkload(workload));
  const auto bound = *compiler::BindTemplate(op, *compiler::ParseTarget(kTarget));
  return bound->space().Print(bound->space().At(bound->space().ValidIndices(1).at(0)));
}

v1::BuildRequest Request(const std::string& workload, const std::string& config) {
  v1::BuildRequest request;
  request.set_ticket(5);
  request.set_target(kTarget);
  request.mutable_candidate()->set_workload(workload);
  request.mutable_candidate()->set_config(config);
  return request;
}

TEST(CandidateBuilderTest, KernelTravelsWithItsDigestSignatureAndFills) {
  CandidateBuilder builder;
  const v1::BuildReply reply = builder.Build(Request(kMatmul, FirstConfig(kMatmul)));
  ASSERT_EQ(reply.outcome(), v1::OUTCOME_OK) << reply.error();
  EXPECT_EQ(reply.ticket(), 5);
  EXPECT_EQ(reply.kernel().digest(), base::Sha256Hex(reply.kernel().elf()));
  EXPECT_THAT(reply.text_hash(), SizeIs(64));
  EXPECT_GT(reply.text_bytes(), 0);
  EXPECT_GT(reply.build_ns(), 0);
  const v1::KernelSignature& signature = reply.kernel().signature();
  EXPECT_EQ(signature.abi_version(), TUNEFARM_KERNEL_ABI_VERSION);
  EXPECT_EQ(signature.run_symbol(), kKernelSymbol);
  EXPECT_EQ(signature.buffers(0).role(), v1::BUFFER_ROLE_INPUT);
  EXPECT_EQ(signature.buffers(0).num_elems(), 48 * 32);
  EXPECT_LT(signature.buffers(0).fill().low(), signature.buffers(0).fill().high());
  const v1::Buffer& out = signature.buffers(static_cast<int>(OutputPosition(signature)));
  EXPECT_EQ(out.role(), v1::BUFFER_ROLE_OUTPUT);
  EXPECT_EQ(out.num_elems(), 48 * 64);
}

TEST(CandidateBuilderTest, SameRequestGivesTheSameBytes) {
  CandidateBuilder one, other;
  const v1::BuildRequest request = Request(kMatmul, FirstConfig(kMatmul));
  EXPECT_EQ(one.Build(request).kernel().elf(), other.Build(request).kernel().elf());
}

TEST(CandidateBuilderTest, ConfigThatTheSpaceDoesNotHaveIsIllegal) {
  CandidateBuilder builder;
  const v1::BuildReply reply = builder.Build(Request(kMatmul, "no_such_knob=1"));
  EXPECT_EQ(reply.outcome(), v1::OUTCOME_ILLEGAL_SCHEDULE);
  EXPECT_EQ(reply.phase(), "lower");
  EXPECT_THAT(reply.error(), HasSubstr("no_such_knob"));
  EXPECT_THAT(reply.kernel().elf(), IsEmpty());
}

TEST(CandidateBuilderTest, WorkloadThatDoesNotParseIsABuildFailureThatSaysSo) {
  CandidateBuilder builder;
  const v1::BuildReply reply = builder.Build(Request("matmul/f32/0x1x1", "a=1"));
  EXPECT_EQ(reply.outcome(), v1::OUTCOME_BUILD_FAILED);
  EXPECT_THAT(reply.error(), HasSubstr("0"));
}

TEST(CandidateBuilderTest, PeakKernelTellsItsOperations) {
  CandidateBuilder builder;
  v1::BuildRequest request;
  request.set_ticket(1);
  request.set_target(kTarget);
  request.mutable_peak();
  const v1::BuildReply reply = builder.Build(request);
  ASSERT_EQ(reply.outcome(), v1::OUTCOME_OK) << reply.error();
  const v1::KernelSignature& signature = reply.kernel().signature();
  const uint64_t num_accumulators = signature.buffers(0).num_elems();
  EXPECT_EQ(reply.flops() % (2 * num_accumulators), 0);
  EXPECT_GE(reply.flops() / (2 * num_accumulators), 1000);  // Multiply-adds of each element.
}

TEST(ExpectedOutputTest, SeedAndBytesFollowFromTheWorkload) {
  const auto one = ComputeExpectedOutput(kMatmul);
  const auto again = ComputeExpectedOutput(kMatmul);
  const auto other = ComputeExpectedOutput("matmul/f32/48x64x16");
  ASSERT_THAT(one, IsOk());
  EXPECT_THAT(one->blob.data(), SizeIs(48 * 64 * 4));
  EXPECT_EQ(one->blob.digest(), base::Sha256Hex(one->blob.data()));
  EXPECT_EQ(one->blob.digest(), again->blob.digest());
  EXPECT_EQ(one->seed, again->seed);
  EXPECT_NE(one->seed, other->seed);
}

TEST(ExpectedOutputTest, FloatsHaveAToleranceAndIntegersHaveNone) {
  const auto floats = ComputeExpectedOutput(kMatmul);
  ASSERT_THAT(floats, IsOk());
  EXPECT_GT(floats->absolute_tolerance, 0);
  const auto integers =
      ComputeExpectedOutput("conv2d/s8/nhwc/1x5x5x4/o8k3x3s1x1p1x1d1x1g1/bias+requant");
  ASSERT_THAT(integers, IsOk());
  EXPECT_EQ(integers->absolute_tolerance, 0);
  EXPECT_EQ(integers->relative_tolerance, 0);
}

TEST(ExpectedOutputTest, WorkloadThatDoesNotParseIsRefused) {
  EXPECT_THAT(ComputeExpectedOutput("matmul/f32/0x1x1"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("0")));
}

}  // namespace
}  // namespace tunefarm::tuner
