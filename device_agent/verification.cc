#include "device_agent/verification.h"

#include <cmath>
#include <cstring>

#include "absl/strings/str_format.h"
#include "device_agent/signature.h"

namespace tunefarm::device_agent {
namespace {

// A quiet NaN with a payload that arithmetic does not produce.
constexpr uint32_t kFloatPoison = 0x7FC5A5A5u;

template <typename T>
T Load(std::span<const std::byte> bytes, uint64_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

bool Passes(float got, float want, double absolute, double relative) {
  const double difference = std::abs(static_cast<double>(got) - static_cast<double>(want));
  // Equal infinities differ by NaN; a NaN on either side makes both conditions false.
  return got == want || difference <= absolute + relative * std::abs(static_cast<double>(want));
}

template <typename T>
bool IsPoison(T got, T want) {
  if constexpr (sizeof(T) == 4 && !std::is_integral_v<T>) {
    uint32_t bits;
    std::memcpy(&bits, &got, sizeof(bits));
    return bits == kFloatPoison;
  } else {
    return got == static_cast<T>(~want);
  }
}

template <typename T, typename Pass>
Comparison Compare(std::span<const std::byte> got, std::span<const std::byte> want, Pass pass) {
  Comparison comparison;
  const uint64_t num_elems = got.size() / sizeof(T);
  // Counts first, without a branch, so that the compiler can use vectors: nearly every output is
  // right.
  for (uint64_t i = 0; i < num_elems; ++i) {
    comparison.num_mismatches += pass(Load<T>(got, i), Load<T>(want, i)) ? 0 : 1;
  }
  if (comparison.num_mismatches == 0) return comparison;
  uint64_t i = 0;
  while (pass(Load<T>(got, i), Load<T>(want, i))) ++i;
  comparison.first_index = i;
  comparison.got = static_cast<double>(Load<T>(got, i));
  comparison.want = static_cast<double>(Load<T>(want, i));
  comparison.unwritten = IsPoison(Load<T>(got, i), Load<T>(want, i));
  return comparison;
}

template <typename T>
Comparison CompareExactly(std::span<const std::byte> got, std::span<const std::byte> want) {
  return Compare<T>(got, want, [](T a, T b) { return a == b; });
}

}  // namespace

void PoisonOutput(v1::DataType type, std::span<const std::byte> expected,
                  std::span<std::byte> output) {
  if (type == v1::DATA_TYPE_F32) {
    for (size_t i = 0; i + sizeof(kFloatPoison) <= output.size(); i += sizeof(kFloatPoison)) {
      std::memcpy(output.data() + i, &kFloatPoison, sizeof(kFloatPoison));
    }
  } else if (expected.size() == output.size()) {
    for (size_t i = 0; i < output.size(); ++i) output[i] = ~expected[i];
  } else {
    std::memset(output.data(), 0xFF, output.size());
  }
}

Comparison CompareOutput(v1::DataType type, std::span<const std::byte> got,
                         std::span<const std::byte> want, double absolute_tolerance,
                         double relative_tolerance) {
  switch (type) {
    case v1::DATA_TYPE_S8:
      return CompareExactly<int8_t>(got, want);
    case v1::DATA_TYPE_S16:
      return CompareExactly<int16_t>(got, want);
    case v1::DATA_TYPE_S32:
      return CompareExactly<int32_t>(got, want);
    default:
      return Compare<float>(got, want, [=](float a, float b) {
        return Passes(a, b, absolute_tolerance, relative_tolerance);
      });
  }
}

std::string DescribeMismatch(const Comparison& comparison, const v1::Buffer& buffer,
                             const v1::ExpectedOutput& expected) {
  const std::string got =
      comparison.unwritten ? "nothing written" : absl::StrFormat("%.9g", comparison.got);
  const std::string tolerance =
      buffer.data_type() == v1::DATA_TYPE_F32
          ? absl::StrFormat("tolerance %g + %g x |want|", expected.absolute_tolerance(),
                            expected.relative_tolerance())
          : "exact";
  return absl::StrFormat("%s[%u]: got %s, want %.9g (%s); %u of %u elements differ", buffer.name(),
                         comparison.first_index, got, comparison.want, tolerance,
                         comparison.num_mismatches, buffer.num_elems());
}

}  // namespace tunefarm::device_agent
