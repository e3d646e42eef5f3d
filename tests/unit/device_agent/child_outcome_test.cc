#include "device_agent/sandbox/child_outcome.h"

#include <signal.h>
#include <sys/syscall.h>

#include <cstring>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tunefarm::device_agent {
namespace {

using ::testing::ElementsAre;

constexpr int kKilled = SIGKILL;  // Wait status of a process that a signal ended.
constexpr int ExitedWith(int code) { return code << 8; }

class ChildOutcomeTest : public testing::Test {
 protected:
  ChildOutcomeTest() {
    v1::Candidate* candidate = assignment_.add_candidates();
    candidate->set_candidate_id(9);
    for (const char* name : {"in", "out"}) {
      v1::Buffer* buffer = candidate->mutable_kernel()->mutable_signature()->add_buffers();
      buffer->set_name(name);
      buffer->set_data_type(v1::DATA_TYPE_F32);
      buffer->set_num_elems(16);
    }
    assignment_.mutable_verification()->add_expected()->set_buffer(1);
    assignment_.mutable_timing()->set_timeout_ns(2'000'000'000);
    report_->phase = ChildPhase::kVerify;
    report_->num_regions = 2;
    report_->regions[0] = {0x10000, 0x10040};
    report_->regions[1] = {0x50000, 0x50040};
    report_->stack = {0x7f0000000000, 0x7f0000a00000};
  }

  v1::MeasureResult Result(const ChildEnd& end = {}) {
    return ResultOf(*report_, end, assignment_);
  }

  void ExpectFailure(const ChildEnd& end, v1::Outcome outcome, const std::string& error) {
    const v1::MeasureResult result = Result(end);
    EXPECT_EQ(result.candidate_id(), 9u);
    EXPECT_EQ(v1::Outcome_Name(result.outcome()), v1::Outcome_Name(outcome));
    EXPECT_EQ(result.phase(), "verify");
    EXPECT_EQ(result.error(), error);
    EXPECT_EQ(result.samples_ns_size(), 0);
  }

  void Fault(int signal, uint64_t address, int code = SEGV_MAPERR) {
    report_->fault_signal = signal;
    report_->fault_address = address;
    report_->fault_code = code;
  }

  v1::Assignment assignment_;
  std::unique_ptr<ChildReport> report_ = std::make_unique<ChildReport>();
};

TEST_F(ChildOutcomeTest, SamplesMedianAndDeviationOfASuccess) {
  report_->verdict = ChildVerdict::kOk;
  report_->phase = ChildPhase::kTime;
  report_->num_samples = 3;
  report_->samples[0] = {.value_ns = 10};
  report_->samples[1] = {.value_ns = 14};
  report_->samples[2] = {.value_ns = 11};
  report_->runs_per_sample = 5;
  const v1::MeasureResult result = Result();
  EXPECT_EQ(result.outcome(), v1::OUTCOME_OK);
  EXPECT_EQ(result.phase(), "");
  EXPECT_THAT(result.samples_ns(), ElementsAre(10, 14, 11));
  EXPECT_EQ(result.median_ns(), 11);
  EXPECT_EQ(result.mad_ns(), 1);
  EXPECT_EQ(result.runs_per_sample(), 5u);
}

TEST_F(ChildOutcomeTest, DisturbedSamplesAreKeptAndDoNotCount) {
  report_->verdict = ChildVerdict::kOk;
  report_->num_samples = 3;
  const StateReading hot = {.frequency_hz = 600'000'000,
                            .temperature_millicelsius = 81'000,
                            .has_temperature = true,
                            .throttled = Throttling::kYes};
  report_->samples[0] = {.value_ns = 10};
  report_->samples[1] = {.value_ns = 30, .after = hot, .verdict = SampleVerdict::kThrottled};
  report_->samples[2] = {.value_ns = 12};
  const v1::MeasureResult result = Result();
  EXPECT_THAT(result.samples_ns(), ElementsAre(10, 12));
  EXPECT_EQ(result.median_ns(), 11);
  EXPECT_EQ(result.num_disturbed(), 1u);
  EXPECT_FALSE(result.unsteady());
  ASSERT_EQ(result.samples_size(), 3);
  EXPECT_EQ(result.samples(1).verdict(), v1::SAMPLE_VERDICT_THROTTLED);
  EXPECT_FALSE(result.samples(1).counted());
  EXPECT_FALSE(result.samples(1).has_before());
  EXPECT_EQ(result.samples(1).after().cpu_frequency_hz(), 600'000'000u);
  EXPECT_EQ(result.samples(1).after().temperature_millicelsius(), 81'000);
  EXPECT_TRUE(result.samples(1).after().throttled());
  EXPECT_TRUE(result.samples(2).counted());
}

TEST_F(ChildOutcomeTest, WhereNoSampleWasSteadyAllCountAndTheResultSaysSo) {
  report_->verdict = ChildVerdict::kOk;
  report_->num_samples = 2;
  report_->samples[0] = {.value_ns = 10, .verdict = SampleVerdict::kFrequencyMoved};
  report_->samples[1] = {.value_ns = 12, .verdict = SampleVerdict::kThrottled};
  const v1::MeasureResult result = Result();
  EXPECT_EQ(result.outcome(), v1::OUTCOME_OK);
  EXPECT_TRUE(result.unsteady());
  EXPECT_EQ(result.num_disturbed(), 2u);
  EXPECT_THAT(result.samples_ns(), ElementsAre(10, 12));
}

TEST_F(ChildOutcomeTest, TimeoutTellsItsLimit) {
  ExpectFailure({.timed_out = true, .wait_status = kKilled}, v1::OUTCOME_TIMEOUT,
                "not done after 2000 ms, killed");
}

TEST_F(ChildOutcomeTest, FaultThatCameBeforeTheTimeoutIsTheCause) {
  Fault(SIGSEGV, 0x8);
  ExpectFailure({.timed_out = true, .wait_status = kKilled}, v1::OUTCOME_CRASHED,
                "SIGSEGV at address 0x8: null pointer");
}

TEST_F(ChildOutcomeTest, FaultBesideABufferNamesIt) {
  Fault(SIGSEGV, 0x50048);
  ExpectFailure({}, v1::OUTCOME_CRASHED,
                "SIGSEGV at address 0x50048: 8 bytes past the end of buffer 1 (out) of 64 bytes");
  Fault(SIGSEGV, 0xFFFC);
  ExpectFailure({}, v1::OUTCOME_CRASHED,
                "SIGSEGV at address 0xfffc: 4 bytes before the beginning of buffer 0 (in)");
  Fault(SIGSEGV, 0x10004, SEGV_ACCERR);
  ExpectFailure({}, v1::OUTCOME_CRASHED,
                "SIGSEGV at address 0x10004: write to buffer 0 (in), which is read-only here");
}

TEST_F(ChildOutcomeTest, FaultFarFromEverythingTellsOnlyItsAddress) {
  Fault(SIGSEGV, 0x123456789000);
  ExpectFailure({}, v1::OUTCOME_CRASHED, "SIGSEGV at address 0x123456789000");
}

TEST_F(ChildOutcomeTest, FaultWithoutAnAddressSaysSo) {
  Fault(SIGSEGV, 0, 0x80);
  ExpectFailure({}, v1::OUTCOME_CRASHED, "SIGSEGV: misaligned vector access or impossible address");
}

TEST_F(ChildOutcomeTest, ExhaustedStackIsOutOfMemory) {
  Fault(SIGSEGV, 0x7f0000100000);
  ExpectFailure({}, v1::OUTCOME_OUT_OF_MEMORY,
                "stack overflow at address 0x7f0000100000: a kernel's stack has 8 MiB");
}

TEST_F(ChildOutcomeTest, PageWithoutMemoryIsOutOfMemory) {
  Fault(SIGBUS, 0x50000, BUS_ADRERR);
  ExpectFailure({}, v1::OUTCOME_OUT_OF_MEMORY,
                "SIGBUS at address 0x50000: no memory behind a mapped page");
}

TEST_F(ChildOutcomeTest, OtherSignalsAreNamed) {
  Fault(SIGILL, 0x1234);
  ExpectFailure({}, v1::OUTCOME_CRASHED, "SIGILL at address 0x1234");
  Fault(SIGFPE, 0x1234);
  ExpectFailure({}, v1::OUTCOME_CRASHED, "SIGFPE at address 0x1234");
}

TEST_F(ChildOutcomeTest, RefusedSystemCallIsNamed) {
  Fault(SIGSYS, 0);
  report_->fault_syscall = SYS_socket;
  const v1::MeasureResult result = Result();
  EXPECT_EQ(result.outcome(), v1::OUTCOME_CRASHED);
  EXPECT_THAT(result.error(), testing::HasSubstr("(socket), which the sandbox does not allow"));
  report_->fault_syscall = 99999;
  EXPECT_THAT(Result().error(), testing::HasSubstr("system call 99999 (unnamed)"));
}

TEST_F(ChildOutcomeTest, SystemCallForMemoryIsOutOfMemory) {
  Fault(SIGSYS, 0);
  report_->fault_syscall = SYS_mmap;
  EXPECT_EQ(Result().outcome(), v1::OUTCOME_OUT_OF_MEMORY);
}

TEST_F(ChildOutcomeTest, ProcessThatEndsWithoutAWordCalledExit) {
  ExpectFailure({.wait_status = ExitedWith(0)}, v1::OUTCOME_CRASHED,
                "kernel called exit (status 0)");
  ExpectFailure({.wait_status = ExitedWith(7)}, v1::OUTCOME_CRASHED,
                "kernel called exit (status 7)");
}

TEST_F(ChildOutcomeTest, ProcessKilledBySomebodyElseRanOutOfMemory) {
  ExpectFailure({.wait_status = kKilled}, v1::OUTCOME_OUT_OF_MEMORY,
                "killed by the system, most likely for want of memory");
  ExpectFailure({.wait_status = SIGHUP}, v1::OUTCOME_CRASHED, "killed by SIGHUP");
}

TEST_F(ChildOutcomeTest, VerdictsOfTheChildBecomeOutcomes) {
  std::strcpy(report_->text, "why");
  report_->verdict = ChildVerdict::kRefused;
  ExpectFailure({}, v1::OUTCOME_BUILD_FAILED, "why");
  report_->verdict = ChildVerdict::kNoMemory;
  ExpectFailure({}, v1::OUTCOME_OUT_OF_MEMORY, "why");
  report_->verdict = ChildVerdict::kAgentFault;
  ExpectFailure({}, v1::OUTCOME_DEVICE_LOST, "setting up the sandbox: why");
  report_->verdict = ChildVerdict::kKernelStatus;
  report_->kernel_status = -2;
  ExpectFailure({}, v1::OUTCOME_CRASHED, "kernel returned -2, want 0");
  report_->verdict = ChildVerdict::kOverrun;
  report_->buffer = 1;
  report_->overrun_byte = 3;
  ExpectFailure({}, v1::OUTCOME_CRASHED,
                "kernel wrote outside buffer 1 (out): byte 3 past its end");
  report_->buffer = 2;
  report_->overrun_byte = -1;
  ExpectFailure({}, v1::OUTCOME_CRASHED,
                "kernel wrote outside scratch: byte 1 before its beginning");
}

TEST_F(ChildOutcomeTest, WrongResultNamesTheElement) {
  report_->verdict = ChildVerdict::kWrongResult;
  report_->buffer = 0;  // The first expected output, which is buffer 1.
  report_->comparison = {.num_mismatches = 2, .first_index = 5, .got = 1, .want = 2};
  ExpectFailure({}, v1::OUTCOME_WRONG_RESULT,
                "out[5]: got 1, want 2 (tolerance 0 + 0 x |want|); 2 of 16 elements differ");
}

// A kernel can scribble over the report; whatever it leaves there becomes a crash and not a fault
// of ours.
TEST_F(ChildOutcomeTest, OverwrittenReportIsACrash) {
  report_->verdict = static_cast<ChildVerdict>(12345);
  ExpectFailure({}, v1::OUTCOME_CRASHED, "kernel overwrote the agent's memory");
  report_->verdict = ChildVerdict::kOk;
  report_->num_samples = 4'000'000'000u;
  ExpectFailure({}, v1::OUTCOME_CRASHED, "kernel overwrote the agent's memory");
  report_->verdict = ChildVerdict::kWrongResult;
  report_->buffer = 77;
  ExpectFailure({}, v1::OUTCOME_CRASHED, "kernel overwrote the agent's memory");
  report_->verdict = ChildVerdict::kUnfinished;
  report_->num_regions = 4'000'000'000u;
  Fault(SIGSEGV, 0x123456789000);
  ExpectFailure({}, v1::OUTCOME_CRASHED, "SIGSEGV at address 0x123456789000");
  report_->verdict = ChildVerdict::kRefused;
  std::memset(report_->text, 'x', sizeof(report_->text));
  EXPECT_EQ(Result().error().size(), sizeof(report_->text));
}

}  // namespace
}  // namespace tunefarm::device_agent
