// Knobs, configs and the space they span: what the search chooses from.
//
// A space is the product of its knobs under hard constraints (register fit, enough accumulators,
// code size), which are checked before anything is scored. A config is one point: named values, an
// index, the hash of its space. The log stores the names and values, so that a config outlives
// changes of the order or range of knobs.
#ifndef TUNEFARM_COMPILER_SPACE_SPACE_H_
#define TUNEFARM_COMPILER_SPACE_SPACE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tunefarm::compiler {

// One tunable choice.
struct Knob {
  std::string name;             // snake_case, unique in its space: "tile_ow".
  std::vector<int64_t> values;  // Distinct, at least one.
  std::string meaning;          // A sentence with the unit.
};

// One value per knob, in the order of the space's knobs.
struct Config {
  std::vector<int64_t> values;
  bool operator==(const Config&) const = default;
};

class ConfigSpace {
 public:
  // Returns an empty string if the values may be tried, else the constraint that they break in one
  // line.
  using Constraint = std::function<std::string(const Config&)>;

  ConfigSpace() = default;
  // `name` is the template's name and version, e.g. "conv2d_nhwc_direct.v1"; it is part of the
  // hash.
  ConfigSpace(std::string name, std::vector<Knob> knobs, Constraint constraint);

  const std::string& name() const { return name_; }
  const std::vector<Knob>& knobs() const { return knobs_; }
  // The raw product of all knobs. An index is in [0, num_indices()).
  uint64_t num_indices() const { return num_indices_; }

  // Mixed radix: the last knob varies fastest. Requires index < num_indices().
  Config At(uint64_t index) const;
  // Errors: kNotFound if a value is not among its knob's.
  absl::StatusOr<uint64_t> IndexOf(const Config& config) const;

  // "" if allowed.
  std::string Violation(const Config& config) const {
    return constraint_ ? constraint_(config) : "";
  }
  bool IsValid(const Config& config) const { return Violation(config).empty(); }

  // The value of a knob of `config`. Requires that the knob exists.
  int64_t Get(const Config& config, const std::string& knob) const;

  // "tile_oh=1,tile_ow=14,..." in the order of the knobs. Parse accepts any order and needs every
  // knob. Errors of Parse: kInvalidArgument (malformed, unknown, missing or doubled knob, value
  // that the knob has not).
  std::string Print(const Config& config) const;
  absl::StatusOr<Config> Parse(const std::string& text) const;

  // SHA-256 over name, knob names and values: equal hashes mean that indices agree.
  const std::string& hash() const { return hash_; }

  // All valid indices in increasing order, at most `limit` of them (spaces up to a few 100 k are
  // held whole).
  std::vector<uint64_t> ValidIndices(uint64_t limit) const;

 private:
  std::string name_;
  std::vector<Knob> knobs_;
  Constraint constraint_;
  uint64_t num_indices_ = 0;
  std::string hash_;
};

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_SPACE_SPACE_H_
