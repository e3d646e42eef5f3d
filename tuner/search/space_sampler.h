// Valid configs of a space: all of them where they can be held, else drawn by rejection.
#ifndef TUNEFARM_TUNER_SEARCH_SPACE_SAMPLER_H_
#define TUNEFARM_TUNER_SEARCH_SPACE_SAMPLER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/rng.h"
#include "compiler/space/space.h"

namespace tunefarm::tuner {

class SpaceSampler {
 public:
  // A space is held whole if it has at most this many valid configs among at most this many
  // indices: scoring it all takes less than building one kernel, walking it well under a second.
  struct Limits {
    uint64_t max_valid = 200000;
    uint64_t max_indices = 1000000;
  };

  // `space` must outlive this.
  explicit SpaceSampler(const compiler::ConfigSpace* space);
  SpaceSampler(const compiler::ConfigSpace* space, Limits limits);

  bool holds_all() const { return holds_all_; }
  // All valid indices in increasing order; empty unless holds_all().
  const std::vector<uint64_t>& all() const { return all_; }

  // A valid config that `skip` does not reject, uniformly among those. Nullopt if there is none,
  // or, in a space that is not held, if none was met in many draws.
  std::optional<uint64_t> Draw(const std::function<bool(uint64_t)>& skip, base::Rng* rng) const;

 private:
  const compiler::ConfigSpace* space_;
  bool holds_all_ = false;
  std::vector<uint64_t> all_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SEARCH_SPACE_SAMPLER_H_
