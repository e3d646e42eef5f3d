#include "device_agent/backoff.h"

#include "gtest/gtest.h"

namespace tunefarm::device_agent {
namespace {

TEST(BackoffTest, DoublesUpToTheLongestAndStaysThere) {
  Backoff backoff(1);
  absl::Duration ceiling = Backoff::kFirst;
  for (int i = 0; i < 20; ++i) {
    const absl::Duration wait = backoff.Next();
    EXPECT_GE(wait, ceiling / 2);
    EXPECT_LE(wait, ceiling);
    ceiling = std::min(2 * ceiling, Backoff::kLongest);
  }
  EXPECT_EQ(ceiling, Backoff::kLongest);
}

TEST(BackoffTest, AgentsDoNotWaitAlike) {
  Backoff one(1);
  Backoff other(2);
  EXPECT_NE(one.Next(), other.Next());
}

TEST(BackoffTest, StartsAnewAfterAConnection) {
  Backoff backoff(1);
  for (int i = 0; i < 10; ++i) backoff.Next();
  backoff.Reset();
  EXPECT_LE(backoff.Next(), Backoff::kFirst);
}

}  // namespace
}  // namespace tunefarm::device_agent
