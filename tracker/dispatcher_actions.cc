// What the dispatcher does with the core's decisions.
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "spdlog/spdlog.h"
#include "tracker/dispatcher.h"
#include "tracker/touched.h"
#include "tracker/wire.h"

namespace tunefarm::tracker {

void Dispatcher::Apply(const Actions& actions, const v1::AgentResult* result, Touched* touched) {
  for (const Action& action : actions) {
    std::visit(
        [&](const auto& decided) ABSL_NO_THREAD_SAFETY_ANALYSIS {
          if constexpr (std::is_same_v<std::decay_t<decltype(decided)>, ForwardResult>) {
            TUNEFARM_CHECK(result != nullptr, "a result is forwarded that nobody sent");
            Do(decided, *result, touched);
          } else {
            Do(decided, touched);
          }
        },
        action);
  }
}

void Dispatcher::Do(const SendAssignment& action, Touched* touched) {
  const auto it = submissions_.find(action.submission);
  if (it == submissions_.end()) return;
  v1::TrackerMessage message;
  v1::Assignment& assignment = *message.mutable_assignment();
  assignment.set_assignment_id(action.assignment_id);
  assignment.set_epoch(action.epoch);
  *assignment.mutable_timing() = it->second.timing;
  *assignment.mutable_verification() = it->second.verification;
  for (const CandidateId candidate : action.candidates) {
    *assignment.add_candidates() = it->second.candidates.at(candidate);
  }
  SendToAgent(action.session, std::move(message), touched);
}

void Dispatcher::Do(const SendCancel& action, Touched* touched) {
  v1::TrackerMessage message;
  message.mutable_cancel()->set_assignment_id(action.assignment_id);
  SendToAgent(action.session, std::move(message), touched);
}

void Dispatcher::Do(const SendDrain& action, Touched* touched) {
  v1::TrackerMessage message;
  message.mutable_drain()->set_reason(action.reason);
  SendToAgent(action.session, std::move(message), touched);
}

void Dispatcher::Do(const CloseAgent& action, Touched* touched) {
  const auto it = agents_.find(action.session);
  if (it == agents_.end()) return;
  spdlog::warn("session {} is closed: {}", action.session, base::OneLine(action.why));
  it->second->Close(action.why);
  touched->Add(std::move(it->second));
  agents_.erase(it);
}

void Dispatcher::Do(const ForwardResult& action, const v1::AgentResult& result, Touched* touched) {
  if (const std::string& how = result.result().took_board_down(); !how.empty()) {
    spdlog::warn("candidate {} of submission {} took {} down: {}", action.candidate,
                 action.submission, action.device, how);
  }
  v1::SubmitUpdate update;
  *update.mutable_result() = result.result();
  update.mutable_result()->set_device(action.device);
  update.mutable_result()->set_epoch(result.epoch());
  SendToClient(action.submission, std::move(update), touched);
  if (const auto it = submissions_.find(action.submission); it != submissions_.end()) {
    it->second.candidates.erase(action.candidate);
  }
}

void Dispatcher::Do(const EndAsDeviceLost& action, Touched* touched) {
  spdlog::warn("candidate {} of submission {}: {}", action.candidate, action.submission,
               action.history);
  v1::SubmitUpdate update;
  *update.mutable_result() = ToProto(action);
  SendToClient(action.submission, std::move(update), touched);
}

void Dispatcher::Do(const EndAsQuarantined& action, Touched* touched) {
  spdlog::warn("candidate {} of submission {}: {}", action.candidate, action.submission,
               action.why);
  v1::SubmitUpdate update;
  *update.mutable_result() = ToProto(action);
  SendToClient(action.submission, std::move(update), touched);
  if (const auto it = submissions_.find(action.submission); it != submissions_.end()) {
    it->second.candidates.erase(action.candidate);
  }
}

void Dispatcher::Do(const SendQuarantine& action, Touched* touched) {
  v1::TrackerMessage message;
  for (const QuarantinedKernel& kernel : action.kernels) {
    v1::QuarantinedKernel* told = message.mutable_quarantine()->add_kernels();
    told->set_digest(kernel.digest);
    told->set_reason(kernel.reason);
  }
  SendToAgent(action.session, std::move(message), touched);
}

void Dispatcher::Do(const TellWaiting& action, Touched* touched) {
  v1::SubmitUpdate update;
  update.set_waiting(action.why);
  SendToClient(action.submission, std::move(update), touched);
}

void Dispatcher::Do(const EndSubmission& action, Touched* touched) {
  const auto it = submissions_.find(action.submission);
  if (it == submissions_.end()) return;
  it->second.peer->Close(absl::OkStatus());
  touched->Add(it->second.peer);
  Forget(action.submission);
}

void Dispatcher::SendToAgent(SessionId session, v1::TrackerMessage message, Touched* touched) {
  const auto it = agents_.find(session);
  if (it == agents_.end()) return;
  it->second->Enqueue(std::move(message));
  touched->Add(it->second);
}

void Dispatcher::SendToClient(SubmissionId submission, v1::SubmitUpdate update, Touched* touched) {
  const auto it = submissions_.find(submission);
  if (it == submissions_.end()) return;
  it->second.peer->Enqueue(std::move(update));
  touched->Add(it->second.peer);
}

void Dispatcher::Forget(SubmissionId submission) {
  const auto it = submissions_.find(submission);
  if (it == submissions_.end()) return;
  queued_bytes_ -= it->second.bytes;
  submissions_.erase(it);
}

}  // namespace tunefarm::tracker
