#include "device_agent/heat_hold.h"

#include "gtest/gtest.h"

namespace tunefarm::device_agent {
namespace {

v1::DeviceState AtCelsius(int celsius, bool throttled = false) {
  v1::DeviceState state;
  state.set_temperature_millicelsius(celsius * 1000);
  state.set_throttled(throttled);
  return state;
}

// Holds from 75 down to 65 degrees, two minutes at most. Time passes when the test says so.
class HeatHoldTest : public testing::Test {
 protected:
  bool WaitAt(int seconds, const v1::DeviceState& state) {
    return hold_.ShouldWait(absl::Seconds(seconds), state);
  }

  HeatHold hold_{HoldLimits{}};
};

TEST_F(HeatHoldTest, CoolDeviceIsNotWaitedFor) {
  EXPECT_FALSE(WaitAt(0, AtCelsius(40)));
  EXPECT_FALSE(WaitAt(1, AtCelsius(74)));
  EXPECT_EQ(hold_.held(), absl::ZeroDuration());
}

TEST_F(HeatHoldTest, DeviceThatTellsNothingIsNotWaitedFor) {
  EXPECT_FALSE(WaitAt(0, v1::DeviceState()));
}

TEST_F(HeatHoldTest, HotDeviceIsWaitedForUntilItIsCool) {
  EXPECT_TRUE(WaitAt(0, AtCelsius(75)));
  EXPECT_TRUE(WaitAt(10, AtCelsius(70)));
  EXPECT_TRUE(WaitAt(20, AtCelsius(66)));
  EXPECT_FALSE(WaitAt(30, AtCelsius(65)));
  EXPECT_EQ(hold_.held(), absl::Seconds(30));
}

TEST_F(HeatHoldTest, BetweenTheLimitsNothingBegins) {
  EXPECT_TRUE(WaitAt(0, AtCelsius(80)));
  EXPECT_FALSE(WaitAt(30, AtCelsius(60)));
  EXPECT_FALSE(WaitAt(40, AtCelsius(74)));
  EXPECT_EQ(hold_.held(), absl::ZeroDuration());
}

TEST_F(HeatHoldTest, ThrottledDeviceIsWaitedForHoweverCool) {
  EXPECT_TRUE(WaitAt(0, AtCelsius(50, true)));
  EXPECT_TRUE(WaitAt(10, AtCelsius(50, true)));
  EXPECT_FALSE(WaitAt(20, AtCelsius(50, false)));
}

TEST_F(HeatHoldTest, HoldIsBounded) {
  EXPECT_TRUE(WaitAt(0, AtCelsius(80)));
  EXPECT_TRUE(WaitAt(119, AtCelsius(80)));
  EXPECT_FALSE(WaitAt(120, AtCelsius(80)));
  EXPECT_EQ(hold_.held(), absl::Minutes(2));
}

TEST_F(HeatHoldTest, DeviceThatDoesNotCoolIsNotWaitedForAgain) {
  EXPECT_TRUE(WaitAt(0, AtCelsius(80)));
  EXPECT_FALSE(WaitAt(120, AtCelsius(80)));
  EXPECT_FALSE(WaitAt(121, AtCelsius(82)));
  EXPECT_FALSE(WaitAt(122, AtCelsius(80, true)));
  EXPECT_TRUE(WaitAt(123, AtCelsius(85)));  // Much worse.
}

TEST_F(HeatHoldTest, DeviceThatHasCooledIsWaitedForAgain) {
  EXPECT_TRUE(WaitAt(0, AtCelsius(80)));
  EXPECT_FALSE(WaitAt(120, AtCelsius(80)));
  EXPECT_FALSE(WaitAt(600, AtCelsius(50)));
  EXPECT_TRUE(WaitAt(700, AtCelsius(80)));
}

TEST(ChooseHoldTest, OwnerGoesBeforeTheSystemAndTheSystemBeforeTheDefault) {
  EXPECT_EQ(ChooseHold(60, 95'000)->hot_millicelsius, 60'000);
  EXPECT_EQ(ChooseHold(60, 95'000)->cool_millicelsius, 50'000);
  EXPECT_EQ(ChooseHold(0, 95'000)->hot_millicelsius, 90'000);
  EXPECT_GT(ChooseHold(0, std::nullopt)->hot_millicelsius, 70'000);
  EXPECT_FALSE(ChooseHold(-1, 95'000).has_value());
}

}  // namespace
}  // namespace tunefarm::device_agent
