// The whole way of a candidate with every real part: builder processes, tracker, agent, device.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "compiler/artifact/artifact.h"
#include "compiler/op/operator.h"
#include "compiler/schedule/template.h"
#include "compiler/target/target.h"
#include "tuner/measure/farm.h"

namespace tunefarm::tuner {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kMatmul[] = "matmul/f32/48x64x32";
constexpr absl::Duration kPatience = absl::Seconds(20);

FarmSpec LocalSpec() {
  FarmSpec spec;
  spec.local.bin_dir = TUNEFARM_BIN_DIR;
  spec.builders.num_workers = 2;
  spec.owner = "test";
  return spec;
}

std::string NativeTarget() { return compiler::Print(*compiler::ParseTarget("native")); }

// The first `count` valid configs of the workload's template.
std::vector<std::string> Configs(const std::string& workload, uint64_t count) {
  const auto op = *compiler::BuildOperator(*compiler::ParseWorkload(workload));
  const auto bound = *compiler::BindTemplate(op, *compiler::ParseTarget("native"));
  std::vector<std::string> configs;
  for (const uint64_t index : bound->space().ValidIndices(count)) {
    configs.push_back(bound->space().Print(bound->space().At(index)));
  }
  return configs;
}

std::vector<MeasureRequest> Requests(const std::vector<std::string>& configs) {
  std::vector<MeasureRequest> requests;
  for (const std::string& config : configs) {
    MeasureRequest request;
    request.ticket = requests.size() + 1;
    request.workload = kMatmul;
    request.target = NativeTarget();
    request.config = config;
    requests.push_back(request);
  }
  return requests;
}

// The pid of the child of this process that is a builder.
pid_t BuilderOfThisProcess() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream stat(entry.path() / "stat"), cmdline(entry.path() / "cmdline");
    std::string pid, comm, state, words;
    pid_t parent = 0;
    std::getline(cmdline, words);
    if (stat >> pid >> comm >> state >> parent && parent == getpid() &&
        words.find(kBuildWorkerFlag) != std::string::npos) {
      return std::stoi(pid);
    }
  }
  ADD_FAILURE() << "no builder";
  return -1;
}

std::map<uint64_t, MeasureReport> Collect(Measurer& measurer, size_t count) {
  std::map<uint64_t, MeasureReport> reports;
  while (reports.size() < count) {
    absl::StatusOr<MeasureReport> report = measurer.Next(kPatience);
    EXPECT_TRUE(report.ok()) << report.status() << ", waiting: " << measurer.waiting_reason();
    if (!report.ok()) break;
    EXPECT_TRUE(reports.emplace(report->ticket, *report).second) << "reported twice";
  }
  return reports;
}

TEST(MeasureFarmTest, EveryCandidateComesBackVerifiedAndTimed) {
  const auto farm = Farm::Open(LocalSpec());
  ASSERT_TRUE(farm.ok()) << farm.status();
  const std::unique_ptr<Measurer> measurer = (*farm)->NewMeasurer();
  const std::vector<MeasureRequest> requests = Requests(Configs(kMatmul, 12));
  ASSERT_TRUE(measurer->Submit(requests, {}).ok());
  const auto reports = Collect(*measurer, requests.size());
  ASSERT_THAT(reports, SizeIs(requests.size()));
  for (const auto& [ticket, report] : reports) {
    EXPECT_EQ(report.outcome, Outcome::kOk) << report.phase << ": " << report.error;
    EXPECT_THAT(report.samples_ns, SizeIs(5));
    EXPECT_GT(report.median_ns, 0);
    EXPECT_EQ(report.device, "local");
    EXPECT_THAT(report.artifact_digest, SizeIs(64));
  }
  EXPECT_EQ(measurer->in_flight(), 0);
}

