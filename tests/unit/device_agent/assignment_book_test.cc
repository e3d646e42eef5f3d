#include "device_agent/assignment_book.h"

#include "base/hash.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tunefarm::device_agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

v1::Assignment AssignmentOf(uint64_t id, uint64_t epoch, const std::vector<uint64_t>& candidates) {
  v1::Assignment assignment;
  assignment.set_assignment_id(id);
  assignment.set_epoch(epoch);
  for (const uint64_t candidate_id : candidates) {
    v1::Candidate* candidate = assignment.add_candidates();
    candidate->set_candidate_id(candidate_id);
    candidate->mutable_kernel()->set_elf("kernel");
  }
  return assignment;
}

v1::Assignment WithExpected(v1::Assignment assignment, const std::string& digest) {
  assignment.mutable_verification()->add_expected()->set_digest(digest);
  return assignment;
}

v1::BlobReply ReplyWith(const std::string& bytes, const std::string& digest) {
  v1::BlobReply reply;
  v1::Blob* blob = reply.add_blobs();
  blob->set_digest(digest);
  blob->set_data(bytes);
  return reply;
}

v1::MeasureResult OkOf(uint64_t candidate_id) {
  v1::MeasureResult result;
  result.set_candidate_id(candidate_id);
  result.set_outcome(v1::OUTCOME_OK);
  return result;
}

// "assignment/epoch/candidate/outcome" of each result, "? digest ..." of a request.
std::vector<std::string> Texts(const std::vector<v1::AgentMessage>& messages) {
  std::vector<std::string> texts;
  for (const v1::AgentMessage& message : messages) {
    std::string text;
    if (message.has_blob_request()) {
      text = "?";
      for (const std::string& digest : message.blob_request().digests()) text += " " + digest;
    } else {
      const v1::AgentResult& result = message.result();
      EXPECT_EQ(result.result().epoch(), result.epoch());
      text = std::to_string(result.assignment_id()) + "/" + std::to_string(result.epoch()) + "/" +
             std::to_string(result.result().candidate_id()) + "/" +
             v1::Outcome_Name(result.result().outcome()).substr(8);
    }
    texts.push_back(text);
  }
  return texts;
}

class AssignmentBookTest : public testing::Test {
 protected:
  // Starts the oldest work and ends all its candidates well.
  void RunAll() {
    const std::optional<AssignmentBook::Work> work = book_.Start();
    ASSERT_TRUE(work.has_value());
    for (const v1::Candidate& candidate : work->request.candidates) {
      book_.AddResult(work->serial, OkOf(candidate.candidate_id()));
    }
    book_.Finish(work->serial, absl::OkStatus());
  }

  AssignmentBook book_{1000};
};

TEST_F(AssignmentBookTest, WorkIsStartedInTheOrderOfArrival) {
  book_.Add(AssignmentOf(7, 1, {70}));
  book_.Add(AssignmentOf(3, 2, {30}));
  RunAll();
  RunAll();
  EXPECT_FALSE(book_.HasWork());
  EXPECT_THAT(Texts(book_.TakeOutgoing()), ElementsAre("7/1/70/OK", "3/2/30/OK"));
}

TEST_F(AssignmentBookTest, ResultsAreTakenAsTheyCome) {
  book_.Add(AssignmentOf(1, 1, {10, 11}));
  const auto work = book_.Start();
  book_.AddResult(work->serial, OkOf(10));
  EXPECT_TRUE(book_.HasOutgoing());
  EXPECT_THAT(Texts(book_.TakeOutgoing()), ElementsAre("1/1/10/OK"));
  EXPECT_FALSE(book_.HasOutgoing());
}

TEST_F(AssignmentBookTest, FinishedAssignmentIsForgottenOnceItsResultsAreTaken) {
  book_.Add(AssignmentOf(1, 1, {10}));
  RunAll();
  EXPECT_THAT(book_.Running(), SizeIs(1));
  book_.TakeOutgoing();
  EXPECT_THAT(book_.Running(), IsEmpty());
}

TEST_F(AssignmentBookTest, CandidatesWithoutAResultAreDeviceLost) {
  book_.Add(AssignmentOf(1, 1, {10, 11}));
  const auto work = book_.Start();
  book_.AddResult(work->serial, OkOf(10));
  book_.Finish(work->serial, absl::InternalError("no runner"));
  const std::vector<v1::AgentMessage> messages = book_.TakeOutgoing();
  EXPECT_THAT(Texts(messages), ElementsAre("1/1/10/OK", "1/1/11/DEVICE_LOST"));
  EXPECT_EQ(messages[1].result().result().error(), "no runner");
}

