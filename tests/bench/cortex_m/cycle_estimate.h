// The peer's cycles per instruction, by the very model that compiler/artifact/cycle_estimate.h runs
// our own code through: llvm-mca's.
#ifndef TUNEFARM_TESTS_BENCH_CORTEX_M_CYCLE_ESTIMATE_H_
#define TUNEFARM_TESTS_BENCH_CORTEX_M_CYCLE_ESTIMATE_H_

#include <string>

namespace tunefarm::bench {

// The inner loop of CMSIS-NN's 2 x 2 kernel (arm_nn_mat_mult_nt_t_s8): four s8 of two rows and two
// columns are loaded and widened by SXTB16, then multiplied in pairs.
std::string CmsisInnerLoop();

// Cycles per instruction of a straight block, repeated, by llvm-mca's model of the cpu
// ("cortex-m4", "cortex-m7"). 0 where llvm-mca-19 is not installed or cannot read the block.
double CyclesPerInstruction(const std::string& block, const std::string& cpu);

}  // namespace tunefarm::bench

#endif  // TUNEFARM_TESTS_BENCH_CORTEX_M_CYCLE_ESTIMATE_H_
