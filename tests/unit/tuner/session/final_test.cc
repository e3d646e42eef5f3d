// The interleaved final, as a session holds it.
#include "tuner/session/final.h"

#include <gmock/gmock.h>

#include <limits>
#include <map>

#include "tests/support/status_matchers.h"
#include "tests/unit/tuner/session/session_fixture.h"

namespace tunefarm::tuner {
namespace {

using ::testing::Each;
using ::testing::SizeIs;
using ::tunefarm::testing::IsOk;

using FinalTest = SessionTest;

// Finals by round: the configs in the order in which they were asked for.
std::vector<std::vector<std::string>> Rounds(const FakeMeasurer& measurer, size_t num_finalists) {
  std::vector<std::vector<std::string>> rounds;
  for (const auto& submitted : measurer.submitted()) {
    if (!submitted.request.final_round) continue;
    if (rounds.empty() || rounds.back().size() == num_finalists) rounds.emplace_back();
    rounds.back().push_back(submitted.request.config);
  }
  return rounds;
}

TEST_F(FinalTest, TopFourAndTheDefaultAreMeasuredInTurns) {
  measurer_.measure = [](const auto& request, int) {
    if (request.ticket == 1 && !request.final_round) return OkReport(5000);  // The default.
    return OkReport(1000 + CostOf(request.config) / 100);
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  const auto rounds = Rounds(measurer_, 5);
  EXPECT_THAT(rounds, SizeIs(FinalOptions().min_rounds));
  EXPECT_THAT(rounds, Each(rounds[0]));
  EXPECT_EQ(rounds[0].back(), SearchConfigs()[0]);
}

// Costs by round; two finalists.
TEST(IsPlainTest, RivalThatIsBehindInEveryRoundHasLost) {
  EXPECT_TRUE(IsPlain({{100, 101.5}, {110, 120}, {90, 95}}));
  EXPECT_TRUE(IsPlain({{101.5, 100}, {120, 110}, {95, 90}}));
}

TEST(IsPlainTest, RivalThatLedOnceMayStillWin) {
  EXPECT_FALSE(IsPlain({{100, 105}, {105, 100}, {100, 105}}));
  EXPECT_FALSE(IsPlain({{100, 300, 98}, {100, 300, 102}, {100, 300, 102}}));
}

TEST(IsPlainTest, BetweenTwoThatAreAsGoodTheChoiceDoesNotMatter) {
  EXPECT_TRUE(IsPlain({{100, 100.5}, {100.5, 100}, {100, 100.5}}));
}

TEST(IsPlainTest, FinalistThatFailedIsBehindAndOneThatFailedOnceOnlyIsNotPlain) {
  const double failed = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(IsPlain({{100, failed}, {100, failed}, {100, failed}}));
  EXPECT_FALSE(IsPlain({{100, failed}, {100, 90}, {100, 90}}));
  EXPECT_FALSE(IsPlain({{failed}, {failed}, {failed}}));
}

TEST_F(FinalTest, GoesOnWhileTheOrderChanges) {
  std::map<std::string, int> rounds;
  measurer_.measure = [&](const auto& request, int) {
    const double cost = 1000 + CostOf(request.config) / 100;
    if (!request.final_round) return OkReport(cost);
    // All change places from round to round.
    return OkReport(rounds[request.config]++ % 2 == 0 ? cost : 10000 - cost);
  };
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Rounds(measurer_, 5), SizeIs(FinalOptions().num_rounds));
}

TEST_F(FinalTest, WinnerOfTheFinalIsCrownedNotTheLuckyOneOfTheSearch) {
  std::string lucky, steady;
  measurer_.measure = [&](const auto& request, int) {
    if (!request.final_round && request.ticket == 3) lucky = request.config;
    if (!request.final_round && request.ticket == 4) steady = request.config;
    if (request.config == lucky) return OkReport(request.final_round ? 1500 : 900);
    if (request.config == steady) return OkReport(request.final_round ? 1000 : 950);
    return OkReport(2000);
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->best.config, steady);
  EXPECT_EQ(summary->best.cost_median, 1000);
  EXPECT_EQ(summary->best.samples, FinalOptions().min_rounds * 5);
  // The log gives the same answer, now and later.
  const auto best = log_->Best(kTask, spec_.target, false);
  ASSERT_THAT(best, IsOk());
  EXPECT_EQ(best->trial_id, summary->best.trial_id);
  EXPECT_EQ(best->cost.median_ns, summary->best.cost_median);
  EXPECT_TRUE(best->from_final);
}

// Faster in most rounds, slower in the median over all of them: one figure decides, and the log's
// answer is the session's.
TEST_F(FinalTest, WinnerIsTheOneThatTheLogNamesBest) {
  const std::vector<double> steady = {100, 100, 100, 190, 200};
  const std::vector<double> varying = {90, 120, 120, 170, 180};
  std::map<std::string, size_t> rounds;
  std::string first, second;
  measurer_.measure = [&](const auto& request, int) {
    if (!request.final_round && request.ticket == 3) first = request.config;
    if (!request.final_round && request.ticket == 4) second = request.config;
    if (request.config != first && request.config != second) return OkReport(2000);
    if (!request.final_round) return OkReport(request.config == first ? 90 : 95);
    const size_t round = rounds[request.config]++;
    return OkReport(request.config == first ? steady[round] : varying[round]);
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->best.config, first);
  const auto best = log_->Best(kTask, spec_.target, false);
  ASSERT_THAT(best, IsOk());
  EXPECT_EQ(best->config, summary->best.config);
  EXPECT_EQ(best->cost.median_ns, summary->best.cost_median);
}

TEST_F(FinalTest, WithoutAFinalTheMedianDecidesAsInTheLog) {
  measurer_.measure = [](const auto& request, int) {
    MeasureReport report = OkReport(1000 + static_cast<double>(request.ticket));
    if (request.ticket == 3) report.samples_ns[0] = 500;  // Once lucky, otherwise slower.
    return report;
  };
  on_event_ = [this](const TuningEvent& event) {
    if (event.kind == TuningEvent::Kind::kTrial && event.trial == 5) stop_ = true;
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  const auto best = log_->Best(kTask, spec_.target, false);
  ASSERT_THAT(best, IsOk());
  EXPECT_EQ(summary->best.config, best->config);
  EXPECT_EQ(summary->best.cost_median, best->cost.median_ns);
}

TEST_F(FinalTest, ConfigsWithTheSameCodeTakeOnePlace) {
  // The fake's code follows from the config; here all but the first two share one.
  measurer_.measure = [](const auto& request, int) { return OkReport(CostOf(request.config)); };
  measurer_.code_of = [](const std::string& config) {
    return CostOf(config) > 3000 ? "slow" : config;
  };
  ASSERT_THAT(Run(), IsOk());
  std::map<std::string, int> codes;
  const auto& submitted = measurer_.submitted();
  for (const auto& entry : submitted) {
    if (entry.request.final_round && entry.request.config != SearchConfigs()[0]) {
      ++codes[measurer_.code_of(entry.request.config)];
    }
  }
  EXPECT_LE(codes["slow"], static_cast<int>(FinalOptions().num_rounds));
}

TEST_F(FinalTest, CandidateWhoseSamplingWasCutIsNoFinalist) {
  std::string cut;
  measurer_.measure = [&](const auto& request, int) {
    MeasureReport report = OkReport(1000 + static_cast<double>(request.ticket));
    if (!request.final_round && request.ticket == 2) {
      cut = request.config;
      report.cut = true;
    }
    return report;
  };
  ASSERT_THAT(Run(), IsOk());
  for (const auto& submitted : measurer_.submitted()) {
    if (submitted.request.final_round) {
      EXPECT_NE(submitted.request.config, cut);
    }
  }
}

TEST_F(FinalTest, DefaultFarSlowerThanTheBestIsSparedTheFinal) {
  measurer_.measure = [](const auto& request, int) {
    return OkReport(!request.final_round && request.ticket == 1 ? 100000 : 1000);
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_THAT(Rounds(measurer_, 4), SizeIs(FinalOptions().min_rounds));
  EXPECT_EQ(summary->default_cost, 100000);
}

TEST_F(FinalTest, FinalistThatFailsCannotWin) {
  std::string flaky;
  measurer_.measure = [&](const auto& request, int) {
    if (!request.final_round && request.ticket == 3) flaky = request.config;
    if (request.config != flaky) return OkReport(2000);
    return request.final_round ? FailedReport(Outcome::kCrashed, "signal 11") : OkReport(900);
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_NE(summary->best.config, flaky);
}

TEST_F(FinalTest, FinalistsGoToTheDeviceThatMeasuredTheBest) {
  measurer_.measure = [](const auto& request, int) {
    MeasureReport report = OkReport(1000 + CostOf(request.config));
    report.device = request.ticket % 2 == 0 ? "even" : "odd";
    return report;
  };
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  for (const auto& submitted : measurer_.submitted()) {
    if (submitted.request.final_round) {
      EXPECT_EQ(submitted.request.device, summary->best.device);
    }
  }
}

TEST_F(FinalTest, PeakIsMeasuredInEachRound) {
  measurer_.peak_flops = 5e11;
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(measurer_.num_peaks(), 1 + static_cast<int>(FinalOptions().min_rounds));
  EXPECT_DOUBLE_EQ(summary->bound_gflops, 500);
}

TEST_F(FinalTest, TrackerThatGoesAwayInTheFinalLeavesTheSearchsBest) {
  on_event_ = [this](const TuningEvent& event) {
    if (event.kind != TuningEvent::Kind::kFinal) return;
    measurer_.before_report = [this] {
      measurer_.Cancel();
      measurer_.failure = absl::UnavailableError("gone");
    };
  };
  measurer_.num_silent_calls = 0;
  const auto summary = Run();
  ASSERT_THAT(summary, IsOk());
  EXPECT_TRUE(summary->has_best);
  EXPECT_EQ(summary->best.samples, 5);
}

}  // namespace
}  // namespace tunefarm::tuner
