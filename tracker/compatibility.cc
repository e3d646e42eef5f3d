#include "tracker/compatibility.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_format.h"
#include "proto/kernel_abi.h"
#include "proto/protocol_version.h"

namespace tunefarm::tracker {
namespace {

// Of a major version's first minor there is none before it.
bool Serves(const base::Version& own, const base::Version& agent) {
  return agent.major == own.major && (agent.minor == own.minor || agent.minor + 1 == own.minor);
}

}  // namespace

absl::Status CheckCompatible(const v1::Hello& hello, const base::Version& own) {
  const v1::DeviceInfo& device = hello.device();
  const std::optional<base::Version> agent = base::ParseVersion(device.agent_version());
  if (!agent || !Serves(own, *agent)) {
    const bool agent_is_newer = agent && *agent > own;
    return absl::FailedPreconditionError(absl::StrFormat(
        "agent of %s is version \"%s\"; this tracker is %s and serves %d.%d and %d.%d: update the "
        "%s",
        device.name(), device.agent_version(), base::Print(own), own.major,
        std::max(own.minor - 1, 0), own.major, own.minor, agent_is_newer ? "tracker" : "agent"));
  }
  if (hello.protocol_version() > kProtocolVersion) {
    return absl::FailedPreconditionError(
        absl::StrFormat("agent of %s speaks protocol %u, this tracker up to %u: update the tracker",
                        device.name(), hello.protocol_version(), kProtocolVersion));
  }
  if (device.kernel_abi_version() != TUNEFARM_KERNEL_ABI_VERSION) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "agent of %s runs kernels of ABI version %u; this tracker serves version %u", device.name(),
        device.kernel_abi_version(), TUNEFARM_KERNEL_ABI_VERSION));
  }
  return absl::OkStatus();
}

}  // namespace tunefarm::tracker
