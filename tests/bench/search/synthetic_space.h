// A made-up space of register-tiled convolutions, for tests of the search where no recorded space
// will do: any number of them, from a seed, in milliseconds.
//
// Its times are NOT those of tuner/feature's analytic cost: they have a cliff where registers run
// out, tail tiles, smooth cache misses, an unroll factor with its own optimum, and noise that no
// feature explains.
#ifndef TUNEFARM_TESTS_BENCH_SEARCH_SYNTHETIC_SPACE_H_
#define TUNEFARM_TESTS_BENCH_SEARCH_SYNTHETIC_SPACE_H_

#include <cstdint>

#include "tests/bench/search/space_file.h"

namespace tunefarm::tuner {

struct SyntheticOptions {
  int64_t image = 28;        // Output height and width; the kernel is 3x3, stride 1, padding 1.
  int64_t channels = 128;    // In and out.
  int64_t registers = 16;    // 16: 8 lanes (AVX2), 32: 16 lanes (AVX-512).
  double noise = 0.01;       // Standard deviation of the relative error of each config's time.
  double failure_share = 0;  // Of the configs with unroll_ic 8: they fail to build.
  uint64_t seed = 1;
};

RecordedSpace MakeSyntheticSpace(const SyntheticOptions& options);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TESTS_BENCH_SEARCH_SYNTHETIC_SPACE_H_
