#include "tuner/measure/wire.h"

#include <algorithm>

#include "proto/code_memory.h"

namespace tunefarm::tuner {
namespace {

DeviceReading FromProto(const v1::DeviceState& state) {
  DeviceReading reading;
  if (state.has_cpu_frequency_hz()) reading.cpu_frequency_hz = state.cpu_frequency_hz();
  if (state.has_temperature_millicelsius()) {
    reading.temperature_millicelsius = state.temperature_millicelsius();
  }
  if (state.has_throttled()) reading.throttled = state.throttled();
  if (state.has_load_average()) reading.load_average = state.load_average();
  return reading;
}

SampleReading FromProto(const v1::Sample& sample) {
  SampleReading reading;
  reading.value_ns = sample.value_ns();
  if (sample.verdict() == v1::SAMPLE_VERDICT_FREQUENCY_MOVED) {
    reading.verdict = SampleVerdict::kFrequencyMoved;
  } else if (sample.verdict() == v1::SAMPLE_VERDICT_THROTTLED) {
    reading.verdict = SampleVerdict::kThrottled;
  }
  reading.counted = sample.counted();
  reading.before = FromProto(sample.before());
  reading.after = FromProto(sample.after());
  return reading;
}

uint64_t ToNs(absl::Duration duration) {
  return static_cast<uint64_t>(absl::ToInt64Nanoseconds(duration));
}

}  // namespace

const char* Name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "ok";
    case Outcome::kIllegalSchedule:
      return "illegal_schedule";
    case Outcome::kBuildFailed:
      return "build_failed";
    case Outcome::kWrongResult:
      return "wrong_result";
    case Outcome::kTimeout:
      return "timeout";
    case Outcome::kCrashed:
      return "crashed";
    case Outcome::kOutOfMemory:
      return "out_of_memory";
    case Outcome::kDeviceLost:
      return "device_lost";
  }
  return "unknown";
}

const char* Name(CostUnit unit) {
  switch (unit) {
    case CostUnit::kNs:
      return "ns";
    case CostUnit::kInstructions:
      return "instructions";
    case CostUnit::kEstimatedCycles:
      return "estimated cycles";
  }
  return "unknown";
}

Outcome FromProto(v1::Outcome outcome) {
  switch (outcome) {
    case v1::OUTCOME_OK:
      return Outcome::kOk;
    case v1::OUTCOME_ILLEGAL_SCHEDULE:
      return Outcome::kIllegalSchedule;
    case v1::OUTCOME_BUILD_FAILED:
      return Outcome::kBuildFailed;
    case v1::OUTCOME_WRONG_RESULT:
      return Outcome::kWrongResult;
    case v1::OUTCOME_TIMEOUT:
      return Outcome::kTimeout;
    case v1::OUTCOME_CRASHED:
      return Outcome::kCrashed;
    case v1::OUTCOME_OUT_OF_MEMORY:
      return Outcome::kOutOfMemory;
    default:
      return Outcome::kDeviceLost;
  }
}

void AddBuild(const v1::BuildReply& build, MeasureReport* report) {
  report->outcome = FromProto(build.outcome());
  report->phase = build.phase();
  report->error = build.error();
  report->artifact_digest = build.kernel().digest();
  report->text_hash = build.text_hash();
  report->text_bytes = build.text_bytes();
  report->artifact_bytes = static_cast<int64_t>(build.kernel().elf().size());
  report->toolchain = build.toolchain();
  report->build_ns = build.build_ns();
  report->cycles_per_instruction = build.cycles_per_instruction();
}

void AddResult(const v1::MeasureResult& result, MeasureReport* report) {
  report->outcome = FromProto(result.outcome());
  report->phase = result.phase();
  report->error = result.error();
  report->samples_ns.assign(result.samples_ns().begin(), result.samples_ns().end());
  for (const v1::Sample& sample : result.samples()) {
    report->all_samples.push_back(FromProto(sample));
  }
  report->unsteady = result.unsteady();
  report->held_ns = result.held_ns();
  report->median_ns = result.median_ns();
  report->mad_ns = result.mad_ns();
  report->runs_per_sample = result.runs_per_sample();
  report->cut = result.cut();
  report->device = result.device();
  report->emulated = result.emulated();
  report->tick_hz = result.tick_hz();
  report->median_instructions = result.median_instructions();
  if (report->emulated && report->median_instructions > 0) {
    report->cost_unit = CostUnit::kInstructions;
    report->ns_per_cost_unit = report->median_ns / report->median_instructions;
  }
  report->before = FromProto(result.before());
  report->after = FromProto(result.after());
  report->run_ns = result.wall_ns();
}

MeasureReport AsReused(const MeasureReport& measured, const MeasureReport& built) {
  MeasureReport report = measured;
  report.ticket = built.ticket;
  report.artifact_digest = built.artifact_digest;
  report.artifact_bytes = built.artifact_bytes;
  report.build_ns = built.build_ns;
  report.run_ns = 0;
  report.reused = true;
  return report;
}

DeviceDescription FromProto(const v1::DeviceInfo& info) {
  DeviceDescription device;
  device.name = info.name();
  device.model = info.model();
  device.triple = info.triple();
  device.cpu = info.cpu();
  device.agent_version = info.agent_version();
  device.num_cores = info.num_cores();
  device.memory_bytes = info.memory_bytes();
  device.emulated = info.emulated();
  return device;
}

std::string Architecture(const std::string& triple) { return triple.substr(0, triple.find('-')); }

v1::DeviceRequirement RequirementOf(const compiler::Target& target) {
  v1::DeviceRequirement requirement;
  requirement.set_architecture(Architecture(target.triple));
  requirement.mutable_features()->Assign(target.features.begin(), target.features.end());
  // As boards announce the memories that they run code from.
  for (const std::string& memory : target.code_memories) {
    requirement.add_features(TUNEFARM_CODE_FEATURE_PREFIX + memory);
  }
  return requirement;
}

std::string MissingFeature(const v1::DeviceInfo& device, const v1::DeviceRequirement& requirement) {
  const auto& has = device.features();
  for (const std::string& feature : requirement.features()) {
    if (std::find(has.begin(), has.end(), feature) == has.end()) return feature;
  }
  return "";
}

bool CanMeasure(const v1::DeviceEntry& entry, const v1::DeviceRequirement& requirement) {
  if (entry.status() != v1::DEVICE_STATUS_IDLE && entry.status() != v1::DEVICE_STATUS_BUSY) {
    return false;
  }
  return Architecture(entry.info().triple()) == requirement.architecture() &&
         MissingFeature(entry.info(), requirement).empty();
}

v1::TimingSpec MakeTiming(const MeasureOptions& options, bool final_round) {
  v1::TimingSpec timing;
  timing.set_num_warmup_runs(1);
  timing.set_num_samples(options.num_samples);
  timing.set_min_sample_ns(ToNs(options.min_sample));
  // A kernel of seconds gets fewer samples instead of a timeout.
  timing.set_max_timing_ns(ToNs(options.timeout / 5));
  if (!final_round) timing.set_cut_above_ns(static_cast<uint64_t>(options.cut_above_ns));
  timing.set_num_threads(1);
  timing.set_timeout_ns(ToNs(options.timeout));
  return timing;
}

}  // namespace tunefarm::tuner
