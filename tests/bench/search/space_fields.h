// The numbers of facts and targets by name: the columns and header lines of a space file.
#ifndef TUNEFARM_TESTS_BENCH_SEARCH_SPACE_FIELDS_H_
#define TUNEFARM_TESTS_BENCH_SEARCH_SPACE_FIELDS_H_

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "compiler/space/facts.h"
#include "compiler/target/target.h"

namespace tunefarm::tuner {

struct FactField {
  std::string name;  // As in ConfigFacts; "level0_input_bytes" for those of levels.
  std::function<double&(compiler::ConfigFacts&)> get;
};

// Every field of ConfigFacts, in a fixed order.
const std::vector<FactField>& FactFields();
// Null if there is none.
const FactField* FindFact(const std::string& name);

struct TargetField {
  const char* name;
  double (*get)(const compiler::Target&);
  void (*set)(compiler::Target&, double);
};

// The numbers of Target that facts and features are computed from.
std::span<const TargetField> TargetFields();

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TESTS_BENCH_SEARCH_SPACE_FIELDS_H_
