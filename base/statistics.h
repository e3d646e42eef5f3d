// Robust statistics of timing samples, shared by agents, log and tuner so that one number means one
// thing.
#ifndef TUNEFARM_BASE_STATISTICS_H_
#define TUNEFARM_BASE_STATISTICS_H_

#include <vector>

namespace tunefarm::base {

// The median; of an even count, the mean of the two middle values. 0 for an empty vector.
double Median(std::vector<double> values);

// Median absolute deviation from the median, unscaled, in the unit of `values`. 0 for an empty
// vector.
double MedianAbsoluteDeviation(const std::vector<double>& values);

}  // namespace tunefarm::base

#endif  // TUNEFARM_BASE_STATISTICS_H_
