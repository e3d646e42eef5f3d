// Sessions on a device that drifts: the log keeps everything and counts each config once.
#include <gmock/gmock.h>

#include <set>

#include "tests/support/status_matchers.h"
#include "tests/unit/tuner/session/session_fixture.h"

namespace tunefarm::tuner {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;
using ::tunefarm::testing::IsOk;

// Two trials between two reference timings; what a trial costs depends on `factor_`.
class DriftTest : public SessionTest {
 protected:
  DriftTest() {
    spec_.drift.trials_between = 2;
    spec_.drift.num_waits = 1;
    spec_.drift.first_wait = absl::ZeroDuration();
    measurer_.wanted = 1;
    measurer_.measure = [this](const MeasureRequest& request, int) {
      if (!request.final_round) ++num_measured_;
      return OkReport(factor_ * CostOf(request.config));
    };
    measurer_.reference = [this](const std::string&) {
      ++num_references_;
      return OkReport(factor_at_(num_references_) * 500);
    };
  }

  double factor_ = 1;
  int num_measured_ = 0;
  int num_references_ = 0;
  std::function<double(int reference)> factor_at_ = [](int) { return 1; };
};

TEST_F(DriftTest, SteadyDeviceIsTimedNowAndThenAndNothingIsMeasuredTwice) {
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_THAT(*log_->TrialsOfTask(summary->task_id), SizeIs(12));
  const db::DeviceActivity activity = *log_->Activity("fake", 100);
  EXPECT_THAT(activity.references, SizeIs(6));  // After trials 1, 3, 5, 7, 9 and 11.
  EXPECT_EQ(activity.noise.at(0).noise, 0);
  EXPECT_EQ(activity.references.back().verdict, db::ReferenceVerdict::kFirst);
  EXPECT_EQ(activity.references.front().verdict, db::ReferenceVerdict::kSteady);
  EXPECT_EQ(activity.references.front().target, spec_.target);
}

// The device is slow by a quarter from the fourth trial on, until the third timing has seen it.
TEST_F(DriftTest, TrialsOfADriftAreMeasuredAgainAndCountOnce) {
  measurer_.measure = [this](const MeasureRequest& request, int) {
    if (!request.final_round) ++num_measured_;
    const bool slow = !request.final_round && (num_measured_ == 4 || num_measured_ == 5);
    return OkReport((slow ? 1.25 : 1) * CostOf(request.config));
  };
  factor_at_ = [](int reference) { return reference == 3 ? 1.25 : 1; };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->trials, 12);
  EXPECT_THAT(summary->outcomes, ElementsAre(Pair("ok", 12)));
  EXPECT_EQ(log_->GetTask(summary->task_id)->num_trials, 12);
  EXPECT_THAT(SearchConfigs(), SizeIs(12));

  std::set<std::string> standing;
  size_t num_superseded = 0;
  const auto trials = *log_->TrialsOfTask(summary->task_id);
  for (const db::TrialRecord& trial : trials) {
    if (trial.superseded_by != 0) {
      ++num_superseded;
      EXPECT_EQ(log_->GetTrial(trial.superseded_by)->config, trial.config);
      continue;
    }
    EXPECT_TRUE(standing.insert(trial.config).second) << trial.config << " counts twice";
    EXPECT_EQ(trial.search_cost.median_ns, CostOf(trial.config)) << trial.id;
  }
  EXPECT_EQ(num_superseded, 2u);
  EXPECT_THAT(standing, SizeIs(12));
  EXPECT_EQ(log_->Activity("fake", 0)->num_superseded, 2u);
}

TEST_F(DriftTest, PeopleAreToldOfTheDriftAndOfWhatFollows) {
  factor_at_ = [](int reference) { return reference == 3 ? 1.25 : 1; };
  ASSERT_THAT(Run(), IsOk());
  const std::vector<TuningEvent> told = EventsOf(TuningEvent::Kind::kWaiting);
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_THAT(told[0].text, HasSubstr("fake has drifted by +25.0 %"));
  EXPECT_THAT(told[1].text, HasSubstr("measuring 2 trials again"));
}

TEST_F(DriftTest, DeviceThatStaysSlowIsMeasuredAtItsNewLevel) {
  factor_at_ = [](int reference) { return reference >= 3 ? 1.25 : 1; };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->trials, 12);
  const db::DeviceActivity activity = *log_->Activity("fake", 100);
  EXPECT_EQ(activity.noise.at(0).num_drifted, 1u);
  EXPECT_EQ(activity.num_superseded, 2u);
}

