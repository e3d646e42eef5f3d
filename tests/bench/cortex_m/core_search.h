// The best config of a workload on an emulated core: as many configs as the space has, up to a
// bound, all counted and compared with the reference.
#ifndef TUNEFARM_TESTS_BENCH_CORTEX_M_CORE_SEARCH_H_
#define TUNEFARM_TESTS_BENCH_CORTEX_M_CORE_SEARCH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tunefarm::bench {

struct CountedConfig {
  std::string config;
  int64_t instructions = 0;
  int64_t text_bytes = 0, scratch_bytes = 0;
  int64_t packed_bytes = 0;           // What prepare makes of weights and parameters.
  double cycles_per_instruction = 0;  // compiler/artifact/cycle_estimate.h; 0: not known.
  bool exact = false;                 // Equal to the reference's output.
  bool is_default = false;            // What is taken where nothing was measured.
  bool asked = true;                  // Within SearchBounds::only.

  double EstimatedCycles() const {
    return static_cast<double>(instructions) * cycles_per_instruction;
  }
};

struct SearchBounds {
  int64_t max_configs = 64;
  // "pixels=4,channels=2": configs with these values alone; all where the space has none.
  std::string only;
};

// Best first; behind those asked for the default, where it is none of them; configs whose output
// differs stand behind all others. Errors: of the key, the target, the emulator.
absl::StatusOr<std::vector<CountedConfig>> CountConfigs(const std::string& workload,
                                                        const std::string& target,
                                                        const SearchBounds& bounds);

}  // namespace tunefarm::bench

#endif  // TUNEFARM_TESTS_BENCH_CORTEX_M_CORE_SEARCH_H_
