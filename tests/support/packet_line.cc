#include "tests/support/packet_line.h"

#include <algorithm>

namespace tunefarm::testing {

void PacketLine::SetCut(bool cut) {
  cut_ = cut;
  if (!cut) return;
  counts_.cut_off += static_cast<int64_t>(on_the_way_.size());
  on_the_way_.clear();
}

void PacketLine::Send(Packet packet, absl::Time now) {
  const int64_t number = num_sent_++;
  // Drawn for every packet, so that a cut does not change what happens to those behind it.
  const double fate = rng_.Uniform();
  const double late = 2 * rng_.Uniform() - 1;
  if (cut_) {
    ++counts_.cut_off;
  } else if (fate < quality_.loss) {
    ++counts_.lost;
  } else {
    const absl::Time arrival = now + quality_.delay + late * quality_.jitter;
    on_the_way_.emplace(std::pair(arrival, number), std::move(packet));
  }
}

std::optional<PacketLine::Packet> PacketLine::Receive(absl::Time now) {
  const auto first = on_the_way_.begin();
  if (first == on_the_way_.end() || first->first.first > now) return std::nullopt;
  const int64_t number = first->first.second;
  Packet packet = std::move(first->second);
  on_the_way_.erase(first);
  ++counts_.passed;
  counts_.overtaken += number < last_received_;
  last_received_ = std::max(last_received_, number);
  return packet;
}

absl::Time PacketLine::NextArrival() const {
  return on_the_way_.empty() ? absl::InfiniteFuture() : on_the_way_.begin()->first.first;
}

}  // namespace tunefarm::testing