TEST_F(AssignmentBookTest, SecondResultOfACandidateIsIgnored) {
  book_.Add(AssignmentOf(1, 1, {10}));
  const auto work = book_.Start();
  book_.AddResult(work->serial, OkOf(10));
  book_.AddResult(work->serial, OkOf(10));
  book_.AddResult(work->serial, OkOf(99));
  EXPECT_THAT(book_.TakeOutgoing(), SizeIs(1));
}

TEST_F(AssignmentBookTest, AssignmentWaitsForItsBlobsWhileALaterOneRuns) {
  const std::string digest = base::Sha256Hex(std::string("bytes"));
  book_.Add(WithExpected(AssignmentOf(1, 1, {10}), digest));
  EXPECT_FALSE(book_.HasWork());
  EXPECT_THAT(Texts(book_.TakeOutgoing()), ElementsAre("? " + digest));
  book_.Add(AssignmentOf(2, 2, {20}));
  RunAll();
  book_.AddBlobs(ReplyWith("bytes", digest));
  const auto work = book_.Start();
  ASSERT_TRUE(work.has_value());
  EXPECT_EQ(*work->request.blobs.at(digest), "bytes");
}

TEST_F(AssignmentBookTest, BlobIsAskedForOnceAndThenHeld) {
  const std::string digest = base::Sha256Hex(std::string("bytes"));
  book_.Add(WithExpected(AssignmentOf(1, 1, {10}), digest));
  book_.Add(WithExpected(AssignmentOf(2, 2, {20}), digest));
  EXPECT_THAT(book_.TakeOutgoing(), SizeIs(1));
  EXPECT_FALSE(book_.HasOutgoing());
  book_.AddBlobs(ReplyWith("bytes", digest));
  RunAll();
  RunAll();
  book_.TakeOutgoing();
  book_.Add(WithExpected(AssignmentOf(3, 3, {30}), digest));
  EXPECT_TRUE(book_.HasWork());
  EXPECT_FALSE(book_.HasOutgoing());
}

TEST_F(AssignmentBookTest, BlobLargerThanTheCacheStillServesItsAssignment) {
  const std::string bytes(5000, 'x');
  const std::string digest = base::Sha256Hex(bytes);
  book_.Add(WithExpected(AssignmentOf(1, 1, {10}), digest));
  book_.AddBlobs(ReplyWith(bytes, digest));
  const auto work = book_.Start();
  ASSERT_TRUE(work.has_value());
  EXPECT_EQ(work->request.blobs.at(digest)->size(), 5000u);
}

TEST_F(AssignmentBookTest, BlobThatDoesNotMatchItsDigestIsAskedForAgain) {
  const std::string digest = base::Sha256Hex(std::string("bytes"));
  book_.Add(WithExpected(AssignmentOf(1, 1, {10}), digest));
  book_.TakeOutgoing();
  book_.AddBlobs(ReplyWith("other bytes", digest));
  EXPECT_FALSE(book_.HasWork());
  EXPECT_THAT(Texts(book_.TakeOutgoing()), ElementsAre("? " + digest));
}

TEST_F(AssignmentBookTest, ExpectedOutputThatNobodyHasMakesCandidatesDeviceLost) {
  book_.Add(WithExpected(AssignmentOf(1, 1, {10, 11}), "digest"));
  book_.TakeOutgoing();
  v1::BlobReply reply;
  reply.add_missing("digest");
  book_.AddBlobs(reply);
  const auto work = book_.Start();
  ASSERT_TRUE(work.has_value());
  EXPECT_THAT(work->request.candidates, IsEmpty());
  book_.Finish(work->serial, absl::OkStatus());
  const std::vector<v1::AgentMessage> messages = book_.TakeOutgoing();
  EXPECT_THAT(Texts(messages), ElementsAre("1/1/10/DEVICE_LOST", "1/1/11/DEVICE_LOST"));
  EXPECT_THAT(messages[0].result().result().error(), HasSubstr("no expected output digest"));
}

