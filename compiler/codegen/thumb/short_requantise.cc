#include "compiler/codegen/thumb/short_requantise.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/str_format.h"

namespace tunefarm::compiler {

std::string RegisterName(int number) {
  return number == 14 ? "lr" : absl::StrFormat("r%d", number);
}

std::string DoubleWithBias(int acc, int bias) {
  const std::string a = RegisterName(acc);
  return absl::StrFormat("add.w %s, %s, %s, lsl #1\n", a, RegisterName(bias), a);
}

std::string RequantiseDoubled(const ShortRequantise& requantise, int acc, int multiplier,
                              int addend, int right, int spare) {
  using Activation = ShortRequantise::Activation;
  const std::string a = RegisterName(acc), s = RegisterName(spare), r = RegisterName(right);
  std::string text = absl::StrFormat("smmlar %s, %s, %s, %s\n", s, a, RegisterName(multiplier),
                                     RegisterName(addend));
  text += absl::StrFormat("add.w %s, %s, %s, asr #31\n", a, s, a);
  text += absl::StrFormat("asr.w %s, %s, %s\n", a, a, r);
  if (requantise.activation == Activation::kRelu) {
    text += absl::StrFormat("bic.w %s, %s, %s, asr #31\n", a, a, a);
    text += absl::StrFormat("add.w %s, %s, %s, asr #8\n", a, a, r);
  }
  text += absl::StrFormat("ssat %s, #8, %s\n", a, a);
  if (requantise.activation != Activation::kClip) return text;
  for (const auto& [bound, condition] :
       {std::pair<int64_t, const char*>{requantise.clip_low, "lt"}, {requantise.clip_high, "gt"}}) {
    // The opposites take what the immediates cannot hold.
    text += absl::StrFormat("%s.w %s, #%d\n", bound < 0 ? "cmn" : "cmp", a, std::abs(bound));
    text += absl::StrFormat("it %s\n", condition);
    text += bound < 0 ? absl::StrFormat("mvn%s.w %s, #%d\n", condition, a, -bound - 1)
                      : absl::StrFormat("mov%s.w %s, #%d\n", condition, a, bound);
  }
  return text;
}

}  // namespace tunefarm::compiler
