#include "tests/support/packet_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace tunefarm::testing {
namespace {

constexpr size_t kMaxPacketBytes = 65536;

}  // namespace

absl::StatusOr<base::UniqueFd> MakeTunCard(const std::string& name) {
  base::UniqueFd card(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  ifreq request = {};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (!card.valid() || ioctl(card.get(), TUNSETIFF, &request) != 0) {
    return absl::UnavailableError(
        absl::StrFormat("making the TUN card %s by /dev/net/tun: %s", name, strerror(errno)));
  }
  return card;
}

PacketRelay::PacketRelay(base::UniqueFd card, base::UniqueFd other, uint64_t seed)
    : cards_{std::move(card), std::move(other)},
      stop_(eventfd(0, EFD_CLOEXEC)),
      lines_{PacketLine(seed), PacketLine(seed + 1)},
      thread_([this] { Run(); }) {}

PacketRelay::~PacketRelay() {
  eventfd_write(stop_.get(), 1);
  thread_.join();
}

void PacketRelay::SetQuality(const LineQuality& quality) {
  base::MutexLock lock(&mutex_);
  for (PacketLine& line : lines_) line.SetQuality(quality);
}

void PacketRelay::SetCut(bool cut) {
  base::MutexLock lock(&mutex_);
  for (PacketLine& line : lines_) line.SetCut(cut);
}

LineCounts PacketRelay::Counts() const {
  base::MutexLock lock(&mutex_);
  LineCounts sum;
  for (const PacketLine& line : lines_) {
    sum.passed += line.counts().passed;
    sum.lost += line.counts().lost;
    sum.overtaken += line.counts().overtaken;
    sum.cut_off += line.counts().cut_off;
  }
  return sum;
}

absl::Time PacketRelay::NextArrival() const {
  base::MutexLock lock(&mutex_);
  return std::min(lines_[0].NextArrival(), lines_[1].NextArrival());
}

bool PacketRelay::Carry() {
  PacketLine::Packet buffer(kMaxPacketBytes);
  base::MutexLock lock(&mutex_);
  for (size_t i = 0; i < 2; ++i) {
    ssize_t got = 0;
    while ((got = read(cards_[i].get(), buffer.data(), buffer.size())) > 0) {
      lines_[i].Send({buffer.begin(), buffer.begin() + got}, absl::Now());
    }
    if (got < 0 && errno != EAGAIN && errno != EINTR) return false;
    while (const auto packet = lines_[i].Receive(absl::Now())) {
      // A card that does not take it loses it, as cards do.
      if (write(cards_[1 - i].get(), packet->data(), packet->size()) < 0) continue;
    }
  }
  return true;
}

void PacketRelay::Run() {
  for (;;) {
    std::array<pollfd, 3> events = {pollfd{stop_.get(), POLLIN, 0},
                                    pollfd{cards_[0].get(), POLLIN, 0},
                                    pollfd{cards_[1].get(), POLLIN, 0}};
    const absl::Time next = NextArrival();
    const timespec wait =
        absl::ToTimespec(std::clamp(next - absl::Now(), absl::ZeroDuration(), absl::Hours(1)));
    if (ppoll(events.data(), events.size(), &wait, nullptr) < 0 && errno != EINTR) return;
    if (events[0].revents != 0 || !Carry()) return;
  }
}

}  // namespace tunefarm::testing
