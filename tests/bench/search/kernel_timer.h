// Loads a compiled kernel into this process and times it beside another one. For recording spaces
// only: candidates of a tuning run are built and run by the farm.
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

class LoadedKernel {
 public:
  // Loads the artifact, fills its inputs and runs `prepare`. Errors: kInternal (the loader's
  // words).
  static absl::StatusOr<std::unique_ptr<LoadedKernel>> Load(
      const compiler::Artifact& artifact, const std::vector<compiler::TensorBytes>& inputs);
  ~LoadedKernel();

  // One run on the calling thread.
  void Run();

  // Whether the output of the last run is `expected` within the operator's tolerance (f32) or
  // exactly (integers).
  bool OutputEquals(const compiler::TensorBytes& expected, const compiler::Operator& op) const;

  // Nanoseconds per run of one sample of at least `min_sample_ns`.
  double SampleNs(uint64_t min_sample_ns);

 private:
  struct State;
  explicit LoadedKernel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TESTS_BENCH_SEARCH_KERNEL_TIMER_H_
