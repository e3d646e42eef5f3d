// Real kernels through the real runner process: each outcome happens, and the next candidate is
// measured.
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/device_agent/sandboxed_runner_fixture.h"

namespace tunefarm::device_agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(SandboxedRunnerTest, GoodKernelGivesAllItsSamples) {
  request_.timing.set_num_samples(5);
  request_.timing.set_min_sample_ns(20'000);
  const v1::MeasureResult result = Measure("good", "run");
  EXPECT_EQ(result.outcome(), v1::OUTCOME_OK) << result.error();
  EXPECT_EQ(result.phase(), "");
  EXPECT_THAT(result.samples_ns(), SizeIs(5));
  EXPECT_GT(result.runs_per_sample(), 1u);
  EXPECT_GT(result.median_ns(), 0);
  EXPECT_GT(result.wall_ns(), result.median_ns());
  EXPECT_FALSE(result.cut());
}

TEST_F(SandboxedRunnerTest, PreparePacksConstantsBeforeTheRun) {
  EXPECT_EQ(Measure("good", "run_packed", "pack").outcome(), v1::OUTCOME_OK);
}

TEST_F(SandboxedRunnerTest, PackedConstantsAreNotZeroByChance) {
  ExpectFailure(Measure("good", "run_packed"), v1::OUTCOME_WRONG_RESULT, "verify", "out[0]");
}

TEST_F(SandboxedRunnerTest, KernelWithPointersInDataIsRelocated) {
  EXPECT_EQ(Measure("good", "run_by_table").outcome(), v1::OUTCOME_OK);
}

TEST_F(SandboxedRunnerTest, ScratchOfTheSignatureIsGiven) {
  v1::Candidate candidate = CandidateFrom("good", "run_with_scratch", 1);
  candidate.mutable_kernel()->mutable_signature()->set_scratch_bytes_per_worker(4000);
  EXPECT_EQ(Measure(candidate).outcome(), v1::OUTCOME_OK);
}

TEST_F(SandboxedRunnerTest, ParallelKernelRunsOnSeveralWorkers) {
  if (AllowedCores().size() < 2) GTEST_SKIP() << "one core";
  request_.timing.set_num_threads(2);
  request_.timing.set_num_samples(20);
  const v1::MeasureResult result = Measure("good", "run_parallel");
  EXPECT_EQ(result.outcome(), v1::OUTCOME_OK) << result.error();
}

TEST_F(SandboxedRunnerTest, MoreThreadsThanCoresAreTheDevicesFault) {
  request_.timing.set_num_threads(250);
  request_.candidates = {CandidateFrom("good", "run_parallel", 1)};
  ExpectFailure(MeasureAll().at(1), v1::OUTCOME_DEVICE_LOST, "load", "250 threads");
}

TEST_F(SandboxedRunnerTest, WrongElementIsNamed) {
  const v1::MeasureResult result = Measure("wrong", "run_wrong_element");
  ExpectFailure(result, v1::OUTCOME_WRONG_RESULT, "verify", "out[17]: got ");
  EXPECT_THAT(result.error(), AllOf(HasSubstr("want "), HasSubstr("1 of 1000 elements differ")));
}

TEST_F(SandboxedRunnerTest, UnwrittenElementIsSeen) {
  ExpectFailure(Measure("wrong", "run_without_last"), v1::OUTCOME_WRONG_RESULT, "verify",
                "out[999]: got nothing written");
}

TEST_F(SandboxedRunnerTest, KernelThatWorksOnlyOnceIsWrongInPhaseTime) {
  ExpectFailure(Measure("wrong", "run_once"), v1::OUTCOME_WRONG_RESULT, "time", "nothing written");
}

TEST_F(SandboxedRunnerTest, StatusOtherThanZeroIsACrash) {
  ExpectFailure(Measure("wrong", "run_with_status"), v1::OUTCOME_CRASHED, "verify", "returned 3");
}

TEST_F(SandboxedRunnerTest, NullDereferenceIsNamed) {
  ExpectFailure(Measure("crash", "run_null_dereference"), v1::OUTCOME_CRASHED, "verify",
                "SIGSEGV at address 0: null pointer");
}

TEST_F(SandboxedRunnerTest, WriteBehindABufferIsNamed) {
  ExpectFailure(Measure("crash", "run_out_of_bounds"), v1::OUTCOME_CRASHED, "verify",
                "32 bytes past the end of buffer 3 (out) of 4000 bytes");
}

TEST_F(SandboxedRunnerTest, WriteIntoSlackIsSeen) {
  ExpectFailure(Measure("crash", "run_into_slack"), v1::OUTCOME_CRASHED, "verify",
                "outside buffer 3 (out): byte 5 past its end");
  ExpectFailure(Measure("crash", "run_before_beginning"), v1::OUTCOME_CRASHED, "verify",
                "before its beginning");
}

TEST_F(SandboxedRunnerTest, InputsAndPackedConstantsCannotBeWritten) {
  ExpectFailure(Measure("crash", "run_over_input"), v1::OUTCOME_CRASHED, "verify",
                "write to buffer 0 (a), which is read-only");
  ExpectFailure(Measure("crash", "run_over_packed", "pack_nothing"), v1::OUTCOME_CRASHED, "verify",
                "write to buffer 2 (twice_b), which is read-only");
}

TEST_F(SandboxedRunnerTest, TrapAndWildJumpAreCrashes) {
#if defined(__x86_64__)
  ExpectFailure(Measure("crash", "run_trap"), v1::OUTCOME_CRASHED, "verify", "SIGILL");
#endif
  ExpectFailure(Measure("crash", "run_wild_jump"), v1::OUTCOME_CRASHED, "verify", "SIGSEGV");
}

TEST_F(SandboxedRunnerTest, EndlessLoopIsKilledAtTheTimeout) {
  request_.timing.set_timeout_ns(300'000'000);
  ExpectFailure(Measure("hostile", "run_forever"), v1::OUTCOME_TIMEOUT, "verify", "after 300 ms");
}

TEST_F(SandboxedRunnerTest, EndlessLoopWhileTimedIsKilledToo) {
  request_.timing.set_timeout_ns(300'000'000);
  request_.timing.set_num_samples(100);
  ExpectFailure(Measure("hostile", "run_forever_later"), v1::OUTCOME_TIMEOUT, "time", "300 ms");
}

TEST_F(SandboxedRunnerTest, KernelThatEatsMemoryIsOutOfMemory) {
  ExpectFailure(Measure("hostile", "run_eat_memory"), v1::OUTCOME_OUT_OF_MEMORY, "verify", "mmap");
  ExpectFailure(Measure("hostile", "run_eat_stack"), v1::OUTCOME_OUT_OF_MEMORY, "verify",
                "stack overflow");
}

TEST_F(SandboxedRunnerTest, BuffersBeyondTheLimitAreOutOfMemory) {
  v1::Candidate candidate = CandidateFrom("good", "run", 1);
  candidate.mutable_kernel()->mutable_signature()->mutable_buffers(2)->set_num_elems(1u << 30);
  ExpectFailure(Measure(candidate), v1::OUTCOME_OUT_OF_MEMORY, "load", "this agent grants");
}

TEST_F(SandboxedRunnerTest, ScratchBeyondTheLimitIsOutOfMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers reserve address space, so it is not limited";
#endif
  v1::Candidate candidate = CandidateFrom("good", "run", 1);
  candidate.mutable_kernel()->mutable_signature()->set_scratch_bytes_per_worker(1u << 30);
  ExpectFailure(Measure(candidate), v1::OUTCOME_OUT_OF_MEMORY, "load", "scratch memory");
}

TEST_F(SandboxedRunnerTest, KernelThatCallsExitIsACrash) {
  ExpectFailure(Measure("hostile", "run_exit"), v1::OUTCOME_CRASHED, "verify", "called exit");
  ExpectFailure(Measure("hostile", "run_exit_thread"), v1::OUTCOME_CRASHED, "verify",
                "called exit");
}

TEST_F(SandboxedRunnerTest, SystemCallsAreRefused) {
  ExpectFailure(Measure("hostile", "run_socket"), v1::OUTCOME_CRASHED, "verify", "(socket)");
  ExpectFailure(Measure("hostile", "run_open"), v1::OUTCOME_CRASHED, "verify", "(openat)");
  ExpectFailure(Measure("hostile", "run_fork"), v1::OUTCOME_CRASHED, "verify", "(clone)");
  ExpectFailure(Measure("hostile", "run_kill"), v1::OUTCOME_CRASHED, "verify", "(kill)");
}

TEST_F(SandboxedRunnerTest, WhatCannotBeLoadedIsABuildFailure) {
  ExpectFailure(Measure("imports", "run"), v1::OUTCOME_BUILD_FAILED, "load", "imports expf");
  ExpectFailure(Measure("constructor", "run"), v1::OUTCOME_BUILD_FAILED, "load", "constructors");
  ExpectFailure(Measure("good", "no_such_entry"), v1::OUTCOME_BUILD_FAILED, "load",
                "exports no function no_such_entry");
}

TEST_F(SandboxedRunnerTest, KernelsOfOtherKindsAreRefused) {
  v1::Candidate candidate = CandidateFrom("good", "run", 1);
  candidate.mutable_kernel()->set_triple("mips64-unknown-linux-gnu");
  ExpectFailure(Measure(candidate), v1::OUTCOME_BUILD_FAILED, "load", "architecture \"mips64\"");

  candidate = CandidateFrom("good", "run", 1);
  candidate.mutable_kernel()->mutable_signature()->set_abi_version(99);
  ExpectFailure(Measure(candidate), v1::OUTCOME_BUILD_FAILED, "load", "ABI version 99");

  candidate = CandidateFrom("good", "run", 1);
  candidate.mutable_kernel()->mutable_elf()->back() ^= 1;
  ExpectFailure(Measure(candidate), v1::OUTCOME_BUILD_FAILED, "load", "digest");
}

TEST_F(SandboxedRunnerTest, LostRunnerIsTheDevicesFaultAndIsReplaced) {
  request_.candidates = {CandidateFrom("good", "run", 1)};
  EXPECT_EQ(MeasureAll().at(1).outcome(), v1::OUTCOME_OK);
  const pid_t first = runner_.runner_pid();
  // Killed while it is idle: noticed before the next candidate is given to it.
  kill(first, SIGKILL);
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(first), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(MeasureAll().at(1).outcome(), v1::OUTCOME_OK);
  EXPECT_NE(runner_.runner_pid(), first);
}

TEST_F(SandboxedRunnerTest, RunnerKilledWhileMeasuringIsDeviceLost) {
  request_.candidates = {CandidateFrom("good", "run", 7)};
  MeasureAll();
  request_.candidates = {CandidateFrom("hostile", "run_forever", 1),
                         CandidateFrom("good", "run", 2)};
  std::thread killer([pid = runner_.runner_pid()] { kill(pid, SIGKILL); });
  const std::map<uint64_t, v1::MeasureResult> results = MeasureAll();
  killer.join();
  EXPECT_EQ(results.at(2).outcome(), v1::OUTCOME_OK);
}

// The words after `name` on the line of a file that begins with it; none where there is no such
// line.
std::string Field(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name)) continue;
    std::string words(line.begin() + static_cast<ptrdiff_t>(name.size()), line.end());
    absl::StripAsciiWhitespace(&words);
    return words;
  }
  return std::string();
}

