#include "tests/bench/search/synthetic_space.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "base/rng.h"
#include "tuner/feature/feature_table.h"

namespace tunefarm::tuner {
namespace {

using compiler::Config;
using compiler::ConfigFacts;

// Configs that need more registers than this beyond those available are no part of the space.
constexpr int64_t kSpillsAllowed = 4;
constexpr int64_t kKernel = 3;

struct Tile {
  int64_t ow, oc, unroll, block_oh, order;
};

// Standard normal by the sum of twelve uniforms: good enough for noise, the same on every platform.
double Normal(base::Rng* rng) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += rng->Uniform();
  return sum;
}

// 0 where `bytes` fit `cache` well, 1 where they are far beyond.
double MissShare(double bytes, double cache) {
  const double octaves = std::log2(std::max(bytes, 1.0) / cache);
  return 1 / (1 + std::exp(-3 * octaves));
}

class Generator {
 public:
  explicit Generator(const SyntheticOptions& options)
      : options_(options), lanes_(options.registers == 32 ? 16 : 8) {}

  RecordedSpace Make();

 private:
  bool IsAllowed(const Tile& tile) const {
    const int64_t accumulators = tile.ow * tile.oc;
    return accumulators >= 4 && accumulators + tile.oc + 1 <= options_.registers + kSpillsAllowed &&
           tile.oc * lanes_ <= options_.channels && tile.block_oh <= options_.image;
  }
  int64_t Steps() const { return kKernel * kKernel * options_.channels; }
  int64_t RowTiles(const Tile& tile) const { return (options_.image + tile.ow - 1) / tile.ow; }
  int64_t ChannelTiles(const Tile& tile) const {
    return (options_.channels + tile.oc * lanes_ - 1) / (tile.oc * lanes_);
  }
  ConfigFacts Facts(const Tile& tile) const;
  double Cycles(const Tile& tile) const;
  // One k step of a tile of `ow` pixels.
  double StepCycles(const Tile& tile, int64_t ow) const;

