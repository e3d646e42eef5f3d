// A tracker that a test plays by hand: agents connect to it, the test reads what they say and
// answers.
#ifndef TUNEFARM_TESTS_SUPPORT_FAKE_TRACKER_H_
#define TUNEFARM_TESTS_SUPPORT_FAKE_TRACKER_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "grpcpp/grpcpp.h"
#include "tunefarm/v1/tracker.grpc.pb.h"

namespace tunefarm::testing {

// Real gRPC on loopback. One agent at a time; all methods may be called from the test's thread.
class FakeTracker {
 public:
  // Listens on a free port, or on `port` where it is not 0.
  explicit FakeTracker(int port = 0);
  ~FakeTracker();

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // Ends the stream of every Hello from now on with this status instead of keeping it.
  void Refuse(const grpc::Status& status);

  // The next message of the agent that is no heartbeat, or is one that says something new about the
  // device being unavailable; none after ten seconds.
  std::optional<v1::AgentMessage> Next();

  // The next Hello (answered by Welcome here), result, blob request. An empty message after ten
  // seconds, or when the agent said something else: the test fails on what it expects in it.
  v1::Hello NextHello();
  v1::AgentResult NextResult();
  v1::BlobRequest NextBlobRequest();

  // Waits until `count` heartbeats have come in all; false after ten seconds.
  bool AwaitHeartbeats(int count);

  void Send(const v1::TrackerMessage& message);

 private:
  using Stream = grpc::ServerReaderWriter<v1::TrackerMessage, v1::AgentMessage>;

  class Service final : public v1::AgentService::Service {
   public:
    explicit Service(FakeTracker* tracker) : tracker_(tracker) {}
    grpc::Status Connect(grpc::ServerContext* context, Stream* stream) override;

   private:
    FakeTracker* const tracker_;
  };

  Service service_{this};
  int port_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<v1::AgentMessage> messages_;
  int num_heartbeats_ = 0;
  std::optional<grpc::Status> refusal_;
  Stream* stream_ = nullptr;

  std::unique_ptr<grpc::Server> server_;  // Last: its threads use all of the above.
};

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_FAKE_TRACKER_H_
