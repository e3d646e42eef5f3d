#include "tracker/tracker_core.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::tracker {
namespace {

std::vector<const DeviceInfo*> InfosOf(const std::vector<Device*>& devices) {
  std::vector<const DeviceInfo*> infos;
  for (const Device* device : devices) infos.push_back(&device->info);
  return infos;
}

absl::Status CheckInfo(const DeviceInfo& info) {
  if (info.name.empty()) return absl::InvalidArgumentError("Hello: the device has no name");
  if (info.triple.empty()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("Hello of %s: the device has no LLVM triple", info.name));
  }
  return absl::OkStatus();
}

absl::Status CheckSpec(const SubmissionSpec& spec) {
  if (spec.candidates.empty()) return absl::InvalidArgumentError("submission without candidates");
  std::set<CandidateId> seen;
  for (const CandidateId candidate : spec.candidates) {
    if (!seen.insert(candidate).second) {
      return absl::InvalidArgumentError(
          absl::StrFormat("submission: candidate_id %u occurs twice", candidate));
    }
  }
  if (spec.max_attempts < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("submission: max_attempts %d is below 1", spec.max_attempts));
  }
  return absl::OkStatus();
}

}  // namespace

TrackerCore::TrackerCore(const TrackerPolicy& policy)
    : policy_(policy), next_epoch_(policy.first_epoch), next_assignment_(policy.first_epoch) {}

absl::StatusOr<SessionId> TrackerCore::OnHello(absl::Duration now, HelloEvent hello,
                                               Actions* actions) {
  const std::string& instance_id = hello.instance_id;
  TUNEFARM_RETURN_IF_ERROR(CheckInfo(hello.info));
  TUNEFARM_RETURN_IF_ERROR(devices_.CheckName(hello.info.name, instance_id));
  if (Device* old = devices_.FindByName(hello.info.name); old != nullptr && old->live()) {
    actions->emplace_back(CloseAgent{
        old->session, absl::AbortedError("a newer connection of the same agent took over")});
    LoseDevice(now, *old, "its agent connected anew", actions);
  }
  const SessionId session = next_epoch_++;
  const Device& device = devices_.Connect(now, std::move(hello.info), instance_id, session);
  for (const AssignmentId id : hello.running) actions->emplace_back(SendCancel{session, id});
  if (device.drain_reason.has_value()) {
    actions->emplace_back(SendDrain{session, *device.drain_reason});
  }
  Reconcile(device, hello.quarantined, actions);
  DispatchAndTell(now, actions);
  return session;
}

void TrackerCore::Reconcile(const Device& device, const std::vector<QuarantinedKernel>& known,
                            Actions* actions) {
  std::set<std::string> digests;
  for (const QuarantinedKernel& kernel : known) {
    digests.insert(kernel.digest);
    Bar(device, kernel, actions);
  }
  std::vector<QuarantinedKernel> news = quarantine_.Of(BoardKind(device.info));
  std::erase_if(news, [&](const auto& kernel) { return digests.contains(kernel.digest); });
  if (!news.empty()) actions->emplace_back(SendQuarantine{device.session, std::move(news)});
}

std::vector<DeviceRow> TrackerCore::Devices(absl::Duration now) const {
  std::vector<DeviceRow> rows = devices_.Rows(now);
  for (DeviceRow& row : rows) row.quarantined = quarantine_.Of(BoardKind(row.info));
  return rows;
}

void TrackerCore::Bar(const Device& device, const QuarantinedKernel& kernel, Actions* actions) {
  const std::string kind = BoardKind(device.info);
  if (!quarantine_.Add(kind, kernel)) return;
  for (const Device* other : devices_.Live()) {
    if (other->session == device.session || BoardKind(other->info) != kind) continue;
    actions->emplace_back(SendQuarantine{other->session, {kernel}});
  }
}

void TrackerCore::OnHeard(absl::Duration now, SessionId session) {
  if (Device* device = devices_.Find(session)) devices_.Heard(*device, now);
}

void TrackerCore::OnHeartbeat(absl::Duration now, SessionId session, const DeviceState& state) {
  OnHeard(now, session);
  Device* device = devices_.Find(session);
  if (device == nullptr) return;
  device->state = state;
  // The agent itself bounds how long it waits for a hot device; until then it is not stuck.
  if (state.holding) device->last_progress = now;
}

void TrackerCore::OnAvailability(absl::Duration now, SessionId session,
                                 const std::string& unavailable, Actions* actions) {
  Device* device = devices_.Find(session);
  if (device == nullptr || device->info.unavailable == unavailable) return;
  devices_.SetUnavailable(*device, unavailable);
  DispatchAndTell(now, actions);
}

TrackerCore::AssignmentMap::iterator TrackerCore::Admit(SessionId session,
                                                        const ResultEvent& result) {
  const auto it = assignments_.find(result.assignment_id);
  if (it == assignments_.end()) return it;
  const Assignment& assignment = it->second;
  const bool current = assignment.session == session && assignment.epoch == result.epoch &&
                       assignment.unfinished.contains(result.candidate_id);
  return current ? it : assignments_.end();
}

