// The one update that an agent may be busy with: who waits for its word. Thread-safe.
#ifndef TUNEFARM_TRACKER_UPDATE_SLOT_H_
#define TUNEFARM_TRACKER_UPDATE_SLOT_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/mutex.h"
#include "tracker/peer.h"

namespace tunefarm::tracker {

class UpdateSlot {
 public:
  // False when there is an update already; then `done` is told so.
  bool Take(const std::string& digest, UpdateDone done) {
    {
      base::MutexLock lock(&mutex_);
      if (!done_) {
        digest_ = digest;
        done_ = std::move(done);
        return true;
      }
    }
    done(absl::AlreadyExistsError("another update of this device is under way"));
    return false;
  }

  // Ignored where nobody waits for word of that executable.
  void Report(const v1::UpdateReport& report) {
    {
      base::MutexLock lock(&mutex_);
      if (report.digest() != digest_) return;
    }
    End(report.error().empty() ? absl::OkStatus() : absl::FailedPreconditionError(report.error()));
  }

  void End(const absl::Status& status) {
    UpdateDone done;
    {
      base::MutexLock lock(&mutex_);
      done = std::exchange(done_, nullptr);
    }
    if (done) done(status);
  }

 private:
  base::Mutex mutex_;
  std::string digest_ ABSL_GUARDED_BY(mutex_);
  UpdateDone done_ ABSL_GUARDED_BY(mutex_);  // Empty: none.
};

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_UPDATE_SLOT_H_
