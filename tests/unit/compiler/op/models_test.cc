#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "compiler/op/operator.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::compiler {
namespace {

using ::testing::HasSubstr;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

int64_t TotalMacs(const std::vector<ModelLayer>& layers) {
  int64_t macs = 0;
  for (const ModelLayer& layer : layers) macs += layer.count * layer.workload.num_macs();
  return macs;
}

class ModelsTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ModelsTest, EveryLayerIsDistinctAndBuilds) {
  const auto layers = LayersOfModel(GetParam());
  ASSERT_THAT(layers, IsOk());
  std::set<std::string> keys;
  for (const ModelLayer& layer : *layers) {
    EXPECT_TRUE(keys.insert(Print(layer.workload)).second) << Print(layer.workload);
    EXPECT_THAT(BuildOperator(layer.workload), IsOk()) << Print(layer.workload);
    EXPECT_GE(layer.count, 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, ModelsTest, ::testing::Values("resnet18", "mobilenet_v1"));

// The figures of the papers: 1.8 and 0.569 thousand million multiply-accumulates.
TEST(ModelsTest, MultiplyAccumulatesAreThoseOfThePapers) {
  EXPECT_EQ(TotalMacs(*LayersOfModel("resnet18")), 1814073344);
  EXPECT_EQ(TotalMacs(*LayersOfModel("mobilenet_v1")), 568740352);
}

TEST(ModelsTest, AnUnknownModelIsAnsweredWithTheKnownOnes) {
  EXPECT_THAT(LayersOfModel("vgg16"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("model vgg16 is unknown; known: resnet18, mobilenet_v1")));
}

}  // namespace
}  // namespace tunefarm::compiler
