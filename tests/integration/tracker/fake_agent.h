// An agent on the generated stubs: says Hello, hands its caller what the tracker sends, answers
// what it is told to. Every wait is a blocking read.
#ifndef TUNEFARM_TESTS_INTEGRATION_TRACKER_FAKE_AGENT_H_
#define TUNEFARM_TESTS_INTEGRATION_TRACKER_FAKE_AGENT_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/version.h"
#include "proto/kernel_abi.h"
#include "tunefarm/v1/tracker.grpc.pb.h"

namespace tunefarm::tracker {

// A connection of its own, as processes have them.
inline std::shared_ptr<grpc::Channel> ConnectTo(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(64 << 20);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

inline v1::Hello HelloOf(const std::string& name) {
  v1::Hello hello;
  hello.mutable_device()->set_name(name);
  hello.mutable_device()->set_triple("x86_64-pc-linux-gnu");
  hello.mutable_device()->add_features("avx2");
  hello.mutable_device()->set_kernel_abi_version(TUNEFARM_KERNEL_ABI_VERSION);
  hello.mutable_device()->set_agent_version(base::Print(base::OwnVersion()));
  return hello;
}

class FakeAgent {
 public:
  FakeAgent(const std::string& address, const v1::Hello& hello)
      : stub_(v1::AgentService::NewStub(ConnectTo(address))), stream_(stub_->Connect(&context_)) {
    v1::AgentMessage message;
    *message.mutable_hello() = hello;
    stream_->Write(message);
  }
  FakeAgent(const std::string& address, const std::string& name)
      : FakeAgent(address, HelloOf(name)) {}
  // Leaves as a killed process does.
  ~FakeAgent() {
    if (!finished_) Break();
  }

  // The tracker's next message; nothing once the stream has ended.
  std::optional<v1::TrackerMessage> Read() {
    v1::TrackerMessage message;
    if (!stream_->Read(&message)) return std::nullopt;
    return message;
  }
  // The next of its kind; what comes before it is passed over. An empty message once the stream has
  // ended.
  v1::Assignment NextAssignment() {
    while (const std::optional<v1::TrackerMessage> message = Read()) {
      if (message->has_assignment()) return message->assignment();
    }
    return {};
  }
  v1::TrackerMessage Next(v1::TrackerMessage::KindCase kind) {
    while (std::optional<v1::TrackerMessage> message = Read()) {
      if (message->kind_case() == kind) return *std::move(message);
    }
    return {};
  }

  bool Write(const v1::AgentMessage& message) { return stream_->Write(message); }
  bool Heartbeat() {
    v1::AgentMessage message;
    message.mutable_heartbeat();
    return Write(message);
  }
  bool Answer(const v1::Assignment& assignment, int index) {
    v1::AgentMessage message;
    message.mutable_result()->set_assignment_id(assignment.assignment_id());
    message.mutable_result()->set_epoch(assignment.epoch());
    v1::MeasureResult* result = message.mutable_result()->mutable_result();
    result->set_candidate_id(assignment.candidates(index).candidate_id());
    result->set_outcome(v1::OUTCOME_OK);
    result->set_median_ns(1000);
    return Write(message);
  }
  void AnswerAll(const v1::Assignment& assignment) {
    for (int i = 0; i < assignment.candidates_size(); ++i) Answer(assignment, i);
  }
  // Measures until the stream ends.
  void Serve() {
    while (const std::optional<v1::TrackerMessage> message = Read()) {
      if (message->has_assignment()) AnswerAll(message->assignment());
    }
  }

  // May be called from another thread than the one that reads.
  void Cancel() { context_.TryCancel(); }
  grpc::Status Break() {
    Cancel();
    return Finish();
  }
  // How the stream ended; waits for its end.
  grpc::Status Finish() {
    finished_ = true;
    while (Read().has_value()) {
    }
    return stream_->Finish();
  }

 private:
  std::unique_ptr<v1::AgentService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AgentMessage, v1::TrackerMessage>> stream_;
  bool finished_ = false;
};

// A submission on the generated stubs.
class FakeClient {
 public:
  FakeClient(const std::string& address, const v1::SubmitRequest& request,
             const std::string& token = "")
      : stub_(v1::TrackerService::NewStub(ConnectTo(address))) {
    if (!token.empty()) context_.AddMetadata("authorization", "Bearer " + token);
    reader_ = stub_->Submit(&context_, request);
  }

  static v1::SubmitRequest RequestOf(int num_candidates, size_t elf_bytes = 10) {
    v1::SubmitRequest request;
    request.set_owner("test");
    for (int i = 0; i < num_candidates; ++i) {
      v1::Candidate* candidate = request.add_candidates();
      candidate->set_candidate_id(static_cast<uint64_t>(i));
      candidate->mutable_kernel()->set_elf(std::string(elf_bytes, static_cast<char>('a' + i % 26)));
    }
    return request;
  }

  // The next update; nothing once the stream has ended.
  std::optional<v1::SubmitUpdate> Read() {
    v1::SubmitUpdate update;
    if (!reader_->Read(&update)) return std::nullopt;
    return update;
  }
  // All results until the stream ends.
  std::vector<v1::MeasureResult> Results() {
    std::vector<v1::MeasureResult> results;
    while (const std::optional<v1::SubmitUpdate> update = Read()) {
      if (update->has_result()) results.push_back(update->result());
    }
    return results;
  }
  void Cancel() { context_.TryCancel(); }
  grpc::Status Finish() {
    while (Read().has_value()) {
    }
    return reader_->Finish();
  }

 private:
  std::unique_ptr<v1::TrackerService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::SubmitUpdate>> reader_;
};

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TESTS_INTEGRATION_TRACKER_FAKE_AGENT_H_
