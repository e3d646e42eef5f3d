#include "device_agent/timing.h"

#include <functional>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tunefarm::device_agent {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

// A kernel whose runs take what the test says, on a clock that only they advance.
class TimingTest : public testing::Test {
 protected:
  TimingSummary Time(size_t capacity = 64) {
    const auto now = [this] { return now_ns_; };
    const auto run = [this](uint64_t number) {
      num_runs_ += number;
      batches_.push_back(number);
      now_ns_ += number * (run_ns_ + (batches_.size() == slow_batch_ ? slow_by_ns_ : 0));
    };
    const auto flush = [this] {
      ++num_flushes_;
      now_ns_ += 1'000'000;
    };
    const auto read_state = [this] {
      StateReading state;
      state.frequency_hz = frequency_hz_(batches_.size());
      return state;
    };
    std::vector<TimedSample> taken(capacity);
    const TimingSummary summary = TimeKernel(
        spec_, {.now_ns = now, .run = run, .flush_cache = flush, .read_state = read_state}, taken);
    samples_.clear();
    verdicts_.clear();
    for (size_t i = 0; i < summary.num_samples; ++i) {
      samples_.push_back(taken[i].value_ns);
      verdicts_.push_back(taken[i].verdict);
    }
    return summary;
  }

  v1::TimingSpec spec_;
  uint64_t run_ns_ = 100;
  size_t slow_batch_ = 0;  // This call of run, counted from 1, takes slow_by_ns_ longer per run.
  uint64_t slow_by_ns_ = 0;
  uint64_t now_ns_ = 5'000;
  uint64_t num_runs_ = 0;
  int num_flushes_ = 0;
  std::vector<uint64_t> batches_;
  // Of the core, by how many batches have run; 0: not told.
  std::function<uint64_t(size_t num_batches)> frequency_hz_ = [](size_t) { return 0; };
  std::vector<double> samples_;
  std::vector<SampleVerdict> verdicts_;
};

TEST_F(TimingTest, TakesAsManySamplesAsAskedFor) {
  spec_.set_num_samples(7);
  EXPECT_FALSE(Time().cut);
  EXPECT_THAT(samples_, SizeIs(7));
  EXPECT_THAT(samples_, Each(100.0));
}

TEST_F(TimingTest, NoSamplesAskedForMeansOne) {
  Time();
  EXPECT_THAT(samples_, ElementsAre(100.0));
}

TEST_F(TimingTest, NeverWritesBeyondTheRoomForSamples) {
  spec_.set_num_samples(1000);
  EXPECT_EQ(Time(3).num_samples, 3u);
}

