// Everything an agent knows about its work: assignments, the blobs they wait for, results not yet
// told.
//
// The pure core of the agent loop (agent.h): no threads, no clock, no gRPC. The tracker's messages
// come in, the runner takes work and gives results, the link takes messages to send.
#ifndef TUNEFARM_DEVICE_AGENT_ASSIGNMENT_BOOK_H_
#define TUNEFARM_DEVICE_AGENT_ASSIGNMENT_BOOK_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/lru_cache.h"
#include "device_agent/kernel_runner.h"
#include "tunefarm/v1/tracker.pb.h"

namespace tunefarm::device_agent {

// Not thread-safe.
class AssignmentBook {
 public:
  // What the runner is given. `serial` names this work until Finish.
  struct Work {
    uint64_t serial = 0;
    MeasureRequest request;
  };

  // Blobs of up to `blob_cache_bytes` are kept for later assignments; those that a known assignment
  // needs are kept in any case.
  explicit AssignmentBook(uint64_t blob_cache_bytes) : blobs_(blob_cache_bytes) {}

  // ---- from the tracker

  // A later epoch of a known assignment takes its place; the same or an earlier one is stale and
  // ignored. Returns the serial of running work that is no longer wanted.
  std::optional<uint64_t> Add(v1::Assignment assignment);

  // Bytes that do not match their digest are ignored, as if they had not come.
  void AddBlobs(const v1::BlobReply& reply);

  // Forgets the assignment and its results. Returns the serial when it is running.
  std::optional<uint64_t> Cancel(uint64_t assignment_id);

  // ---- to the runner and back

  // True when Start would return work.
  bool HasWork() const;

  // The oldest assignment that has all it needs. Candidates whose bytes the tracker does not hold
  // any more end here, as device_lost.
  std::optional<Work> Start();

  // Ignored when the work was cancelled.
  void AddResult(uint64_t serial, v1::MeasureResult result);

  // The runner is done; candidates without a result are device_lost because of `status`.
  void Finish(uint64_t serial, const absl::Status& status);

  // ---- to the link

  // What Hello lists: every assignment with work to do or results to tell.
  std::vector<v1::RunningAssignment> Running() const;

  // A new connection: whatever was sent on the last one may be lost. Blobs are asked for anew, and
  // every result of the assignments that Running lists is sent again; the tracker drops doubles.
  void Reconnect();

  bool HasOutgoing() const;

  // Results and blob requests that were not sent on this connection yet.
  std::vector<v1::AgentMessage> TakeOutgoing();

 private:
  enum class State { kQueued, kRunning, kFinished };

  struct Entry {
    uint64_t serial = 0;
    State state = State::kQueued;
    v1::Assignment assignment;
    std::set<std::string> wanted;   // Digests still missing here.
    std::set<std::string> nowhere;  // Digests that the tracker does not hold either.
    BlobMap blobs;
    std::set<uint64_t> open;  // Candidates without a result.
    std::vector<v1::MeasureResult> results;
    size_t num_sent = 0;
  };

  std::deque<Entry>::iterator Find(uint64_t assignment_id);
  std::deque<Entry>::iterator FindSerial(uint64_t serial);
  void Want(const std::string& digest, Entry* entry);
  void EndAsLost(uint64_t candidate_id, const std::string& why, Entry* entry);
  bool TakeCandidate(v1::Candidate candidate, Entry* entry, MeasureRequest* request);
  void DropDone();

  std::deque<Entry> entries_;  // In order of arrival.
  uint64_t next_serial_ = 1;
  base::LruCache<std::shared_ptr<const std::string>> blobs_;
  std::set<std::string> requested_;  // On this connection, not answered yet.
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_ASSIGNMENT_BOOK_H_
