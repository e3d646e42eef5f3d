// A Measurer whose results a test makes up. Everything is finished the moment it is asked for, in
// the order of submission; time does not pass.
#ifndef TUNEFARM_TESTS_SUPPORT_FAKE_MEASURER_H_
#define TUNEFARM_TESTS_SUPPORT_FAKE_MEASURER_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "tuner/measure/measurer.h"

namespace tunefarm::tuner {

// An ok report of `median_ns` on device "fake", with as many equal samples as asked for.
inline MeasureReport OkReport(double median_ns, uint32_t num_samples = 5) {
  MeasureReport report;
  report.median_ns = median_ns;
  report.samples_ns.assign(num_samples, median_ns);
  report.runs_per_sample = 1;
  report.device = "fake";
  report.run_ns = 1000;
  return report;
}

inline MeasureReport FailedReport(Outcome outcome, const std::string& error) {
  MeasureReport report;
  report.outcome = outcome;
  report.phase = "verify";
  report.error = error;
  if (outcome != Outcome::kBuildFailed && outcome != Outcome::kIllegalSchedule) {
    report.device = "fake";
  }
  return report;
}

class FakeMeasurer final : public Measurer {
 public:
  struct Submitted {
    MeasureRequest request;
    MeasureOptions options;
  };
  // What comes of a request; `attempt` is 1 for the first submission of its config outside finals.
  std::function<MeasureReport(const MeasureRequest&, int attempt)> measure =
      [](const MeasureRequest&, int) { return OkReport(1000); };
  // What comes of the reference kernel. Not among submitted(), and given out at once.
  std::function<MeasureReport(const std::string& device)> reference = [](const std::string&) {
    return OkReport(500);
  };
  // Configs of one code compile to the same.
  std::function<std::string(const std::string& config)> code_of = [](const std::string& config) {
    return "code of " + config;
  };
  // Called before each report is given out.
  std::function<void()> before_report = [] {};
  int num_silent_calls = 0;  // So many calls of Next find nothing finished.
  absl::Status failure;      // Next's, once nothing is outstanding.
  size_t wanted = 4;
  std::string waiting;
  absl::StatusOr<double> peak_flops = 1e12;

  absl::Status Submit(const std::vector<MeasureRequest>& requests,
                      const MeasureOptions& options) override {
    for (const MeasureRequest& request : requests) {
      if (request.reference) {
        references_.push_back(request);
        continue;
      }
      submitted_.push_back({request, options});
      queue_.push_back({request, options});
    }
    const bool search = !requests.empty() && !requests[0].final_round && !requests[0].reference;
    if (search) most_in_flight_ = std::max(most_in_flight_, queue_.size());
    return absl::OkStatus();
  }
  absl::StatusOr<MeasureReport> Next(absl::Duration) override {
    if (num_silent_calls > 0 && num_silent_calls-- > 0) {
      return absl::DeadlineExceededError("still running");
    }
    if (!references_.empty()) {
      const MeasureRequest request = references_.front();
      references_.pop_front();
      MeasureReport report = reference(request.device);
      report.ticket = request.ticket;
      return report;
    }
    if (queue_.empty() && !failure.ok()) return failure;
    if (queue_.empty()) return absl::DeadlineExceededError("nothing outstanding");
    before_report();
    if (queue_.empty()) return absl::DeadlineExceededError("nothing outstanding");
    const MeasureRequest request = queue_.front().request;
    queue_.pop_front();
    MeasureReport report = measure(request, request.final_round ? 0 : ++attempts_[request.config]);
    report.ticket = request.ticket;
    if (report.outcome == Outcome::kOk) {
      report.artifact_digest = "digest of " + request.config;
      report.text_hash = code_of(request.config);
    }
    return report;
  }
  void Cancel() override {
    queue_.clear();
    references_.clear();
  }
  size_t in_flight() const override { return queue_.size(); }
  size_t wanted_in_flight() const override { return wanted; }
  std::string waiting_reason() const override { return waiting; }
  absl::StatusOr<double> MeasurePeakFlops(const std::string&) override {
    base::MutexLock lock(&mutex_);
    ++num_peaks_;
    return peak_flops;
  }
  absl::StatusOr<DeviceDescription> DescribeDevice(const std::string& name) override {
    DeviceDescription device;
    device.name = name;
    device.model = "a fake";
    return device;
  }

  const std::vector<Submitted>& submitted() const { return submitted_; }
  void ForgetSubmitted() { submitted_.clear(); }
  // Outside finals.
  size_t most_in_flight() const { return most_in_flight_; }
  int num_peaks() const {
    base::MutexLock lock(&mutex_);
    return num_peaks_;
  }

 private:
  std::deque<Submitted> queue_;
  std::deque<MeasureRequest> references_;
  std::vector<Submitted> submitted_;
  std::map<std::string, int> attempts_;  // By config.
  size_t most_in_flight_ = 0;
  mutable base::Mutex mutex_;  // The peak is measured on another thread.
  int num_peaks_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TESTS_SUPPORT_FAKE_MEASURER_H_