TEST(MeasureFarmTest, PeakIsMeasuredByAKernelOnTheDevice) {
  const auto farm = Farm::Open(LocalSpec());
  ASSERT_TRUE(farm.ok()) << farm.status();
  const std::unique_ptr<Measurer> measurer = (*farm)->NewMeasurer();
  const absl::StatusOr<double> peak = measurer->MeasurePeakFlops(NativeTarget());
  ASSERT_TRUE(peak.ok()) << peak.status();
  std::printf("peak: %.1f GFLOP/s\n", *peak * 1e-9);
  EXPECT_GT(*peak, 1e9);
  EXPECT_LT(*peak, 1e12);
}

TEST(MeasureFarmTest, ConfigOutsideTheSpaceIsAnIllegalSchedule) {
  const auto farm = Farm::Open(LocalSpec());
  ASSERT_TRUE(farm.ok()) << farm.status();
  const std::unique_ptr<Measurer> measurer = (*farm)->NewMeasurer();
  ASSERT_TRUE(measurer->Submit(Requests({"tile_m=4711"}), {}).ok());
  const auto reports = Collect(*measurer, 1);
  EXPECT_EQ(reports.at(1).outcome, Outcome::kIllegalSchedule);
  EXPECT_EQ(reports.at(1).phase, "lower");
}

TEST(MeasureFarmTest, FinalistsAreMeasuredAgainOnTheNamedDevice) {
  const auto farm = Farm::Open(LocalSpec());
  ASSERT_TRUE(farm.ok()) << farm.status();
  const std::unique_ptr<Measurer> measurer = (*farm)->NewMeasurer();
  std::vector<MeasureRequest> requests = Requests(Configs(kMatmul, 3));
  for (MeasureRequest& request : requests) {
    request.final_round = true;
    request.device = "local";
  }
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(measurer->Submit(requests, {}).ok());
    for (const auto& [ticket, report] : Collect(*measurer, requests.size())) {
      EXPECT_EQ(report.outcome, Outcome::kOk) << report.error;
      EXPECT_FALSE(report.reused);
    }
  }
}

TEST(MeasureFarmTest, SameConfigTwiceIsMeasuredOnce) {
  const auto farm = Farm::Open(LocalSpec());
  ASSERT_TRUE(farm.ok()) << farm.status();
  const std::unique_ptr<Measurer> measurer = (*farm)->NewMeasurer();
  const std::string config = Configs(kMatmul, 1).at(0);
  ASSERT_TRUE(measurer->Submit(Requests({config, config}), {}).ok());
  const auto reports = Collect(*measurer, 2);
  EXPECT_NE(reports.at(1).reused, reports.at(2).reused);
  EXPECT_EQ(reports.at(1).samples_ns, reports.at(2).samples_ns);
}

TEST(MeasureFarmTest, ConfigThatWasMeasuredAnewHandsOutTheNewTiming) {
  const auto farm = Farm::Open(LocalSpec());
  ASSERT_TRUE(farm.ok()) << farm.status();
  const std::unique_ptr<Measurer> measurer = (*farm)->NewMeasurer();
  const std::vector<MeasureRequest> search = Requests(Configs(kMatmul, 1));
  std::vector<MeasureRequest> anew = search;  // As after a drift.
  anew[0].final_round = true;
  anew[0].device = "local";
  ASSERT_TRUE(measurer->Submit(search, {}).ok());
  Collect(*measurer, 1);
  ASSERT_TRUE(measurer->Submit(anew, {}).ok());
  const std::vector<double> timing = Collect(*measurer, 1).at(1).samples_ns;
  ASSERT_TRUE(measurer->Submit(search, {}).ok());
  const auto reports = Collect(*measurer, 1);
  EXPECT_TRUE(reports.at(1).reused);
  EXPECT_EQ(reports.at(1).samples_ns, timing);
}

