// A runner of real kernels, built from those of tests/support/bad_kernels.
#ifndef TUNEFARM_TESTS_INTEGRATION_DEVICE_AGENT_SANDBOXED_RUNNER_FIXTURE_H_
#define TUNEFARM_TESTS_INTEGRATION_DEVICE_AGENT_SANDBOXED_RUNNER_FIXTURE_H_

#include <map>
#include <string>

#include "device_agent/device/cores.h"
#include "device_agent/sandbox/sandboxed_runner.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/bad_kernels/bad_kernels.h"

namespace tunefarm::device_agent {

inline SandboxOptions TestOptions() {
  SandboxOptions options;
  options.runner_executable = TUNEFARM_BIN_DIR "/tuner-agent";
  options.triple = TestTriple();
  options.child.cores = AllowedCores();
  options.child.memory_limit_bytes = uint64_t{256} << 20;
  options.child.cache_flush_bytes = 1 << 20;
  return options;
}

class SandboxedRunnerTest : public testing::Test {
 protected:
#if defined(__SANITIZE_THREAD__)
  void SetUp() override {
    GTEST_SKIP() << "ThreadSanitizer's runtime makes system calls of its own in a dying child";
  }
#endif

  // Measures `candidate` and after it a good one, which has to come out right whatever the first
  // did.
  v1::MeasureResult Measure(const v1::Candidate& candidate) {
    request_.candidates = {candidate, CandidateFrom("good", "run", 2)};
    const std::map<uint64_t, v1::MeasureResult> results = MeasureAll();
    EXPECT_EQ(results.at(2).outcome(), v1::OUTCOME_OK) << results.at(2).error();
    return results.at(1);
  }

  v1::MeasureResult Measure(const std::string& object, const std::string& symbol,
                            const std::string& prepare = "") {
    return Measure(CandidateFrom(object, symbol, 1, prepare));
  }

  std::map<uint64_t, v1::MeasureResult> MeasureAll() {
    std::map<uint64_t, v1::MeasureResult> results;
    const absl::Status status = runner_.Run(
        request_, {}, [&](v1::MeasureResult result) { results[result.candidate_id()] = result; });
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(results.size(), request_.candidates.size());
    return results;
  }

  void ExpectFailure(const v1::MeasureResult& result, v1::Outcome outcome, const std::string& phase,
                     const std::string& text) {
    EXPECT_EQ(result.outcome(), outcome) << result.ShortDebugString();
    EXPECT_EQ(result.phase(), phase) << result.ShortDebugString();
    EXPECT_THAT(result.error(), testing::HasSubstr(text));
    EXPECT_THAT(result.samples_ns(), testing::IsEmpty());
  }

  MeasureRequest request_ = AddRequest();
  SandboxedRunner runner_{TestOptions()};
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_TESTS_INTEGRATION_DEVICE_AGENT_SANDBOXED_RUNNER_FIXTURE_H_
