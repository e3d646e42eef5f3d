#include "db/sample_store.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_format.h"
#include "base/statistics.h"
#include "base/status.h"
#include "db/catalog_store.h"

namespace tunefarm::db {
namespace {

// The samples as they are kept: where nobody told more, the counted ones alone.
std::vector<SampleRecord> ToRecords(const std::vector<double>& samples_ns,
                                    const std::vector<SampleRecord>& all_samples) {
  if (!all_samples.empty()) return all_samples;
  std::vector<SampleRecord> records(samples_ns.size());
  for (size_t i = 0; i < samples_ns.size(); ++i) records[i].value_ns = samples_ns[i];
  return records;
}

void BindState(Statement& statement, const std::string& when, const DeviceState& state) {
  const auto name = [&](const char* field) { return ":" + when + field; };
  statement.BindInt(name("_cpu_frequency_hz").c_str(),
                    std::optional<int64_t>(state.cpu_frequency_hz));
  statement.BindInt(name("_temperature_millicelsius").c_str(),
                    std::optional<int64_t>(state.temperature_millicelsius));
  statement.BindInt(name("_throttled").c_str(), std::optional<int64_t>(state.throttled));
}

DeviceState ReadState(RowReader& row) {
  DeviceState state;
  if (const auto value = row.OptionalInt()) state.cpu_frequency_hz = static_cast<uint64_t>(*value);
  if (const auto value = row.OptionalInt()) {
    state.temperature_millicelsius = static_cast<int32_t>(*value);
  }
  if (const auto value = row.OptionalInt()) state.throttled = *value != 0;
  return state;
}

void Add(const SampleRecord& sample, std::vector<double>* counted,
         std::vector<SampleRecord>* all_samples) {
  if (sample.counted) counted->push_back(sample.value_ns);
  all_samples->push_back(sample);
}

}  // namespace

absl::Status CheckSamples(const std::vector<double>& samples_ns,
                          const std::vector<SampleRecord>& all_samples) {
  if (samples_ns.empty()) return absl::InvalidArgumentError("no samples");
  std::vector<double> counted;
  for (const SampleRecord& sample : ToRecords(samples_ns, all_samples)) {
    if (!std::isfinite(sample.value_ns) || sample.value_ns <= 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("a sample of %g ns: must be finite and above 0", sample.value_ns));
    }
    for (const DeviceState* state : {&sample.before, &sample.after}) {
      TUNEFARM_RETURN_IF_ERROR(
          ToInt64("cpu_frequency_hz of a sample", state->cpu_frequency_hz.value_or(0)).status());
    }
    if (sample.counted) counted.push_back(sample.value_ns);
  }
  if (counted == samples_ns) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%d samples of all are counted, which are not the %d samples given",
                      counted.size(), samples_ns.size()));
}

absl::Status InsertSamples(Connection& connection, int64_t trial_id, uint32_t round,
                           const std::vector<double>& samples_ns,
                           const std::vector<SampleRecord>& all_samples) {
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "INSERT INTO samples (trial_id, round, sequence, value_ns, verdict, counted, "
          "  before_cpu_frequency_hz, before_temperature_millicelsius, before_throttled, "
          "  after_cpu_frequency_hz, after_temperature_millicelsius, after_throttled) "
          "VALUES (:trial_id, :round, :sequence, :value_ns, :verdict, :counted, "
          "  :before_cpu_frequency_hz, :before_temperature_millicelsius, :before_throttled, "
          "  :after_cpu_frequency_hz, :after_temperature_millicelsius, :after_throttled)"));
  int64_t sequence = 0;
  for (const SampleRecord& sample : ToRecords(samples_ns, all_samples)) {
    statement.BindInt(":trial_id", trial_id);
    statement.BindInt(":round", int64_t{round});
    statement.BindInt(":sequence", sequence++);
    statement.BindReal(":value_ns", sample.value_ns);
    statement.BindText(":verdict", ToText(sample.verdict));
    statement.BindInt(":counted", int64_t{sample.counted});
    BindState(statement, "before", sample.before);
    BindState(statement, "after", sample.after);
    TUNEFARM_RETURN_IF_ERROR(statement.Run());
  }
  return absl::OkStatus();
}

absl::Status ReadSamples(Connection& connection, TrialRecord* trial) {
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "SELECT round, value_ns, verdict, counted, "
          "  before_cpu_frequency_hz, before_temperature_millicelsius, before_throttled, "
          "  after_cpu_frequency_hz, after_temperature_millicelsius, after_throttled "
          "FROM samples WHERE trial_id = :id ORDER BY round, sequence"));
  statement.BindInt(":id", trial->id);
  while (true) {
    TUNEFARM_ASSIGN_OR_RETURN(const bool has_row, statement.Step());
    if (!has_row) return absl::OkStatus();
    RowReader row(statement);
    const auto round = static_cast<uint32_t>(row.Int());
    SampleRecord sample;
    sample.value_ns = row.Real();
    const std::string verdict = row.Text();
    if (!FromText(verdict, &sample.verdict)) {
      return absl::DataLossError(
          absl::StrFormat("trial %d has a sample with verdict '%s'", trial->id, verdict));
    }
    sample.counted = row.Bool();
    sample.before = ReadState(row);
    sample.after = ReadState(row);
    if (round == 0) {
      Add(sample, &trial->samples_ns, &trial->all_samples);
      continue;
    }
    if (trial->final_rounds.empty() || trial->final_rounds.back().round != round) {
      trial->final_rounds.push_back({round, {}, {}});
    }
    FinalRound& last = trial->final_rounds.back();
    Add(sample, &last.samples_ns, &last.all_samples);
  }
}

absl::StatusOr<std::vector<double>> ReadFinalSamples(Connection& connection, int64_t trial_id) {
  TUNEFARM_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "SELECT value_ns FROM samples WHERE trial_id = :id AND round > 0 AND counted"));
  statement.BindInt(":id", trial_id);
  std::vector<double> samples_ns;
  while (true) {
    TUNEFARM_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return samples_ns;
    samples_ns.push_back(statement.Real(0));
  }
}

CostStatistics Summarize(const std::vector<double>& samples_ns) {
  CostStatistics cost;
  cost.num_samples = samples_ns.size();
  cost.median_ns = base::Median(samples_ns);
  cost.mad_ns = base::MedianAbsoluteDeviation(samples_ns);
  cost.min_ns = *std::min_element(samples_ns.begin(), samples_ns.end());
  return cost;
}

uint64_t NumDisturbed(const std::vector<SampleRecord>& samples) {
  return static_cast<uint64_t>(std::count_if(
      samples.begin(), samples.end(),
      [](const SampleRecord& sample) { return sample.verdict != SampleVerdict::kSteady; }));
}

}  // namespace tunefarm::db
