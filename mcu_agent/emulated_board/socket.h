// Small wrappers over sockets on this machine: TCP on 127.0.0.1 and UNIX
// sockets.
#ifndef TUNEFARM_MCU_AGENT_EMULATED_BOARD_SOCKET_H_
#define TUNEFARM_MCU_AGENT_EMULATED_BOARD_SOCKET_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/unique_fd.h"

namespace tunefarm::mcu_agent {

// Move-only owner of a connected or listening socket. One thread.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}

  int fd() const { return fd_.get(); }
  bool valid() const { return fd_.valid(); }
  void Close() { fd_.Close(); }

  // Errors: kUnavailable (the peer is gone).
  absl::Status Send(std::string_view bytes) const;
  // Waits for at least one byte and appends what is there. Errors: kUnavailable (closed),
  // kDeadlineExceeded.
  absl::Status Receive(std::string& buffer, absl::Duration deadline) const;
  // Is there something to receive (the end of the stream counts)?
  bool Readable() const;

 private:
  base::UniqueFd fd_;
};

// Listens on 127.0.0.1; port 0 lets the system choose. kUnavailable: the port is taken.
absl::StatusOr<Socket> ListenTcp(uint16_t port);
uint16_t PortOf(const Socket& listener);
absl::StatusOr<Socket> Accept(const Socket& listener);
absl::StatusOr<Socket> ConnectTcp(uint16_t port);
// kNotFound while nobody listens there yet.
absl::StatusOr<Socket> ConnectUnix(const std::string& path);

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_EMULATED_BOARD_SOCKET_H_
