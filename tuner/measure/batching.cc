#include "tuner/measure/batching.h"

#include <algorithm>

namespace tunefarm::tuner {

std::vector<size_t> ChooseBatch(const std::vector<WaitingCandidate>& waiting, const FarmLoad& load,
                                const BatchLimits& limits) {
  const size_t most = load.batch != 0 ? load.batch : limits.max_candidates;
  std::vector<size_t> batch;
  size_t bytes = 0;
  bool full = false;
  for (size_t i = 0; i < waiting.size() && !full; ++i) {
    if (waiting[i].key != waiting[0].key) continue;
    full = !batch.empty() && bytes + waiting[i].bytes > limits.max_bytes;
    if (full) break;
    bytes += waiting[i].bytes;
    batch.push_back(i);
    full = batch.size() >= most;
  }
  // One candidate left per device: the next must be on its way before that one ends.
  const size_t num_devices = std::max<size_t>(load.num_devices, 1);
  const bool may_gather = load.batch != 0 && load.building > 0;
  const bool runs_dry = load.outstanding <= num_devices && !may_gather;
  const bool has_room = load.outstanding < 2 * most * num_devices;
  if (!runs_dry && !(full && has_room)) batch.clear();
  return batch;
}

size_t WantedInFlight(size_t num_builders, size_t num_devices, size_t batch) {
  return 2 * num_builders + 2 * std::max<size_t>(batch, 1) * std::max<size_t>(num_devices, 1);
}

}  // namespace tunefarm::tuner
