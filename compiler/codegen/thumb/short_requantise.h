// The end of every s8 tile as assembly: an accumulator becomes an s8 value in six instructions,
// eight with relu.
#ifndef TUNEFARM_COMPILER_CODEGEN_THUMB_SHORT_REQUANTISE_H_
#define TUNEFARM_COMPILER_CODEGEN_THUMB_SHORT_REQUANTISE_H_

#include <cstdint>
#include <string>

namespace tunefarm::compiler {

struct ShortRequantise {
  enum class Activation { kNone, kRelu, kClip } activation = Activation::kNone;
  int64_t clip_low = -128, clip_high = 127;  // kClip only, within s8.
};

// "r0" ... "r12", "lr".
std::string RegisterName(int number);

// value = acc doubled plus twice the bias: what the other lines start from.
std::string DoubleWithBias(int acc, int bias);
// The rest; `acc` ends as the result. `right` holds the shift in its lowest byte, above it for relu
// the zero point. `spare` is lost, and may be the bias's register.
std::string RequantiseDoubled(const ShortRequantise& requantise, int acc, int multiplier,
                              int addend, int right, int spare);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_THUMB_SHORT_REQUANTISE_H_
