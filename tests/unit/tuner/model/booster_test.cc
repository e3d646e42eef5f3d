#include "tuner/model/booster.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/rng.h"

namespace tunefarm::tuner {
namespace {

// Rows of two uniform columns; the label is a step of the first one.
struct Steps {
  FeatureMatrix rows;
  std::vector<float> labels;
};

Steps MakeSteps(size_t num_rows) {
  base::Rng rng(7);
  Steps data;
  for (size_t i = 0; i < num_rows; ++i) {
    const float x = static_cast<float>(rng.Uniform());
    const float noise = static_cast<float>(rng.Uniform());
    data.rows.Append(std::vector<float>{x, noise});
    data.labels.push_back(x > 0.5f ? 1.0f : 0.25f);
  }
  return data;
}

TEST(BoosterTest, RegressionLearnsAStepBelowAndAboveTheRowsWhereTheMethodChanges) {
  for (size_t num_rows : {64u, 1024u}) {
    const Steps data = MakeSteps(num_rows);
    const auto booster = Booster::Train(BoosterOptions(), {data.rows, data.labels, {}, {}});
    ASSERT_TRUE(booster.ok()) << booster.status();
    const auto predicted = booster->Predict(data.rows);
    ASSERT_TRUE(predicted.ok()) << predicted.status();
    ASSERT_EQ(predicted->size(), num_rows);
    for (size_t i = 0; i < num_rows; ++i) {
      if (std::abs(data.rows.Row(i)[0] - 0.5f) < 0.05f)
        continue;  // Histograms of 32 bins blur the step.
      EXPECT_NEAR((*predicted)[i], data.labels[i], 0.06) << "row " << i << " of " << num_rows;
    }
  }
}

TEST(BoosterTest, TreesLearnOnlyWhatTheBaseMarginMisses) {
  const Steps data = MakeSteps(64);
  // The margin already is the label: nothing is left for the trees, base_score does not shift them.
  const auto booster = Booster::Train(BoosterOptions(), {data.rows, data.labels, data.labels, {}});
  ASSERT_TRUE(booster.ok()) << booster.status();
  const auto predicted = booster->Predict(data.rows);
  ASSERT_TRUE(predicted.ok());
  for (float value : *predicted) EXPECT_NEAR(value, 0, 1e-6);
}

TEST(BoosterTest, RankingComparesOnlyWithinAGroup) {
  // In each group a larger first column is better, but every label of the second group is below
  // those of the first, and so is its second column. Compared across groups, the second column
  // would explain the labels best.
  FeatureMatrix rows;
  std::vector<float> labels;
  for (int group = 0; group < 2; ++group) {
    for (int i = 0; i < 32; ++i) {
      rows.Append(std::vector<float>{static_cast<float>(i), static_cast<float>(group)});
      labels.push_back(static_cast<float>(i) / 64 + (group == 0 ? 0.5f : 0.0f));
    }
  }
  const std::vector<uint32_t> groups = {32, 32};
  BoosterOptions options;
  options.objective = BoosterOptions::Objective::kPairwiseRank;
  const auto booster = Booster::Train(options, {rows, labels, {}, groups});
  ASSERT_TRUE(booster.ok()) << booster.status();
  FeatureMatrix probe;
  for (float group : {0.0f, 1.0f}) {
    for (float x : {2.0f, 16.0f, 30.0f}) probe.Append(std::vector<float>{x, group});
  }
  const auto predicted = booster->Predict(probe);
  ASSERT_TRUE(predicted.ok());
  for (size_t group : {0u, 3u}) {
    EXPECT_LT((*predicted)[group], (*predicted)[group + 1]);
    EXPECT_LT((*predicted)[group + 1], (*predicted)[group + 2]);
  }
  EXPECT_NEAR((*predicted)[1], (*predicted)[4], 0.2) << "the group's column must not matter";
}

TEST(BoosterTest, TheSameDataGivesTheSameModel) {
  const Steps data = MakeSteps(100);
  BoosterOptions options;
  options.objective = BoosterOptions::Objective::kPairwiseRank;
  std::string models[2];
  for (std::string& model : models) {
    const auto booster = Booster::Train(options, {data.rows, data.labels, {}, {}});
    ASSERT_TRUE(booster.ok());
    model = booster->Save().value_or("");
  }
  EXPECT_FALSE(models[0].empty());
  EXPECT_EQ(models[0], models[1]);
}

TEST(BoosterTest, SavedAndLoadedModelsPredictAlike) {
  const Steps data = MakeSteps(64);
  const auto booster = Booster::Train(BoosterOptions(), {data.rows, data.labels, {}, {}});
  ASSERT_TRUE(booster.ok());
  const auto bytes = booster->Save();
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto loaded = Booster::Load(*bytes);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(*loaded->Predict(data.rows), *booster->Predict(data.rows));
}

TEST(BoosterTest, BytesThatAreNoModelAreRefused) {
  EXPECT_EQ(Booster::Load("").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Booster::Load("not a model").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Booster::Load("{}").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(BoosterTest, SizesThatDoNotAgreeAreRefused) {
  const Steps data = MakeSteps(4);
  const std::vector<float> three(3);
  const std::vector<uint32_t> groups = {1, 2};
  using Code = absl::StatusCode;
  EXPECT_EQ(Booster::Train({}, {data.rows, three, {}, {}}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(Booster::Train({}, {data.rows, data.labels, three, {}}).status().code(),
            Code::kInvalidArgument);
  EXPECT_EQ(Booster::Train({}, {data.rows, data.labels, {}, groups}).status().code(),
            Code::kInvalidArgument);
  EXPECT_EQ(Booster::Train({}, {FeatureMatrix(), {}, {}, {}}).status().code(),
            Code::kInvalidArgument);
}

TEST(BoosterTest, TheLibrarysOwnErrorsBecomeStatus) {
  const Steps data = MakeSteps(4);
  std::vector<float> labels = data.labels;
  labels[0] = std::numeric_limits<float>::infinity();
  const auto booster = Booster::Train(BoosterOptions(), {data.rows, labels, {}, {}});
  EXPECT_EQ(booster.status().code(), absl::StatusCode::kInternal);
  EXPECT_NE(booster.status().message().find("xgboost"), std::string::npos);
}

}  // namespace
}  // namespace tunefarm::tuner
