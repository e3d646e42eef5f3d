// The layers of three small networks with the instructions that CMSIS-NN executes for each, as
// counted under QEMU: the figures to compare with (tests/data/cortex_m/cmsis_nn_instructions.csv).
#ifndef TUNEFARM_TESTS_BENCH_CORTEX_M_LAYERS_H_
#define TUNEFARM_TESTS_BENCH_CORTEX_M_LAYERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tunefarm::bench {

struct PeerLayer {
  std::string model;
  int layer = 0;
  std::string op;        // CONV, DW, FC, ADD, AVGPOOL, MAXPOOL, SOFTMAX.
  std::string workload;  // Its key. Convolutions clamp as the networks' fused relu does.
  int64_t macs = 0;
  int64_t m7_peer = 0, m4_peer = 0;  // CMSIS-NN's strongest build.
  double goal = 0;  // Our instructions over the peer's, at most; 0: only the total counts.
};

// Errors: kNotFound, kInvalidArgument with the line.
absl::StatusOr<std::vector<PeerLayer>> ReadPeerLayers(const std::string& path);

}  // namespace tunefarm::bench

#endif  // TUNEFARM_TESTS_BENCH_CORTEX_M_LAYERS_H_
