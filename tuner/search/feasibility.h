// Learns which knob values never work: a value with three failures and no success is banned, so
// that a bad register tile or a pass that LLVM chokes on does not eat the budget one config at a
// time.
#ifndef TUNEFARM_TUNER_SEARCH_FEASIBILITY_H_
#define TUNEFARM_TUNER_SEARCH_FEASIBILITY_H_

#include <cstddef>
#include <vector>

#include "compiler/space/space.h"

namespace tunefarm::tuner {

class Feasibility {
 public:
  static constexpr int kFailuresToBan = 3;

  // `space` must outlive this.
  explicit Feasibility(const compiler::ConfigSpace* space);

  // Requires a config of the space.
  void Record(const compiler::Config& config, bool ok);

  // Whether the config has a banned value. Of a knob whose values would all be banned, none is.
  bool IsBanned(const compiler::Config& config) const;

 private:
  struct Count {
    int failures = 0;
    int successes = 0;
    bool banned = false;
  };
  size_t ValuePosition(size_t knob, const compiler::Config& config) const;
  void UpdateBans(std::vector<Count>* counts) const;

  const compiler::ConfigSpace* space_;
  std::vector<std::vector<Count>> counts_;  // By knob, by position of the value.
  bool any_banned_ = false;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SEARCH_FEASIBILITY_H_
