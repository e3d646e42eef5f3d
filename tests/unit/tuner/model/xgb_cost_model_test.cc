#include "tuner/model/xgb_cost_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/rng.h"
#include "tuner/feature/feature_table.h"

namespace tunefarm::tuner {
namespace {

// Rows whose label follows one feature; all others are noise.
FeatureMatrix RandomRows(size_t num_rows, uint64_t seed) {
  base::Rng rng(seed);
  FeatureMatrix rows;
  for (size_t i = 0; i < num_rows; ++i) {
    std::vector<float> row(Features().size());
    for (float& value : row) value = static_cast<float>(rng.Uniform());
    rows.Append(row);
  }
  return rows;
}

std::vector<float> LabelsBy(const FeatureMatrix& rows, const std::string& feature) {
  std::vector<float> labels;
  for (size_t i = 0; i < rows.num_rows(); ++i) {
    labels.push_back(0.1f + 0.9f * rows.Row(i)[*FeatureIndex(feature)]);
  }
  return labels;
}

TrainingSet LocalSet(size_t num_rows, uint64_t seed, const std::string& feature) {
  TrainingSet data;
  data.rows = RandomRows(num_rows, seed);
  data.labels = LabelsBy(data.rows, feature);
  data.group_sizes = {static_cast<uint32_t>(num_rows)};
  data.has_local = true;
  return data;
}

// The share of pairs that the scores order as the labels do.
double PairAccuracy(const std::vector<Prediction>& scores, const std::vector<float>& labels) {
  double right = 0, all = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      all += 1;
      right += (scores[i].score > scores[j].score) == (labels[i] > labels[j]) ? 1 : 0;
    }
  }
  return right / all;
}

TEST(XgbCostModelTest, SaysNothingBeforeItHasLearned) {
  XgbCostModel model;
  const auto scores = model.Score(RandomRows(3, 1));
  ASSERT_TRUE(scores.ok());
  EXPECT_TRUE(scores->empty());
}

TEST(XgbCostModelTest, OrdersUnseenConfigsByWhatItMeasured) {
  XgbCostModel model;
  ASSERT_TRUE(model.Fit(LocalSet(64, 1, "register_use")).ok());
  const FeatureMatrix unseen = RandomRows(100, 2);
  const auto scores = model.Score(unseen);
  ASSERT_TRUE(scores.ok());
  EXPECT_GT(PairAccuracy(*scores, LabelsBy(unseen, "register_use")), 0.85);
}

TEST(XgbCostModelTest, LearnsTheOrderFromOtherTasksWithoutLocalRows) {
  TrainingSet data = LocalSet(64, 1, "fma_per_load");
  const TrainingSet second = LocalSet(64, 3, "fma_per_load");
  for (size_t i = 0; i < 64; ++i) {
    data.rows.Append(second.rows.Row(i));
    data.labels.push_back(second.labels[i] / 100);  // Another scale: groups never compare.
  }
  data.group_sizes = {64, 64};
  data.has_local = false;
  XgbCostModel model;
  ASSERT_TRUE(model.Fit(data).ok());
  const FeatureMatrix unseen = RandomRows(100, 2);
  const auto scores = model.Score(unseen);
  ASSERT_TRUE(scores.ok());
  EXPECT_GT(PairAccuracy(*scores, LabelsBy(unseen, "fma_per_load")), 0.9);
  for (const Prediction& score : *scores) EXPECT_EQ(score.disagreement, 0) << "only one head";
}

TEST(XgbCostModelTest, FewLocalRowsFollowTheAnalyticEfficiency) {
  // Two rows teach the trees nothing (the smallest leaf holds both), so the base margin decides the
  // local order; the ranker has no pair of different labels and is absent.
  TrainingSet data = LocalSet(2, 1, kAnalyticEfficiency);
  data.labels = {0.5f, 0.5f};
  XgbCostModel model;
  ASSERT_TRUE(model.Fit(data).ok());
  const FeatureMatrix unseen = RandomRows(50, 2);
  const auto scores = model.Score(unseen);
  ASSERT_TRUE(scores.ok());
  EXPECT_GT(PairAccuracy(*scores, LabelsBy(unseen, kAnalyticEfficiency)), 0.75);
}

TEST(XgbCostModelTest, HeadsThatWereTaughtOppositeOrdersDisagree) {
  TrainingSet data = LocalSet(96, 1, "latency_fill");
  const TrainingSet local = LocalSet(16, 3, "latency_fill");
  for (size_t i = 0; i < 16; ++i) {
    data.rows.Append(local.rows.Row(i));
    data.labels.push_back(1.1f - local.labels[i]);
  }
  data.group_sizes = {96, 16};
  XgbCostModel model;
  ASSERT_TRUE(model.Fit(data).ok());
  const auto scores = model.Score(RandomRows(50, 2));
  ASSERT_TRUE(scores.ok());
  double largest = 0;
  for (const Prediction& score : *scores) largest = std::max(largest, score.disagreement);
  EXPECT_GT(largest, 0.5);
}