TEST_F(TimingTest, SampleRepeatsTheKernelUntilItIsLongEnough) {
  spec_.set_num_samples(3);
  spec_.set_min_sample_ns(10'000);
  const TimingSummary summary = Time();
  // The smallest count is 100; the margin above it is a few percent.
  EXPECT_GE(summary.runs_per_sample, 100u);
  EXPECT_LE(summary.runs_per_sample, 110u);
  EXPECT_THAT(samples_, Each(100.0));
}

TEST_F(TimingTest, SlowKernelIsNotRepeated) {
  spec_.set_num_samples(3);
  spec_.set_min_sample_ns(10'000);
  run_ns_ = 50'000;
  EXPECT_EQ(Time().runs_per_sample, 1u);
  // The run that showed it to be slow is a sample: not one run is wasted.
  EXPECT_EQ(num_runs_, 3u);
}

TEST_F(TimingTest, CalibrationOfAFastKernelIsNoSample) {
  spec_.set_num_samples(2);
  spec_.set_min_sample_ns(1'000);
  slow_batch_ = 2;  // The last batch of the calibration.
  slow_by_ns_ = 900;
  Time();
  EXPECT_THAT(samples_, ElementsAre(100.0, 100.0));
}

TEST_F(TimingTest, KernelThatTakesNoTimeEnds) {
  spec_.set_num_samples(2);
  spec_.set_min_sample_ns(1'000'000);
  run_ns_ = 0;
  EXPECT_LE(Time().runs_per_sample, uint64_t{1} << 24);
  EXPECT_THAT(samples_, ElementsAre(0.0, 0.0));
}

TEST_F(TimingTest, VerificationCountsAsTheFirstWarmUp) {
  spec_.set_num_warmup_runs(4);
  spec_.set_num_samples(1);
  Time();
  EXPECT_EQ(num_runs_, 3u + 1u);
}

TEST_F(TimingTest, SlowCandidateIsCutAfterItsFirstSample) {
  spec_.set_num_samples(10);
  spec_.set_cut_above_ns(99);
  EXPECT_TRUE(Time().cut);
  EXPECT_THAT(samples_, SizeIs(1));
}

TEST_F(TimingTest, CandidateAtTheLimitIsNotCut) {
  spec_.set_num_samples(10);
  spec_.set_cut_above_ns(100);
  EXPECT_FALSE(Time().cut);
  EXPECT_THAT(samples_, SizeIs(10));
}

TEST_F(TimingTest, OneSlowSampleAmongFastOnesDoesNotCut) {
  spec_.set_num_samples(4);
  spec_.set_cut_above_ns(150);
  slow_batch_ = 3;
  slow_by_ns_ = 1'000;
  EXPECT_FALSE(Time().cut);
  EXPECT_THAT(samples_, ElementsAre(100.0, 100.0, 1'100.0, 100.0));
}

TEST_F(TimingTest, SampleDuringWhichTheClockFellIsRepeatedAndKept) {
  spec_.set_num_samples(3);
  // Falls during the second batch and is back for the third.
  frequency_hz_ = [](size_t num_batches) { return num_batches == 2 ? 600'000'000 : 1'500'000'000; };
  slow_batch_ = 2;
  slow_by_ns_ = 150;
  Time();
  EXPECT_THAT(samples_, ElementsAre(100.0, 250.0, 100.0, 100.0, 100.0));
  EXPECT_THAT(verdicts_, ElementsAre(SampleVerdict::kSteady, SampleVerdict::kFrequencyMoved,
                                     SampleVerdict::kFrequencyMoved, SampleVerdict::kSteady,
                                     SampleVerdict::kSteady));
}

TEST_F(TimingTest, DisturbedFirstSampleDoesNotCut) {
  spec_.set_num_samples(2);
  spec_.set_cut_above_ns(150);
  frequency_hz_ = [](size_t num_batches) { return num_batches == 0 ? 600'000'000 : 1'500'000'000; };
  slow_batch_ = 1;
  slow_by_ns_ = 150;
  EXPECT_FALSE(Time().cut);
  EXPECT_THAT(samples_, ElementsAre(250.0, 100.0, 100.0));
}

TEST_F(TimingTest, SlowCandidateIsCutAfterItsFirstSteadySample) {
  spec_.set_num_samples(5);
  spec_.set_cut_above_ns(99);
  frequency_hz_ = [](size_t num_batches) { return num_batches == 0 ? 600'000'000 : 1'500'000'000; };
  EXPECT_TRUE(Time().cut);
  EXPECT_THAT(samples_, SizeIs(2));
}

TEST_F(TimingTest, OnlySampleOfASlowCandidateIsNoCut) {
  spec_.set_num_samples(1);
  spec_.set_cut_above_ns(1);
  EXPECT_FALSE(Time().cut);
}

TEST_F(TimingTest, NoSampleStartsAfterTheTimeIsUp) {
  spec_.set_num_samples(50);
  spec_.set_max_timing_ns(450);
  EXPECT_FALSE(Time().cut);
  EXPECT_THAT(samples_, SizeIs(5));
}

TEST_F(TimingTest, OneSampleIsTakenHoweverShortTheTime) {
  spec_.set_num_samples(50);
  spec_.set_num_warmup_runs(100);
  spec_.set_min_sample_ns(1'000'000'000);
  spec_.set_max_timing_ns(1);
  Time();
  EXPECT_THAT(samples_, SizeIs(1));
}

TEST_F(TimingTest, FlushedRunsAreSingleAndFlushingIsNotTimed) {
  spec_.set_num_samples(4);
  spec_.set_min_sample_ns(10'000);
  spec_.set_flush_cache(true);
  EXPECT_EQ(Time().runs_per_sample, 1u);
  EXPECT_EQ(num_flushes_, 4);
  EXPECT_EQ(num_runs_, 4u);
  EXPECT_THAT(samples_, Each(100.0));
}

}  // namespace
}  // namespace tunefarm::device_agent