TEST_F(DriftTest, LostDeviceLeavesTheSuspectAsItWas) {
  factor_at_ = [](int reference) { return reference == 3 ? 1.25 : 1; };
  measurer_.measure = [this](const MeasureRequest& request, int) {
    // Outside the search, before the final: a trial that is measured again.
    const bool again = request.final_round && SearchConfigs().size() < 12;
    if (again) return FailedReport(Outcome::kDeviceLost, "agent gone");
    return OkReport(CostOf(request.config));
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->trials, 12);
  EXPECT_THAT(*log_->TrialsOfTask(summary->task_id), SizeIs(12));
  EXPECT_EQ(log_->Activity("fake", 0)->num_superseded, 0u);
}

TEST_F(DriftTest, TaskGoesOnFromALogWithSupersededTrials) {
  factor_at_ = [](int reference) { return reference == 3 ? 1.25 : 1; };
  spec_.leave_open_when_stopped = true;
  on_event_ = [this](const TuningEvent& event) {
    if (event.kind == TuningEvent::Kind::kTrial && event.trial == 9) stop_ = true;
  };
  const auto first = Run();
  ASSERT_THAT(first, IsOk());
  stop_ = false;
  spec_.task_id = first->task_id;
  const auto second = Run();
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->trials, 12);
  std::set<std::string> configs;
  const auto trials = *log_->TrialsOfTask(second->task_id);
  for (const db::TrialRecord& trial : trials) {
    if (trial.superseded_by != 0) continue;
    EXPECT_TRUE(configs.insert(trial.config).second) << trial.config;
  }
  EXPECT_THAT(configs, SizeIs(12));
}

// A little passes each time somebody looks.
class PassingClock final : public base::Clock {
 public:
  absl::Time Now() const override { return absl::UnixEpoch() + SteadyNow(); }
  absl::Duration SteadyNow() const override { return now_ += absl::Milliseconds(1); }

 private:
  mutable absl::Duration now_ = absl::Hours(1);
};

// Two boards take turns, unless one is to be avoided. "one" is slow at its second timing and is
// waited for.
TEST_F(DriftTest, OtherDevicesGoOnWhileOneIsWaitedFor) {
  const PassingClock clock;
  spec_.clock = &clock;
  spec_.drift.first_wait = absl::Milliseconds(100);
  measurer_.wanted = 2;
  measurer_.measure = [this](const MeasureRequest& request, int) {
    MeasureReport report = OkReport(CostOf(request.config));
    report.device = request.device;
    if (report.device.empty()) report.device = ++num_measured_ % 2 == 0 ? "two" : "one";
    if (!request.avoid_devices.empty()) {
      EXPECT_THAT(request.avoid_devices, ElementsAre("one"));
      report.device = "two";
    }
    return report;
  };
  int num_of_one = 0;
  measurer_.reference = [&](const std::string& device) {
    MeasureReport report = OkReport(device == "one" && ++num_of_one == 2 ? 625 : 500);
    report.device = device;
    return report;
  };
  int num_waits = 0;
  std::map<std::string, int> meanwhile;
  on_event_ = [&](const TuningEvent& event) {
    if (event.kind == TuningEvent::Kind::kWaiting) ++num_waits;
    if (event.kind == TuningEvent::Kind::kTrial && num_waits == 1) ++meanwhile[event.device];
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->trials, 12);
  EXPECT_EQ(num_waits, 2) << "it drifted, it settled";
  EXPECT_GE(meanwhile["two"], 2);
  EXPECT_LE(meanwhile["one"], 1) << "what was on its way already";
}

// A lucky median with a slow fastest sample, and the other way round.
TEST_F(DriftTest, FastestSampleRanksTheSearch) {
  spec_.strategy = "grid";
  measurer_.measure = [this](const MeasureRequest& request, int) {
    if (request.final_round) return OkReport(1000);
    MeasureReport report = OkReport(1000);
    const bool noisy = ++num_measured_ == 7;
    report.samples_ns = noisy ? std::vector<double>{900, 1100, 1100} : std::vector<double>{1000};
    report.median_ns = noisy ? 1100 : 1000;
    return report;
  };
  ASSERT_THAT(Run(), IsOk());
  const std::string winner = SearchConfigs().at(6);
  // It leads when the final begins, so it is the first finalist.
  for (const auto& submitted : measurer_.submitted()) {
    if (!submitted.request.final_round) continue;
    EXPECT_EQ(submitted.request.config, winner);
    break;
  }
}

}  // namespace
}  // namespace tunefarm::tuner
