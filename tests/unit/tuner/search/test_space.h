// A small space whose analytic order is plain: knob "acc" decides, the others change nothing but
// the index.
#ifndef TUNEFARM_TESTS_UNIT_TUNER_SEARCH_TEST_SPACE_H_
#define TUNEFARM_TESTS_UNIT_TUNER_SEARCH_TEST_SPACE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/space/space.h"
#include "tuner/search/search_strategy.h"

namespace tunefarm::tuner {

// acc 1..8 x vec 1..4 x unroll 1, 2, 4: 96 indices; odd products acc x vec are not valid, 72
// configs are.
inline compiler::ConfigSpace TestSpace() {
  return compiler::ConfigSpace("test.v1",
                               {{"acc", {1, 2, 3, 4, 5, 6, 7, 8}, "accumulators per vector"},
                                {"vec", {1, 2, 3, 4}, "vectors"},
                                {"unroll", {1, 2, 4}, "steps"}},
                               [](const compiler::Config& config) {
                                 return config.values[0] * config.values[1] % 2 == 0
                                            ? std::string()
                                            : std::string("odd tile");
                               });
}

// The latency bound falls with accumulators: acc 8 x vec 4, unrolled most, is the analytic best.
inline compiler::ConfigFacts TestFacts(const compiler::Config& config) {
  const auto acc = static_cast<double>(config.values[0]),
             vec = static_cast<double>(config.values[1]);
  const auto unroll = static_cast<double>(config.values[2]);
  compiler::ConfigFacts facts;
  facts.vector_lanes = facts.native_lanes = 8;
  facts.available_registers = 64;
  facts.accumulators = facts.fma_per_step = acc * vec;
  facts.tile_pixels = acc;
  facts.tile_vectors = vec;
  facts.steps_per_tile = 100;
  facts.unroll_steps = unroll;
  facts.loop_overhead_per_step = 30 / unroll;
  facts.useful_fmas = facts.issued_fmas = 1e6;
  facts.tiles = 1e4 / (acc * vec);
  return facts;
}

inline SearchInput TestInput(const compiler::ConfigSpace& space, uint64_t seed = 1) {
  SearchInput input;
  input.space = &space;
  input.facts = TestFacts;
  input.rng = base::Rng(seed);
  return input;
}

inline std::vector<uint64_t> Indices(const std::vector<Proposal>& proposals) {
  std::vector<uint64_t> indices;
  for (const Proposal& proposal : proposals) indices.push_back(proposal.config_index);
  return indices;
}

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TESTS_UNIT_TUNER_SEARCH_TEST_SPACE_H_
