// The only word that search and model share: a function that scores configs. The session hands one
// to the other.
#ifndef TUNEFARM_TUNER_FEATURE_SCORE_H_
#define TUNEFARM_TUNER_FEATURE_SCORE_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace tunefarm::tuner {

struct Prediction {
  double score = 0;         // Higher is better. Compares only with scores of the same call.
  double disagreement = 0;  // How far the model's parts contradict each other, in [0, 1].
};

// One prediction per config index of the task's space, in order; an empty vector while nothing has
// been learned.
using ScoreFunction = std::function<std::vector<Prediction>(std::span<const uint64_t> indices)>;

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_FEATURE_SCORE_H_
