// The way of candidates through the farm, as a state machine on one thread:
//
//   Accept -> builder pool -> (equal code? wait for its result) -> ChooseBatch -> BatchSender ->
//   report
//
// FarmMeasurer stands in front of it and makes it thread-safe. Builders and gRPC post what happens
// to `events`, the queue that all of this runs on; `slow` computes references and waits for
// trackers.
#ifndef TUNEFARM_TUNER_MEASURE_FARM_FLOW_H_
#define TUNEFARM_TUNER_MEASURE_FARM_FLOW_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/lru_cache.h"
#include "compiler/target/target.h"
#include "tuner/measure/batch_sender.h"
#include "tuner/measure/batching.h"
#include "tuner/measure/builder_pool.h"
#include "tuner/measure/expected_output.h"
#include "tuner/measure/known_codes.h"
#include "tuner/measure/measurer.h"
#include "tuner/measure/serial_queue.h"
#include "tuner/measure/tracker_client.h"

namespace tunefarm::tuner {

class FarmFlow {
 public:
  using PeakDone = std::function<void(absl::StatusOr<double>)>;
  struct Listener {
    std::function<void(MeasureReport)> on_report;
    std::function<void(const std::string& reason)> on_waiting;  // "": it goes on.
    // At least 1, and how many candidates they want in a batch (0: they do not say).
    std::function<void(size_t num_devices, size_t batch)> on_num_devices;
    std::function<void(const absl::Status&)> on_failure;  // Nothing can be measured any more.
  };
  struct Farm {
    BuilderPool* builders;
    TrackerClient* tracker;
    SerialQueue* events;
    SerialQueue* slow;
  };

  // This must not be destroyed before farm.events is. Timings of hardware and of emulators are
  // never mixed: `emulated` asks for one of them; absent, it is hardware where any that fits is
  // connected when the first candidate comes, else what the first result is from.
  FarmFlow(const Farm& farm, const std::string& owner, absl::Duration reconnect_timeout,
           std::optional<bool> emulated, Listener listener);

  void Accept(const std::vector<MeasureRequest>& requests, const MeasureOptions& options);
  void AcceptPeak(const std::string& target, PeakDone done);
  // The device that candidates for `target` need. Called before any of them is accepted.
  void AddTarget(const std::string& target, const compiler::Target& parsed);
  // Withdraws all; results of code that has been measured are kept.
  void Clear();
  // The farm is broken: all that is outstanding comes back as device_lost.
  void Fail(const absl::Status& status);

 private:
  // One candidate from Accept to its report.
  struct Item {
    MeasureRequest request;
    MeasureOptions options;
    MeasureReport report;
    v1::Kernel kernel;         // Once built, until sent.
    uint64_t final_group = 0;  // 0: none.
    PeakDone peak_done;        // Set: this is a peak kernel.
    uint64_t peak_flops = 0;   // Of one run.

    // Candidates of one key can share a batch; configs of one code share a result.
    std::string BatchKey() const;
    std::string CodeKey() const;
    // Whether the result of another of the same code will do: one for any device.
    bool SharesItsCode() const;
  };
  // Candidates that are compared with each other: they travel together.
  struct FinalGroup {
    std::vector<uint64_t> built;
    size_t building = 0;
  };
  using Expected = std::shared_ptr<const ExpectedOutput>;
  using KeptBuild = std::shared_ptr<const v1::BuildReply>;

  void Build(uint64_t id, v1::BuildRequest request);
  void BuildPeak(uint64_t id, const std::string& target);
  void OnBuilt(uint64_t id, const v1::BuildReply& reply);
  void Enqueue(uint64_t id);
  void Expect(const std::string& workload);
  void CountDevices(const v1::DeviceRequirement& requirement);
  void SendWhatIsDue();
  bool SendGroup(const FinalGroup& group);
  bool SendBatch();
  void Send(const std::vector<uint64_t>& ids, const Expected& expected);
  void OnResult(const v1::MeasureResult& result);
  void Finish(uint64_t id);
  void Abandon(uint64_t id, const absl::Status& status);
  void Withdraw();

  const Farm farm_;
  const std::string owner_;
  const Listener listener_;
  std::optional<bool> emulated_;
  BatchSender sender_;

  uint64_t last_id_ = 0;
  std::map<uint64_t, Item> items_;
  std::map<uint64_t, FinalGroup> groups_;
  std::deque<uint64_t> ready_;  // Built, to be sent; oldest first.
  KnownCodes codes_;
  // What is measured more than once (in the final, after a drift) is built once: by target,
  // workload and config.
  base::LruCache<KeptBuild> kept_builds_;
  std::map<std::string, Expected> expected_;                   // By workload; null: being computed.
  std::map<std::string, v1::DeviceRequirement> requirements_;  // By target.
  size_t num_devices_ = 1;
  size_t batch_ = 0;             // That the devices want; 0: they do not say.
  std::set<uint64_t> building_;  // Ids that builders have.
  // Whether what the builders hold is still wanted.
  std::shared_ptr<std::atomic<bool>> wanted_ = std::make_shared<std::atomic<bool>>(true);
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_FARM_FLOW_H_
