// What the tuner does when a tracker fails under its hands: a real gRPC server that fails on order.
#include "tuner/measure/batch_sender.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "tests/support/status_matchers.h"
#include "tunefarm/v1/tracker.grpc.pb.h"

namespace tunefarm::tuner {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;

constexpr std::chrono::seconds kPatience(20);
constexpr uint64_t kCandidateId = 7;
constexpr int kAlways = 1 << 30;

// Answers every candidate, except that the next so many calls of a kind end with an error.
class FailingTracker final : public v1::TrackerService::Service {
 public:
  FailingTracker() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    address_ = absl::StrFormat("127.0.0.1:%d", port);
  }
  ~FailingTracker() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string address() const { return address_; }

  std::atomic<int> broken_submits = 0;
  std::atomic<int> broken_uploads = 0;
  std::atomic<int> submits_without_blob = 0;

  grpc::Status Submit(grpc::ServerContext*, const v1::SubmitRequest* request,
                      grpc::ServerWriter<v1::SubmitUpdate>* updates) override {
    if (broken_submits-- > 0) return Broken();
    if (submits_without_blob-- > 0) {
      return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "no such blob");
    }
    for (const v1::Candidate& candidate : request->candidates()) {
      v1::SubmitUpdate update;
      update.mutable_result()->set_candidate_id(candidate.candidate_id());
      updates->Write(update);
    }
    return grpc::Status::OK;
  }
  grpc::Status PutBlobs(grpc::ServerContext*, const v1::PutBlobsRequest*,
                        v1::PutBlobsReply*) override {
    return broken_uploads-- > 0 ? Broken() : grpc::Status::OK;
  }

 private:
  static grpc::Status Broken() {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "Broken pipe");
  }

  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

class BatchSenderTest : public ::testing::Test {
 protected:
  // What became of a batch of one candidate: OK where it had its result.
  absl::Status SendOne(absl::Duration reconnect_timeout) {
    std::promise<absl::Status> ended;
    TrackerClient client({tracker_.address(), ""});
    std::optional<BatchSender> sender;  // Outlives the queue that calls it.
    SerialQueue slow;
    SerialQueue events;
    sender.emplace(&client, &events, &slow, reconnect_timeout,
                   BatchSender::Listener{
                       .on_result =
                           [&](const v1::MeasureResult& result) {
                             EXPECT_EQ(result.candidate_id(), kCandidateId);
                             ended.set_value(absl::OkStatus());
                           },
                       .on_waiting = [](const std::string&) {},
                       .on_refused =
                           [&](const std::vector<uint64_t>& ids, const absl::Status& status) {
                             EXPECT_THAT(ids, ElementsAre(kCandidateId));
                             ended.set_value(status);
                           }});
    v1::SubmitRequest request;
    request.add_candidates()->set_candidate_id(kCandidateId);
    events.Post([&] { sender->Send(request, std::make_shared<v1::Blob>()); });
    std::future<absl::Status> end = ended.get_future();
    if (end.wait_for(kPatience) != std::future_status::ready) {
      return absl::DeadlineExceededError("neither a result nor a refusal");
    }
    std::promise<void> cleared;
    events.Post([&] {
      sender->Clear();
      cleared.set_value();
    });
    cleared.get_future().wait();
    return end.get();
  }

  FailingTracker tracker_;
};

TEST_F(BatchSenderTest, BlobThatTheTrackerLacksIsUploadedAndTheBatchSentAgain) {
  tracker_.submits_without_blob = 1;
  EXPECT_TRUE(SendOne(absl::Seconds(10)).ok());
}

TEST_F(BatchSenderTest, ConnectionThatBreaksDuringTheUploadIsTriedAgain) {
  tracker_.submits_without_blob = 1;
  tracker_.broken_uploads = 2;
  EXPECT_TRUE(SendOne(absl::Seconds(10)).ok());
}

TEST_F(BatchSenderTest, ConnectionThatBreaksManyTimesIsTriedAgain) {
  tracker_.broken_submits = 8;
  EXPECT_TRUE(SendOne(absl::Seconds(60)).ok());
}

TEST_F(BatchSenderTest, TrackerThatStaysBrokenIsGivenUpAfterTheTimeout) {
  tracker_.broken_submits = kAlways;
  EXPECT_THAT(SendOne(absl::Milliseconds(300)),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("Broken pipe")));
}

TEST_F(BatchSenderTest, TrackerThatNeverHasTheBlobIsGivenUp) {
  tracker_.submits_without_blob = kAlways;
  EXPECT_THAT(SendOne(absl::Seconds(10)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no such blob")));
}

}  // namespace
}  // namespace tunefarm::tuner
