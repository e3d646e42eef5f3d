// Golden texts: EXPECT_GOLDEN(text, "lower/conv2d_tail") compares with
// tests/golden/lower/conv2d_tail.txt. UPDATE_GOLDEN=1 in the environment writes the file instead; a
// missing file fails and says so.
#ifndef TUNEFARM_TESTS_SUPPORT_GOLDEN_H_
#define TUNEFARM_TESTS_SUPPORT_GOLDEN_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace tunefarm::testing {

inline void ExpectGolden(const std::string& text, const std::string& name) {
  const std::filesystem::path path =
      std::filesystem::path(TUNEFARM_SOURCE_DIR) / "tests/golden" / (name + ".txt");
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return;
  }
  std::ifstream file(path);
  ASSERT_TRUE(file.good()) << path << " is missing; UPDATE_GOLDEN=1 writes it";
  std::stringstream wanted;
  wanted << file.rdbuf();
  EXPECT_EQ(text, wanted.str()) << "differs from " << path << "; UPDATE_GOLDEN=1 rewrites it";
}

}  // namespace tunefarm::testing

#define EXPECT_GOLDEN(text, name) ::tunefarm::testing::ExpectGolden(text, name)

#endif  // TUNEFARM_TESTS_SUPPORT_GOLDEN_H_
