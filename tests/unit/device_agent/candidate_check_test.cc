#include "device_agent/candidate_check.h"

#include <functional>
#include <limits>

#include "device_agent/signature.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/bad_kernels/bad_kernels.h"

namespace tunefarm::device_agent {
namespace {

using ::testing::HasSubstr;

class CandidateCheckTest : public testing::Test {
 protected:
  v1::KernelSignature* signature() { return candidate_.mutable_kernel()->mutable_signature(); }

  void ExpectRefused(const std::string& text) {
    const absl::Status status = CheckCandidate(candidate_, request_, TestTriple());
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(text));
  }

  MeasureRequest request_ = AddRequest();
  v1::Candidate candidate_ = CandidateFrom("good", "run", 1);
};

TEST_F(CandidateCheckTest, GoodCandidateIsAccepted) {
  EXPECT_TRUE(CheckCandidate(candidate_, request_, TestTriple()).ok());
}

TEST_F(CandidateCheckTest, OtherArchitectureIsRefused) {
  const absl::Status status = CheckCandidate(candidate_, request_, "mips64-unknown-linux-gnu");
  EXPECT_THAT(std::string(status.message()), HasSubstr("this device is mips64"));
}

TEST_F(CandidateCheckTest, OtherNamesOfTheSameArchitectureAreAccepted) {
  candidate_.mutable_kernel()->set_triple("arm64-linux-gnu");
  EXPECT_TRUE(CheckCandidate(candidate_, request_, "aarch64-unknown-linux-gnu").ok());
  candidate_.mutable_kernel()->set_triple("x86_64-pc-linux-gnu");
  EXPECT_TRUE(CheckCandidate(candidate_, request_, "x86_64-unknown-linux-gnu").ok());
}

TEST_F(CandidateCheckTest, KernelWithoutATripleIsRefused) {
  candidate_.mutable_kernel()->clear_triple();
  ExpectRefused("architecture \"\"");
}

TEST_F(CandidateCheckTest, OtherAbiVersionIsRefused) {
  signature()->set_abi_version(signature()->abi_version() + 1);
  ExpectRefused("ABI version 2, this agent 1");
}

TEST_F(CandidateCheckTest, BytesThatDoNotMatchTheirDigestAreRefused) {
  candidate_.mutable_kernel()->mutable_elf()->push_back('x');
  ExpectRefused("have digest");
}

TEST_F(CandidateCheckTest, ImpossibleBuffersAreRefused) {
  signature()->mutable_buffers(0)->set_num_elems(0);
  ExpectRefused("buffer 0 (a) has 0 elements");
  signature()->mutable_buffers(0)->set_num_elems(std::numeric_limits<uint64_t>::max());
  ExpectRefused("buffer 0 (a) has 18446744073709551615 elements");
  signature()->mutable_buffers(0)->set_num_elems(1000);
  signature()->mutable_buffers(0)->set_data_type(static_cast<v1::DataType>(77));
  ExpectRefused("unknown type 77");
  signature()->mutable_buffers(0)->set_data_type(v1::DATA_TYPE_F32);
  signature()->mutable_buffers(1)->set_role(v1::BUFFER_ROLE_UNSPECIFIED);
  ExpectRefused("buffer 1 (b) has unknown role 0");
  signature()->mutable_buffers(1)->set_role(v1::BUFFER_ROLE_CONSTANT);
  signature()->mutable_buffers(1)->mutable_fill()->set_low(100);
  ExpectRefused("filled from [100, 15]");
}

TEST_F(CandidateCheckTest, TooManyBuffersAreRefused) {
  while (signature()->buffers_size() <= kMaxBuffers)
    *signature()->add_buffers() = signature()->buffers(0);
  ExpectRefused("65 buffers, want 1 to 64");
  signature()->clear_buffers();
  ExpectRefused("0 buffers");
}

TEST_F(CandidateCheckTest, EntryWithoutANameIsRefused) {
  signature()->clear_run_symbol();
  ExpectRefused("run entry has no name");
}

TEST_F(CandidateCheckTest, ExpectationOfAnInputIsRefused) {
  request_.verification.mutable_expected(0)->set_buffer(0);
  ExpectRefused("buffer 0 is not an output");
  request_.verification.mutable_expected(0)->set_buffer(4);
  ExpectRefused("buffer 4 is not an output");
}

TEST_F(CandidateCheckTest, ExpectationOfAnotherSizeIsRefused) {
  request_.blobs.begin()->second = std::make_shared<const std::string>(3999, 'x');
  ExpectRefused("has 3999 bytes, want 4000");
  request_.blobs.clear();
  ExpectRefused("did not come with the request");
}

TEST_F(CandidateCheckTest, ToleranceThatIsNoNumberIsRefused) {
  request_.verification.mutable_expected(0)->set_relative_tolerance(
      std::numeric_limits<double>::quiet_NaN());
  ExpectRefused("tolerances of buffer 3");
}

TEST_F(CandidateCheckTest, TimingOutOfBoundsIsRefused) {
  request_.timing.set_num_samples(kMaxSamples + 1);
  ExpectRefused("1001 samples exceed 1000");
  request_.timing.set_num_samples(1);
  request_.timing.set_num_threads(kMaxThreads + 1);
  ExpectRefused("257 threads exceed 256");
}

}  // namespace
}  // namespace tunefarm::device_agent
