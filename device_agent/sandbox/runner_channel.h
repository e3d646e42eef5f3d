// Messages between the agent and its runner: bytes and open files over a local socket.
//
// A connected pair of SOCK_SEQPACKET sockets keeps message borders and tells when the other side is
// gone. A request is a serialized v1::Assignment with the files of CandidateJob; an empty request
// cancels the candidate that runs. A reply is a serialized v1::MeasureResult without files.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_RUNNER_CHANNEL_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_RUNNER_CHANNEL_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace tunefarm::device_agent {

struct ChannelMessage {
  std::string bytes;
  std::vector<base::UniqueFd> files;
};

// Both ends close on exec.
absl::StatusOr<std::pair<base::UniqueFd, base::UniqueFd>> MakeChannel();

// INVALID_ARGUMENT: too large for one message (96 KiB, 200 files). UNAVAILABLE: the other side is
// gone.
absl::Status SendMessage(int socket, const std::string& bytes, const std::vector<int>& files);

// Waits for a message. UNAVAILABLE: the other side is gone.
absl::StatusOr<ChannelMessage> ReceiveMessage(int socket);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_RUNNER_CHANNEL_H_
