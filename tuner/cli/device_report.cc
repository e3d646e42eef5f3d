#include "tuner/cli/device_report.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "tuner/cli/command.h"
#include "tuner/cli/table.h"

namespace tunefarm::tuner {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kReferencesShown = 8;

// Lines in two columns; a word without a value is left out.
class Lines {
 public:
  void Add(const std::string& word, const std::string& value) {
    if (!value.empty()) text_ += absl::StrFormat("%-12s %s\n", word, value);
  }
  void AddText(const std::string& text) { text_ += text; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string Hertz(uint64_t hz) {
  return absl::StrFormat("%.0f MHz", static_cast<double>(hz) / 1e6);
}
std::string Celsius(int32_t millicelsius) { return absl::StrFormat("%.1f C", millicelsius / 1e3); }
std::string Seconds(uint64_t ns) {
  return absl::FormatDuration(
      absl::Trunc(absl::Nanoseconds(static_cast<int64_t>(ns)), absl::Seconds(1)));
}
std::string Percent(double share) { return absl::StrFormat("%.2f %%", 100 * share); }
std::string TimeOfDay(uint64_t at_ns) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixNanos(static_cast<int64_t>(at_ns)),
                          absl::UTCTimeZone());
}

std::string Cores(const v1::DeviceInfo& info) {
  std::vector<std::string> cores;
  for (const v1::Core& core : info.cores()) {
    std::string text = absl::StrFormat("%u", core.index());
    if (core.capacity() != 0) text += absl::StrFormat(" capacity %u", core.capacity());
    if (core.max_frequency_hz() != 0) text += " up to " + Hertz(core.max_frequency_hz());
    cores.push_back(text);
  }
  return absl::StrJoin(cores, ", ");
}

std::string Throttling(const v1::DeviceState& state) {
  if (!state.has_throttled()) return "";
  std::string text = state.throttled() ? "yes" : "no";
  if (state.has_firmware_throttled()) {
    text += absl::StrFormat(" (firmware says %#x)", state.firmware_throttled());
  }
  return text;
}

void AddState(const v1::DeviceState& state, Lines* lines) {
  lines->Add("governor", state.governor());
  if (state.has_cpu_frequency_hz()) lines->Add("clock", Hertz(state.cpu_frequency_hz()));
  if (state.has_temperature_millicelsius()) {
    lines->Add("temperature", Celsius(state.temperature_millicelsius()) +
                                  (state.holding() ? " (waiting for it to cool)" : ""));
  }
  lines->Add("throttled", Throttling(state));
  if (state.has_load_average()) lines->Add("load", absl::StrFormat("%.2f", state.load_average()));
}

// By the first digits of their digests, as people tell them apart; --json has all of them.
void AddQuarantined(const v1::DeviceEntry& entry, Lines* lines) {
  constexpr size_t kDigits = 12;
  for (const v1::QuarantinedKernel& kernel : entry.quarantined()) {
    lines->Add("quarantined", absl::StrFormat("kernel %s: %s", kernel.digest().substr(0, kDigits),
                                              kernel.reason()));
  }
}

void AddLive(const v1::DeviceEntry& entry, Lines* lines) {
  const v1::DeviceInfo& info = entry.info();
  lines->Add("status",
             StatusName(entry.status()) + (entry.reason().empty() ? "" : ": " + entry.reason()));
  lines->Add("model", info.model());
  lines->Add("cpu", info.cpu() + (info.emulated() ? " (emulated)" : ""));
  lines->Add("triple", info.triple());
  lines->Add("agent", info.agent_version());
  lines->Add("cores", Cores(info));
  lines->Add("tags", absl::StrJoin(info.tags(), ",", absl::PairFormatter("=")));
  AddState(entry.state(), lines);
  lines->Add("connected", absl::StrFormat("%s, busy %s, %u results", Seconds(entry.connected_ns()),
                                          Percent(Utilisation(entry)), entry.num_results()));
  AddQuarantined(entry, lines);
}

void AddDescription(const db::DeviceRecord& device, Lines* lines) {
  lines->Add("model", device.model);
  lines->Add("cpu", device.cpu + (device.emulated ? " (emulated)" : ""));
  lines->Add("triple", device.triple);
  lines->Add("agent", device.agent_version);
}

std::string ReferenceTable(const std::vector<db::ReferenceRecord>& references) {
  Table table;
  table.header = {"reference", "fastest", "drift", "verdict", "temperature", "clock"};
  table.right = {false, true, true, false, true, true};
  for (const db::ReferenceRecord& reference : references) {
    if (table.rows.size() == kReferencesShown) break;
    const db::DeviceState& after = reference.after;
    table.rows.push_back(
        {TimeOfDay(reference.created_at_ns), FormatDuration(reference.cost.min_ns),
         absl::StrFormat("%+.2f %%", 100 * reference.drift), db::ToText(reference.verdict),
         after.temperature_millicelsius ? Celsius(*after.temperature_millicelsius) : "-",
         after.cpu_frequency_hz ? Hertz(*after.cpu_frequency_hz) : "-"});
  }
  return table.rows.empty() ? "" : "\n" + PrintAligned(table);
}

void AddLogged(const db::DeviceActivity& activity, Lines* lines) {
  lines->Add("trials",
             absl::StrFormat("%u: %u ok, %u failed; %u lost, %u measured again after a drift",
                             activity.num_trials, activity.num_ok, activity.num_failed,
                             activity.num_device_lost, activity.num_superseded));
  lines->Add("disturbed", absl::StrFormat("%u trials had samples repeated, %u saw throttling",
                                          activity.num_disturbed, activity.num_throttled));
  if (activity.held_ns > 0) lines->Add("held", Seconds(activity.held_ns) + " to cool");
  if (activity.max_temperature_millicelsius) {
    lines->Add("hottest", Celsius(*activity.max_temperature_millicelsius));
  }
  for (const db::DeviceNoise& noise : activity.noise) {
    if (noise.num_timings < 2) continue;  // One timing deviates from nothing.
    lines->Add("noise", absl::StrFormat("%s (MAD / median of %u reference timings, %u drifted) "
                                        "for %s",
                                        Percent(noise.noise), noise.num_timings, noise.num_drifted,
                                        noise.target));
  }
  lines->AddText(ReferenceTable(activity.references));
}

template <typename Value>
Json OrNull(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json ToJson(const db::DeviceActivity& activity) {
  Json noise = Json::array();
  for (const db::DeviceNoise& entry : activity.noise) {
    noise.push_back({{"target", entry.target},
                     {"num_timings", entry.num_timings},
                     {"median_ns", entry.median_ns},
                     {"noise", entry.noise},
                     {"num_drifted", entry.num_drifted},
                     {"last_at_ns", entry.last_at_ns}});
  }
  Json references = Json::array();
  for (const db::ReferenceRecord& reference : activity.references) {
    references.push_back(
        {{"created_at_ns", reference.created_at_ns},
         {"target", reference.target},
         {"task_id", reference.task_id},
         {"min_ns", reference.cost.min_ns},
         {"median_ns", reference.cost.median_ns},
         {"mad_ns", reference.cost.mad_ns},
         {"drift", reference.drift},
         {"verdict", db::ToText(reference.verdict)},
         {"cpu_frequency_hz", OrNull(reference.after.cpu_frequency_hz)},
         {"temperature_millicelsius", OrNull(reference.after.temperature_millicelsius)},
         {"throttled", OrNull(reference.after.throttled)}});
  }
  return {{"model", activity.device.model},
          {"triple", activity.device.triple},
          {"cpu", activity.device.cpu},
          {"emulated", activity.device.emulated},
          {"agent_version", activity.device.agent_version},
          {"num_trials", activity.num_trials},
          {"num_ok", activity.num_ok},
          {"num_failed", activity.num_failed},
          {"num_device_lost", activity.num_device_lost},
          {"num_superseded", activity.num_superseded},
          {"num_disturbed", activity.num_disturbed},
          {"num_throttled", activity.num_throttled},
          {"busy_ns", activity.busy_ns},
          {"held_ns", activity.held_ns},
          {"max_temperature_millicelsius", OrNull(activity.max_temperature_millicelsius)},
          {"first_trial_at_ns", activity.first_trial_at_ns},
          {"last_trial_at_ns", activity.last_trial_at_ns},
          {"noise", std::move(noise)},
          {"references", std::move(references)}};
}

}  // namespace

const char* StatusName(v1::DeviceStatus status) {
  switch (status) {
    case v1::DEVICE_STATUS_IDLE:
      return "idle";
    case v1::DEVICE_STATUS_BUSY:
      return "busy";
    case v1::DEVICE_STATUS_DRAINING:
      return "draining";
    case v1::DEVICE_STATUS_UNAVAILABLE:
      return "unavailable";
    case v1::DEVICE_STATUS_LOST:
      return "lost";
    default:
      return "unknown";
  }
}

double Utilisation(const v1::DeviceEntry& entry) {
  if (entry.connected_ns() == 0) return 0;
  return static_cast<double>(entry.busy_ns()) / static_cast<double>(entry.connected_ns());
}

Json ToJson(const v1::DeviceEntry& entry) {
  const v1::DeviceInfo& info = entry.info();
  Json tags = Json::object();
  for (const auto& [key, value] : info.tags()) tags[key] = value;
  Json cores = Json::array();
  for (const v1::Core& core : info.cores()) {
    cores.push_back({{"index", core.index()},
                     {"capacity", core.capacity()},
                     {"max_frequency_hz", core.max_frequency_hz()}});
  }
  Json quarantined = Json::array();
  for (const v1::QuarantinedKernel& kernel : entry.quarantined()) {
    quarantined.push_back({{"digest", kernel.digest()}, {"reason", kernel.reason()}});
  }
  const v1::DeviceState& state = entry.state();
  const auto told = [](bool has, auto value) { return has ? Json(value) : Json(nullptr); };
  return {{"name", info.name()},
          {"status", StatusName(entry.status())},
          {"reason", entry.reason()},
          {"model", info.model()},
          {"triple", info.triple()},
          {"cpu", info.cpu()},
          {"features", std::vector<std::string>(info.features().begin(), info.features().end())},
          {"num_cores", info.num_cores()},
          {"cores", std::move(cores)},
          {"memory_bytes", info.memory_bytes()},
          {"tags", std::move(tags)},
          {"emulated", info.emulated()},
          {"agent_version", info.agent_version()},
          {"connected_ns", entry.connected_ns()},
          {"busy_ns", entry.busy_ns()},
          {"utilisation", Utilisation(entry)},
          {"num_results", entry.num_results()},
          {"quarantined", std::move(quarantined)},
          {"governor", told(state.has_governor(), state.governor())},
          {"cpu_frequency_hz", told(state.has_cpu_frequency_hz(), state.cpu_frequency_hz())},
          {"core_frequency_hz", std::vector<uint64_t>(state.core_frequency_hz().begin(),
                                                      state.core_frequency_hz().end())},
          {"temperature_millicelsius",
           told(state.has_temperature_millicelsius(), state.temperature_millicelsius())},
          {"throttled", told(state.has_throttled(), state.throttled())},
          {"firmware_throttled", told(state.has_firmware_throttled(), state.firmware_throttled())},
          {"holding", state.holding()},
          {"load_average", told(state.has_load_average(), state.load_average())}};
}

std::string PrintText(const DeviceReport& report) {
  Lines lines;
  lines.Add("device", report.name);
  if (report.live) {
    AddLive(*report.live, &lines);
  } else if (report.logged) {
    AddDescription(report.logged->device, &lines);
  }
  if (report.logged) AddLogged(*report.logged, &lines);
  return lines.text();
}

Json PrintJson(const DeviceReport& report) {
  return {{"name", report.name},
          {"live", report.live ? ToJson(*report.live) : Json(nullptr)},
          {"log", report.logged ? ToJson(*report.logged) : Json(nullptr)}};
}

}  // namespace tunefarm::tuner
