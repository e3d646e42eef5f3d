#include "tuner/measure/builder_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <set>

#include "tests/support/status_matchers.h"

namespace tunefarm::tuner {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::tunefarm::testing::IsOk;

constexpr std::chrono::seconds kPatience(60);

class BuilderPoolTest : public ::testing::Test {
 protected:
  static BuilderPoolOptions Options(size_t num_workers = 1) {
    BuilderPoolOptions options;
    options.program = TUNEFARM_TEST_BUILDER;
    options.args = {};
    options.num_workers = num_workers;
    return options;
  }

  void Start(const BuilderPoolOptions& options) {
    auto pool = BuilderPool::Start(options);
    ASSERT_THAT(pool, IsOk());
    pool_ = *std::move(pool);
  }

  std::future<v1::BuildReply> Ask(const std::string& config, const std::string& workload = "w") {
    v1::BuildRequest request;
    request.set_ticket(++last_ticket_);
    request.mutable_candidate()->set_config(config);
    request.mutable_candidate()->set_workload(workload);
    auto promise = std::make_shared<std::promise<v1::BuildReply>>();
    pool_->Submit(request, [promise](v1::BuildReply reply) { promise->set_value(reply); });
    return promise->get_future();
  }

  v1::BuildReply Build(const std::string& config, const std::string& workload = "w") {
    std::future<v1::BuildReply> reply = Ask(config, workload);
    if (reply.wait_for(kPatience) == std::future_status::ready) return reply.get();
    ADD_FAILURE() << "no reply for " << config;
    return {};
  }

