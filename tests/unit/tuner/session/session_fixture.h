// What the tests of sessions share: a log in a folder of its own, a fake measurer, a small task.
#ifndef TUNEFARM_TESTS_UNIT_TUNER_SESSION_SESSION_FIXTURE_H_
#define TUNEFARM_TESTS_UNIT_TUNER_SESSION_SESSION_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "compiler/target/target.h"
#include "db/tuning_log.h"
#include "tests/support/fake_measurer.h"
#include "tests/unit/db/log_fixture.h"
#include "tuner/session/session.h"

namespace tunefarm::tuner {

inline constexpr char kTask[] = "matmul/f32/48x64x32";

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() : log_(db::OpenLog(folder_.File("tuner.db"))) {
    spec_.workload = kTask;
    spec_.target = compiler::Print(*compiler::ParseTarget("x86-avx2"));
    spec_.strategy = "random";
    spec_.max_trials = 12;
    spec_.owner = "test";
    spec_.clock = &clock_;
  }

  absl::StatusOr<SessionSummary> Run() {
    return RunSession(spec_, measurer_, *log_, stop_, [this](const TuningEvent& event) {
      events_.push_back(event);
      on_event_(event);
    });
  }

  std::vector<TuningEvent> EventsOf(TuningEvent::Kind kind) const {
    std::vector<TuningEvent> found;
    for (const TuningEvent& event : events_) {
      if (event.kind == kind) found.push_back(event);
    }
    return found;
  }

  // Search requests, in order of submission.
  std::vector<std::string> SearchConfigs() const {
    std::vector<std::string> configs;
    for (const auto& submitted : measurer_.submitted()) {
      if (!submitted.request.final_round) configs.push_back(submitted.request.config);
    }
    return configs;
  }

  // A cost that depends on the config alone and differs between configs.
  static double CostOf(const std::string& config) {
    return 1000 + static_cast<double>(std::hash<std::string>()(config) % 10000);
  }

  db::TempFolder folder_;
  std::unique_ptr<db::TuningLog> log_;
  db::ManualClock clock_;
  FakeMeasurer measurer_;
  SessionSpec spec_;
  std::atomic<bool> stop_ = false;
  std::vector<TuningEvent> events_;
  std::function<void(const TuningEvent&)> on_event_ = [](const TuningEvent&) {};
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TESTS_UNIT_TUNER_SESSION_SESSION_FIXTURE_H_
