// Builds candidates and has them measured by the farm: the session's only door to compilers,
// tracker and devices.
#ifndef TUNEFARM_TUNER_MEASURE_MEASURER_H_
#define TUNEFARM_TUNER_MEASURE_MEASURER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tunefarm::tuner {

// Names as in the log: ok, illegal_schedule, build_failed, wrong_result, timeout, crashed,
// out_of_memory, device_lost.
enum class Outcome {
  kOk,
  kIllegalSchedule,
  kBuildFailed,
  kWrongResult,
  kTimeout,
  kCrashed,
  kOutOfMemory,
  kDeviceLost
};
const char* Name(Outcome outcome);

struct DeviceReading {
  std::optional<uint64_t> cpu_frequency_hz;
  std::optional<int32_t> temperature_millicelsius;
  std::optional<bool> throttled;
  std::optional<double> load_average;
};

// One timing, kept whether it counts or not. Verdicts as in the log: steady, frequency_moved,
// throttled.
enum class SampleVerdict { kSteady, kFrequencyMoved, kThrottled };
struct SampleReading {
  double value_ns = 0;  // Per run.
  SampleVerdict verdict = SampleVerdict::kSteady;
  bool counted = true;  // One of MeasureReport::samples_ns.
  DeviceReading before, after;
};

// One candidate to build and measure.
struct MeasureRequest {
  uint64_t ticket = 0;   // The caller's; comes back in the report.
  std::string workload;  // Canonical key.
  std::string target;    // Canonical text.
  std::string config;    // Named knobs of the bound template's space.
  std::string device;    // Exactly this device; empty: any that fits the target.
  // Not these devices, as long as the tracker has another that fits.
  std::vector<std::string> avoid_devices;
  // Measured anew even where equal code has been measured before. Those of one Submit go to one
  // device back to back, in the order given: an interleaved comparison.
  bool final_round = false;
  // The reference kernel of the target instead of a candidate, to see whether the device is still
  // as fast as it was; workload and config are ignored.
  bool reference = false;
};

// What costs are proportional to: time, or on an emulated board what its counts stand for.
enum class CostUnit { kNs, kInstructions, kEstimatedCycles };
const char* Name(CostUnit unit);  // "ns", "instructions", "estimated cycles"

struct MeasureReport {
  uint64_t ticket = 0;
  Outcome outcome = Outcome::kOk;
  std::string phase;  // lower, build, load, prepare, verify, time; "" when ok.
  std::string error;
  std::vector<double> samples_ns;          // Per run.
  std::vector<SampleReading> all_samples;  // Discarded ones included; empty: nobody told.
  bool unsteady = false;                   // No sample was steady: disturbed ones count.
  uint64_t held_ns = 0;                    // The agent waited for the device to cool.
  double median_ns = 0, mad_ns = 0;
  uint64_t runs_per_sample = 0;
  bool cut = false;     // Sampling was cut short: above MeasureOptions::cut_above_ns.
  bool reused = false;  // Not measured again: another config of this measurer gave the same code,
                        // this is its result.
  std::string device;   // Empty: it reached none.
  bool emulated = false;
  // Of a board without an OS; 0: nobody told.
  uint64_t tick_hz = 0;            // Clock of the counter that timed it.
  double median_instructions = 0;  // Of one run, counted by an emulator.
  // Estimated from the code (compiler/artifact/cycle_estimate.h); 0: not estimated.
  double cycles_per_instruction = 0;
  CostUnit cost_unit = CostUnit::kNs;
  double ns_per_cost_unit = 1;  // All times above divided by it are in cost_unit.
  DeviceReading before, after;
  std::string artifact_digest, text_hash, toolchain;
  int64_t text_bytes = 0, artifact_bytes = 0;  // Of the code section, of the whole ELF.
  uint64_t build_ns = 0;                       // Lowering, compiling, linking.
  uint64_t run_ns = 0;                         // On the agent, wall clock.
};

struct MeasureOptions {
  uint32_t num_samples = 5;
  absl::Duration min_sample = absl::Milliseconds(2);
  absl::Duration timeout = absl::Seconds(10);  // Per candidate.
  double cut_above_ns = 0;                     // 0: no early cut.
};

// A device as the tracker knows it.
struct DeviceDescription {
  std::string name, model, triple, cpu, agent_version;
  uint64_t num_cores = 0, memory_bytes = 0;
  bool emulated = false;
};

// Thread-safe. Keeps builders and devices busy: Submit returns at once, reports come back through
// Next in any order. One session has a measurer of its own: whoever calls Next gets all reports.
class Measurer {
 public:
  virtual ~Measurer() = default;
  // Work beyond what builders and devices can take now is queued; in_flight() tells how much the
  // caller has outstanding.
  virtual absl::Status Submit(const std::vector<MeasureRequest>& requests,
                              const MeasureOptions& options) = 0;
  // The next report, or kDeadlineExceeded after `timeout` with nothing finished. Any other error
  // comes when nothing can be measured any more (kUnavailable: the tracker is gone), after the
  // outstanding requests came back as kDeviceLost.
  virtual absl::StatusOr<MeasureReport> Next(absl::Duration timeout) = 0;
  // Withdraws all that is outstanding: nothing of it is reported, a waiting MeasurePeakFlops
  // returns kCancelled.
  virtual void Cancel() = 0;
  // Submitted and not yet given out by Next.
  virtual size_t in_flight() const = 0;
  // How many requests should be outstanding so that neither builders nor devices run dry.
  virtual size_t wanted_in_flight() const = 0;
  // Why nothing moves ("no connected device has avx512f"), or empty.
  virtual std::string waiting_reason() const = 0;
  // Median f32 multiply-add throughput of one core of the device that measures for `target`, in
  // FLOP/s, measured anew by a micro-kernel on the device itself through the same way as any
  // candidate: the clock of a machine moves, so a share of the peak needs a peak of the same
  // minute. Blocks as long as no device is there. Errors: kCancelled, kInternal (the kernel
  // failed), those of Next.
  virtual absl::StatusOr<double> MeasurePeakFlops(const std::string& target) = 0;
  // What the tracker says of a device that reported. Errors: kNotFound, kUnavailable.
  virtual absl::StatusOr<DeviceDescription> DescribeDevice(const std::string& name) = 0;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_MEASURER_H_
