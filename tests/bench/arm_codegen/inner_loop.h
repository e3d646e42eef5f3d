// The innermost loop of a compiled kernel, found in its assembly text, and its throughput according
// to llvm-mca.
#ifndef TUNEFARM_TESTS_BENCH_ARM_CODEGEN_INNER_LOOP_H_
#define TUNEFARM_TESTS_BENCH_ARM_CODEGEN_INNER_LOOP_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tunefarm::bench {

struct InnerLoop {
  std::vector<std::string> instructions;
  // Multiply-adds of elements in one iteration: four per quadword fmla, vmla, smlal; sixteen per
  // sdot; and the instructions that do them.
  double macs = 0;
  int multiply_adds = 0;
};

// The straight-line loop with the most multiply-adds in Arm assembly as LLVM prints it; where a
// kernel has none (everything is unrolled), the straight piece of code with the most. Errors:
// kNotFound if there are no multiply-adds at all.
absl::StatusOr<InnerLoop> FindInnerLoop(const std::string& assembly);

// Which of LLVM's scheduling models stands for a core, and what it gives the core at most.
struct CoreModel {
  std::string triple;    // llvm-mca's -mtriple.
  std::string cpu;       // -mcpu.
  std::string features;  // -mattr.
  double fma_per_cycle;  // Quadword f32 multiply-adds per cycle in this model.
};

// Cycles per iteration when the loop runs over and over and never misses the cache: llvm-mca-19's
// simulation of many iterations. Errors: kUnavailable (llvm-mca-19 cannot be run), kInternal (its
// words).
absl::StatusOr<double> CyclesPerIteration(const InnerLoop& loop, const CoreModel& model);

}  // namespace tunefarm::bench

#endif  // TUNEFARM_TESTS_BENCH_ARM_CODEGEN_INNER_LOOP_H_
