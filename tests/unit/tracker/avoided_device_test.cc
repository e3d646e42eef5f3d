// A device that a client asks to avoid: for the time being, and as long as there is another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tracker/core_harness.h"

namespace tunefarm::tracker {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

SubmissionSpec Avoiding(const std::string& device, size_t num_candidates) {
  SubmissionSpec spec = CoreHarness::Spec(num_candidates);
  spec.requirement.avoid_names = {device};
  return spec;
}

TEST(AvoidedDeviceTest, DeviceToBeAvoidedGetsNothingWhileAnotherWouldDo) {
  CoreHarness harness;
  harness.Hello("hot");
  const SessionId other = harness.Hello("other");
  harness.Submit(Avoiding("hot", 20));
  for (const SendAssignment& sent : harness.Last<SendAssignment>()) {
    EXPECT_EQ(sent.session, other);
    EXPECT_THAT(sent.candidates, SizeIs(8)) << "not shared with one that takes none";
  }
}

TEST(AvoidedDeviceTest, DeviceToBeAvoidedIsBetterThanNone) {
  CoreHarness harness;
  const SessionId hot = harness.Hello("hot");
  ASSERT_TRUE(harness.HelloAs(CoreHarness::Info("unfit", {})).ok());
  SubmissionSpec spec = Avoiding("hot", 1);
  spec.requirement.features = {"avx2"};
  harness.Submit(spec);
  EXPECT_EQ(harness.Only<SendAssignment>().session, hot);
}

TEST(AvoidedDeviceTest, WorkDoesNotStayBehindWhenOnlyTheDeviceToBeAvoidedIsLeft) {
  CoreHarness harness;
  const SessionId hot = harness.Hello("hot");
  const SessionId other = harness.Hello("other");
  harness.Submit(Avoiding("hot", 20));
  EXPECT_THAT(harness.Last<SendAssignment>(), SizeIs(2));
  harness.Gone(other);
  for (const SendAssignment& sent : harness.Last<SendAssignment>()) EXPECT_EQ(sent.session, hot);
  EXPECT_THAT(harness.Last<SendAssignment>(), Not(IsEmpty()));
}

}  // namespace
}  // namespace tunefarm::tracker
