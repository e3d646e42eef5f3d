// Runs a compiled kernel in this process and times it. For recording spaces only: candidates of a
// tuning run are run by the farm's agents.
#ifndef TUNEFARM_TESTS_BENCH_SEARCH_KERNEL_TIMER_H_
#define TUNEFARM_TESTS_BENCH_SEARCH_KERNEL_TIMER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/artifact/artifact.h"
#include "compiler/op/operator.h"
#include "compiler/op/reference.h"

namespace tunefarm::tuner {

class TimedKernel {
 public:
  // Loads the artifact, fills its inputs and runs `prepare`. Errors: kInternal (the loader's
  // words).
  static absl::StatusOr<std::unique_ptr<TimedKernel>> Load(
      const compiler::Artifact& artifact, const std::vector<compiler::TensorBytes>& inputs);
  ~TimedKernel();

  // One run on the calling thread.
  void Run();

  // Whether the output of the last run is `expected` within the operator's tolerance (f32) or
  // exactly (integers).
  bool OutputEquals(const compiler::TensorBytes& expected, const compiler::Operator& op) const;

  // Nanoseconds of this thread's processor time per run, over at least about `min_sample_ns`.
  double SampleNs(uint64_t min_sample_ns);

 private:
  struct State;
  explicit TimedKernel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TESTS_BENCH_SEARCH_KERNEL_TIMER_H_
