#include "tests/bench/layers/onednn_peer.h"

namespace tunefarm::bench {

std::optional<std::function<void()>> MakeOnednnLayer(const compiler::Workload&) {
  return std::nullopt;
}

}  // namespace tunefarm::bench