  std::unique_ptr<BuilderPool> pool_;
  uint64_t last_ticket_ = 0;
};

TEST_F(BuilderPoolTest, ReplyCarriesTheTicketAndTheKernel) {
  Start(Options());
  const v1::BuildReply reply = Build("good");
  EXPECT_EQ(reply.ticket(), last_ticket_);
  EXPECT_EQ(reply.outcome(), v1::OUTCOME_OK);
  EXPECT_THAT(reply.kernel().elf(), SizeIs(1000));
}

TEST_F(BuilderPoolTest, WorkerLivesForManyBuilds) {
  Start(Options());
  const std::string pid = Build("good").toolchain();
  EXPECT_EQ(Build("good").toolchain(), pid);
}

TEST_F(BuilderPoolTest, KernelLargerThanASocketsBufferArrivesWhole) {
  Start(Options());
  EXPECT_THAT(Build("good", std::string(4000, 'w')).kernel().elf(), SizeIs(4000000));
}

TEST_F(BuilderPoolTest, AbortIsABuildFailureWithSignalAndLastWords) {
  Start(Options());
  const v1::BuildReply reply = Build("abort");
  EXPECT_EQ(reply.outcome(), v1::OUTCOME_BUILD_FAILED);
  EXPECT_EQ(reply.phase(), "build");
  EXPECT_EQ(reply.error(),
            "builder ended by signal 6 (Aborted): LLVM ERROR: Cannot select: t7: v16f32");
}

TEST_F(BuilderPoolTest, CrashIsABuildFailureWithItsSignal) {
  Start(Options());
  EXPECT_THAT(Build("segv").error(), HasSubstr("signal 11 (Segmentation fault)"));
}

TEST_F(BuilderPoolTest, ExitIsABuildFailureWithItsCode) {
  Start(Options());
  EXPECT_THAT(Build("exit").error(), HasSubstr("exit code 3"));
}

TEST_F(BuilderPoolTest, HungBuilderIsKilledAtItsLimit) {
  BuilderPoolOptions options = Options();
  options.build_timeout = absl::Milliseconds(100);
  Start(options);
  const v1::BuildReply reply = Build("hang");
  EXPECT_EQ(reply.outcome(), v1::OUTCOME_BUILD_FAILED);
  EXPECT_EQ(reply.error(), "builder exceeded its limit of 100ms");
}

TEST_F(BuilderPoolTest, NextBuildAfterEveryKindOfDeathSucceeds) {
  BuilderPoolOptions options = Options();
  options.build_timeout = absl::Milliseconds(500);
  Start(options);
  for (const std::string death : {"abort", "segv", "exit", "hang"}) {
    EXPECT_EQ(Build(death).outcome(), v1::OUTCOME_BUILD_FAILED) << death;
    EXPECT_EQ(Build("good").outcome(), v1::OUTCOME_OK) << "after " << death;
  }
}

TEST_F(BuilderPoolTest, DeathOfOneWorkerDoesNotTouchTheOthers) {
  Start(Options(3));
  std::vector<std::future<v1::BuildReply>> replies;
  for (int i = 0; i < 30; ++i) replies.push_back(Ask(i % 3 == 0 ? "abort" : "good"));
  for (size_t i = 0; i < replies.size(); ++i) {
    ASSERT_EQ(replies[i].wait_for(kPatience), std::future_status::ready);
    const v1::BuildReply reply = replies[i].get();
    EXPECT_EQ(reply.ticket(), i + 1);
    EXPECT_EQ(reply.outcome(), i % 3 == 0 ? v1::OUTCOME_BUILD_FAILED : v1::OUTCOME_OK);
  }
}

TEST_F(BuilderPoolTest, IdleWorkerThatWasKilledIsReplaced) {
  Start(Options());
  const pid_t worker = std::stoi(Build("good").toolchain());
  kill(worker, SIGKILL);
  // The request may still reach the dying worker; then it fails with the signal. The next does not.
  Build("good");
  const v1::BuildReply reply = Build("good");
  EXPECT_EQ(reply.outcome(), v1::OUTCOME_OK);
  EXPECT_NE(reply.toolchain(), std::to_string(worker));
}

TEST_F(BuilderPoolTest, BuilderThatNeverStartsIsTheFarmsFailureNotTheCandidates) {
  BuilderPoolOptions options = Options();
  options.args = {"--broken"};
  Start(options);
  const v1::BuildReply reply = Build("good");
  EXPECT_EQ(reply.outcome(), v1::OUTCOME_DEVICE_LOST);
  EXPECT_THAT(reply.error(), AllOf(HasSubstr("does not start"), HasSubstr("exit code 127"),
                                   HasSubstr("libLLVM-19.so")));
}

TEST_F(BuilderPoolTest, MissingProgramIsNamed) {
  BuilderPoolOptions options = Options();
  options.program = "/no/such/tuner";
  Start(options);
  EXPECT_THAT(Build("good").error(), HasSubstr("/no/such/tuner: No such file or directory"));
}

TEST_F(BuilderPoolTest, UnwantedRequestIsDroppedWithoutBeingBuilt) {
  Start(Options());
  std::atomic<bool> answered = false;
  v1::BuildRequest request;
  request.set_ticket(77);
  request.mutable_candidate()->set_config("abort");
  pool_->Submit(request, [&](const v1::BuildReply&) { answered = true; }, [] { return false; });
  EXPECT_EQ(Build("good").outcome(), v1::OUTCOME_OK);  // Built after the other would have been.
  EXPECT_FALSE(answered);
}

TEST_F(BuilderPoolTest, EndOfThePoolEndsItsWorkers) {
  Start(Options(2));
  std::set<pid_t> workers;
  while (workers.size() < 2) {
    std::vector<std::future<v1::BuildReply>> replies;
    for (int i = 0; i < 8; ++i) replies.push_back(Ask("good"));
    for (auto& reply : replies) workers.insert(std::stoi(reply.get().toolchain()));
  }
  const auto hung = Ask("hang");
  pool_.reset();
  for (const pid_t worker : workers) EXPECT_EQ(kill(worker, 0), -1) << worker << " still lives";
}

}  // namespace
}  // namespace tunefarm::tuner
