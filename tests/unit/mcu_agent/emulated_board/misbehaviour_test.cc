#include "mcu_agent/emulated_board/misbehaviour.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

TEST(MisbehaviourTest, AFaultLastsUntilItsEvent) {
  Misbehaviour misbehaviour;
  misbehaviour.Apply(*ParseMisbehaviour("stuck-core until=reset"));
  misbehaviour.On(Until::kReconnect);
  EXPECT_TRUE(misbehaviour.Has(Fault::kStuckCore));
  misbehaviour.On(Until::kReset);
  EXPECT_FALSE(misbehaviour.Has(Fault::kStuckCore));
}

TEST(MisbehaviourTest, APowerCycleEndsWhatAResetEndsButNotWhatACommandEnds) {
  Misbehaviour misbehaviour;
  misbehaviour.Apply(*ParseMisbehaviour("stuck-core until=reset"));
  misbehaviour.Apply(*ParseMisbehaviour("dead-cable"));
  misbehaviour.On(Until::kPower);
  EXPECT_FALSE(misbehaviour.Has(Fault::kStuckCore));
  EXPECT_TRUE(misbehaviour.Has(Fault::kDeadCable));
  misbehaviour.Apply(*ParseMisbehaviour("clear"));
  EXPECT_FALSE(misbehaviour.Has(Fault::kDeadCable));
}

TEST(MisbehaviourTest, CorruptionHappensOnceAfterTheGivenBytes) {
  Misbehaviour misbehaviour;
  misbehaviour.Apply(*ParseMisbehaviour("corrupt-word after=10"));
  EXPECT_EQ(misbehaviour.CorruptionIn(8), std::nullopt);
  EXPECT_EQ(misbehaviour.CorruptionIn(8), 2u);
  EXPECT_EQ(misbehaviour.CorruptionIn(8), std::nullopt);
}

TEST(MisbehaviourTest, WordsThatMakeNoSenseAreNamed) {
  for (const char* line : {"", "explode", "stuck-core until=tomorrow", "stuck-core after=4",
                           "corrupt-word after=x", "power-cycle now", "brown-out until=reset"}) {
    EXPECT_THAT(ParseMisbehaviour(line),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("makes no sense")))
        << line;
  }
}

}  // namespace
}  // namespace tunefarm::mcu_agent
