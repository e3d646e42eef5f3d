// A client of a tracker, as a tuner is one: puts blobs, submits candidates, takes their results.
#ifndef TUNEFARM_TESTS_SUPPORT_MCU_FARM_FARM_CLIENT_H_
#define TUNEFARM_TESTS_SUPPORT_MCU_FARM_FARM_CLIENT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/support/program.h"
#include "tunefarm/v1/tracker.grpc.pb.h"

namespace tunefarm::testing {

// tuner-tracker as a child process on a free port of loopback; it ends with this.
class TrackerProcess {
 public:
  TrackerProcess();
  // HOST:PORT.
  const std::string& address() const { return address_; }

 private:
  Program program_;
  std::string address_;
};

// One thread at a time.
class FarmClient {
 public:
  explicit FarmClient(const std::string& address);

  absl::Status Put(const v1::Blob& blob);
  // Returns when every candidate has ended, or the call has; DEADLINE_EXCEEDED after `patience`.
  absl::Status Measure(const v1::SubmitRequest& request, absl::Duration patience,
                       const std::function<void(const v1::MeasureResult&)>& on_result);

 private:
  std::unique_ptr<v1::TrackerService::Stub> stub_;
};

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_MCU_FARM_FARM_CLIENT_H_
