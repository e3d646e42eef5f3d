// The agent loop: stays connected to the tracker, works through assignments, sends results as they
// come.
//
// Dials out; there is no inbound port. Three threads: the one in Run reads the stream, one writes
// (results, blob requests, heartbeats, so a long measurement never silences the agent), one
// measures. What is to be done next is AssignmentBook's to say; the threads share it under one
// mutex.
#ifndef TUNEFARM_DEVICE_AGENT_AGENT_H_
#define TUNEFARM_DEVICE_AGENT_AGENT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "device_agent/assignment_book.h"
#include "device_agent/backoff.h"
#include "device_agent/kernel_runner.h"
#include "tunefarm/v1/tracker.pb.h"

namespace tunefarm::device_agent {

class TrackerSession;

// Whether an agent takes this update: OK, then it is to end so that its successor starts.
using TakeUpdate = std::function<absl::Status(const v1::UpdateAgent&)>;

struct AgentOptions {
  std::string tracker;    // HOST:PORT.
  v1::DeviceInfo device;  // Name included.
  std::string token;
  std::string instance_id;  // Random, one per process.
  uint64_t backoff_seed = 0;
  uint64_t blob_cache_bytes = uint64_t{64} << 20;
  // How long the tracker may take to answer Hello.
  absl::Duration welcome_timeout = absl::Seconds(30);
  absl::Duration keepalive = absl::Seconds(10);  // As TrackerSession's.
  std::function<v1::DeviceState()> read_state;   // For heartbeats; called on the writing thread.
  // Why the device cannot measure now, on one line; "" when it can. Called on any thread, often;
  // may be empty: it always can.
  std::function<std::string()> read_unavailable;
  std::function<void()> on_welcome;  // At the first Welcome of all; may be empty.
  // Kernels that took a board of this kind down, for each Hello; called on any thread. Empty: none.
  std::function<std::vector<v1::QuarantinedKernel>()> read_quarantined;
  // Those that other agents learnt of; called on the reading thread. Empty: they are ignored.
  std::function<void(const v1::Quarantine&)> on_quarantine;
  // Called on a thread of its own, one at a time. Empty: every update is refused.
  TakeUpdate take_update;
};

// What such an agent says first.
v1::Hello MakeHello(const AgentOptions& options);

// Asks the tracker whether this agent would be welcome, without becoming a device. Errors: the
// tracker's word, UNAVAILABLE (not reachable), DEADLINE_EXCEEDED (no answer within `patience`).
absl::Status ProbeTracker(const AgentOptions& options, absl::Duration patience);

class Agent {
 public:
  // `runner` must outlive the agent and is used by one thread of it.
  Agent(AgentOptions options, KernelRunner* runner);

  // Serves until Stop, dialling again whenever the connection is lost. An error when the tracker
  // refuses this agent (token, name, ABI) before it was ever welcome: trying again would not help.
  absl::Status Run();

  // Makes Run return soon, from any thread; a running kernel is killed.
  void Stop();

  // Returns at once as long as the agent's threads can go on; for ever when they are stuck.
  void CheckAlive();

  // True after Run when it ended because an update was taken.
  bool updated();

 private:
  enum class Phase { kDialling, kWelcome, kOver };

  void MeasureLoop();
  void WriteLoop(TrackerSession* session);
  absl::Status RunSession();
  void Handle(const v1::TrackerMessage& message);
  void HandleWelcome(const v1::Welcome& welcome) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StartUpdate(const v1::UpdateAgent& update) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunUpdate(const v1::UpdateAgent& update);
  void LeaveForUpdate(TrackerSession* session);
  void StopWork(std::optional<uint64_t> serial) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::AgentMessage Hello() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool AwaitWelcome();
  std::vector<v1::AgentMessage> NextMessages();
  bool AwaitNextDial(const absl::Status& status);
  std::vector<v1::AgentMessage> TakeOutgoing() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string ReadUnavailable() const;
  v1::AgentMessage Heartbeat(const std::string& unavailable) const;

  const AgentOptions options_;
  KernelRunner* const runner_;
  Backoff backoff_;  // Of the thread in Run.

  base::Mutex mutex_;
  base::CondVar changed_;  // Of anything below.
  AssignmentBook book_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool was_welcome_ ABSL_GUARDED_BY(mutex_) = false;           // Ever.
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kOver;         // Of the present session.
  TrackerSession* session_ ABSL_GUARDED_BY(mutex_) = nullptr;  // Null between sessions.
  std::string told_unavailable_ ABSL_GUARDED_BY(mutex_);       // To the tracker, in this session.
  absl::Duration heartbeat_interval_ ABSL_GUARDED_BY(mutex_) = absl::Seconds(1);
  uint64_t running_serial_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: nothing runs.
  std::stop_source running_stop_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::UpdateReport> update_report_ ABSL_GUARDED_BY(mutex_);  // To be sent.
  bool updating_ ABSL_GUARDED_BY(mutex_) = false;  // Until the report is being sent.
  bool updated_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread updater_ ABSL_GUARDED_BY(mutex_);  // Joined before the next one, and by Run.
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_AGENT_H_
