#include "db/records.h"

#include <array>

namespace tunefarm::db {
namespace {

// In the order of the enumerators; schema.sql's CHECK constraints list the same words.
constexpr std::array kOutcomes = {"ok",      "illegal_schedule", "build_failed",  "wrong_result",
                                  "timeout", "crashed",          "out_of_memory", "device_lost"};
constexpr std::array kProposals = {"default", "analytic", "model", "random",
                                   "grid",    "transfer", "final"};
constexpr std::array kSampleVerdicts = {"steady", "frequency_moved", "throttled"};
constexpr std::array kReferenceVerdicts = {"first", "steady", "drifted", "settled"};
constexpr std::array kCostUnits = {"ns", "instructions", "estimated_cycles"};
constexpr std::array kTaskStates = {"queued", "running", "done", "cancelled", "failed"};

template <typename Enum, size_t kSize>
bool Find(const std::array<const char*, kSize>& words, const std::string& text, Enum* value) {
  for (size_t i = 0; i < kSize; ++i) {
    if (text == words[i]) {
      *value = static_cast<Enum>(i);
      return true;
    }
  }
  return false;
}

}  // namespace

const char* ToText(Outcome outcome) { return kOutcomes[static_cast<size_t>(outcome)]; }
const char* ToText(Proposal proposal) { return kProposals[static_cast<size_t>(proposal)]; }
const char* ToText(TaskState state) { return kTaskStates[static_cast<size_t>(state)]; }
const char* ToText(SampleVerdict verdict) { return kSampleVerdicts[static_cast<size_t>(verdict)]; }
const char* ToText(ReferenceVerdict verdict) {
  return kReferenceVerdicts[static_cast<size_t>(verdict)];
}
const char* ToText(CostUnit unit) { return kCostUnits[static_cast<size_t>(unit)]; }

bool FromText(const std::string& text, Outcome* value) { return Find(kOutcomes, text, value); }
bool FromText(const std::string& text, Proposal* value) { return Find(kProposals, text, value); }
bool FromText(const std::string& text, TaskState* value) { return Find(kTaskStates, text, value); }
bool FromText(const std::string& text, SampleVerdict* value) {
  return Find(kSampleVerdicts, text, value);
}
bool FromText(const std::string& text, ReferenceVerdict* value) {
  return Find(kReferenceVerdicts, text, value);
}
bool FromText(const std::string& text, CostUnit* value) { return Find(kCostUnits, text, value); }

}  // namespace tunefarm::db
