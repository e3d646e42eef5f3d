// oneDNN's time for a layer, as a peer beside ours in the same run: weights packed ahead, layouts
// free, one thread.
#ifndef TUNEFARM_TESTS_BENCH_LAYERS_ONEDNN_PEER_H_
#define TUNEFARM_TESTS_BENCH_LAYERS_ONEDNN_PEER_H_

#include <functional>
#include <optional>

#include "compiler/op/workload.h"

namespace tunefarm::bench {

// A closure that runs the layer once, or nothing where this build has no oneDNN or oneDNN no such
// primitive.
std::optional<std::function<void()>> MakeOnednnLayer(const compiler::Workload& workload);

}  // namespace tunefarm::bench

#endif  // TUNEFARM_TESTS_BENCH_LAYERS_ONEDNN_PEER_H_
