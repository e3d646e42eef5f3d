// The register tile of a convolution as lowering leaves it: what the quality of the generated code
// is judged by.
#ifndef TUNEFARM_TESTS_UNIT_COMPILER_CODEGEN_CONV_TILE_H_
#define TUNEFARM_TESTS_UNIT_COMPILER_CODEGEN_CONV_TILE_H_

#include <cstdint>
#include <vector>

#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// A 3x3 convolution with bias and relu on [18, 58, 64] -> [16, 56, oc]: `pixels` x `vectors`
// accumulators of `lanes` floats, reduction unrolled by `unroll`. pixels divides 56, unroll 64.
inline Function ConvTile(int lanes, int pixels, int vectors, int unroll) {
  constexpr int64_t kRows = 16, kWidth = 58, kIc = 64, kTaps = 3;
  const int64_t oc = int64_t{lanes} * vectors;
  const Buffer in = MakeBuffer("in", DType::kF32, {(kRows + 2) * kWidth * kIc});
  const Buffer w = MakeBuffer("w", DType::kF32, {kTaps * kTaps * kIc * oc});
  const Buffer bias = MakeBuffer("bias", DType::kF32, {oc});
  const Buffer out = MakeBuffer("out", DType::kF32, {kRows * 56 * oc});
  const Buffer acc = MakeBuffer("acc", DType::kF32, {pixels * oc}, Scope::kRegister);
  const Expr oh = MakeVar("oh"), tile = MakeVar("ow_outer"), kh = MakeVar("kh"), kw = MakeVar("kw"),
             ic = MakeVar("ic_outer");
  std::vector<Stmt> start, steps, finish;
  for (int p = 0; p < pixels; ++p) {
    for (int v = 0; v < vectors; ++v) {
      const Expr place = MakeRamp(p * oc + v * lanes, 1, lanes);
      start.push_back(MakeStore(acc, {place}, MakeFloat(0)));
      const Expr sum = MakeLoad(acc, {place}) + MakeLoad(bias, {MakeRamp(v * lanes, 1, lanes)});
      const Expr at = (oh * 56 + tile * pixels + p) * oc + v * lanes;
      finish.push_back(MakeStore(out, {MakeRamp(at, 1, lanes)}, Max(sum, MakeFloat(0))));
    }
  }
  for (int u = 0; u < unroll; ++u) {
    const Expr channel = ic * unroll + u;
    for (int p = 0; p < pixels; ++p) {
      for (int v = 0; v < vectors; ++v) {
        const Expr x =
            MakeLoad(in, {((oh + kh) * kWidth + tile * pixels + p + kw) * kIc + channel});
        const Expr y =
            MakeLoad(w, {MakeRamp(((kh * kTaps + kw) * kIc + channel) * oc + v * lanes, 1, lanes)});
        const Expr place = MakeRamp(p * oc + v * lanes, 1, lanes);
        steps.push_back(MakeStore(acc, {place}, MakeLoad(acc, {place}) + x * y));
      }
    }
  }
  const auto loop = [](const Expr& var, int64_t extent, Stmt body) {
    return MakeFor(var, 0, extent, LoopKind::kSerial, std::move(body));
  };
  const Stmt reduction =
      loop(kh, kTaps, loop(kw, kTaps, loop(ic, kIc / unroll, MakeBlock(std::move(steps)))));
  const Stmt body = MakeAllocate(
      acc, MakeBlock({MakeBlock(std::move(start)), reduction, MakeBlock(std::move(finish))}));
  return {"run",
          {in, w, bias, out},
          MakeFor(oh, 0, kRows, LoopKind::kParallel, loop(tile, 56 / pixels, body))};
}

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_TESTS_UNIT_COMPILER_CODEGEN_CONV_TILE_H_
