#include "tracker/wire.h"

#include "absl/strings/str_format.h"

namespace tunefarm::tracker {
namespace {

constexpr int kDefaultMaxAttempts = 3;
constexpr uint32_t kMostAttempts =
    100;  // Keeps the history of a candidate's attempts on a readable line.

v1::DeviceStatus ToProto(DeviceStatus status) {
  switch (status) {
    case DeviceStatus::kIdle:
      return v1::DEVICE_STATUS_IDLE;
    case DeviceStatus::kBusy:
      return v1::DEVICE_STATUS_BUSY;
    case DeviceStatus::kDraining:
      return v1::DEVICE_STATUS_DRAINING;
    case DeviceStatus::kUnavailable:
      return v1::DEVICE_STATUS_UNAVAILABLE;
    case DeviceStatus::kLost:
      return v1::DEVICE_STATUS_LOST;
  }
  return v1::DEVICE_STATUS_UNSPECIFIED;
}

void ToProto(const DeviceInfo& info, v1::DeviceInfo* out) {
  out->set_name(info.name);
  out->set_triple(info.triple);
  out->set_cpu(info.cpu);
  out->mutable_features()->Assign(info.features.begin(), info.features.end());
  out->set_num_cores(info.num_cores);
  out->set_memory_bytes(info.memory_bytes);
  out->mutable_tags()->insert(info.tags.begin(), info.tags.end());
  out->set_emulated(info.emulated);
  out->set_agent_version(info.agent_version);
  out->set_kernel_abi_version(info.kernel_abi_version);
  out->set_model(info.model);
  out->set_max_batch(static_cast<uint32_t>(info.max_batch));
  out->set_runs_quarantined(info.runs_quarantined);
  for (const DeviceInfo::Core& core : info.cores) {
    v1::Core* told = out->add_cores();
    told->set_index(core.index);
    told->set_capacity(core.capacity);
    told->set_max_frequency_hz(core.max_frequency_hz);
  }
}

void ToProto(const DeviceState& state, v1::DeviceState* out) {
  if (state.cpu_frequency_hz) out->set_cpu_frequency_hz(*state.cpu_frequency_hz);
  if (state.temperature_millicelsius) {
    out->set_temperature_millicelsius(*state.temperature_millicelsius);
  }
  if (state.throttled) out->set_throttled(*state.throttled);
  if (state.load_average) out->set_load_average(*state.load_average);
  if (state.governor) out->set_governor(*state.governor);
  if (state.firmware_throttled) out->set_firmware_throttled(*state.firmware_throttled);
  out->mutable_core_frequency_hz()->Assign(state.core_frequency_hz.begin(),
                                           state.core_frequency_hz.end());
  out->set_holding(state.holding);
}

}  // namespace

HelloEvent FromProto(const v1::Hello& hello) {
  HelloEvent out;
  out.info = FromProto(hello.device());
  out.info.unavailable = hello.unavailable();
  out.instance_id = hello.instance_id();
  for (const v1::RunningAssignment& assignment : hello.running()) {
    out.running.push_back(assignment.assignment_id());
  }
  for (const v1::QuarantinedKernel& kernel : hello.quarantined()) {
    out.quarantined.push_back({kernel.digest(), kernel.reason()});
  }
  return out;
}

DeviceInfo FromProto(const v1::DeviceInfo& info) {
  DeviceInfo out;
  out.name = info.name();
  out.triple = info.triple();
  out.cpu = info.cpu();
  out.features.assign(info.features().begin(), info.features().end());
  out.num_cores = info.num_cores();
  out.memory_bytes = info.memory_bytes();
  out.tags.insert(info.tags().begin(), info.tags().end());
  out.emulated = info.emulated();
  out.agent_version = info.agent_version();
  out.kernel_abi_version = info.kernel_abi_version();
  out.model = info.model();
  out.max_batch = info.max_batch();
  out.runs_quarantined = info.runs_quarantined();
  for (const v1::Core& core : info.cores()) {
    out.cores.push_back({core.index(), core.capacity(), core.max_frequency_hz()});
  }
  return out;
}

DeviceState FromProto(const v1::DeviceState& state) {
  DeviceState out;
  if (state.has_cpu_frequency_hz()) out.cpu_frequency_hz = state.cpu_frequency_hz();
  if (state.has_temperature_millicelsius()) {
    out.temperature_millicelsius = state.temperature_millicelsius();
  }
  if (state.has_throttled()) out.throttled = state.throttled();
  if (state.has_load_average()) out.load_average = state.load_average();
  if (state.has_governor()) out.governor = state.governor();
  if (state.has_firmware_throttled()) out.firmware_throttled = state.firmware_throttled();
  out.core_frequency_hz.assign(state.core_frequency_hz().begin(), state.core_frequency_hz().end());
  out.holding = state.holding();
  return out;
}

ResultEvent FromProto(const v1::AgentResult& result) {
  ResultEvent out;
  out.assignment_id = result.assignment_id();
  out.epoch = result.epoch();
  out.candidate_id = result.result().candidate_id();
  out.device_lost = result.result().outcome() == v1::OUTCOME_DEVICE_LOST;
  out.error = result.result().error();
  out.took_board_down = result.result().took_board_down();
  return out;
}

SubmissionSpec FromProto(const v1::SubmitRequest& request) {
  SubmissionSpec out;
  out.owner = request.owner();
  out.requirement.name = request.requirement().name();
  out.requirement.architecture = request.requirement().architecture();
  out.requirement.features.assign(request.requirement().features().begin(),
                                  request.requirement().features().end());
  out.requirement.tags.insert(request.requirement().tags().begin(),
                              request.requirement().tags().end());
  if (request.requirement().has_emulated()) {
    out.requirement.emulated = request.requirement().emulated();
  }
  out.requirement.avoid_names.insert(request.requirement().avoid_names().begin(),
                                     request.requirement().avoid_names().end());
  for (const v1::Candidate& candidate : request.candidates()) {
    out.candidates.push_back(candidate.candidate_id());
    if (!candidate.kernel().digest().empty()) {
      out.digests[candidate.candidate_id()] = candidate.kernel().digest();
    }
  }
  out.max_attempts = request.max_attempts() == 0
                         ? kDefaultMaxAttempts
                         : static_cast<int>(std::min(request.max_attempts(), kMostAttempts));
  // Beyond a day the arithmetic of deadlines gains nothing and may overflow.
  out.candidate_timeout = absl::Nanoseconds(request.timing().timeout_ns());
  if (out.candidate_timeout > absl::Hours(24)) out.candidate_timeout = absl::ZeroDuration();
  return out;
}

v1::DeviceEntry ToProto(const DeviceRow& row) {
  v1::DeviceEntry out;
  ToProto(row.info, out.mutable_info());
  out.set_status(ToProto(row.status));
  out.set_reason(row.reason);
  out.set_connected_ns(static_cast<uint64_t>(absl::ToInt64Nanoseconds(row.connected)));
  out.set_busy_ns(static_cast<uint64_t>(absl::ToInt64Nanoseconds(row.busy)));
  out.set_num_results(row.num_results);
  ToProto(row.state, out.mutable_state());
  for (const QuarantinedKernel& kernel : row.quarantined) {
    v1::QuarantinedKernel* told = out.add_quarantined();
    told->set_digest(kernel.digest);
    told->set_reason(kernel.reason);
  }
  return out;
}

v1::MeasureResult ToProto(const EndAsDeviceLost& end) {
  v1::MeasureResult out;
  out.set_candidate_id(end.candidate);
  out.set_outcome(v1::OUTCOME_DEVICE_LOST);
  out.set_phase("dispatch");
  out.set_error(end.history);
  out.set_device(end.device);
  out.set_epoch(end.epoch);
  return out;
}

v1::MeasureResult ToProto(const EndAsQuarantined& end) {
  v1::MeasureResult out;
  out.set_candidate_id(end.candidate);
  out.set_outcome(v1::OUTCOME_CRASHED);
  out.set_phase("dispatch");
  out.set_error(end.why);
  return out;
}

}  // namespace tunefarm::tracker
