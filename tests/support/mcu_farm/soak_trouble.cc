#include "tests/support/mcu_farm/soak_trouble.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <iterator>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/unique_fd.h"

namespace tunefarm::testing {
namespace {

// Within a batch of 16, which takes about half a second.
constexpr uint64_t kLongestDelayMs = 400;
constexpr char kKillOpenOcd[] = "kill-openocd";
// Every kind of trouble, each until something of the bridge's ladder ends it.
constexpr const char* kFaults[] = {"dead-probe until=reconnect",
                                   "dead-cable until=reconnect",
                                   "dead-cable until=power",
                                   "stuck-core until=reset",
                                   "stuck-core until=power",
                                   "corrupt-word after=",
                                   "brown-out after=",
                                   "power-cycle",
                                   kKillOpenOcd};

void SendCommand(uint16_t port, const std::string& command) {
  const base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return;
  const std::string line = command + "\n";
  if (send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL) < 0) return;
  char answer[64];
  recv(fd.get(), answer, sizeof(answer), 0);
}

}  // namespace

void TroubleMaker::Inject() {
  std::string fault = kFaults[num_faults_++ % std::size(kFaults)];
  ++faults_[fault];
  if (fault.back() == '=') fault += absl::StrFormat("%u", rng_.Below(20'000));
  const absl::Duration delay = absl::Milliseconds(rng_.Below(kLongestDelayMs));
  threads_.emplace_back([this, fault, delay] {
    absl::SleepFor(delay);
    const pid_t openocd = targets_.openocd;
    if (fault != kKillOpenOcd) {
      SendCommand(targets_.control_port, fault);
    } else if (openocd > 0) {
      kill(openocd, SIGKILL);
    }
  });
}

void TroubleMaker::Join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace tunefarm::testing
