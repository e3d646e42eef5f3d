// A stand-in for OpenOCD that fails as it is told, by a Tcl command of its command line: "fake
// old", "fake dies", "fake silent", "fake no-port". Without one it answers every command but
// "read_memory", which fails. Never part of the product.
#include <unistd.h>

#include <cstdio>
#include <string>

#include "tests/support/tcl_server.h"

int main(int argc, char** argv) {
  using tunefarm::testing::TclServer;
  const std::string self = argv[0];
  const bool old = self.find("old") != std::string::npos;
  std::string fault;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--version") {
      std::fprintf(stderr, "Open On-Chip Debugger %s\nLicensed under GNU GPL v2\n",
                   old ? "0.11.0" : "0.12.0");
      return 0;
    }
    if (argument.starts_with("fake ")) fault = argument.substr(5);
  }
  if (fault == "no-port") {
    std::fprintf(stderr, "Warn : a warning\nError: unable to open ftdi device\n");
    return 1;
  }
  const TclServer server([&fault](const std::string& command) -> TclServer::Reply {
    if (fault == "dies") {
      std::fprintf(stderr, "Error: init mode failed (unable to connect to the target)\n");
      _exit(1);
    }
    if (fault == "silent") return {};
    if (command.find("read_memory") != std::string::npos) {
      std::fprintf(stderr, "Error: Failed to read memory at 0x20000000\n");
      return {"-\x1a"};
    }
    return {"+ done \x1a"};
  });
  std::fprintf(stderr, "Info : Listening on port %d for tcl connections\n", server.port());
  while (true) pause();
}
