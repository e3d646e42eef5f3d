#include "tracker/compatibility.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/kernel_abi.h"
#include "proto/protocol_version.h"

namespace tunefarm::tracker {
namespace {

using ::testing::HasSubstr;

constexpr base::Version kOwn = {.major = 1, .minor = 4, .patch = 2};

absl::Status Check(const std::string& agent_version, uint32_t protocol = kProtocolVersion,
                   uint32_t abi = TUNEFARM_KERNEL_ABI_VERSION) {
  v1::Hello hello;
  hello.mutable_device()->set_name("pi-1");
  hello.mutable_device()->set_agent_version(agent_version);
  hello.mutable_device()->set_kernel_abi_version(abi);
  hello.set_protocol_version(protocol);
  return CheckCompatible(hello, kOwn);
}

std::string Refusal(const absl::Status& status) {
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  return std::string(status.message());
}

TEST(CompatibilityTest, OwnAndPreviousMinorVersionAreServedWhateverTheirPatch) {
  for (const char* version : {"1.4.2", "1.4.0", "1.4.9", "1.3.0", "1.3.17"}) {
    EXPECT_TRUE(Check(version).ok()) << Check(version);
  }
}

TEST(CompatibilityTest, OlderAgentIsToBeUpdated) {
  EXPECT_EQ(Refusal(Check("1.2.9")),
            "agent of pi-1 is version \"1.2.9\"; this tracker is 1.4.2 and serves 1.3 and 1.4: "
            "update the agent");
  EXPECT_THAT(Refusal(Check("0.4.2")), HasSubstr("update the agent"));
}

TEST(CompatibilityTest, NewerAgentNeedsANewerTracker) {
  EXPECT_THAT(Refusal(Check("1.5.0")), HasSubstr("update the tracker"));
  EXPECT_THAT(Refusal(Check("2.4.2")), HasSubstr("update the tracker"));
}

TEST(CompatibilityTest, AgentWithoutAVersionIsRefused) {
  EXPECT_THAT(Refusal(Check("")), HasSubstr("is version \"\""));
  EXPECT_THAT(Refusal(Check("1.4")), HasSubstr("is version \"1.4\""));
}

TEST(CompatibilityTest, NewerProtocolAndOtherKernelAbiAreRefused) {
  EXPECT_THAT(Refusal(Check("1.4.2", kProtocolVersion + 1)), HasSubstr("speaks protocol"));
  EXPECT_TRUE(Check("1.3.0", 0).ok());
  EXPECT_THAT(Refusal(Check("1.4.2", kProtocolVersion, TUNEFARM_KERNEL_ABI_VERSION + 1)),
              HasSubstr("ABI version"));
}

}  // namespace
}  // namespace tunefarm::tracker
