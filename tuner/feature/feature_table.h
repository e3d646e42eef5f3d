// The features of a config: ONE table of names, units, meanings and functions. A model is trained
// on and bound to it by the hash of the list, so that a row never reaches a model of another table.
//
// Features are normalised by the device (cycles by those of a perfect kernel, bytes by cache sizes,
// registers by those available) so that what is learned on one task or device means the same on
// another. Sizes are log2.
//
// It relies on ConfigFacts (compiler/space), Target, the plain fields of Workload, and the analytic
// cost. How to add a feature: a line in kFeatures of feature_table.cc and a test with a value
// computed by hand.
#ifndef TUNEFARM_TUNER_FEATURE_FEATURE_TABLE_H_
#define TUNEFARM_TUNER_FEATURE_FEATURE_TABLE_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/op/workload.h"
#include "compiler/space/facts.h"
#include "compiler/target/target.h"
#include "tuner/feature/analytic_cost.h"

namespace tunefarm::tuner {

// All that a feature may be computed from.
struct FeatureInput {
  const compiler::ConfigFacts& facts;
  const compiler::Target& target;
  const compiler::Workload& workload;
  const AnalyticCost& cost;  // Of the facts on the target, one worker.
  double ideal_cycles = 1;   // IdealCycles of the same.
};

struct Feature {
  const char* name;     // snake_case, unique.
  const char* unit;     // "1" for ratios and counts, "log2 bytes", ...
  const char* meaning;  // One line.
  double (*compute)(const FeatureInput&);
};

// The table, in the order of a row.
std::span<const Feature> Features();

// SHA-256 over the table's version, names and units in order.
const std::string& FeatureListHash();

// Position of a feature in a row. Errors: kNotFound.
absl::StatusOr<size_t> FeatureIndex(const std::string& name);

// The share of a perfect kernel's speed that the analytic cost expects, in (0, 1]: the feature on
// which the local regression is based.
inline constexpr char kAnalyticEfficiency[] = "analytic_efficiency";

// One row: Features().size() finite values, whatever the facts are (what is not finite becomes 0).
std::vector<float> ExtractFeatures(const compiler::ConfigFacts& facts,
                                   const compiler::Target& target,
                                   const compiler::Workload& workload);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_FEATURE_FEATURE_TABLE_H_
