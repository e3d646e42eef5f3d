// A network of two machines on one: this process's own network and a namespace, joined by a cable
// whose packets can be delayed, lost or cut off. Needs root and /dev/net/tun.
#ifndef TUNEFARM_TESTS_SUPPORT_NAMESPACE_NETWORK_H_
#define TUNEFARM_TESTS_SUPPORT_NAMESPACE_NETWORK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/packet_relay.h"
#include "tests/support/program.h"

namespace tunefarm::testing {

// One thread at a time. Removes what it made when it is destroyed.
class NamespaceNetwork {
 public:
  // Null where this machine does not let us make one; `why` says what was refused. `seed` decides
  // what a poor cable does to which packet.
  static std::unique_ptr<NamespaceNetwork> Create(uint64_t seed, std::string* why);
  ~NamespaceNetwork();

  // Of this process's end.
  const std::string& address() const { return address_; }

  // Starts a program inside the namespace; as Program.
  std::unique_ptr<Program> Start(const std::string& name, std::vector<std::string> args) const;

  // The cable; the cards stay up whatever becomes of it, nobody is told.
  PacketRelay& cable() { return *cable_; }

 private:
  NamespaceNetwork() = default;

  std::string name_;  // Of the namespace.
  std::string address_;
  std::unique_ptr<PacketRelay> cable_;
};

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_NAMESPACE_NETWORK_H_