  const SyntheticOptions options_;
  const int64_t lanes_;
};

ConfigFacts Generator::Facts(const Tile& tile) const {
  const auto number = [](int64_t value) { return static_cast<double>(value); };
  const double pixel = number(options_.channels) * 4,
               panel = number(Steps() * tile.oc * lanes_) * 4;
  const double columns = number(tile.oc * lanes_);
  ConfigFacts facts;
  facts.vector_lanes = facts.native_lanes = number(lanes_);
  facts.accumulators = number(tile.ow * tile.oc);
  facts.operand_registers = number(tile.oc + 1);
  facts.available_registers = number(options_.registers);
  facts.tile_pixels = number(tile.ow);
  facts.tile_vectors = number(tile.oc);
  facts.fma_per_step = facts.accumulators;
  facts.vector_loads_per_step = number(tile.oc);
  facts.broadcast_loads_per_step = number(tile.ow);
  facts.steps_per_tile = number(Steps());
  facts.unroll_steps = number(tile.unroll);
  facts.body_instructions = number(tile.unroll * (tile.ow * tile.oc + tile.oc + tile.ow) + 3);
  facts.code_bytes = 8 * facts.body_instructions * (options_.image % tile.ow != 0 ? 2 : 1);
  facts.loop_overhead_per_step = 3 / number(tile.unroll);
  facts.tiles = number(RowTiles(tile) * options_.image * ChannelTiles(tile));
  const double vectors = number((options_.channels + lanes_ - 1) / lanes_);
  facts.issued_fmas = number(options_.image * options_.image * Steps()) * vectors;
  facts.useful_fmas =
      number(options_.image * options_.image * Steps() * options_.channels / lanes_);
  facts.epilogue_vectors = number(options_.image * options_.image) * vectors;
  facts.parallel_chunks = std::ceil(number(options_.image) / number(tile.block_oh));
  const double rows = number(tile.block_oh), width = number(options_.image);
  facts.levels[0] = {3 * number(tile.ow + 2) * pixel, panel, number(tile.ow) * columns * 4,
                     facts.tiles};
  const double blocks = facts.parallel_chunks, panels = number(ChannelTiles(tile));
  facts.levels[1] = {(rows + 2) * width * pixel, panel, rows * width * columns * 4,
                     blocks * panels};
  // Order 0: all panels for a block of rows; order 1: all blocks for a panel.
  facts.levels[2] = tile.order == 0 ? ConfigFacts::Level{(rows + 2) * width * pixel, panel * panels,
                                                         rows * width * pixel, blocks}
                                    : ConfigFacts::Level{width * width * pixel, panel,
                                                         width * width * columns * 4, panels};
  facts.total_input_bytes = facts.total_output_bytes = width * width * pixel;
  facts.total_weight_bytes = panel * panels;
  return facts;
}

double Generator::StepCycles(const Tile& tile, int64_t ow) const {
  const double accumulators = static_cast<double>(ow * tile.oc);
  const double loads = static_cast<double>(tile.oc + ow);
  double cycles = std::max({accumulators / 2, 4.2, 0.55 * loads + 0.3});
  // More unrolling amortises the loop, too much of it leaves the decoded-instruction cache.
  const double body = (accumulators + loads) * static_cast<double>(tile.unroll);
  cycles += 1.4 / static_cast<double>(tile.unroll);
  if (body > 140) cycles *= 1 + 0.04 * std::log2(body / 140);
  const int64_t spilled = ow * tile.oc + tile.oc + 1 - options_.registers;
  if (spilled > 0) cycles = cycles * 1.7 + 2.0 * static_cast<double>(spilled);
  return cycles;
}

double Generator::Cycles(const Tile& tile) const {
  const ConfigFacts facts = Facts(tile);
  const int64_t full = options_.image / tile.ow, tail = options_.image % tile.ow;
  double row = static_cast<double>(full) * StepCycles(tile, tile.ow);
  if (tail > 0) row += StepCycles(tile, tail);
  const double rows = static_cast<double>(options_.image * ChannelTiles(tile));
  double cycles =
      rows * (row * static_cast<double>(Steps()) + static_cast<double>(RowTiles(tile)) * 22);
  const auto bytes = [](const ConfigFacts::Level& level) {
    return level.input_bytes + level.weight_bytes + level.output_bytes;
  };
  cycles += MissShare(bytes(facts.levels[0]), 32e3) * bytes(facts.levels[0]) * facts.tiles / 180;
  cycles += MissShare(bytes(facts.levels[1]), 900e3) * bytes(facts.levels[1]) *
            facts.levels[1].iterations / 40;
  cycles += MissShare(bytes(facts.levels[2]), 900e3) * bytes(facts.levels[2]) *
            facts.levels[2].iterations / 60;
  return cycles;
}

RecordedSpace Generator::Make() {
  RecordedSpace space;
  space.workload = absl::StrFormat("conv2d/f32/nhwc/1x%dx%dx%d/o%dk3x3s1x1p1x1", options_.image,
                                   options_.image, options_.channels, options_.channels);
  space.target_text = "synthetic";
  space.machine = absl::StrFormat("synthetic, seed %d", options_.seed);
  space.space_name = "synthetic.v1";
  space.feature_list_hash = FeatureListHash();
  space.target.vector_bits = lanes_ * 32;
  space.target.num_vector_registers = options_.registers;
  space.target.l1_bytes = 32 << 10;
  space.target.l2_bytes = 1 << 20;
  space.target.l3_bytes = 16 << 20;
  space.knobs = {{"tile_ow", {}, ""},
                 {"tile_oc", {1, 2, 3, 4, 6}, ""},
                 {"unroll_ic", {1, 2, 4, 8}, ""},
                 {"block_oh", {1, 2, 4, 7, 14, 28, 56}, ""},
                 {"order", {0, 1}, ""}};
  for (int64_t ow = 1; ow <= std::min<int64_t>(options_.image, 28); ++ow) {
    space.knobs[0].values.push_back(ow);
  }
  const compiler::ConfigSpace product(space.space_name, space.knobs, nullptr);
  space.space_hash = product.hash();
  base::Rng rng(options_.seed);
  for (uint64_t index = 0; index < product.num_indices(); ++index) {
    const Config config = product.At(index);
    const auto& v = config.values;
    const Tile tile = {v[0], v[1], v[2], v[3], v[4]};
    if (!IsAllowed(tile)) continue;
    RecordedSpace::Row row = {index, config, Facts(tile), "ok", 0};
    row.cost_ns = Cycles(tile) / 3.6 * std::exp(options_.noise * Normal(&rng));
    if (tile.unroll == 8 && rng.Uniform() < options_.failure_share) row.outcome = "build_failed";
    space.rows.push_back(std::move(row));
  }
  return space;
}

}  // namespace

RecordedSpace MakeSyntheticSpace(const SyntheticOptions& options) {
  return Generator(options).Make();
}

}  // namespace tunefarm::tuner
