#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/schedule/schedule.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::compiler {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

// One step of every kind.
Schedule EveryStep() {
  return {{Split("s", "i", 4), Reorder("s", {"i_outer", "j", "i_inner"}), Fuse("s", "i_outer", "j"),
           Vectorize("s", "i_inner"), Unroll("s", "j"), Parallel("s", "i_outer"),
           Peel("s", "j", 1, 2), ComputeAt("p", "s", "j"), Inline("p"), CacheRead("s", "in"),
           CacheWrite("s"), Pack("s", "w", {1, 0}, {{1, 16}}), Tensorize("s", "k_inner"),
           PlaceCode("s", "itcm")}};
}

TEST(ScheduleTextTest, EveryStepRoundTrips) {
  const Schedule schedule = EveryStep();
  const auto parsed = ParseSchedule(Print(schedule));
  ASSERT_THAT(parsed, testing::IsOk());
  EXPECT_EQ(*parsed, schedule);
  EXPECT_EQ(Print(*parsed), Print(schedule));
}

TEST(ScheduleTextTest, TextIsOneStepALine) {
  EXPECT_EQ(Print(Schedule{{Split("out", "ow", 14), Pack("acc", "w", {1, 0}, {{1, 16}})}}),
            "split(out, ow, 14)\npack(acc, w, 2, 1, 0, 1, 16)\n");
}

TEST(ScheduleTextTest, EqualHashesMeanEqualSteps) {
  EXPECT_EQ(Hash(EveryStep()), Hash(EveryStep()));
  EXPECT_NE(Hash(Schedule{{Split("s", "i", 4)}}), Hash(Schedule{{Split("s", "i", 5)}}));
}

TEST(ScheduleTextTest, MalformedLinesAreQuoted) {
  const auto code = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(ParseSchedule("spilt(s, i, 4)"),
              StatusIs(code, HasSubstr("'spilt(s, i, 4)': unknown step")));
  EXPECT_THAT(ParseSchedule("split s i 4"), StatusIs(code, HasSubstr("not of the form")));
  EXPECT_THAT(ParseSchedule("split(s, i)"), StatusIs(code, HasSubstr("wrong number")));
  EXPECT_THAT(ParseSchedule("split(s, i, 4, j)"), StatusIs(code, HasSubstr("name after a number")));
  EXPECT_THAT(ParseSchedule("split(s,, 4)"), StatusIs(code, HasSubstr("empty argument")));
}

}  // namespace
}  // namespace tunefarm::compiler
