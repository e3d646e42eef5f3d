// The project's random numbers: a value that is passed in, never global state, so that the same
// seed gives the same run (docs/design.md, decision 13).
#ifndef TUNEFARM_BASE_RNG_H_
#define TUNEFARM_BASE_RNG_H_

#include <cstdint>

namespace tunefarm::base {

// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). A UniformRandomBitGenerator; copies continue alike.
class Rng {
 public:
  using result_type = uint64_t;

  explicit Rng(uint64_t seed) : state_(seed) {}

  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return ~uint64_t{0}; }

  uint64_t operator()() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  // Uniform in [0, bound). Requires bound > 0. The bias, below bound / 2^64, is accepted.
  uint64_t Below(uint64_t bound) { return UpperHalfOfProduct((*this)(), bound); }

  // Uniform in [0, 1).
  double Uniform() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

  // A generator of its own for a sub-task, independent of how often this one is used afterwards.
  Rng Fork(uint64_t stream) { return Rng((*this)() ^ (stream * 0xD1342543DE82EF95u)); }

 private:
  // Bits 64 to 127 of a * b, without the 128-bit type that 32-bit compilers lack.
  static uint64_t UpperHalfOfProduct(uint64_t a, uint64_t b) {
    constexpr uint64_t kLow = 0xFFFFFFFFu;
    const uint64_t low = (a & kLow) * (b & kLow);
    const uint64_t middle = (a >> 32) * (b & kLow) + (low >> 32);
    const uint64_t other = (a & kLow) * (b >> 32) + (middle & kLow);
    return (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32);
  }

  uint64_t state_;
};

}  // namespace tunefarm::base

#endif  // TUNEFARM_BASE_RNG_H_
