// What a session makes small where a board is emulated: the instructions that the emulator counts,
// or the cycles they are estimated to take. Stands between the session and its measurer, so that
// search, model, final and log see one cost. On hardware nothing changes: the cost is time.
#ifndef TUNEFARM_TUNER_SESSION_OBJECTIVE_H_
#define TUNEFARM_TUNER_SESSION_OBJECTIVE_H_

#include <string>

#include "absl/status/statusor.h"
#include "tuner/measure/measurer.h"

namespace tunefarm::tuner {

enum class Objective { kInstructions, kEstimatedCycles };

// "instructions", "estimated-cycles". Errors: kInvalidArgument that lists both.
const char* Name(Objective objective);
absl::StatusOr<Objective> ParseObjective(const std::string& text);

// Brings an ok report of counted instructions to the objective: for estimated cycles every time in
// it is multiplied by its code's cycles per instruction, and cost_unit says so. Without an estimate
// the report becomes kBuildFailed: costs of two kinds must not be compared.
void ApplyObjective(Objective objective, MeasureReport& report);

// `inner` with ApplyObjective on every report.
class ObjectiveMeasurer final : public Measurer {
 public:
  // `inner` outlives this.
  ObjectiveMeasurer(Measurer& inner, Objective objective) : inner_(inner), objective_(objective) {}

  // Early cuts are left out under estimated cycles: the agent compares other figures.
  absl::Status Submit(const std::vector<MeasureRequest>& requests,
                      const MeasureOptions& options) override;
  absl::StatusOr<MeasureReport> Next(absl::Duration timeout) override;
  void Cancel() override { inner_.Cancel(); }
  size_t in_flight() const override { return inner_.in_flight(); }
  size_t wanted_in_flight() const override { return inner_.wanted_in_flight(); }
  std::string waiting_reason() const override { return inner_.waiting_reason(); }
  absl::StatusOr<double> MeasurePeakFlops(const std::string& target) override {
    return inner_.MeasurePeakFlops(target);
  }
  absl::StatusOr<DeviceDescription> DescribeDevice(const std::string& name) override {
    return inner_.DescribeDevice(name);
  }

 private:
  Measurer& inner_;
  const Objective objective_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SESSION_OBJECTIVE_H_
