// What a task is made of on the compiler's side: parsed once, used by all parts of the session.
#ifndef TUNEFARM_TUNER_SESSION_TASK_SETUP_H_
#define TUNEFARM_TUNER_SESSION_TASK_SETUP_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/op/workload.h"
#include "compiler/schedule/template.h"
#include "compiler/space/space.h"
#include "compiler/target/target.h"
#include "tuner/search/search_strategy.h"

namespace tunefarm::tuner {

struct TaskSetup {
  std::string workload_key;  // Canonical.
  std::string target_text;   // Canonical.
  compiler::Workload workload;
  compiler::Target target;
  std::unique_ptr<const compiler::BoundTemplate> bound;
  compiler::Config default_config;  // What is used where nothing is tuned.
  uint64_t default_index = 0;
  uint64_t num_configs = 0;  // Valid ones; of a space too large to walk, all indices.

  const compiler::ConfigSpace& space() const { return bound->space(); }
  FactsFunction facts() const;
  // Of a config by its text; nullopt where the space does not have it, or not as a valid one.
  std::optional<uint64_t> IndexOf(const std::string& config) const;
  // 2 per multiply-accumulate. Nominal: every kernel tap counts; effective: those that meet real
  // input.
  uint64_t nominal_flops() const { return 2 * static_cast<uint64_t>(workload.num_macs()); }
  uint64_t effective_flops() const {
    return 2 * static_cast<uint64_t>(workload.num_effective_macs());
  }
  // Of the nominal operations; 0 for operators without multiply-accumulates.
  double GigaflopsAt(double cost_ns) const;
};

// Errors: kInvalidArgument (workload, target), kNotFound (no template, or none of its configs is
// valid).
absl::StatusOr<TaskSetup> SetUpTask(const std::string& workload, const std::string& target);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SESSION_TASK_SETUP_H_
