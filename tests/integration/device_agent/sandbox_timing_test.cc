// How the runner times: caches, disturbed samples, hot devices, slow candidates.
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/device_agent/sandboxed_runner_fixture.h"

namespace tunefarm::device_agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using SandboxTimingTest = SandboxedRunnerTest;

TEST_F(SandboxTimingTest, CacheIsFlushedBeforeEachRun) {
  request_.timing.set_flush_cache(true);
  request_.timing.set_num_samples(3);
  request_.timing.set_min_sample_ns(1'000'000);
  const v1::MeasureResult result = Measure("good", "run");
  EXPECT_EQ(result.outcome(), v1::OUTCOME_OK) << result.error();
  EXPECT_EQ(result.runs_per_sample(), 1u);
  EXPECT_THAT(result.samples_ns(), SizeIs(3));
}

// A tree in which the firmware says that the board is throttled, all the time.
TEST_F(SandboxTimingTest, ThrottledBoardsSamplesAreRepeatedBoundedlyAndKept) {
  SandboxOptions options = TestOptions();
  options.child.system_root = TUNEFARM_SOURCE_DIR "/tests/data/sysfs/raspberry_pi4";
  SandboxedRunner runner(options);
  request_.timing.set_num_samples(3);
  request_.candidates = {CandidateFrom("good", "run", 1)};
  v1::MeasureResult result;
  ASSERT_TRUE(runner.Run(request_, {}, [&](v1::MeasureResult got) { result = got; }).ok());
  EXPECT_EQ(result.outcome(), v1::OUTCOME_OK) << result.error();
  EXPECT_TRUE(result.unsteady());
  EXPECT_EQ(result.num_disturbed(), 6u);
  EXPECT_THAT(result.samples_ns(), SizeIs(6));
  ASSERT_EQ(result.samples_size(), 6);
  EXPECT_EQ(result.samples(5).verdict(), v1::SAMPLE_VERDICT_THROTTLED);
  EXPECT_EQ(result.samples(5).before().temperature_millicelsius(), 48686);
  EXPECT_TRUE(result.samples(5).after().throttled());

  // The most that a request may ask for, all of it disturbed, still fits the runner's reply.
  request_.timing.set_num_samples(1000);
  ASSERT_TRUE(runner.Run(request_, {}, [&](v1::MeasureResult got) { result = got; }).ok());
  EXPECT_EQ(result.outcome(), v1::OUTCOME_OK) << result.error();
  EXPECT_THAT(result.samples(), SizeIs(1500));
}

// Readings as a hot board gives them, one for each time that the runner looks.
class ScriptedHeat {
 public:
  explicit ScriptedHeat(std::vector<int> celsius) : celsius_(std::move(celsius)) {}

  SandboxOptions Options() {
    SandboxOptions options = TestOptions();
    options.hold.emplace();
    options.hold->look_every = absl::Microseconds(1);
    options.read_state = [this] {
      v1::DeviceState state;
      state.set_temperature_millicelsius(celsius_[std::min(next_++, celsius_.size() - 1)] * 1000);
      return state;
    };
    return options;
  }
  size_t num_readings() const { return next_; }

 private:
  const std::vector<int> celsius_;
  size_t next_ = 0;
};

TEST_F(SandboxTimingTest, HotDeviceIsWaitedForBeforeACandidate) {
  ScriptedHeat heat({80, 79, 70, 64, 66});
  SandboxedRunner runner(heat.Options());
  request_.candidates = {CandidateFrom("good", "run", 1)};
  v1::MeasureResult result;
  ASSERT_TRUE(runner.Run(request_, {}, [&](v1::MeasureResult got) { result = got; }).ok());
  EXPECT_EQ(result.outcome(), v1::OUTCOME_OK) << result.error();
  EXPECT_GT(result.held_ns(), 0u);
  EXPECT_EQ(result.before().temperature_millicelsius(), 64'000);
  EXPECT_EQ(heat.num_readings(), 5u);
  EXPECT_FALSE(runner.holding());
}

TEST_F(SandboxTimingTest, CancellationEndsAHold) {
  ScriptedHeat heat({80});
  SandboxedRunner runner(heat.Options());
  request_.candidates = {CandidateFrom("good", "run", 1)};
  std::stop_source stop;
  std::thread stopper([&] {
    while (!runner.holding()) std::this_thread::yield();
    stop.request_stop();
  });
  const absl::Status status =
      runner.Run(request_, stop.get_token(), [](v1::MeasureResult) { FAIL() << "a result"; });
  stopper.join();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
}

TEST_F(SandboxTimingTest, SlowCandidateIsCutAfterOneSample) {
  request_.timing.set_num_samples(50);
  request_.timing.set_cut_above_ns(1);
  const v1::MeasureResult result = Measure("good", "run");
  EXPECT_EQ(result.outcome(), v1::OUTCOME_OK);
  EXPECT_TRUE(result.cut());
  EXPECT_THAT(result.samples_ns(), SizeIs(1));
}

}  // namespace
}  // namespace tunefarm::device_agent
