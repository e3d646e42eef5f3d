// Who wins the final: the top candidates are measured again, interleaved (A B C A B C ...), so that
// drift of the clock meets all of them, and compared by the ratios within each round. Pure.
#ifndef TUNEFARM_TUNER_SEARCH_FINAL_ROUND_H_
#define TUNEFARM_TUNER_SEARCH_FINAL_ROUND_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"

namespace tunefarm::tuner {

struct FinalRoundOptions {
  double min_gain = 0.01;  // A challenger must be faster by more than this share,
  double min_mads = 2;     // and by more than this many MADs of its ratios.
};

struct FinalRoundResult {
  size_t winner = 0;
  // By candidate: median over rounds of its time over the incumbent's in the same round (1 for the
  // incumbent itself), and the MAD of these ratios. A candidate without a complete pair has 0
  // rounds and cannot win.
  std::vector<double> median_ratio;
  std::vector<double> mad_ratio;
  std::vector<size_t> num_rounds;
};

// samples_ns[candidate][round]; a sample <= 0 says that this one failed and its pair is left out.
// The incumbent stays unless a challenger is better by both bounds; of several the one with the
// smallest median ratio wins. Errors: kInvalidArgument (no candidates, incumbent out of range,
// candidates with different numbers of rounds).
absl::StatusOr<FinalRoundResult> ChooseWinner(const std::vector<std::vector<double>>& samples_ns,
                                              size_t incumbent,
                                              const FinalRoundOptions& options = {});

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SEARCH_FINAL_ROUND_H_
