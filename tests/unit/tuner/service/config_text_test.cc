#include "tuner/service/config_text.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace tunefarm::tuner {
namespace {

using ::testing::HasSubstr;
using tunefarm::testing::IsOk;
using tunefarm::testing::StatusIs;

compiler::ConfigSpace Space() {
  return compiler::ConfigSpace(
      "gemm.v1", {{"m", {1, 2, 4}, "rows"}, {"n", {8, 16}, "columns"}},
      [](const compiler::Config& config) {
        return config.values[0] * config.values[1] > 32 ? "needs too many registers" : "";
      });
}

TEST(ParseConfigTest, TakesKnobsOrAnIndex) {
  const auto named = ParseConfig(Space(), "n=16,m=2");
  ASSERT_THAT(named, IsOk());
  EXPECT_EQ(named->values, (std::vector<int64_t>{2, 16}));
  const auto indexed = ParseConfig(Space(), "3");
  ASSERT_THAT(indexed, IsOk());
  EXPECT_EQ(indexed->values, (std::vector<int64_t>{2, 16}));
}

TEST(ParseConfigTest, SaysWhatIsWrong) {
  const auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(ParseConfig(Space(), "6"), StatusIs(kInvalid, HasSubstr("indices 0 to 5")));
  EXPECT_THAT(ParseConfig(Space(), "n=16,m=4"),
              StatusIs(kInvalid, HasSubstr("needs too many registers")));
  EXPECT_THAT(ParseConfig(Space(), "n=16"), StatusIs(kInvalid, HasSubstr("m")));
  EXPECT_THAT(ParseConfig(Space(), "-1"), StatusIs(kInvalid, HasSubstr("-1")));
}

}  // namespace
}  // namespace tunefarm::tuner
