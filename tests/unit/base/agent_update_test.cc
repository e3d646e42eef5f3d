#include "base/agent_update.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tunefarm::base {
namespace {

using ::testing::HasSubstr;

// 'openssl genpkey -algorithm ed25519', 'openssl pkey -pubout': made for these tests.
constexpr char kPrivateKey[] = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJh/rHNFJbpMW5qUU59X2nAp8xwTwdzcObPpNcwW5zjz
-----END PRIVATE KEY-----
)";
constexpr char kPublicKey[] = R"(-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEApVFJqnSnDOqRvrQDmtOh4rf5y/rzRa5rr+HMMdtFa3o=
-----END PUBLIC KEY-----
)";
constexpr char kOtherPublicKey[] = R"(-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAxWGIxAHg1R3mqPjHiQN7lGngbbdYoZbdvXjWqUOkX10=
-----END PUBLIC KEY-----
)";

const UpdateStatement kStatement = {
    .version = "0.2.0", .machine = "aarch64", .digest = std::string(64, 'a')};

TEST(AgentUpdateTest, WhatIsSignedIsVerified) {
  const absl::StatusOr<std::string> signature = Sign(kStatement, kPrivateKey);
  ASSERT_TRUE(signature.ok()) << signature.status();
  EXPECT_EQ(signature->size(), 64u);
  EXPECT_TRUE(Verify(kStatement, *signature, kPublicKey).ok());
}

TEST(AgentUpdateTest, EveryPartOfTheStatementIsSigned) {
  const std::string signature = *Sign(kStatement, kPrivateKey);
  UpdateStatement version = kStatement, machine = kStatement, digest = kStatement;
  version.version = "0.3.0";
  machine.machine = "armv7";
  digest.digest[0] = 'b';
  for (const UpdateStatement& other : {version, machine, digest}) {
    EXPECT_EQ(Verify(other, signature, kPublicKey).code(), absl::StatusCode::kPermissionDenied);
  }
}

TEST(AgentUpdateTest, OtherKeysAndOtherBytesAreDenied) {
  std::string signature = *Sign(kStatement, kPrivateKey);
  EXPECT_TRUE(absl::IsPermissionDenied(Verify(kStatement, signature, kOtherPublicKey)));
  EXPECT_TRUE(absl::IsPermissionDenied(Verify(kStatement, "", kPublicKey)));
  EXPECT_TRUE(absl::IsPermissionDenied(Verify(kStatement, signature.substr(1), kPublicKey)));
  signature[5] = static_cast<char>(signature[5] ^ 1);
  EXPECT_TRUE(absl::IsPermissionDenied(Verify(kStatement, signature, kPublicKey)));
}

TEST(AgentUpdateTest, WhatIsNoKeyIsNamed) {
  for (const std::string& pem : {std::string(), std::string("no key"), std::string(kPublicKey)}) {
    EXPECT_THAT(std::string(Sign(kStatement, pem).status().message()),
                HasSubstr("no Ed25519 private key"));
  }
  EXPECT_THAT(std::string(Verify(kStatement, "", kPrivateKey).message()),
              HasSubstr("no Ed25519 public key"));
}

}  // namespace
}  // namespace tunefarm::base
