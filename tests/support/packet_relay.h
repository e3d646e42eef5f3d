// A cable between two TUN cards: a thread that carries their IP packets from one to the other over
// two lines of a chosen quality.
#ifndef TUNEFARM_TESTS_SUPPORT_PACKET_RELAY_H_
#define TUNEFARM_TESTS_SUPPORT_PACKET_RELAY_H_

#include <array>
#include <cstdint>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/unique_fd.h"
#include "tests/support/packet_line.h"

namespace tunefarm::testing {

// A new TUN card in this process's network, without address and down; it goes when the descriptor
// is closed. It may be moved to another namespace. Errors: kUnavailable (no rights, no driver).
absl::StatusOr<base::UniqueFd> MakeTunCard(const std::string& name);

// Any thread.
class PacketRelay {
 public:
  // Takes cards that are up.
  PacketRelay(base::UniqueFd card, base::UniqueFd other, uint64_t seed);
  PacketRelay(const PacketRelay&) = delete;
  PacketRelay& operator=(const PacketRelay&) = delete;
  ~PacketRelay();

  // Of both directions.
  void SetQuality(const LineQuality& quality);
  void SetCut(bool cut);
  // Of both directions together.
  LineCounts Counts() const;

 private:
  void Run();
  // Moves what has come and what is due; false if a card is gone.
  bool Carry();
  absl::Time NextArrival() const;

  const std::array<base::UniqueFd, 2> cards_;
  const base::UniqueFd stop_;  // An event: readable when the thread is to end.
  mutable base::Mutex mutex_;
  std::array<PacketLine, 2> lines_ ABSL_GUARDED_BY(mutex_);  // From the card of that index.
  std::thread thread_;
};

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_PACKET_RELAY_H_
