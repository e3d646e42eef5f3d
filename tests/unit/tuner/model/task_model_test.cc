#include "tuner/model/task_model.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tuner/feature/feature_table.h"

namespace tunefarm::tuner {
namespace {

using compiler::Config;
using compiler::ConfigFacts;
using compiler::ConfigSpace;

// Keeps what it was taught; scores by the row's accumulators.
class FakeModel : public CostModel {
 public:
  absl::Status Fit(const TrainingSet& data) override {
    last = data;
    ++fits;
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<Prediction>> Score(const FeatureMatrix& rows) const override {
    std::vector<Prediction> predictions;
    for (size_t i = 0; i < rows.num_rows(); ++i) predictions.push_back({rows.Row(i)[0], 0});
    return predictions;
  }
  absl::StatusOr<std::string> Save() const override { return std::string(); }
  absl::Status Load(const std::string&) override { return absl::OkStatus(); }

  TrainingSet last;
  int fits = 0;
};

class TaskModelTest : public testing::Test {
 protected:
  TaskModelTest()
      : space_("test.v1", {{"acc", AccumulatorValues(), "accumulators"}}, nullptr),
        task_(
            &space_,
            [this](const Config& config) {
              ++num_facts_;
              ConfigFacts facts;
              facts.accumulators = static_cast<double>(config.values[0]);
              return facts;
            },
            compiler::Target(), compiler::Workload(), &model_) {}

  static std::vector<int64_t> AccumulatorValues() {
    std::vector<int64_t> values(32);
    std::iota(values.begin(), values.end(), 1);
    return values;
  }

  ConfigSpace space_;
  FakeModel model_;
  int num_facts_ = 0;
  TaskModel task_;
};

TEST_F(TaskModelTest, FitsEveryEightObservationsOnBestOverCost) {
  for (uint64_t index = 0; index < 7; ++index) task_.Observe(index, true, 100.0 * (index + 1));
  EXPECT_FALSE(*task_.RefitIfDue());
  task_.Observe(7, false, 0);
  EXPECT_TRUE(*task_.RefitIfDue());
  EXPECT_FALSE(*task_.RefitIfDue());
  EXPECT_EQ(model_.fits, 1);
  ASSERT_EQ(model_.last.labels.size(), 8u);
  EXPECT_FLOAT_EQ(model_.last.labels[0], 1);       // The best itself.
  EXPECT_FLOAT_EQ(model_.last.labels[3], 0.25);    // 100 / 400.
  EXPECT_FLOAT_EQ(model_.last.labels[7], 0);       // Failed.
  EXPECT_FLOAT_EQ(model_.last.rows.Row(3)[0], 4);  // Its accumulators.
  EXPECT_EQ(model_.last.group_sizes, std::vector<uint32_t>({8}));
  EXPECT_TRUE(model_.last.has_local);
}

TEST_F(TaskModelTest, OtherTasksStandBeforeTheLocalGroupAndAreScaledByTheirOwnBest) {
  OtherTask other;
  for (float x : {5.0f, 6.0f}) {
    std::vector<float> row(Features().size(), 0);
    row[0] = x;
    other.rows.Append(row);
  }
  other.costs_ns = {20, 10};
  task_.AddOtherTask(other);
  EXPECT_TRUE(*task_.RefitIfDue()) << "others alone are a reason to fit";
  EXPECT_FALSE(model_.last.has_local);
  for (uint64_t index = 0; index < 8; ++index) task_.Observe(index, true, 1000);
  EXPECT_TRUE(*task_.RefitIfDue());
  EXPECT_EQ(model_.last.group_sizes, std::vector<uint32_t>({2, 8}));
  EXPECT_FLOAT_EQ(model_.last.labels[0], 1);    // Best first: 10 / 10,
  EXPECT_FLOAT_EQ(model_.last.labels[1], 0.5);  // 10 / 20.
}

TEST_F(TaskModelTest, LargeOtherTasksAreThinnedToTheirBestHalfAndASpread) {
  OtherTask other;
  for (int i = 0; i < 1000; ++i) {
    other.rows.Append(std::vector<float>(Features().size(), static_cast<float>(i)));
    other.costs_ns.push_back(1000 - i);  // The last is the best.
  }
  task_.AddOtherTask(other);
  ASSERT_TRUE(*task_.RefitIfDue());
  ASSERT_EQ(model_.last.labels.size(), TaskModel::kMaxRowsPerOther);
  for (int i = 0; i < 128; ++i) EXPECT_FLOAT_EQ(model_.last.rows.Row(i)[0], 999 - i);
  EXPECT_FLOAT_EQ(model_.last.rows.Row(128)[0], 871);  // The first of the rest,
  EXPECT_LT(model_.last.rows.Row(255)[0], 10);         // down to the slowest.
}

TEST_F(TaskModelTest, ASecondObservationReplacesTheFirst) {
  for (uint64_t index = 0; index < 7; ++index) task_.Observe(index, true, 100);
  task_.Observe(0, true, 50);
  ASSERT_TRUE(*task_.RefitIfDue());
  ASSERT_EQ(model_.last.labels.size(), 7u);
  EXPECT_FLOAT_EQ(model_.last.labels[0], 1);
  EXPECT_FLOAT_EQ(model_.last.labels[1], 0.5);
}

TEST_F(TaskModelTest, ScoresComeInOrderAndFactsAreComputedOnce) {
  const std::vector<uint64_t> indices = {9, 2, 9};
  for (int round = 0; round < 2; ++round) {
    const auto scores = task_.Score(indices);
    ASSERT_EQ(scores.size(), 3u);
    EXPECT_EQ(scores[0].score, 10);
    EXPECT_EQ(scores[1].score, 3);
    EXPECT_EQ(scores[2].score, 10);
  }
  EXPECT_EQ(num_facts_, 2);
  EXPECT_FLOAT_EQ(task_.Row(2)[0], 3);
}

}  // namespace
}  // namespace tunefarm::tuner
