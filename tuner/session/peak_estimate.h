// The device's multiply-add peak as a session uses it: how close the best is to it, and whether to
// believe it. A peak that was disturbed while it was measured is measured again.
#ifndef TUNEFARM_TUNER_SESSION_PEAK_ESTIMATE_H_
#define TUNEFARM_TUNER_SESSION_PEAK_ESTIMATE_H_

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "compiler/ir/type.h"
#include "tuner/measure/measurer.h"
#include "tuner/session/peak_probe.h"

namespace tunefarm::tuner {

class PeakEstimate {
 public:
  // Starts measuring, unless the operator computes on integers: floating-point multiply-adds bound
  // no such kernel, and nothing is known then. `measurer` must outlive this.
  PeakEstimate(Measurer* measurer, const std::string& target, compiler::DType dtype);

  // As PeakProbe's.
  bool WaitFor(absl::Duration timeout) const {
    return probe_ == nullptr || probe_->WaitFor(timeout);
  }
  double flops() const { return probe_ == nullptr ? 0 : probe_->flops(); }

  // Of the peak, for so many operations in so much time. 0: not known.
  double Share(double num_flops, double cost_ns) const;
  // Nothing much faster can be found.
  static bool IsBound(double share);
  // A share above the peak says that something disturbed the peak's measurement: starts anew, a few
  // times at most.
  void Doubt(double share);

 private:
  Measurer* const measurer_;
  const std::string target_;
  std::unique_ptr<PeakProbe> probe_;
  int num_probes_ = 1;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SESSION_PEAK_ESTIMATE_H_
