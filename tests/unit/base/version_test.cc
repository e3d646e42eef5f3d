#include "base/version.h"

#include <gtest/gtest.h>

namespace tunefarm::base {
namespace {

TEST(VersionTest, ParsesWhatItPrints) {
  EXPECT_EQ(ParseVersion("1.20.3"), (Version{.major = 1, .minor = 20, .patch = 3}));
  EXPECT_EQ(ParseVersion(Print(OwnVersion())), OwnVersion());
}

TEST(VersionTest, NothingElseIsAVersion) {
  for (const char* text : {"", "1", "1.2", "1.2.3.4", "1.2.x", "1..3", "-1.2.3", " 1.2.3", "1.2.+3",
                           "1.2.99999999999"}) {
    EXPECT_EQ(ParseVersion(text), std::nullopt) << text;
  }
}

TEST(VersionTest, ComparesByNumberNotByText) {
  EXPECT_LT(*ParseVersion("0.9.0"), *ParseVersion("0.10.0"));
  EXPECT_LT(*ParseVersion("0.10.2"), *ParseVersion("1.0.0"));
  EXPECT_GT(*ParseVersion("1.0.10"), *ParseVersion("1.0.9"));
}

TEST(VersionTest, VersionOfAnExecutableIsReadFromItsStamp) {
  const std::string stamp = TUNEFARM_VERSION_STAMP;
  const std::string zero(1, '\0');
  EXPECT_EQ(StampedVersion("code" + stamp + zero + "more" + stamp + "0.12.3" + zero + "code"),
            ParseVersion("0.12.3"));
  EXPECT_EQ(StampedVersion("code" + stamp + "0.12.3 and more"), std::nullopt);
  EXPECT_EQ(StampedVersion(""), std::nullopt);
}

}  // namespace
}  // namespace tunefarm::base