TEST_F(AssignmentBookTest, KernelWithoutBytesIsFetchedByItsDigest) {
  const std::string digest = base::Sha256Hex(std::string("ELF"));
  v1::Assignment assignment = AssignmentOf(1, 1, {10, 11});
  assignment.mutable_candidates(1)->mutable_kernel()->clear_elf();
  assignment.mutable_candidates(1)->mutable_kernel()->set_digest(digest);
  book_.Add(assignment);
  EXPECT_THAT(Texts(book_.TakeOutgoing()), ElementsAre("? " + digest));
  book_.AddBlobs(ReplyWith("ELF", digest));
  const auto work = book_.Start();
  ASSERT_EQ(work->request.candidates.size(), 2u);
  EXPECT_EQ(work->request.candidates[1].kernel().elf(), "ELF");
}

TEST_F(AssignmentBookTest, OnlyTheKernelThatNobodyHasIsLost) {
  v1::Assignment assignment = AssignmentOf(1, 1, {10, 11});
  assignment.mutable_candidates(0)->mutable_kernel()->clear_elf();
  assignment.mutable_candidates(0)->mutable_kernel()->set_digest("gone");
  book_.Add(assignment);
  v1::BlobReply reply;
  reply.add_missing("gone");
  book_.AddBlobs(reply);
  RunAll();
  EXPECT_THAT(Texts(book_.TakeOutgoing()), ElementsAre("1/1/10/DEVICE_LOST", "1/1/11/OK"));
}

TEST_F(AssignmentBookTest, CancelledAssignmentIsForgottenWithItsResults) {
  book_.Add(AssignmentOf(1, 1, {10, 11}));
  const auto work = book_.Start();
  book_.AddResult(work->serial, OkOf(10));
  EXPECT_EQ(book_.Cancel(1), work->serial);
  book_.AddResult(work->serial, OkOf(11));
  book_.Finish(work->serial, absl::CancelledError("stopped"));
  EXPECT_THAT(book_.TakeOutgoing(), IsEmpty());
  EXPECT_THAT(book_.Running(), IsEmpty());
}

TEST_F(AssignmentBookTest, CancellingWhatDoesNotRunStopsNothing) {
  book_.Add(AssignmentOf(1, 1, {10}));
  EXPECT_EQ(book_.Cancel(1), std::nullopt);
  EXPECT_EQ(book_.Cancel(1), std::nullopt);
  EXPECT_FALSE(book_.HasWork());
}

TEST_F(AssignmentBookTest, LaterEpochTakesThePlaceOfTheEarlierOne) {
  book_.Add(AssignmentOf(1, 5, {10}));
  const auto old_work = book_.Start();
  EXPECT_EQ(book_.Add(AssignmentOf(1, 6, {10})), old_work->serial);
  // What the stopped work still says is not taken for the new one's.
  book_.AddResult(old_work->serial, OkOf(10));
  book_.Finish(old_work->serial, absl::CancelledError("stopped"));
  RunAll();
  EXPECT_THAT(Texts(book_.TakeOutgoing()), ElementsAre("1/6/10/OK"));
}

TEST_F(AssignmentBookTest, StaleEpochIsIgnored) {
  book_.Add(AssignmentOf(1, 5, {10}));
  EXPECT_EQ(book_.Add(AssignmentOf(1, 4, {99})), std::nullopt);
  EXPECT_EQ(book_.Add(AssignmentOf(1, 5, {99})), std::nullopt);
  RunAll();
  EXPECT_FALSE(book_.HasWork());
  EXPECT_THAT(Texts(book_.TakeOutgoing()), ElementsAre("1/5/10/OK"));
}

TEST_F(AssignmentBookTest, ReconnectTellsAllResultsOfUnfinishedWorkAgain) {
  book_.Add(AssignmentOf(1, 1, {10, 11}));
  const auto work = book_.Start();
  book_.AddResult(work->serial, OkOf(10));
  book_.TakeOutgoing();
  book_.Reconnect();
  book_.AddResult(work->serial, OkOf(11));
  EXPECT_THAT(Texts(book_.TakeOutgoing()), ElementsAre("1/1/10/OK", "1/1/11/OK"));
}

TEST_F(AssignmentBookTest, ReconnectAsksForBlobsAgain) {
  book_.Add(WithExpected(AssignmentOf(1, 1, {10}), "digest"));
  book_.TakeOutgoing();
  book_.Reconnect();
  EXPECT_THAT(Texts(book_.TakeOutgoing()), ElementsAre("? digest"));
}

}  // namespace
}  // namespace tunefarm::device_agent
