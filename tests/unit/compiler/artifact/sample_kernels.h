// Small kernels for the tests of artifacts.
#ifndef TUNEFARM_TESTS_UNIT_COMPILER_ARTIFACT_SAMPLE_KERNELS_H_
#define TUNEFARM_TESTS_UNIT_COMPILER_ARTIFACT_SAMPLE_KERNELS_H_

#include <string>

#include "base/status.h"
#include "compiler/ir/parse.h"
#include "compiler/lower/lowered_kernel.h"

namespace tunefarm::compiler {

// out = in * packed, where packed = w reversed is made by prepare. 64 floats each; run uses the
// threads and 256 bytes of scratch per worker.
inline LoweredKernel ScaleKernel() {
  const absl::StatusOr<Function> run = ParseFunction(
      "fn run(in: f32[64], w: f32[64], packed: f32[64], out: f32[64]) {"
      "  parallel i in 0..8 { alloc t: f32[64] scratch {"
      "    t[ramp(0, 1, 8)] = in[ramp(i * 8, 1, 8)] * packed[ramp(i * 8, 1, 8)]"
      "    out[ramp(i * 8, 1, 8)] = t[ramp(0, 1, 8)] } } }");
  TUNEFARM_CHECK(run.ok(), base::OneLine(run.status()));
  const std::vector<Buffer>& params = run->params;
  const Expr i = MakeVar("i");
  const Stmt reverse = MakeStore(params[2], {i}, MakeLoad(params[1], {63 - i}));
  LoweredKernel kernel;
  kernel.run = *run;
  kernel.prepare = Function{"prepare", params, MakeFor(i, 0, 64, LoopKind::kSerial, reverse)};
  kernel.buffers = {{params[0], BufferRole::kInput, {-16, 15, 0.0625f}},
                    {params[1], BufferRole::kConstant, {-16, 15, 0.0625f}},
                    {params[2], BufferRole::kPacked, {0, 0, 0}},
                    {params[3], BufferRole::kOutput, {0, 0, 0}}};
  return kernel;
}

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_TESTS_UNIT_COMPILER_ARTIFACT_SAMPLE_KERNELS_H_
