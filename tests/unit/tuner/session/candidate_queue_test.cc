#include "tuner/session/candidate_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tunefarm::tuner {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kDefault = 3;

class CandidateQueueTest : public ::testing::Test {
 protected:
  CandidateQueueTest()
      : space_("s.v1", {{"k", {0, 1, 2, 3, 4, 5}, "A knob."}}, nullptr),
        queue_(&space_, kDefault, [this](size_t n) { return Propose(n); }) {}

  // 0, 1, 2, ... up to the end of the space.
  std::vector<Proposal> Propose(size_t n) {
    std::vector<Proposal> proposals;
    while (proposals.size() < n && next_ < space_.num_indices()) {
      proposals.push_back({next_++, ProposalOrigin::kGrid, 0});
    }
    return proposals;
  }

  static std::vector<uint64_t> Indices(const std::vector<SessionCandidate>& candidates) {
    std::vector<uint64_t> indices;
    for (const auto& candidate : candidates) indices.push_back(candidate.proposal.config_index);
    return indices;
  }

  compiler::ConfigSpace space_;
  uint64_t next_ = 0;
  CandidateQueue queue_;
};

TEST_F(CandidateQueueTest, DefaultComesFirstAndOnce) {
  EXPECT_THAT(Indices(queue_.Next(10)), ElementsAre(kDefault, 0, 1, 2, 4, 5));
  EXPECT_THAT(queue_.Next(10), IsEmpty());
}

TEST_F(CandidateQueueTest, NoMoreThanAskedFor) {
  EXPECT_THAT(Indices(queue_.Next(2)), ElementsAre(kDefault, 0));
  EXPECT_THAT(Indices(queue_.Next(3)), ElementsAre(1, 2, 4));
  EXPECT_THAT(queue_.Next(0), IsEmpty());
}

TEST_F(CandidateQueueTest, DefaultTriedBeforeIsNotRepeated) {
  queue_.MarkTried(kDefault);
  EXPECT_THAT(Indices(queue_.Next(2)), ElementsAre(0, 1));
}

TEST_F(CandidateQueueTest, CandidateThatLostItsDeviceComesBeforeNewOnes) {
  auto candidates = queue_.Next(2);
  EXPECT_TRUE(queue_.TryAgain(candidates[1]));
  const auto next = queue_.Next(2);
  EXPECT_THAT(Indices(next), ElementsAre(0, 1));
  EXPECT_EQ(next[0].attempt, 2);
  EXPECT_EQ(next[1].attempt, 1);
}

TEST_F(CandidateQueueTest, CandidateIsGivenUpAfterItsAttempts) {
  auto candidate = queue_.Next(1).at(0);
  for (int attempt = 1; attempt < CandidateQueue::kMaxAttempts; ++attempt) {
    ASSERT_TRUE(queue_.TryAgain(candidate));
    candidate = queue_.Next(1).at(0);
    EXPECT_EQ(candidate.attempt, attempt + 1);
  }
  EXPECT_FALSE(queue_.TryAgain(candidate));
}

TEST_F(CandidateQueueTest, AttemptsOfAnEarlierRunAreNumberedOnAndDoNotUseUpTheNewOnes) {
  queue_.MarkLostBefore("k=0");
  queue_.MarkLostBefore("k=0");
  auto candidate = queue_.Next(2).at(1);
  EXPECT_EQ(candidate.attempt, 3);
  EXPECT_TRUE(queue_.TryAgain(candidate));
}

}  // namespace
}  // namespace tunefarm::tuner
