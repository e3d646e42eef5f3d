// Cycles from instructions: what a Cortex-M would need, as far as LLVM's machine models know it.
// An estimate: no caches, wait states or branch costs.
#ifndef TUNEFARM_TESTS_BENCH_CORTEX_M_CYCLE_ESTIMATE_H_
#define TUNEFARM_TESTS_BENCH_CORTEX_M_CYCLE_ESTIMATE_H_

#include <string>

namespace tunefarm::bench {

// The block of a kernel's assembly that is executed most: the loop of its register tile with the
// most multiply-adds, the tile itself where it has no loop, else all of the code.
std::string HottestBlock(const std::string& assembly);

// The inner loop of CMSIS-NN's 2 x 2 kernel (arm_nn_mat_mult_nt_t_s8): four s8 of two rows and two
// columns are loaded and widened by SXTB16, then multiplied in pairs.
std::string CmsisInnerLoop();

// Cycles per instruction of a straight block, repeated, by llvm-mca's model of the cpu
// ("cortex-m4", "cortex-m7"). 0 where llvm-mca-19 is not installed or cannot read the block.
double CyclesPerInstruction(const std::string& block, const std::string& cpu);

}  // namespace tunefarm::bench

#endif  // TUNEFARM_TESTS_BENCH_CORTEX_M_CYCLE_ESTIMATE_H_
