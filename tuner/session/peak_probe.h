// Measures the device's multiply-add peak beside the session's other work.
#ifndef TUNEFARM_TUNER_SESSION_PEAK_PROBE_H_
#define TUNEFARM_TUNER_SESSION_PEAK_PROBE_H_

#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "tuner/measure/measurer.h"

namespace tunefarm::tuner {

class PeakProbe {
 public:
  // Starts measuring. `measurer` must outlive this.
  PeakProbe(Measurer* measurer, const std::string& target);
  // Cancels all work of the measurer if the peak is still being measured.
  ~PeakProbe();

  // False: not done within `timeout`.
  bool WaitFor(absl::Duration timeout) const ABSL_LOCKS_EXCLUDED(mutex_);
  // FLOP/s of one core; 0: not measured (yet), or that failed.
  double flops() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Measurer* const measurer_;
  mutable base::Mutex mutex_;
  mutable base::CondVar ended_;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  double flops_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SESSION_PEAK_PROBE_H_
