#include "tuner/service/event_parse.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace tunefarm::tuner {
namespace {

using ::testing::HasSubstr;
using tunefarm::testing::IsOk;
using tunefarm::testing::StatusIs;

// What is printed again must be what was read: all that the display needs came through.
void ExpectRoundTrip(const TuningEvent& event) {
  const std::string json = ToJson(event);
  const auto parsed = ParseEvent(json);
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->kind, event.kind);
  EXPECT_EQ(ToJson(*parsed), json);
}

TEST(ParseEventTest, GivesBackEveryKindOfEvent) {
  TuningEvent event;
  event.task_id = 7;
  event.workload = "matmul/f32/8x8x8";
  event.target = "triple=x";
  event.strategy = "xgb";
  event.space = "gemm.v1";
  event.space_size = 99;
  event.max_trials = 64;
  ExpectRoundTrip(event);

  event.kind = TuningEvent::Kind::kTrial;
  event.trial = 5;
  event.trial_id = 105;
  event.config = "tile=4";
  event.outcome = "crashed";
  event.how = "model";
  event.device = "pi";
  event.error = "signal 11 \"here\"";
  event.best_ns = 1e6;
  event.best_gflops = 12.5;
  event.bound_gflops = 99.25;
  event.seconds = 3.5;
  event.trials_per_second = 2;
  event.outcomes = {{"ok", 4}, {"crashed", 1}};
  ExpectRoundTrip(event);

  event.kind = TuningEvent::Kind::kWaiting;
  event.text = "no device has avx512f";
  ExpectRoundTrip(event);
  event.kind = TuningEvent::Kind::kFinal;
  ExpectRoundTrip(event);
  event.kind = TuningEvent::Kind::kFailed;
  ExpectRoundTrip(event);

  event.kind = TuningEvent::Kind::kDone;
  event.summary.task_id = 7;
  event.summary.trials = 64;
  event.summary.seconds = 4;
  event.summary.outcomes = event.outcomes;
  event.summary.stop_reason = "converged";
  ExpectRoundTrip(event);
  event.summary.has_best = true;
  event.summary.best.config = "tile=8";
  event.summary.best.cost_median = 123.5;
  event.summary.best.trial_id = 33;
  event.summary.best.emulated = true;
  event.summary.best.how = "exact";
  event.summary.default_cost = 200;
  ExpectRoundTrip(event);
}

TEST(ParseEventTest, UnknownFieldsAreIgnored) {
  const auto event = ParseEvent(R"({"event":"trial","trial":3,"colour":"blue"})");
  ASSERT_THAT(event, IsOk());
  EXPECT_EQ(event->trial, 3u);
}

TEST(ParseEventTest, RefusesWhatIsNoEvent) {
  const auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(ParseEvent("{"), StatusIs(kInvalid, HasSubstr("no JSON object")));
  EXPECT_THAT(ParseEvent("[1]"), StatusIs(kInvalid, HasSubstr("no JSON object")));
  EXPECT_THAT(ParseEvent(R"({"event":"party"})"), StatusIs(kInvalid, HasSubstr("party")));
  EXPECT_THAT(ParseEvent(R"({"event":"trial","trial":"three"})"),
              StatusIs(kInvalid, HasSubstr("must be number")));
}

}  // namespace
}  // namespace tunefarm::tuner