// What the system itself says of a process in which a kernel runs.
TEST_F(SandboxedRunnerTest, RunningKernelIsHeldByEveryLimit) {
  request_.candidates = {CandidateFrom("good", "run", 1)};
  MeasureAll();
  const std::string runner = absl::StrFormat("/proc/%d", runner_.runner_pid());
  request_.candidates = {CandidateFrom("hostile", "run_forever", 2)};
  request_.timing.set_timeout_ns(100'000'000'000u);
  std::stop_source stop;
  std::thread measurer(
      [&] { runner_.Run(request_, stop.get_token(), [](v1::MeasureResult) {}).IgnoreError(); });
  std::string child;
  while (child.empty()) {
    std::ifstream children(absl::StrFormat("%s/task/%d/children", runner, runner_.runner_pid()));
    children >> child;
  }
  const std::string process = absl::StrFormat("/proc/%s", child);
  while (Field(process + "/status", "Seccomp:") != "2") {  // The last step before the kernel.
  }
  EXPECT_EQ(Field(process + "/status", "NoNewPrivs:"), "1");
  EXPECT_EQ(Field(process + "/status", "NSpgid:"), child) << "a process group of its own";
  const auto limit = [&](const std::string& name) {
    const std::string line = Field(process + "/limits", name);
    return std::string(line.begin(), std::find(line.begin(), line.end(), ' '));
  };
  EXPECT_EQ(limit("Max core file size"), "0");
  EXPECT_EQ(limit("Max file size"), "0");
  EXPECT_EQ(limit("Max open files"), "0");
  EXPECT_EQ(limit("Max cpu time"), "102");
#if !defined(__SANITIZE_ADDRESS__)
  EXPECT_NE(limit("Max address space"), "unlimited");
#endif
  EXPECT_EQ(Field(process + "/oom_score_adj", ""), "1000");
  // One descriptor: the pipe that tells the runner of its end. (This machine may have sensors.)
  for (const auto& fd : std::filesystem::directory_iterator(process + "/fd")) {
    const std::string target = std::filesystem::read_symlink(fd.path());
    EXPECT_TRUE(target.starts_with("pipe:") || target.starts_with("/sys/")) << target;
  }
  const std::string directory = std::filesystem::read_symlink(process + "/cwd");
  EXPECT_THAT(directory, testing::EndsWith(" (deleted)"));
  EXPECT_TRUE(std::filesystem::is_empty(process + "/cwd"));
  EXPECT_FALSE(std::ofstream(process + "/cwd/file").is_open());
  stop.request_stop();
  measurer.join();
}

TEST_F(SandboxedRunnerTest, CancellationEndsARunningKernelAtOnce) {
  request_.candidates = {CandidateFrom("good", "run", 1),
                         CandidateFrom("hostile", "run_forever", 2),
                         CandidateFrom("good", "run", 3)};
  request_.timing.set_timeout_ns(100'000'000'000u);
  std::stop_source stop;
  std::vector<uint64_t> seen;
  const absl::Status status =
      runner_.Run(request_, stop.get_token(), [&](v1::MeasureResult result) {
        seen.push_back(result.candidate_id());
        stop.request_stop();
      });
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
  EXPECT_THAT(seen, testing::ElementsAre(1));
  // The runner goes on.
  request_.candidates = {CandidateFrom("good", "run", 4)};
  EXPECT_EQ(MeasureAll().at(4).outcome(), v1::OUTCOME_OK);
}

TEST_F(SandboxedRunnerTest, CancellationFromAnotherThreadEndsARunningKernel) {
  request_.candidates = {CandidateFrom("hostile", "run_forever", 2)};
  request_.timing.set_timeout_ns(100'000'000'000u);
  std::stop_source stop;
  std::thread other([&] { stop.request_stop(); });
  const absl::Status status = runner_.Run(request_, stop.get_token(), [](v1::MeasureResult) {});
  other.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
}

}  // namespace
}  // namespace tunefarm::device_agent
