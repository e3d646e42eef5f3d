// The server's side of OpenOCD's Tcl protocol, played by a test or by a fake OpenOCD.
#ifndef TUNEFARM_TESTS_SUPPORT_TCL_SERVER_H_
#define TUNEFARM_TESTS_SUPPORT_TCL_SERVER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "base/unique_fd.h"

namespace tunefarm::testing {

// Listens on a free port of 127.0.0.1 and serves one client at a time on a thread of its own.
class TclServer {
 public:
  struct Reply {
    std::string bytes;    // Sent as they are: the end mark 0x1a is the handler's to add.
    bool closes = false;  // The connection ends after it.
  };
  // Gets a command without its end mark, on the server's thread.
  using Handler = std::function<Reply(const std::string& command)>;

  explicit TclServer(Handler handler);
  ~TclServer();

  uint16_t port() const { return port_; }

 private:
  void Serve();
  // False when the server is to end.
  bool ServeClient(int client);

  const Handler handler_;
  base::UniqueFd listener_;
  base::UniqueFd stop_;  // An eventfd.
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_TCL_SERVER_H_
