// The words of the tracker's pure core: plain values, without protobuf and gRPC (tracker/wire.h
// converts). What travels with a candidate - its kernel, the timing and verification it asks for -
// is not here: the core decides who measures what, and never looks inside.
//
// Times are base::Clock::SteadyNow() values: durations since a fixed point that never run backward.
#ifndef TUNEFARM_TRACKER_TYPES_H_
#define TUNEFARM_TRACKER_TYPES_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/time/time.h"

namespace tunefarm::tracker {

using SessionId = uint64_t;     // One accepted Hello; grows, never reused.
using AssignmentId = uint64_t;  // One batch sent to one device; grows, never reused.
using Epoch = uint64_t;         // The fence of an assignment; grows with every grant.
using SubmissionId = uint64_t;  // One Submit call; grows, never reused.
using CandidateId = uint64_t;   // Chosen by the client, unique within its submission.

// What an agent says of its device. Fields as in DeviceInfo of tunefarm/v1/tracker.proto.
struct DeviceInfo {
  std::string name;    // Unique in the farm.
  std::string triple;  // LLVM triple; its first part is the architecture.
  std::string cpu;
  std::vector<std::string> features;
  uint32_t num_cores = 0;
  uint64_t memory_bytes = 0;
  std::map<std::string, std::string> tags;
  bool emulated = false;
  std::string agent_version;
  uint32_t kernel_abi_version = 0;
  std::string model;
  size_t max_batch = 0;           // Candidates it wants in one assignment; 0: as the policy says.
  bool runs_quarantined = false;  // Its owner consents to what tracker/quarantine.h bars.
  std::string unavailable;        // Why it cannot measure now, in its agent's words; empty: it can.
  struct Core {
    uint32_t index = 0;
    uint32_t capacity = 0;          // 0: not told.
    uint64_t max_frequency_hz = 0;  // 0: not told.
  };
  std::vector<Core> cores;
};

// A kernel that took a board down.
struct QuarantinedKernel {
  std::string digest;
  std::string reason;  // On one line.
};

// What an agent says when it connects.
struct HelloEvent {
  DeviceInfo info;
  std::string instance_id;                     // Of the agent process; may be empty.
  std::vector<AssignmentId> running;           // What it still works on.
  std::vector<QuarantinedKernel> quarantined;  // For its kind of board.
};

// As last told by a heartbeat; what the device's OS does not tell is absent.
struct DeviceState {
  std::optional<uint64_t> cpu_frequency_hz;
  std::optional<int32_t> temperature_millicelsius;
  std::optional<bool> throttled;
  std::optional<double> load_average;
  std::optional<std::string> governor;
  std::optional<uint32_t> firmware_throttled;
  std::vector<uint64_t> core_frequency_hz;
  bool holding = false;  // Waits for the device to cool.
};

// Which device may run a candidate: every condition that is set must hold.
struct Requirement {
  std::string name;
  std::string architecture;
  std::vector<std::string> features;
  std::map<std::string, std::string> tags;
  std::optional<bool> emulated = {};
  std::set<std::string> avoid_names = {};  // Not these while another one would do.
};

struct SubmissionSpec {
  std::string owner;  // Unit of fair sharing.
  Requirement requirement;
  std::vector<CandidateId> candidates;  // Not empty, no duplicates.
  // Of their kernels. One without is never known as the kernel that took a board down.
  std::unordered_map<CandidateId, std::string> digests;
  int max_attempts = 3;  // Dispatches of one candidate; at least 1.
  // How long a device may take over one candidate; zero: unknown, then a stuck device is not
  // noticed.
  absl::Duration candidate_timeout = absl::ZeroDuration();
};

// What an agent reports of one candidate, as far as the core cares.
struct ResultEvent {
  AssignmentId assignment_id = 0;
  Epoch epoch = 0;
  CandidateId candidate_id = 0;
  bool device_lost =
      false;  // The agent lost its board (infrastructure): measured elsewhere, not a result.
  std::string error;                 // Why, when device_lost.
  std::string took_board_down = {};  // How; empty: it did not.
};

enum class DeviceStatus { kIdle, kBusy, kDraining, kUnavailable, kLost };

// One row of the device list, as people see it.
struct DeviceRow {
  DeviceInfo info;
  DeviceStatus status = DeviceStatus::kIdle;
  std::string reason;        // Why it is draining, unavailable or lost.
  absl::Duration connected;  // How long the present (or last) connection has stood (stood).
  absl::Duration busy;       // How much of that it had an assignment.
  uint64_t num_results = 0;
  DeviceState state;
  std::vector<QuarantinedKernel> quarantined = {};  // For its kind of board.
};

struct TrackerPolicy {
  absl::Duration heartbeat_interval = absl::Seconds(2);
  int silent_intervals = 3;    // A device silent for longer than this many intervals is lost.
  size_t max_in_flight = 2;    // Assignments per device: one runs, the next is already there.
  size_t max_batch = 8;        // Candidates per assignment, for devices that do not say.
  size_t largest_batch = 256;  // Whatever a device says.
  size_t max_queued = 100000;  // Candidates waiting in all; more are refused.
  uint64_t first_epoch = 1;    // Above every epoch of an earlier tracker (see TrackerCore).
  absl::Duration stuck_grace = absl::Seconds(30);      // On top of the candidates' own timeouts.
  absl::Duration hello_timeout = absl::Seconds(10);    // For a stream to say who it is.
  absl::Duration forget_lost_after = absl::Hours(24);  // Then a lost device leaves the list.
};

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_TYPES_H_