void TrackerCore::OnResult(absl::Duration now, SessionId session, const ResultEvent& result,
                           Actions* actions) {
  OnHeard(now, session);
  const auto it = Admit(session, result);
  if (it == assignments_.end()) {
    ++num_stale_results_;
    return;
  }
  Device* device = devices_.Find(session);
  TUNEFARM_CHECK(device != nullptr, "an assignment outlived its session");
  Assignment& assignment = it->second;
  const SubmissionId submission = assignment.submission;
  device->last_progress = now;
  assignment.unfinished.erase(result.candidate_id);
  if (!result.took_board_down.empty()) {
    const std::string digest = queue_.DigestOf(submission, result.candidate_id);
    Bar(*device, {digest, result.took_board_down}, actions);
  }
  if (result.device_lost) {
    LoseCandidate(*device, assignment, result.candidate_id, result.error, actions);
  } else {
    actions->emplace_back(ForwardResult{submission, result.candidate_id, device->info.name});
    queue_.End(submission, result.candidate_id);
    ++device->num_results;
  }
  if (assignment.unfinished.empty()) {
    devices_.RemoveInFlight(*device, it->first, now);
    assignments_.erase(it);
  }
  EndIfFinished(submission, actions);
  Dispatch(now, actions);
}

void TrackerCore::OnAgentGone(absl::Duration now, SessionId session, const std::string& why,
                              Actions* actions) {
  Device* device = devices_.Find(session);
  if (device == nullptr) return;
  LoseDevice(now, *device, why, actions);
  DispatchAndTell(now, actions);
}

absl::StatusOr<SubmissionId> TrackerCore::OnSubmit(absl::Duration now, SubmissionSpec spec,
                                                   Actions* actions) {
  TUNEFARM_RETURN_IF_ERROR(CheckSpec(spec));
  if (queue_.num_queued() + spec.candidates.size() > policy_.max_queued) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("submission of %u candidates: %u are queued already, the limit is %u",
                        spec.candidates.size(), queue_.num_queued(), policy_.max_queued));
  }
  const SubmissionId id = next_submission_++;
  queue_.Add(id, std::move(spec));
  DispatchAndTell(now, actions);
  return id;
}

void TrackerCore::OnCancel(absl::Duration now, SubmissionId submission, Actions* actions) {
  if (!queue_.Contains(submission)) return;
  for (auto it = assignments_.begin(); it != assignments_.end();) {
    if (it->second.submission != submission) {
      ++it;
      continue;
    }
    Device* device = devices_.Find(it->second.session);
    TUNEFARM_CHECK(device != nullptr, "an assignment outlived its session");
    actions->emplace_back(SendCancel{it->second.session, it->first});
    devices_.RemoveInFlight(*device, it->first, now);
    it = assignments_.erase(it);
  }
  queue_.Remove(submission);
  Dispatch(now, actions);
}

absl::Status TrackerCore::OnDrain(absl::Duration now, const std::string& device,
                                  const std::string& reason, Actions* actions) {
  Device* row = devices_.FindByName(device);
  if (row == nullptr || !row->live()) {
    return absl::NotFoundError(absl::StrFormat("drain: no device named %s is connected", device));
  }
  devices_.Drain(*row, reason);
  actions->emplace_back(SendDrain{row->session, reason});
  DispatchAndTell(now, actions);
  return absl::OkStatus();
}

std::optional<SessionId> TrackerCore::LiveSession(const std::string& device) {
  const Device* row = devices_.FindByName(device);
  if (row == nullptr || !row->live()) return std::nullopt;
  return row->session;
}

absl::Status TrackerCore::OnUndrain(absl::Duration now, const std::string& device,
                                    Actions* actions) {
  Device* row = devices_.FindByName(device);
  if (row == nullptr || !row->live()) {
    return absl::NotFoundError(absl::StrFormat("undrain: no device named %s is connected", device));
  }
  if (!row->drain_reason.has_value()) {
    return absl::FailedPreconditionError(absl::StrFormat("undrain: %s does not drain", device));
  }
  devices_.Undrain(*row);
  DispatchAndTell(now, actions);
  return absl::OkStatus();
}

std::string TrackerCore::WhyLost(absl::Duration now, const Device& device) const {
  const absl::Duration silent = now - device.last_heard;
  if (silent > policy_.silent_intervals * policy_.heartbeat_interval) {
    return absl::StrFormat("silent for %s", absl::FormatDuration(silent));
  }
  if (device.in_flight.empty()) return "";
  // A device without an OS may run a whole batch before it reports anything of it.
  const Assignment& oldest = assignments_.at(*device.in_flight.begin());
  const absl::Duration timeout = queue_.spec(oldest.submission).candidate_timeout;
  const absl::Duration stuck = now - device.last_progress;
  if (timeout > absl::ZeroDuration() &&
      stuck > static_cast<int64_t>(oldest.unfinished.size()) * timeout + policy_.stuck_grace) {
    return absl::StrFormat("alive, but without a result for %s", absl::FormatDuration(stuck));
  }
  return "";
}

