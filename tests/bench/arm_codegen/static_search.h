// Chooses kernels without a board: the analytic order of the template's space first, then what
// llvm-mca says of the best of it. Which of those is taken is left to a count of instructions.
#ifndef TUNEFARM_TESTS_BENCH_ARM_CODEGEN_STATIC_SEARCH_H_
#define TUNEFARM_TESTS_BENCH_ARM_CODEGEN_STATIC_SEARCH_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/lower/lowered_kernel.h"
#include "compiler/op/operator.h"
#include "compiler/target/target.h"
#include "tests/bench/arm_codegen/inner_loop.h"

namespace tunefarm::bench {

struct ChosenKernel {
  std::string config;  // As the space prints it.
  compiler::LoweredKernel kernel;
  InnerLoop loop;
  double cycles = 0;           // Per iteration of the loop.
  double analytic_cycles = 0;  // Of the whole kernel, as the search's first order has it.
  double useful = 0;  // Part of the multiply-adds issued, tails included, that the result needs.
};

// Of the loop, per multiply-add of elements that the result needs.
double InstructionsPerMac(const ChosenKernel& chosen);

// MACs per cycle of the loop as part of what the model can do at most.
double PartOfPeak(const ChosenKernel& chosen, const CoreModel& model);

// Of the `num_tiles` register tiles that come first in the analytic order, each fed in the ways
// that come first in it: those whose inner loop does the most useful multiply-adds per cycle, give
// or take 2 %, and of each tile the way with the fewest instructions. At most `num_finalists` of
// these, the fewest instructions first; at least one. `config`, where not empty, is taken instead.
// `show` is called with each that is looked at.
absl::StatusOr<std::vector<ChosenKernel>> ChooseKernels(
    const compiler::Operator& op, const compiler::Target& target, const CoreModel& model,
    int num_tiles, int num_finalists, const std::string& config,
    const std::function<void(const ChosenKernel&)>& show);

}  // namespace tunefarm::bench

#endif  // TUNEFARM_TESTS_BENCH_ARM_CODEGEN_STATIC_SEARCH_H_
