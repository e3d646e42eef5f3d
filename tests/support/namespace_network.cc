#include "tests/support/namespace_network.h"

#include <unistd.h>

#include <sstream>
#include <utility>

#include "base/status.h"

namespace tunefarm::testing {
namespace {

constexpr char kIp[] = "/usr/sbin/ip";

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

bool RunIp(const std::string& args, std::string* why) {
  const Finished finished = RunProgram(kIp, Words(args));
  if (finished.code == 0) return true;
  if (why != nullptr) *why = std::string(kIp) + " " + args + ": " + finished.err;
  return false;
}

}  // namespace

std::unique_ptr<NamespaceNetwork> NamespaceNetwork::Create(uint64_t seed, std::string* why) {
  if (geteuid() != 0) {
    *why = "making network namespaces needs root";
    return nullptr;
  }
  const int id = getpid();
  std::unique_ptr<NamespaceNetwork> network(new NamespaceNetwork);
  network->name_ = "tunefarm-" + std::to_string(id);
  const std::string outside = "tfo" + std::to_string(id), inside = "tfi" + std::to_string(id);
  absl::StatusOr<base::UniqueFd> near = MakeTunCard(outside), far = MakeTunCard(inside);
  for (const auto* card : {&near, &far}) {
    if (card->ok()) continue;
    *why = base::OneLine(card->status());
    return nullptr;
  }
  // A /30 of its own out of 10.128.0.0/9, so that tests of two trees do not meet.
  const int net = id % (1 << 21);
  const auto address = [&](int host) {
    const int low = net * 4 + host;
    return "10." + std::to_string(128 + (low >> 16)) + "." + std::to_string(low >> 8 & 255) + "." +
           std::to_string(low & 255);
  };
  network->address_ = address(1);
  const std::string in = "-n " + network->name_ + " ";
  for (const std::string& step :
       {"netns add " + network->name_, "link set " + inside + " netns " + network->name_,
        "addr add " + address(1) + "/30 dev " + outside, "link set " + outside + " up",
        in + "addr add " + address(2) + "/30 dev " + inside, in + "link set " + inside + " up",
        in + "link set lo up"}) {
    if (!RunIp(step, why)) return nullptr;
  }
  network->cable_ = std::make_unique<PacketRelay>(*std::move(near), *std::move(far), seed);
  return network;
}

NamespaceNetwork::~NamespaceNetwork() {
  cable_.reset();
  RunIp("netns del " + name_, nullptr);
}

std::unique_ptr<Program> NamespaceNetwork::Start(const std::string& name,
                                                 std::vector<std::string> args) const {
  const std::string program = std::string(TUNEFARM_BIN_DIR) + "/" + name;
  const std::vector<std::string> before = {"netns", "exec", name_, program};
  args.insert(args.begin(), before.begin(), before.end());
  return std::make_unique<Program>(kIp, args);
}

}  // namespace tunefarm::testing
