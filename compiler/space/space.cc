#include "compiler/space/space.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/hash.h"
#include "base/status.h"

namespace tunefarm::compiler {
namespace {

std::string Describe(const std::string& name, const std::vector<Knob>& knobs) {
  std::string text = name;
  for (const Knob& knob : knobs) {
    text += "\n" + knob.name + ":";
    for (int64_t value : knob.values) text += absl::StrFormat(" %d", value);
  }
  return text;
}

absl::StatusOr<int64_t> ParseInteger(const std::string& text) {
  char* end = nullptr;
  errno = 0;
  const int64_t value = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || errno != 0) {
    return absl::InvalidArgumentError(absl::StrFormat("config: '%s' is not an integer", text));
  }
  return value;
}

}  // namespace

ConfigSpace::ConfigSpace(std::string name, std::vector<Knob> knobs, Constraint constraint)
    : name_(std::move(name)), knobs_(std::move(knobs)), constraint_(std::move(constraint)) {
  num_indices_ = 1;
  for (const Knob& knob : knobs_) {
    TUNEFARM_CHECK(!knob.values.empty(), "knob without values: " + knob.name);
    num_indices_ *= knob.values.size();
  }
  hash_ = base::Sha256Hex(Describe(name_, knobs_));
}

Config ConfigSpace::At(uint64_t index) const {
  TUNEFARM_CHECK(index < num_indices_, absl::StrFormat("index %d of space %s", index, name_));
  Config config;
  config.values.resize(knobs_.size());
  for (size_t i = knobs_.size(); i-- > 0;) {
    const size_t radix = knobs_[i].values.size();
    config.values[i] = knobs_[i].values[index % radix];
    index /= radix;
  }
  return config;
}

absl::StatusOr<uint64_t> ConfigSpace::IndexOf(const Config& config) const {
  if (config.values.size() != knobs_.size()) {
    return absl::NotFoundError(absl::StrFormat("config has %d values, space %s has %d knobs",
                                               config.values.size(), name_, knobs_.size()));
  }
  uint64_t index = 0;
  for (size_t i = 0; i < knobs_.size(); ++i) {
    const auto& values = knobs_[i].values;
    const auto it = std::find(values.begin(), values.end(), config.values[i]);
    if (it == values.end()) {
      return absl::NotFoundError(absl::StrFormat("knob %s of space %s has no value %d",
                                                 knobs_[i].name, name_, config.values[i]));
    }
    index = index * values.size() + (it - values.begin());
  }
  return index;
}

int64_t ConfigSpace::Get(const Config& config, const std::string& knob) const {
  for (size_t i = 0; i < knobs_.size(); ++i) {
    if (knobs_[i].name == knob) return config.values[i];
  }
  TUNEFARM_CHECK(false, "no knob " + knob + " in space " + name_);
}

std::string ConfigSpace::Print(const Config& config) const {
  std::string text;
  for (size_t i = 0; i < knobs_.size(); ++i) {
    text += absl::StrFormat("%s%s=%d", i == 0 ? "" : ",", knobs_[i].name, config.values[i]);
  }
  return text;
}

absl::StatusOr<Config> ConfigSpace::Parse(const std::string& text) const {
  Config config;
  config.values.resize(knobs_.size());
  std::vector<bool> seen(knobs_.size(), false);
  std::vector<std::string> parts;
  if (!text.empty()) parts = absl::StrSplit(text, ',');
  for (const std::string& part : parts) {
    const size_t equals = part.find('=');
    if (equals == std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrFormat("config: '%s' is not of the form knob=value", part));
    }
    const std::string name = part.substr(0, equals);
    size_t i = 0;
    while (i < knobs_.size() && knobs_[i].name != name) ++i;
    if (i == knobs_.size() || seen[i]) {
      return absl::InvalidArgumentError(
          absl::StrFormat("config: knob '%s' is %s (space %s)", name,
                          i == knobs_.size() ? "unknown" : "given twice", name_));
    }
    TUNEFARM_ASSIGN_OR_RETURN(config.values[i], ParseInteger(part.substr(equals + 1)));
    seen[i] = true;
  }
  for (size_t i = 0; i < knobs_.size(); ++i) {
    if (!seen[i]) {
      return absl::InvalidArgumentError(
          absl::StrFormat("config: knob '%s' is missing (space %s)", knobs_[i].name, name_));
    }
  }
  const auto index = IndexOf(config);
  if (!index.ok()) return absl::InvalidArgumentError(std::string(index.status().message()));
  return config;
}

std::vector<uint64_t> ConfigSpace::ValidIndices(uint64_t limit) const {
  std::vector<uint64_t> indices;
  for (uint64_t index = 0; index < num_indices_ && indices.size() < limit; ++index) {
    if (IsValid(At(index))) indices.push_back(index);
  }
  return indices;
}

}  // namespace tunefarm::compiler