void TrackerCore::OnTick(absl::Duration now, Actions* actions) {
  // Ticks that stayed out mean that this process did not run (stopped, or a suspended machine).
  // What the agents said meanwhile still waits in the sockets, so the gap is no sign of their
  // silence.
  const absl::Duration gap = now - last_tick_ - policy_.heartbeat_interval;
  if (gap > absl::ZeroDuration()) devices_.ForgiveGap(now, gap);
  last_tick_ = now;

  bool changed = false;
  for (Device* device : devices_.Live()) {
    const std::string why = WhyLost(now, *device);
    if (why.empty()) continue;
    changed = true;
    actions->emplace_back(
        CloseAgent{device->session, absl::UnavailableError(absl::StrFormat(
                                        "device %s counts as lost: %s", device->info.name, why))});
    LoseDevice(now, *device, why, actions);
  }
  devices_.ForgetLost(now, policy_.forget_lost_after);
  if (changed) DispatchAndTell(now, actions);
}

void TrackerCore::LoseDevice(absl::Duration now, Device& device, const std::string& why,
                             Actions* actions) {
  const std::set<AssignmentId> lost = device.in_flight;
  for (const AssignmentId id : lost) LoseAssignment(now, device, id, why, actions);
  devices_.MarkLost(device, why, now);
}

void TrackerCore::LoseAssignment(absl::Duration now, Device& device, AssignmentId id,
                                 const std::string& why, Actions* actions) {
  const auto it = assignments_.find(id);
  TUNEFARM_CHECK(it != assignments_.end(), "a device holds an unknown assignment");
  const Assignment assignment = std::move(it->second);
  assignments_.erase(it);
  devices_.RemoveInFlight(device, id, now);
  for (const CandidateId candidate : assignment.unfinished) {
    LoseCandidate(device, assignment, candidate, why, actions);
  }
  EndIfFinished(assignment.submission, actions);
}

void TrackerCore::LoseCandidate(const Device& device, const Assignment& assignment,
                                CandidateId candidate, const std::string& why, Actions* actions) {
  std::optional<std::string> history =
      queue_.Lose(assignment.submission, candidate, device.info.name, why);
  if (!history.has_value()) return;
  actions->emplace_back(EndAsDeviceLost{assignment.submission, candidate, device.info.name,
                                        assignment.epoch, *std::move(history)});
}

void TrackerCore::EndIfFinished(SubmissionId submission, Actions* actions) {
  if (!queue_.Finished(submission)) return;
  queue_.Remove(submission);
  actions->emplace_back(EndSubmission{submission});
}

void TrackerCore::DispatchAndTell(absl::Duration now, Actions* actions) {
  Dispatch(now, actions);
  std::vector<const DeviceInfo*> available;
  std::vector<const DeviceInfo*> draining;
  for (const Device* device : devices_.Live()) {
    (device->available() ? available : draining).push_back(&device->info);
  }
  for (DispatchQueue::Waiting& waiting : queue_.NewlyWaiting(available, draining)) {
    actions->emplace_back(TellWaiting{waiting.submission, std::move(waiting.why)});
  }
}

// Level by level, so that every device has its first assignment before any has its second.
void TrackerCore::Dispatch(absl::Duration now, Actions* actions) {
  if (queue_.num_queued() == 0) return;
  const std::vector<Device*> devices = devices_.Available();
  const std::vector<const DeviceInfo*> infos = InfosOf(devices);
  for (size_t level = 0; level < policy_.max_in_flight; ++level) {
    for (Device* device : devices) {
      if (device->in_flight.size() == level && !RunsSuspect(*device)) {
        Assign(now, *device, infos, actions);
      }
    }
  }
}

void TrackerCore::Assign(absl::Duration now, Device& device,
                         const std::vector<const DeviceInfo*>& available, Actions* actions) {
  const size_t wanted = device.info.max_batch;
  const size_t most = wanted == 0 ? policy_.max_batch : std::min(wanted, policy_.largest_batch);
  std::optional<DispatchQueue::Batch> batch;
  do {
    batch = queue_.Take(device.info, device.in_flight.empty(), available, most);
    if (!batch.has_value()) return;
    for (DispatchQueue::Refusal& refusal : batch->refused) {
      actions->emplace_back(
          EndAsQuarantined{batch->submission, refusal.candidate, std::move(refusal.why)});
    }
    EndIfFinished(batch->submission, actions);
  } while (batch->candidates.empty());
  const AssignmentId id = next_assignment_++;
  const Epoch epoch = next_epoch_++;
  Assignment& assignment = assignments_[id];
  assignment.session = device.session;
  assignment.epoch = epoch;
  assignment.submission = batch->submission;
  assignment.unfinished.insert(batch->candidates.begin(), batch->candidates.end());
  assignment.solo = batch->solo;
  devices_.AddInFlight(device, id, now);
  actions->emplace_back(
      SendAssignment{device.session, id, epoch, batch->submission, std::move(batch->candidates)});
}

bool TrackerCore::RunsSuspect(const Device& device) const {
  return std::any_of(device.in_flight.begin(), device.in_flight.end(),
                     [&](AssignmentId id) { return assignments_.at(id).solo; });
}

}  // namespace tunefarm::tracker
