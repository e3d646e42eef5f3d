// Part of the dispatcher: the streams that one event wrote to.
#ifndef TUNEFARM_TRACKER_TOUCHED_H_
#define TUNEFARM_TRACKER_TOUCHED_H_

#include <memory>
#include <utility>
#include <vector>

#include "tracker/dispatcher.h"

namespace tunefarm::tracker {

// Flushes them at its end, which is to be after the dispatcher's lock is released.
class Dispatcher::Touched {
 public:
  Touched() = default;
  Touched(const Touched&) = delete;
  Touched& operator=(const Touched&) = delete;
  ~Touched() {
    for (const std::shared_ptr<Peer>& peer : peers_) peer->Flush();
  }
  void Add(std::shared_ptr<Peer> peer) { peers_.push_back(std::move(peer)); }

 private:
  std::vector<std::shared_ptr<Peer>> peers_;
};

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_TOUCHED_H_
