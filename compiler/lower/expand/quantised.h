// What the s8 expansions share: the tensors of a weighted operator, folded requantisation
// parameters and the way out for values that the short requantisation does not cover.
#ifndef TUNEFARM_COMPILER_LOWER_EXPAND_QUANTISED_H_
#define TUNEFARM_COMPILER_LOWER_EXPAND_QUANTISED_H_

#include <functional>

#include "absl/status/statusor.h"
#include "compiler/lower/lowered_kernel.h"
#include "compiler/op/operator.h"

namespace tunefarm::compiler {

// The inputs of an s8 operator with weights and a requantising epilogue.
struct QuantisedTensors {
  Buffer in, weights, bias, multiplier, shift, zero_points;  // bias may be null.
  Buffer out;
};
// Errors: kFailedPrecondition if `op` is none.
absl::StatusOr<QuantisedTensors> FindQuantisedTensors(const Operator& op);

// The buffers that prepare makes for the short requantisation.
struct ShortParameters {
  Buffer params;  // s32[num_channels x 4]: 2 x folded bias, multiplier, addend, right shift; for
                  // relu the output's zero point stands above the shift's 8 bits.
  Buffer plain;   // s32[1]: 1 if some channel needs the general arithmetic.
};
ShortParameters MakeShortParameters(int64_t num_channels);

// prepare: sums the weights of each channel into its bias (the input's zero point) and checks that
// every value is in range (ir/requantize.h). `weight(channel, k)` is the k-th of `num_terms`
// weights of a channel, in s32.
Stmt PrepareShortParameters(const Operator& op, const QuantisedTensors& tensors,
                            const ShortParameters& parameters, int64_t num_terms,
                            const std::function<Expr(const Expr&, const Expr&)>& weight);

// What the short requantisation takes: the doubled value and a channel's other parameters.
struct ShortOperands {
  Expr x2, multiplier, addend, right;
};
Expr ShortResult(const Operator& op, const ShortOperands& operands);

// The s8 result of a raw accumulator: `params_index` is that of the channel's first parameter.
Expr ShortResult(const Operator& op, const ShortParameters& parameters, const Expr& acc,
                 const Expr& params_index);

// prepare: multiplier, addend and right shift of one requantisation at params[at + 1], at + 2 and
// at + 3, and plain = 1 if it or `unfit` is out of range.
Stmt PrepareRequantisation(const Operator& op, const ShortParameters& parameters, const Expr& at,
                           const Expr& multiplier, const Expr& shift, const Expr& out_zero,
                           const Expr& unfit);

// run: `fast`, or the operator's own loops where plain is 1. Errors: kInternal.
absl::StatusOr<Stmt> FastOrPlain(const Operator& op, const ShortParameters& parameters, Stmt fast);

// The kernel's signature with the packed buffers put in; both functions share it.
LoweredKernel FinishExpansion(const Operator& op, const std::vector<Buffer>& packed, Stmt run,
                              Stmt prepare);

// The input that `half` (0 or 1) of pair `pair` stands for: pairs are neighbours, or by fours (k,
// k + 2), as kWidenEven and kWidenOdd leave four.
Expr PairedInput(const Expr& pair, const Expr& half, bool by_fours);

// The image with its border, in scratch memory: how a padded convolution reads it.
struct PaddedImage {
  Buffer buffer;            // The input itself where nothing is padded.
  int64_t row_elems = 0;    // Between rows.
  int64_t image_elems = 0;  // Between images.
  bool is_copy = false;
};
PaddedImage MakePaddedImage(const Operator& op, const Buffer& in);
// Fills the copy. Requires is_copy.
Stmt FillPaddedImage(const Operator& op, const QuantisedTensors& tensors, const PaddedImage& image);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_LOWER_EXPAND_QUANTISED_H_
