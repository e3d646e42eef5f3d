#include "base/hash.h"

#include <gtest/gtest.h>

namespace tunefarm::base {
namespace {

// FIPS 180-2, appendix B.1: SHA-256 of "abc".
TEST(HashTest, Sha256OfAbcIsTheStandardsValue) {
  EXPECT_EQ(Sha256Hex(std::string_view("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(HashTest, Hash64IsTheFirstEightBytesOfTheDigest) {
  EXPECT_EQ(Hash64("abc"), 0xba7816bf8f01cfeaull);
}

}  // namespace
}  // namespace tunefarm::base
