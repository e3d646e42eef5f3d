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
  bool exact = false;    // Equal to the reference's output.
  std::string assembly;  // Of both entries.
};

// Best first; configs whose output differs stand behind all others. Errors: of the key, the target,
// the emulator.
absl::StatusOr<std::vector<CountedConfig>> CountConfigs(const std::string& workload,
                                                        const std::string& target,
                                                        int64_t max_configs);

}  // namespace tunefarm::bench

#endif  // TUNEFARM_TESTS_BENCH_CORTEX_M_CORE_SEARCH_H_
