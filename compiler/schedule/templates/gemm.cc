// Template gemm: out[m, n] = sum_k in[m, k] * w[k, n], with the weights packed in panels of tile_n
// columns.
//
//   for m_block (parallel): for n_tile: for m_tile:
//     acc[tile_m, tile_n] = 0;  for k: acc += in[m, k] x w_packed[n_tile, k, :];  out =
//     epilogue(acc)
#include <algorithm>
#include <array>

#include "compiler/schedule/templates/templates.h"
#include "compiler/schedule/templates/tiling.h"

namespace tunefarm::compiler {
namespace {

class Gemm final : public BoundTemplate {
 public:
  Gemm(const Operator& op, const Target& target) : op_(op), target_(target) {
    const Stage& main = *FindTiledStages(op_).main;
    m_ = main.axes[0].extent;
    n_ = main.axes[1].extent;
    k_ = main.reduce_axes[0].extent;
    lanes_ = ColumnLanes(op_, target_, n_);
    const int64_t n_vectors = CeilDiv(n_, lanes_);
    std::vector<Knob> knobs = {
        {"tile_m", ValuesUpTo({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 28}, m_),
         "Rows of the register tile."},
        {"tile_n", ValuesUpTo({1, 2, 3, 4, 6, 8, 12, 16}, n_vectors),
         "Columns of the register tile, in vectors."},
        {"unroll_k", ValuesUpTo({1, 2, 4, 8}, k_),
         "Reduction steps per iteration of the innermost loop."},
        DotKnob(op_, target_, k_),
        {"block_m", BlockValues(m_),
         "Row tiles that one weight panel serves before the next panel; 0: all."},
    };
    for (Knob& knob : StreamKnobs(op_, target_, k_)) knobs.push_back(std::move(knob));
    const auto& rows = knobs[0].values;
    const auto& columns = knobs[1].values;
    max_accumulators_ = rows.back() * columns.back();
    space_ = ConfigSpace("gemm.v1", std::move(knobs), [this](const Config& c) { return Check(c); });
  }

  const ConfigSpace& space() const override { return space_; }

  absl::StatusOr<Schedule> MakeSchedule(const Config& config) const override {
    if (std::string violation = Check(config); !violation.empty()) {
      return absl::FailedPreconditionError(violation);
    }
    const TiledStages stages = FindTiledStages(op_);
    const std::string m = stages.main->axes[0].name, n = stages.main->axes[1].name;
    const std::string k = stages.main->reduce_axes[0].name;
    const std::string sink = stages.sink(), acc = stages.acc();
    const auto [tile_m, tile_n, unroll_k, terms, block_m] = Values(config);

    Schedule schedule;
    StartTiling(stages, terms == 4 && op_.workload.epilogue.requant, schedule);
    auto& steps = schedule.steps;
    steps.push_back(Pack(acc, WeightsName(), {1, 0}, PanelBlocks(tile_n * lanes_, terms)));
    steps.push_back(Split(sink, m, tile_m));
    steps.push_back(Split(sink, m + "_outer", TilesPerBlock(block_m, CeilDiv(m_, tile_m))));
    steps.push_back(Split(sink, n, tile_n * lanes_));
    steps.push_back(Split(sink, n + "_inner", lanes_));
    steps.push_back(Reorder(sink, {m + "_outer_outer", n + "_outer", m + "_outer_inner",
                                   m + "_inner", n + "_inner_outer", n + "_inner_inner"}));
    steps.push_back(Parallel(sink, m + "_outer_outer"));
    steps.push_back(Unroll(sink, m + "_inner"));
    steps.push_back(Unroll(sink, n + "_inner_outer"));
    steps.push_back(Vectorize(sink, n + "_inner_inner"));
    steps.push_back(ComputeAt(acc, sink, m + "_outer_inner"));

    std::vector<std::string> loops = {m, n + "_outer", n + "_inner"};
    std::string steps_axis = k;
    if (terms != 0) {
      steps.push_back(Split(acc, k, terms));
      steps_axis = k + "_outer";
      loops.insert(loops.end() - 1, k + "_inner");
    }
    steps.push_back(Split(acc, steps_axis, unroll_k));
    loops.insert(loops.begin(), {steps_axis + "_outer", steps_axis + "_inner"});
    steps.push_back(Split(acc, n, lanes_));
    steps.push_back(Reorder(acc, loops));
    if (terms != 0) steps.push_back(Tensorize(acc, k + "_inner"));
    steps.push_back(Unroll(acc, steps_axis + "_inner"));
    steps.push_back(Unroll(acc, m));
    steps.push_back(Unroll(acc, n + "_outer"));
    steps.push_back(Vectorize(acc, n + "_inner"));
    if (const StreamValues stream = ReadStream(config, kNumTileKnobs); stream.lanes != 0) {
      steps.push_back(Stream(acc, stream.lanes, stream.ahead,
                             stream.group * tile_m * tile_n * RegistersPerVector()));
    }
    return schedule;
  }

