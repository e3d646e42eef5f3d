#include "tuner/cli/watching.h"

#include <cstdio>
#include <thread>

#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include "base/status.h"
#include "tuner/cli/event_printer.h"
#include "tuner/cli/interrupt.h"
#include "tuner/service/event_parse.h"

namespace tunefarm::tuner {
namespace {

constexpr absl::Duration kLookAtInterrupt = absl::Milliseconds(100);

// Cancels a task once Ctrl-C was pressed. A signal handler cannot call gRPC, and the watching
// thread waits for the daemon.
class CancelOnInterrupt {
 public:
  CancelOnInterrupt(TunerClient& client, int64_t task_id)
      : thread_([this, &client, task_id, &stop = StopOnInterrupt()] {
          while (!ended_.WaitForNotificationWithTimeout(kLookAtInterrupt)) {
            if (!stop) continue;
            const absl::Status status = client.Cancel(task_id);
            if (!status.ok()) std::fprintf(stderr, "tuner: %s\n", base::OneLine(status).c_str());
            return;
          }
        }) {}
  ~CancelOnInterrupt() {
    ended_.Notify();
    thread_.join();
  }

 private:
  absl::Notification ended_;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<SessionSummary> WatchTask(TunerClient& client, int64_t task_id,
                                         const WatchOptions& options) {
  std::unique_ptr<CancelOnInterrupt> canceller;
  if (options.cancel_on_interrupt) canceller = std::make_unique<CancelOnInterrupt>(client, task_id);
  const std::unique_ptr<EventPrinter> printer = MakeEventPrinter(false, options.max_seconds);
  TuningEvent last;
  const absl::Status watched = client.Watch(task_id, [&](const v1::TaskEvent& message) {
    if (options.json) std::printf("%s\n", message.json().c_str());
    if (options.json) std::fflush(stdout);
    const absl::StatusOr<TuningEvent> event = ParseEvent(message.json());
    if (!event.ok()) return;  // Of a newer daemon, which tells more than we know.
    last = *event;
    if (!options.json) printer->Print(*event);
  });
  if (!options.json) printer->Finish();
  TUNEFARM_RETURN_IF_ERROR(watched);
  if (last.kind == TuningEvent::Kind::kFailed) {
    return absl::FailedPreconditionError(absl::StrFormat("task %d failed: %s", task_id, last.text));
  }
  return last.summary;
}

}  // namespace tunefarm::tuner
