#include "tuner/search/final_round.h"

#include "absl/strings/str_format.h"
#include "base/statistics.h"

namespace tunefarm::tuner {
namespace {

std::vector<double> PairedRatios(const std::vector<double>& samples,
                                 const std::vector<double>& incumbent) {
  std::vector<double> ratios;
  for (size_t round = 0; round < samples.size(); ++round) {
    if (samples[round] > 0 && incumbent[round] > 0) {
      ratios.push_back(samples[round] / incumbent[round]);
    }
  }
  return ratios;
}

}  // namespace

absl::StatusOr<FinalRoundResult> ChooseWinner(const std::vector<std::vector<double>>& samples_ns,
                                              size_t incumbent, const FinalRoundOptions& options) {
  if (incumbent >= samples_ns.size()) {
    return absl::InvalidArgumentError(absl::StrFormat("final round: incumbent %d of %d candidates",
                                                      incumbent, samples_ns.size()));
  }
  FinalRoundResult result;
  result.winner = incumbent;
  for (size_t i = 0; i < samples_ns.size(); ++i) {
    if (samples_ns[i].size() != samples_ns[incumbent].size()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("final round: candidate %d has %d rounds, the incumbent %d", i,
                          samples_ns[i].size(), samples_ns[incumbent].size()));
    }
    const std::vector<double> ratios = PairedRatios(samples_ns[i], samples_ns[incumbent]);
    const double median = base::Median(ratios);
    const double mad = base::MedianAbsoluteDeviation(ratios);
    result.median_ratio.push_back(median);
    result.mad_ratio.push_back(mad);
    result.num_rounds.push_back(ratios.size());
    const double gain = 1 - median;
    if (ratios.empty() || gain <= options.min_gain || gain <= options.min_mads * mad) continue;
    if (result.winner == incumbent || median < result.median_ratio[result.winner])
      result.winner = i;
  }
  return result;
}

}  // namespace tunefarm::tuner