TEST(XgbCostModelTest, FailedConfigsPullTheirKindDown) {
  TrainingSet data = LocalSet(64, 1, "register_use");
  const size_t column = *FeatureIndex("spilled_registers");
  for (size_t i = 0; i < 64; ++i) {
    if (data.rows.Row(i)[column] > 0.5f) data.labels[i] = 0;
  }
  XgbCostModel model;
  ASSERT_TRUE(model.Fit(data).ok());
  const FeatureMatrix unseen = RandomRows(200, 2);
  const auto scores = model.Score(unseen);
  ASSERT_TRUE(scores.ok());
  double failing = 0, working = 0;
  for (size_t i = 0; i < 200; ++i) {
    double& best = unseen.Row(i)[column] > 0.55f ? failing : working;
    best = std::max(best, (*scores)[i].score);
  }
  EXPECT_GT(working, failing);
}

TEST(XgbCostModelTest, SavedRankerScoresAnotherTaskAndLaterFitsCorrectIt) {
  TrainingSet data = LocalSet(128, 1, "fma_per_load");
  data.has_local = false;
  XgbCostModel teacher;
  ASSERT_TRUE(teacher.Fit(data).ok());
  const auto bytes = teacher.Save();
  ASSERT_TRUE(bytes.ok()) << bytes.status();

  XgbCostModel model;
  ASSERT_TRUE(model.Load(*bytes).ok());
  const FeatureMatrix unseen = RandomRows(100, 2);
  EXPECT_GT(PairAccuracy(*model.Score(unseen), LabelsBy(unseen, "fma_per_load")), 0.9);

  // The new task follows another feature: what was loaded is outweighed by what is measured.
  ASSERT_TRUE(model.Fit(LocalSet(96, 5, "tail_waste")).ok());
  EXPECT_GT(PairAccuracy(*model.Score(unseen), LabelsBy(unseen, "tail_waste")), 0.8);
}

TEST(XgbCostModelTest, ModelsOfAnotherFeatureListAreRefused) {
  XgbCostModel model;
  ASSERT_TRUE(model.Fit(LocalSet(32, 1, "register_use")).ok());
  std::string bytes = *model.Save();
  const size_t hash = bytes.find(FeatureListHash());
  ASSERT_NE(hash, std::string::npos);
  bytes[hash] = bytes[hash] == '0' ? '1' : '0';
  const absl::Status status = model.Load(bytes);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("feature list"), std::string::npos);
}

TEST(XgbCostModelTest, BytesThatAreNoModelAreRefusedAndTheFitStays) {
  XgbCostModel model;
  ASSERT_TRUE(model.Fit(LocalSet(32, 1, "register_use")).ok());
  EXPECT_EQ(model.Load("garbage").code(), absl::StatusCode::kInvalidArgument);
  const std::string bytes = *model.Save();
  EXPECT_EQ(model.Load(bytes.substr(0, 40)).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(model.Score(RandomRows(3, 1))->empty());
}

TEST(XgbCostModelTest, RowsOfAnotherWidthOrCountAreRefused) {
  XgbCostModel model;
  TrainingSet data = LocalSet(8, 1, "register_use");
  data.labels.pop_back();
  EXPECT_EQ(model.Fit(data).code(), absl::StatusCode::kInvalidArgument);
  data = LocalSet(8, 1, "register_use");
  data.group_sizes = {8, 0};
  EXPECT_EQ(model.Fit(data).code(), absl::StatusCode::kInvalidArgument);
  TrainingSet narrow;
  narrow.rows.Append(std::vector<float>{1, 2});
  narrow.labels = {1};
  narrow.group_sizes = {1};
  EXPECT_EQ(model.Fit(narrow).code(), absl::StatusCode::kInvalidArgument);
}

TEST(XgbCostModelTest, ScoresWhileAnotherThreadFits) {
  XgbCostModel model;
  ASSERT_TRUE(model.Fit(LocalSet(16, 1, "register_use")).ok());
  std::atomic<bool> done = false;
  std::thread fitter([&] {
    for (uint64_t seed = 2; seed < 8; ++seed) {
      EXPECT_TRUE(model.Fit(LocalSet(16, seed, "register_use")).ok());
    }
    done = true;
  });
  const FeatureMatrix rows = RandomRows(20, 9);
  do {
    const auto scores = model.Score(rows);
    ASSERT_TRUE(scores.ok());
    EXPECT_EQ(scores->size(), 20u);
  } while (!done);
  fitter.join();
}

}  // namespace
}  // namespace tunefarm::tuner
