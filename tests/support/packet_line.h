// One direction of a poor network line: which packets arrive, and when. It takes the place of the
// kernel's netem, which not every kernel has. No I/O; time and seed are passed in.
#ifndef TUNEFARM_TESTS_SUPPORT_PACKET_LINE_H_
#define TUNEFARM_TESTS_SUPPORT_PACKET_LINE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/rng.h"

namespace tunefarm::testing {

struct LineQuality {
  double loss = 0;  // Part of the packets that never arrive, in [0, 1].
  // Each packet takes `delay` give or take up to `jitter`, evenly: those sent soon after each other
  // overtake. Requires jitter <= delay.
  absl::Duration delay = absl::ZeroDuration();
  absl::Duration jitter = absl::ZeroDuration();
};

struct LineCounts {
  int64_t passed = 0;
  int64_t lost = 0;       // By the line's quality.
  int64_t overtaken = 0;  // Passed, but after one that was sent later.
  int64_t cut_off = 0;    // Sent or on the way while the line was cut.
};

class PacketLine {
 public:
  using Packet = std::vector<uint8_t>;

  // A perfect line at first.
  explicit PacketLine(uint64_t seed) : rng_(seed) {}

  // Of packets sent from now on.
  void SetQuality(const LineQuality& quality) { quality_ = quality; }
  // While it is cut every packet vanishes, also those on the way.
  void SetCut(bool cut);

  void Send(Packet packet, absl::Time now);
  // The packet that arrived first of those that have by `now`; nothing if none has.
  std::optional<Packet> Receive(absl::Time now);
  // When there will be one to receive; infinitely far if none is on the way.
  absl::Time NextArrival() const;

  const LineCounts& counts() const { return counts_; }

 private:
  base::Rng rng_;
  LineQuality quality_;
  bool cut_ = false;
  int64_t num_sent_ = 0, last_received_ = -1;  // Numbered as they were sent.
  std::map<std::pair<absl::Time, int64_t>, Packet> on_the_way_;
  LineCounts counts_;
};

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_PACKET_LINE_H_
