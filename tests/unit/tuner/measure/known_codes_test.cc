#include "tuner/measure/known_codes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tunefarm::tuner {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

MeasureReport Report(Outcome outcome, double median_ns = 0) {
  MeasureReport report;
  report.outcome = outcome;
  report.median_ns = median_ns;
  return report;
}

TEST(KnownCodesTest, FirstOfACodeIsMeasuredAndTheOthersFollow) {
  KnownCodes codes;
  EXPECT_FALSE(codes.Follow("code", 1));
  EXPECT_TRUE(codes.Follow("code", 2));
  EXPECT_TRUE(codes.Follow("code", 3));
  EXPECT_FALSE(codes.Follow("other", 4));
  EXPECT_THAT(codes.Settle("code", Report(Outcome::kOk, 5)), ElementsAre(2, 3));
  ASSERT_NE(codes.Find("code"), nullptr);
  EXPECT_EQ(codes.Find("code")->median_ns, 5);
  EXPECT_EQ(codes.Find("other"), nullptr);
}

TEST(KnownCodesTest, FailureOfACodeIsKnownToo) {
  KnownCodes codes;
  codes.Follow("code", 1);
  codes.Settle("code", Report(Outcome::kWrongResult));
  ASSERT_NE(codes.Find("code"), nullptr);
  EXPECT_EQ(codes.Find("code")->outcome, Outcome::kWrongResult);
}

TEST(KnownCodesTest, LostDeviceSaysNothingOfTheCode) {
  KnownCodes codes;
  codes.Follow("code", 1);
  codes.Follow("code", 2);
  EXPECT_THAT(codes.Settle("code", Report(Outcome::kDeviceLost)), ElementsAre(2));
  EXPECT_EQ(codes.Find("code"), nullptr);
  EXPECT_FALSE(codes.Follow("code", 2));  // Now it is the one to be measured.
}

TEST(KnownCodesTest, CodeThatIsMeasuredAnewHasTheNewResult) {
  KnownCodes codes;
  codes.Follow("code", 1);
  codes.Settle("code", Report(Outcome::kOk, 9));  // In a drift.
  codes.Renew("code", Report(Outcome::kOk, 5));
  codes.Renew("code", Report(Outcome::kDeviceLost));
  EXPECT_EQ(codes.Find("code")->median_ns, 5);
  codes.Renew("other", Report(Outcome::kOk, 5));
  EXPECT_EQ(codes.Find("other"), nullptr);
}

TEST(KnownCodesTest, ResultOfACodeThatNobodyMeasuresIsIgnored) {
  KnownCodes codes;
  EXPECT_THAT(codes.Settle("code", Report(Outcome::kOk)), IsEmpty());
  EXPECT_EQ(codes.Find("code"), nullptr);
}

TEST(KnownCodesTest, WithdrawnMeasurementsLeaveTheResultsThere) {
  KnownCodes codes;
  codes.Follow("done", 1);
  codes.Settle("done", Report(Outcome::kOk));
  codes.Follow("code", 2);
  codes.ForgetUnmeasured();
  EXPECT_NE(codes.Find("done"), nullptr);
  EXPECT_FALSE(codes.Follow("code", 3));
}

}  // namespace
}  // namespace tunefarm::tuner
