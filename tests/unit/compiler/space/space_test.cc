#include "compiler/space/space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace tunefarm::compiler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;

ConfigSpace SmallSpace() {
  return ConfigSpace("toy.v1", {{"rows", {1, 2, 4}, "Rows."}, {"columns", {8, 16}, "Columns."}},
                     [](const Config& config) {
                       return config.values[0] * config.values[1] > 32 ? "too large" : "";
                     });
}

TEST(ConfigSpaceTest, LastKnobVariesFastest) {
  const ConfigSpace space = SmallSpace();
  EXPECT_EQ(space.num_indices(), 6u);
  EXPECT_THAT(space.At(0).values, ElementsAre(1, 8));
  EXPECT_THAT(space.At(1).values, ElementsAre(1, 16));
  EXPECT_THAT(space.At(5).values, ElementsAre(4, 16));
  for (uint64_t index = 0; index < 6; ++index) EXPECT_EQ(*space.IndexOf(space.At(index)), index);
}

TEST(ConfigSpaceTest, ConstraintLeavesOutWhatBreaksIt) {
  const ConfigSpace space = SmallSpace();
  EXPECT_THAT(space.ValidIndices(100), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(space.ValidIndices(2), ElementsAre(0, 1));
  EXPECT_EQ(space.Violation(space.At(5)), "too large");
}

TEST(ConfigSpaceTest, TextRoundTripsInAnyOrder) {
  const ConfigSpace space = SmallSpace();
  EXPECT_EQ(space.Print(space.At(3)), "rows=2,columns=16");
  EXPECT_EQ(*space.Parse("columns=16,rows=2"), space.At(3));
}

TEST(ConfigSpaceTest, MalformedTextSaysWhatIsWrong) {
  const ConfigSpace space = SmallSpace();
  const auto code = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(space.Parse("rows=2"), StatusIs(code, HasSubstr("'columns' is missing")));
  EXPECT_THAT(space.Parse("rows=2,columns=8,rows=1"),
              StatusIs(code, HasSubstr("'rows' is given twice")));
  EXPECT_THAT(space.Parse("rows=2,depth=8"), StatusIs(code, HasSubstr("'depth' is unknown")));
  EXPECT_THAT(space.Parse("rows=3,columns=8"), StatusIs(code, HasSubstr("no value 3")));
  EXPECT_THAT(space.Parse("rows=x,columns=8"), StatusIs(code, HasSubstr("'x' is not an integer")));
  EXPECT_THAT(space.Parse("rows"), StatusIs(code, HasSubstr("knob=value")));
}

TEST(ConfigSpaceTest, HashChangesWithNameKnobsAndValues) {
  const std::vector<Knob> knobs = {{"rows", {1, 2}, ""}};
  const std::string hash = ConfigSpace("a", knobs, nullptr).hash();
  EXPECT_EQ(ConfigSpace("a", {{"rows", {1, 2}, "other words"}}, nullptr).hash(), hash);
  EXPECT_NE(ConfigSpace("b", knobs, nullptr).hash(), hash);
  EXPECT_NE(ConfigSpace("a", {{"rows", {1, 3}, ""}}, nullptr).hash(), hash);
}

}  // namespace
}  // namespace tunefarm::compiler
