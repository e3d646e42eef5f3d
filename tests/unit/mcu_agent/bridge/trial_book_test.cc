#include "mcu_agent/bridge/trial_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tunefarm::mcu_agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TrialBookTest, FreshCandidatesShareABatch) {
  TrialBook book(3);
  EXPECT_THAT(book.Next(), ElementsAre(0, 1, 2));
  book.End(1);
  EXPECT_THAT(book.Next(), ElementsAre(0, 2));
  book.End(0);
  book.End(2);
  EXPECT_THAT(book.Next(), IsEmpty());
}

TEST(TrialBookTest, FirstFailureDoesNotCount) {
  TrialBook book(2);
  EXPECT_FALSE(book.Failed(0));
  EXPECT_TRUE(book.RunsAlone(0));
}

TEST(TrialBookTest, FailureThatHappensAgainAloneCounts) {
  TrialBook book(1);
  EXPECT_FALSE(book.Failed(0));
  EXPECT_TRUE(book.Failed(0));
}

TEST(TrialBookTest, SuspectsRunAfterTheOthersAndAlone) {
  TrialBook book(3);
  book.Failed(0);
  book.Failed(2);
  EXPECT_THAT(book.Next(), ElementsAre(1));
  book.End(1);
  EXPECT_EQ(book.Next().front(), 0);
  EXPECT_TRUE(book.RunsAlone(book.Next().front()));
}

TEST(TrialBookTest, CandidateThatIsLostAgainAndAgainRunsAlone) {
  TrialBook book(2);
  for (int i = 0; i < TrialBook::kMostSharedLosses; ++i) {
    EXPECT_FALSE(book.RunsAlone(0)) << i;
    EXPECT_FALSE(book.Lost(0)) << i;
  }
  EXPECT_TRUE(book.RunsAlone(0));
  EXPECT_FALSE(book.RunsAlone(1));
}

TEST(TrialBookTest, CandidateThatIsLostAloneTooOftenIsGivenUp) {
  TrialBook book(1);
  book.Failed(0);
  for (int i = 1; i < TrialBook::kMostLoneLosses; ++i) EXPECT_FALSE(book.Lost(0)) << i;
  EXPECT_TRUE(book.Lost(0));
}

TEST(TrialBookTest, LossIsNoFailure) {
  TrialBook book(1);
  for (int i = 0; i < TrialBook::kMostSharedLosses; ++i) book.Lost(0);
  ASSERT_TRUE(book.RunsAlone(0));
  EXPECT_FALSE(book.Failed(0));
  EXPECT_TRUE(book.Failed(0));
}

}  // namespace
}  // namespace tunefarm::mcu_agent
