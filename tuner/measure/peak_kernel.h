// The micro-kernel that measures what one core can do: independent chains of vector multiply-adds
// in registers, enough of them to hide the latency. It goes the way of any candidate (codegen,
// tracker, agent), so that the share of the peak that a kernel reaches compares like with like.
#ifndef TUNEFARM_TUNER_MEASURE_PEAK_KERNEL_H_
#define TUNEFARM_TUNER_MEASURE_PEAK_KERNEL_H_

#include <cstdint>

#include "compiler/lower/lowered_kernel.h"
#include "compiler/target/target.h"

namespace tunefarm::tuner {

struct PeakKernel {
  compiler::LoweredKernel kernel;
  uint64_t flops = 0;  // Of one run; a multiply-add counts 2.
};

PeakKernel MakePeakKernel(const compiler::Target& target);

// What every element of its output is: the fixed point of x -> x * 0.5 + 1, which f32 reaches to
// the last bit long before the loop ends.
inline constexpr float kPeakKernelResult = 2.0f;

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_PEAK_KERNEL_H_
