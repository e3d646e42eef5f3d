#include "tests/support/namespace_network.h"

#include <unistd.h>

#include <sstream>

namespace tunefarm::testing {
namespace {

constexpr char kIp[] = "/usr/sbin/ip";
constexpr char kTc[] = "/usr/sbin/tc";

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

bool Run(const char* program, const std::string& args, std::string* why) {
  const Finished finished = RunProgram(program, Words(args));
  if (finished.code == 0) return true;
  if (why != nullptr) *why = std::string(program) + " " + args + ": " + finished.err;
  return false;
}

}  // namespace

std::unique_ptr<NamespaceNetwork> NamespaceNetwork::Create(std::string* why) {
  if (geteuid() != 0) {
    *why = "making network namespaces needs root";
    return nullptr;
  }
  const int id = getpid();
  std::unique_ptr<NamespaceNetwork> network(new NamespaceNetwork);
  network->name_ = "tunefarm-" + std::to_string(id);
  network->outside_ = "tfo" + std::to_string(id);
  network->inside_ = "tfi" + std::to_string(id);
  // A /30 of its own out of 10.128.0.0/9, so that tests of two trees do not meet.
  const int net = id % (1 << 21);
  const auto address = [&](int host) {
    const int low = net * 4 + host;
    return "10." + std::to_string(128 + (low >> 16)) + "." + std::to_string(low >> 8 & 255) + "." +
           std::to_string(low & 255);
  };
  network->address_ = address(1);
  const std::string in = "netns exec " + network->name_ + " " + kIp + " ";
  for (const std::string& step :
       {"netns add " + network->name_,
        "link add " + network->outside_ + " type veth peer name " + network->inside_,
        "link set " + network->inside_ + " netns " + network->name_,
        "addr add " + address(1) + "/30 dev " + network->outside_,
        "link set " + network->outside_ + " up",
        in + "addr add " + address(2) + "/30 dev " + network->inside_,
        in + "link set " + network->inside_ + " up", in + "link set lo up"}) {
    if (!Run(kIp, step, why)) return nullptr;
  }
  return network;
}

NamespaceNetwork::~NamespaceNetwork() {
  // The cards go with the namespace, or with each other.
  Run(kIp, "link del " + outside_, nullptr);
  Run(kIp, "netns del " + name_, nullptr);
}

std::unique_ptr<Program> NamespaceNetwork::Start(const std::string& name,
                                                 std::vector<std::string> args) const {
  const std::string program = std::string(TUNEFARM_BIN_DIR) + "/" + name;
  const std::vector<std::string> before = {"netns", "exec", name_, program};
  args.insert(args.begin(), before.begin(), before.end());
  return std::make_unique<Program>(kIp, args);
}

bool NamespaceNetwork::Cut() { return Queue("blackhole"); }

bool NamespaceNetwork::Disturb(const std::string& netem) { return Queue("netem " + netem); }

bool NamespaceNetwork::Queue(const std::string& discipline) {
  const std::string inside = "netns exec " + name_ + " " + kTc + " qdisc replace dev " + inside_;
  return Run(kTc, "qdisc replace dev " + outside_ + " root " + discipline, nullptr) &&
         Run(kIp, inside + " root " + discipline, nullptr);
}

void NamespaceNetwork::Mend() {
  Run(kTc, "qdisc del dev " + outside_ + " root", nullptr);
  Run(kIp, "netns exec " + name_ + " " + kTc + " qdisc del dev " + inside_ + " root", nullptr);
}

}  // namespace tunefarm::testing
