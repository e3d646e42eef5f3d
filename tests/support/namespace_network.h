// A network of two machines on one: this process's own network and a namespace, joined by a pair of
// virtual cards whose packets can be delayed, lost or cut off. Needs root.
#ifndef TUNEFARM_TESTS_SUPPORT_NAMESPACE_NETWORK_H_
#define TUNEFARM_TESTS_SUPPORT_NAMESPACE_NETWORK_H_

#include <memory>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace tunefarm::testing {

// One thread at a time. Removes what it made when it is destroyed.
class NamespaceNetwork {
 public:
  // Null where this machine does not let us make one; `why` says what was refused.
  static std::unique_ptr<NamespaceNetwork> Create(std::string* why);
  ~NamespaceNetwork();

  // Of this process's end.
  const std::string& address() const { return address_; }

  // Starts a program inside the namespace; as Program.
  std::unique_ptr<Program> Start(const std::string& name, std::vector<std::string> args) const;

  // From now on every packet vanishes, in both directions; the cards stay up, nobody is told.
  bool Cut();
  // What happens to packets in both directions from now on, in tc-netem's words: "delay 50ms loss
  // 5%". False: this machine's kernel has no netem.
  bool Disturb(const std::string& netem);
  // Packets pass again.
  void Mend();

 private:
  NamespaceNetwork() = default;
  // Sets the queueing discipline of both cards.
  bool Queue(const std::string& discipline);

  std::string name_;     // Of the namespace.
  std::string outside_;  // The card on this side.
  std::string inside_;
  std::string address_;
};

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_NAMESPACE_NETWORK_H_