TEST(MeasureFarmTest, CancelledWorkIsNotReported) {
  const auto farm = Farm::Open(LocalSpec());
  ASSERT_TRUE(farm.ok()) << farm.status();
  const std::unique_ptr<Measurer> measurer = (*farm)->NewMeasurer();
  ASSERT_TRUE(measurer->Submit(Requests(Configs(kMatmul, 20)), {}).ok());
  measurer->Cancel();
  EXPECT_EQ(measurer->in_flight(), 0);
  // What comes next is what was asked for next.
  std::vector<MeasureRequest> next = Requests({Configs(kMatmul, 30).back()});
  next[0].ticket = 999;
  ASSERT_TRUE(measurer->Submit(next, {}).ok());
  EXPECT_THAT(Collect(*measurer, 1), testing::Contains(testing::Key(999)));
}

TEST(MeasureFarmTest, UnreachableTrackerIsOneLine) {
  FarmSpec spec = LocalSpec();
  spec.tracker.host_port = "127.0.0.1:1";
  const auto farm = Farm::Open(spec);
  ASSERT_FALSE(farm.ok());
  EXPECT_EQ(farm.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(std::string(farm.status().message()),
            "tracker 127.0.0.1:1 is not reachable: Connection refused");
}

TEST(MeasureFarmTest, MissingProgramOfTheLocalFarmIsNamed) {
  FarmSpec spec = LocalSpec();
  spec.local.bin_dir = "/no/such/folder";
  const auto farm = Farm::Open(spec);
  ASSERT_FALSE(farm.ok());
  EXPECT_EQ(std::string(farm.status().message()),
            "a local device: cannot run /no/such/folder/tuner-tracker: No such file or directory");
}

TEST(MeasureFarmTest, TargetThatNoDeviceHasIsWaitedForWithAReason) {
  const auto farm = Farm::Open(LocalSpec());
  ASSERT_TRUE(farm.ok()) << farm.status();
  const std::unique_ptr<Measurer> measurer = (*farm)->NewMeasurer();
  std::vector<MeasureRequest> requests = Requests(Configs(kMatmul, 1));
  requests[0].device = "elsewhere";
  ASSERT_TRUE(measurer->Submit(requests, {}).ok());
  while (measurer->waiting_reason().empty()) {
    ASSERT_EQ(measurer->Next(absl::Milliseconds(20)).status().code(),
              absl::StatusCode::kDeadlineExceeded);
  }
  EXPECT_THAT(measurer->waiting_reason(), HasSubstr("elsewhere"));
}

TEST(MeasureFarmTest, CrashOfABuilderIsTheCandidatesOutcomeAndTheNextIsBuilt) {
  FarmSpec spec = LocalSpec();
  spec.builders.num_workers = 1;
  const auto farm = Farm::Open(spec);
  ASSERT_TRUE(farm.ok()) << farm.status();
  const std::unique_ptr<Measurer> measurer = (*farm)->NewMeasurer();
  const std::vector<MeasureRequest> requests = Requests(Configs(kMatmul, 40));
  ASSERT_TRUE(measurer->Submit(requests, {}).ok());
  ASSERT_TRUE(measurer->Next(kPatience).ok());
  // Whichever candidate it is at, that one fails and no other.
  kill(BuilderOfThisProcess(), SIGSEGV);
  std::map<Outcome, int> outcomes;
  for (size_t i = 1; i < requests.size(); ++i) {
    const auto report = measurer->Next(kPatience);
    ASSERT_TRUE(report.ok()) << report.status();
    ++outcomes[report->outcome];
    if (report->outcome == Outcome::kBuildFailed) {
      // 11, or 6 where it hit the linker, which catches it and gives up.
      EXPECT_THAT(report->error, HasSubstr("builder ended by signal"));
    }
  }
  EXPECT_LE(outcomes[Outcome::kBuildFailed], 1);
  EXPECT_GE(outcomes[Outcome::kOk], static_cast<int>(requests.size()) - 2);
}

}  // namespace
}  // namespace tunefarm::tuner
