#include "base/rng.h"

#include <gtest/gtest.h>

namespace tunefarm::base {
namespace {

TEST(RngTest, BelowIsTheUpperHalfOfTheProductOfDrawAndBound) {
  for (const uint64_t bound : {uint64_t{1}, uint64_t{2}, uint64_t{7}, uint64_t{0xFFFFFFFF},
                               uint64_t{1} << 32, (uint64_t{1} << 32) + 1, ~uint64_t{0}}) {
    Rng drawn(bound), same(bound);
    for (int i = 0; i < 1000; ++i) {
      const auto product = static_cast<unsigned __int128>(drawn()) * bound;
      ASSERT_EQ(same.Below(bound), static_cast<uint64_t>(product >> 64)) << bound;
    }
  }
}

TEST(RngTest, SameSeedGivesTheSameDraws) {
  Rng one(42), other(42), third(43);
  const uint64_t first = one();
  EXPECT_EQ(first, other());
  EXPECT_NE(first, third());
}

}  // namespace
}  // namespace tunefarm::base