  ConfigFacts Facts(const Config& config) const override {
    const auto [tile_m, tile_n, unroll_k, terms, block_m] = Values(config);
    const double elem_bytes = op_.workload.dtype == DType::kF32 ? 4 : 1;
    TiledLoop loop;
    loop.rows = std::min(tile_m, m_);
    loop.vectors = std::min(tile_n, CeilDiv(n_, lanes_));
    loop.lanes = lanes_;
    loop.num_rows = m_;
    loop.num_columns = n_;
    loop.row_tiles = CeilDiv(m_, tile_m);
    loop.steps = CeilDiv(k_, std::max<int64_t>(1, terms));
    loop.unroll = unroll_k;
    loop.stream = ReadStream(config, kNumTileKnobs);
    loop.dot_product = terms == 4;
    loop.copies = Copies(config);
    loop.block_row_tiles = TilesPerBlock(block_m, loop.row_tiles);
    loop.num_groups_of_blocks = CeilDiv(loop.row_tiles, loop.block_row_tiles);
    loop.input_bytes_per_tile = static_cast<double>(loop.rows * k_) * elem_bytes;
    loop.input_bytes_per_block =
        loop.input_bytes_per_tile * static_cast<double>(loop.block_row_tiles);
    loop.total_input_bytes = static_cast<double>(m_ * k_) * elem_bytes;
    loop.elem_bytes = elem_bytes;
    loop.output_elem_bytes = elem_bytes;
    loop.parallel_chunks = loop.num_groups_of_blocks;
    return FactsOf(loop, target_);
  }

 private:
  static constexpr size_t kNumTileKnobs = 5;  // The streaming ones stand behind them.

  std::array<int64_t, kNumTileKnobs> Values(const Config& config) const {
    const auto& v = config.values;
    return {v[0], v[1], v[2], DotTerms(target_, v[3]), v[4]};
  }

  int64_t RegistersPerVector() const { return CeilDiv(lanes_, target_.VectorLanes(4)); }

  // The first constant; data (input, residual) comes before it.
  std::string WeightsName() const {
    for (const OperatorInput& input : op_.inputs) {
      if (input.constant) return input.buffer->name;
    }
    return "";
  }

  // w[k, n] in panels of `columns`, and in them the factors of one instruction side by side.
  static std::vector<PackBlock> PanelBlocks(int64_t columns, int64_t terms) {
    std::vector<PackBlock> blocks;
    if (columns > 1) blocks.push_back({1, columns});
    if (terms > 1) blocks.push_back({0, terms});
    return blocks;
  }

  std::string Check(const Config& config) const {
    const auto [tile_m, tile_n, unroll_k, terms, block_m] = Values(config);
    if (std::string violation =
            RegisterViolation(target_, tile_m, tile_n * RegistersPerVector(), max_accumulators_);
        !violation.empty()) {
      return violation;
    }
    if (std::string violation = CodeSizeViolation(Copies(config), tile_m, tile_n, unroll_k);
        !violation.empty()) {
      return violation;
    }
    if (std::string violation = StreamViolation(target_, tile_m, tile_n * RegistersPerVector(),
                                                ReadStream(config, kNumTileKnobs), unroll_k);
        !violation.empty()) {
      return violation;
    }
    return BlockViolation(block_m, CeilDiv(m_, tile_m));
  }

  // Copies of the tile's body in the code: tails of rows, columns and blocks.
  int64_t Copies(const Config& config) const {
    const auto [tile_m, tile_n, unroll_k, terms, block_m] = Values(config);
    const int64_t row_tiles = CeilDiv(m_, tile_m);
    return (1 + (m_ % tile_m != 0)) * (1 + (n_ % (tile_n * lanes_) != 0)) *
           (1 + ((m_ / tile_m) % TilesPerBlock(block_m, row_tiles) != 0));
  }

  const Operator op_;
  const Target target_;
  int64_t m_ = 1, n_ = 1, k_ = 1, lanes_ = 1;
  int64_t max_accumulators_ = 1;
  ConfigSpace space_;
};

}  // namespace

bool TakesGemm(const Operator& op) {
  if (!HasTiledForm(op)) return false;
  const Stage& main = *FindTiledStages(op).main;
  return main.reduction == Reduction::kSum && main.axes.size() == 2 && main.reduce_axes.size() == 1;
}

std::unique_ptr<BoundTemplate> BindGemm(const Operator& op, const Target& target) {
  return std::make_unique<Gemm>(op, target);
}

}  // namespace tunefarm::compiler
