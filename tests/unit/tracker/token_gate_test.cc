#include "tracker/token_gate.h"

#include <gtest/gtest.h>

#include <fstream>

namespace tunefarm::tracker {
namespace {

TEST(TokenGateTest, OnlyTheTokenPasses) {
  const TokenGate gate("sesame");
  EXPECT_TRUE(gate.Check("sesame").ok());
  for (const char* wrong : {"", "Sesame", "sesame ", "sesam"}) {
    EXPECT_EQ(gate.Check(wrong).code(), absl::StatusCode::kUnauthenticated) << wrong;
  }
}

TEST(TokenGateTest, WithoutATokenTheGateIsOpen) {
  EXPECT_TRUE(TokenGate("").Check("").ok());
  EXPECT_TRUE(TokenGate("").Check("anything").ok());
}

TEST(TokenGateTest, TokenFileIsReadWithoutTheWhiteSpaceAround) {
  const std::string path = ::testing::TempDir() + "/token_gate_test_token";
  std::ofstream(path) << "  sesame\n";
  EXPECT_EQ(ReadTokenFile(path).value(), "sesame");
  std::ofstream(path) << "\n \n";
  EXPECT_EQ(ReadTokenFile(path).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadTokenFile(path + ".none").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace tunefarm::tracker
