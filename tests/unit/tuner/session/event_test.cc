#include "tuner/session/event.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tunefarm::tuner {
namespace {

using nlohmann::json;

BestSchedule Best() {
  BestSchedule best;
  best.workload = "matmul/f32/8x8x8";
  best.target = "t";
  best.config = "tile_m=4";
  best.cost_median = 123.5;
  best.mad = 1.5;
  best.samples = 15;
  best.gflops = 8.25;
  best.trial_id = 7;
  best.device = "local";
  best.how = "exact";
  return best;
}

TEST(EventTest, BestHasTheFieldsOfQueryBest) {
  EXPECT_EQ(json::parse(ToJson(Best())),
            json::parse(R"({"workload": "matmul/f32/8x8x8", "target": "t", "config": "tile_m=4",
                            "cost_median": 123.5, "cost_unit": "ns", "mad": 1.5, "samples": 15,
                            "gflops": 8.25, "trial_id": 7, "device": "local", "emulated": false,
                            "how": "exact"})"));
}

TEST(EventTest, DoneIsTheSummary) {
  TuningEvent event;
  event.kind = TuningEvent::Kind::kDone;
  event.task_id = 3;
  event.summary.trials = 2;
  event.summary.seconds = 1.5;
  event.summary.outcomes = {{"ok", 1}, {"crashed", 1}};
  event.summary.stop_reason = "trials";
  event.summary.has_best = true;
  event.summary.best = Best();
  const json done = json::parse(ToJson(event));
  EXPECT_EQ(done["event"], "done");
  EXPECT_EQ(done["trials"], 2);
  EXPECT_EQ(done["seconds"], 1.5);
  EXPECT_EQ(done["outcomes"], json::parse(R"({"ok": 1, "crashed": 1})"));
  EXPECT_EQ(done["stop_reason"], "trials");
  EXPECT_EQ(done["best"], json::parse(ToJson(Best())));
}

TEST(EventTest, DoneWithoutBestSaysNull) {
  TuningEvent event;
  event.kind = TuningEvent::Kind::kDone;
  EXPECT_TRUE(json::parse(ToJson(event))["best"].is_null());
}

TEST(EventTest, TrialTellsItselfAndHowTheTaskStands) {
  TuningEvent event;
  event.kind = TuningEvent::Kind::kTrial;
  event.trial_id = 9;
  event.config = "tile_m=4";
  event.outcome = "crashed";
  event.how = "model";
  event.error = "signal 11";
  event.trial = 4;
  event.max_trials = 64;
  event.best_ns = 100;
  const json trial = json::parse(ToJson(event));
  EXPECT_EQ(trial["event"], "trial");
  EXPECT_EQ(trial["trial_id"], 9);
  EXPECT_EQ(trial["outcome"], "crashed");
  EXPECT_EQ(trial["how"], "model");
  EXPECT_EQ(trial["error"], "signal 11");
  EXPECT_EQ(trial["trial"], 4);
  EXPECT_EQ(trial["max_trials"], 64);
  EXPECT_EQ(trial["best_ns"], 100);
}

TEST(EventTest, EveryKindIsOneLineWithItsName) {
  const std::pair<TuningEvent::Kind, const char*> kinds[] = {
      {TuningEvent::Kind::kStarted, "started"}, {TuningEvent::Kind::kTrial, "trial"},
      {TuningEvent::Kind::kWaiting, "waiting"}, {TuningEvent::Kind::kFinal, "final"},
      {TuningEvent::Kind::kDone, "done"},       {TuningEvent::Kind::kFailed, "failed"}};
  for (const auto& [kind, name] : kinds) {
    TuningEvent event;
    event.kind = kind;
    event.text = "two\nlines";
    const std::string line = ToJson(event);
    EXPECT_EQ(json::parse(line)["event"], name);
    EXPECT_EQ(line.find('\n'), std::string::npos);
  }
}

TEST(EventTest, BytesThatAreNotUtf8DoNotBreakTheLine) {
  TuningEvent event;
  event.kind = TuningEvent::Kind::kFailed;
  event.text = "\xff\xfe";
  EXPECT_TRUE(json::accept(ToJson(event)));
}

}  // namespace
}  // namespace tunefarm::tuner
