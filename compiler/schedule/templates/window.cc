// Template window: operators whose channels stay apart, on NHWC: depthwise convolution, max and
// average pooling. The tile is tile_oh x tile_ow pixels by tile_c vectors of channels; all taps are
// unrolled, so that a tile loads each input pixel once.
//
//   for n, oh_block (parallel): [channels outside:] for c_tile: for oh_tile: for ow_tile: [channels
//   inside: for c_tile:]
//     acc = 0;  for kh, kw (unrolled): acc += in[n, oh*s + kh, ow*s + kw, c] x w[kh, kw, c];  out =
//     epilogue(acc)
//
// A padded copy is made of what the loop around it needs: of a block of rows, or of a channel tile
// where these are outermost; weights are packed by channel tile. Where a pixel is a multiple of 4
// KB apart from the next, the lines of one channel fall into one set of the first cache, and its
// loads are taken for reads of what was just stored; a copy of the tile beforehand spares both.
#include <algorithm>
#include <array>
#include <numeric>

#include "absl/strings/str_format.h"
#include "compiler/schedule/templates/templates.h"
#include "compiler/schedule/templates/tiling.h"

namespace tunefarm::compiler {
namespace {

// Taps times accumulators of one fully unrolled tile: beyond this the code outgrows the instruction
// cache.
constexpr int64_t kMaxUnrolledTaps = 512;
// Addresses so far apart share a set of the first cache: it is indexed within a page.
constexpr int64_t kSetPeriodBytes = 4096;
// Of a Cortex-M's general registers, which hold its integers (its vector registers are those of the
// FPU), what pointers and counters leave.
constexpr int64_t kRegistersForIntegers = 12;

struct Values {
  int64_t tile_oh, tile_ow, tile_c, block_oh;
  bool channels_inside;
  bool skip_padding;
};

class WindowTemplate final : public BoundTemplate {
 public:
  WindowTemplate(const Operator& op, const Target& target) : op_(op), target_(target) {
    const Workload& w = op_.workload;
    channel_ = FindTiledStages(op_).main->axes.back().name;
    channels_ = FindTiledStages(op_).main->axes.back().extent;
    // Pooling has no products to widen.
    widens_ = w.op == OpKind::kDepthwiseConv2d && w.dtype == DType::kS8 && target.HasLaneMultiply();
    lanes_ = widens_ ? std::min(2 * target_.VectorLanes(4), channels_)
                     : std::min(target_.VectorLanes(4), channels_);
    std::vector<Knob> knobs = {
        {"tile_oh", ValuesUpTo({1, 2, 3, 4}, w.oh()), "Rows of output pixels in the tile."},
        {"tile_ow", ValuesUpTo({1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14}, w.ow()),
         "Output pixels of a row in the tile."},
        {"tile_c", ValuesUpTo({1, 2, 4}, CeilDiv(channels_, lanes_)),
         "Channels of the tile, in vectors."},
        {"block_oh", BlockValues(w.oh()), "Tile rows per parallel block; 0: all."},
        {"channels_inside",
         {0, 1},
         "1: all channels of a tile of pixels before the next pixels; 0: channel tiles outermost."},
        {"skip_padding", HasPadding() ? std::vector<int64_t>{1, 0} : std::vector<int64_t>{0},
         "1: taps outside are skipped, borders peeled; 0: padded copy beforehand."},
    };
    space_ = ConfigSpace("window.v3", std::move(knobs),
                         [this](const Config& c) { return Check(Read(c)); });
  }

  const ConfigSpace& space() const override { return space_; }

  absl::StatusOr<Schedule> MakeSchedule(const Config& config) const override {
    const Values v = Read(config);
    if (std::string violation = Check(v); !violation.empty()) {
      return absl::FailedPreconditionError(violation);
    }
    const TiledStages stages = FindTiledStages(op_);
    Schedule schedule;
    StartTiling(stages, /*recenter=*/false, schedule);
    TileOutput(v, stages, schedule.steps);
    TileAccumulators(stages, schedule.steps);
    PackWeights(v, stages, schedule.steps);
    return schedule;
  }

  ConfigFacts Facts(const Config& config) const override;

 private:
  static Values Read(const Config& config) {
    const auto& v = config.values;
    return {v[0], v[1], v[2], v[3], v[4] != 0, v[5] != 0};
  }
  bool HasPadding() const { return FindTiledStages(op_).pad != nullptr; }
  std::string Check(const Values& v) const;
  void TileOutput(const Values& v, const TiledStages& stages, std::vector<Step>& steps) const;
  void TileAccumulators(const TiledStages& stages, std::vector<Step>& steps) const;
  void PackWeights(const Values& v, const TiledStages& stages, std::vector<Step>& steps) const;

  double Reach(double bytes_per_pixel) const;

  const Operator op_;
  const Target target_;
  std::string channel_;
  int64_t channels_ = 1, lanes_ = 1;
  bool widens_ = false;  // Products of s8 are added by a widening multiply-add.
  ConfigSpace space_;
};

// Tiles of `tile` outputs whose taps meet the border before (first) and behind (second) the image.
std::array<int64_t, 2> BorderTiles(int64_t outputs, int64_t tile, int64_t stride, int64_t kernel,
                                   int64_t dilation, int64_t pad, int64_t inputs) {
  const int64_t before = CeilDiv(pad, tile * stride);
  const int64_t last = (outputs / tile * tile - 1) * stride + (kernel - 1) * dilation - pad;
  const int64_t behind = std::max<int64_t>(0, CeilDiv(last - (inputs - 1), tile * stride));
  return {std::min<int64_t>(before, 16), std::min<int64_t>(behind, 16)};
}

std::string WindowTemplate::Check(const Values& v) const {
  const Workload& w = op_.workload;
  const int64_t accumulators = v.tile_oh * v.tile_ow * v.tile_c;
  // Accumulators and the weight and input vectors at hand.
  const int64_t registers = CeilDiv(lanes_, target_.VectorLanes(4));
  if (accumulators * registers + 2 * v.tile_c > target_.num_vector_registers) {
    return absl::StrFormat("%d accumulators do not fit %d vector registers", accumulators,
                           target_.num_vector_registers);
  }
  if (accumulators * w.kh * w.kw > kMaxUnrolledTaps) {
    return absl::StrFormat("%d unrolled taps exceed %d", accumulators * w.kh * w.kw,
                           kMaxUnrolledTaps);
  }
  return BlockViolation(v.block_oh, CeilDiv(w.oh(), v.tile_oh));
}

void WindowTemplate::TileOutput(const Values& v, const TiledStages& stages,
                                std::vector<Step>& steps) const {
  const Workload& w = op_.workload;
  const std::string sink = stages.sink(), c = channel_;
  steps.push_back(Split(sink, "oh", v.tile_oh));
  if (v.skip_padding) {
    const auto [top, bottom] =
        BorderTiles(w.oh(), v.tile_oh, w.stride_h, w.kh, w.dilation_h, w.pad_top, w.h);
    steps.push_back(Inline("pad"));
    if (v.block_oh == 0) steps.push_back(Peel(sink, "oh_outer", top, bottom));
  } else if (stages.pad != nullptr) {
    const std::string inner = stages.pad->axes.back().name;
    steps.push_back(Split("pad", inner, v.channels_inside ? 4 * lanes_ : lanes_));
    steps.push_back(Vectorize("pad", inner + "_inner"));
  }
  steps.push_back(Split(sink, "ow", v.tile_ow));
  steps.push_back(Split(sink, c, v.tile_c * lanes_));
  steps.push_back(Split(sink, c + "_inner", lanes_));
  std::vector<std::string> order = {"n"};
  std::vector<std::string> rows = {"oh_outer"};
  if (v.block_oh != 0) {
    steps.push_back(Split(sink, "oh_outer", v.block_oh));
    order.push_back("oh_outer_outer");
    rows = {"oh_outer_inner"};
  }
  rows.push_back("ow_outer");
  rows.insert(v.channels_inside ? rows.end() : rows.begin(), c + "_outer");
  order.insert(order.end(), rows.begin(), rows.end());
  for (const std::string& axis :
       {std::string("oh_inner"), std::string("ow_inner"), c + "_inner_outer", c + "_inner_inner"}) {
    order.push_back(axis);
  }
  steps.push_back(Reorder(sink, order));
  std::string parallel = "n";
  if (v.block_oh != 0) {
    steps.push_back(Fuse(sink, "n", "oh_outer_outer"));
    parallel = "n_oh_outer_outer";
  }
  steps.push_back(Parallel(sink, parallel));
  steps.push_back(Unroll(sink, "oh_inner"));
  steps.push_back(Unroll(sink, "ow_inner"));
  steps.push_back(Unroll(sink, c + "_inner_outer"));
  steps.push_back(Vectorize(sink, c + "_inner_inner"));
  if (v.skip_padding) {
    const auto [left, right] =
        BorderTiles(w.ow(), v.tile_ow, w.stride_w, w.kw, w.dilation_w, w.pad_left, w.w);
    steps.push_back(Peel(sink, "ow_outer", left, right));
  }
  steps.push_back(ComputeAt(stages.acc(), sink, v.channels_inside ? c + "_outer" : "ow_outer"));
  const bool box = op_.workload.multiplier == 1;
  if (stages.pad != nullptr && !v.skip_padding && box) {
    steps.push_back(ComputeAt("pad", sink, v.channels_inside ? parallel : c + "_outer"));
  }
}

void WindowTemplate::TileAccumulators(const TiledStages& stages, std::vector<Step>& steps) const {
  const std::string acc = stages.acc(), c = channel_;
  steps.push_back(Split(acc, c, lanes_));
  std::string kw = "kw";
  std::vector<std::string> loops = {"n", "kh", "kw", "oh", "ow", c + "_outer", c + "_inner"};
  if (widens_) {
    steps.push_back(Split(acc, "kw", 1));
    kw = loops[2] = "kw_outer";
    loops.insert(loops.end() - 1, "kw_inner");
  }
  steps.push_back(Reorder(acc, loops));
  if (widens_) steps.push_back(Tensorize(acc, "kw_inner"));
  for (const std::string& axis :
       {std::string("kh"), kw, std::string("oh"), std::string("ow"), c + "_outer"}) {
    steps.push_back(Unroll(acc, axis));
  }
  steps.push_back(Vectorize(acc, c + "_inner"));
}

// The taps of a channel tile side by side: in place they would be as far apart as pixels are.
void WindowTemplate::PackWeights(const Values& v, const TiledStages& stages,
                                 std::vector<Step>& steps) const {
  const Workload& w = op_.workload;
  const int64_t tile = v.tile_c * lanes_;
  const bool has_weights = w.op == OpKind::kDepthwiseConv2d && w.multiplier == 1;
  if (!has_weights || tile < 2 || tile >= channels_ || target_.l1_bytes == 0) return;
  steps.push_back(Pack(stages.acc(), "w", {2, 0, 1, 3}, {{2, tile}}));
}

// The part of the first cache's sets that a channel tile of pixels can lie in, which repeat every
// 4 KB.
double WindowTemplate::Reach(double bytes_per_pixel) const {
  const int64_t pixel_bytes = op_.workload.c * SizeBytes(op_.workload.dtype);
  const int64_t period = std::gcd(pixel_bytes, kSetPeriodBytes);
  return std::min(1.0, bytes_per_pixel / static_cast<double>(period));
}

ConfigFacts WindowTemplate::Facts(const Config& config) const {
  const Workload& w = op_.workload;
  const Values v = Read(config);
  const double elem = w.dtype == DType::kF32 ? 4 : 1;
  const auto number = [](int64_t value) { return static_cast<double>(value); };
  const int64_t rows = v.tile_oh * v.tile_ow;
  const int64_t in_h = (v.tile_oh - 1) * w.stride_h + (w.kh - 1) * w.dilation_h + 1;
  const int64_t in_w = (v.tile_ow - 1) * w.stride_w + (w.kw - 1) * w.dilation_w + 1;
  const int64_t row_tiles = CeilDiv(w.oh(), v.tile_oh), column_tiles = CeilDiv(w.ow(), v.tile_ow);
  TiledLoop loop;
  loop.rows = rows;
  loop.vectors = v.tile_c;
  loop.lanes = lanes_;
  loop.num_rows = w.n * w.oh() * w.ow();
  loop.num_columns = channels_;
  loop.row_tiles = w.n * row_tiles * column_tiles;
  loop.steps = w.kh * w.kw;
  loop.unroll = loop.steps;
  loop.copies = (1 + (w.oh() % v.tile_oh != 0)) * (1 + (w.ow() % v.tile_ow != 0)) *
                (1 + (channels_ % (v.tile_c * lanes_) != 0)) * (v.skip_padding ? 9 : 1);
  loop.block_row_tiles = TilesPerBlock(v.block_oh, row_tiles) * column_tiles;
  loop.num_groups_of_blocks = w.n * CeilDiv(row_tiles, TilesPerBlock(v.block_oh, row_tiles));
  loop.elem_bytes = elem;
  loop.output_elem_bytes = elem;
  const double tile_channels = number(v.tile_c * lanes_);
  loop.input_bytes_per_tile = number(in_h * in_w) * tile_channels * elem;
  loop.total_input_bytes = number(w.n * w.h * w.w * w.c) * elem;
  loop.input_bytes_per_block = v.channels_inside
                                   ? number(in_h * w.w * w.c) * elem
                                   : loop.total_input_bytes * tile_channels / number(channels_);
  if (HasPadding() && !v.skip_padding) {
    // The copy of a channel tile is written into the first cache, that of a block beyond it.
    loop.packing_bytes =
        (v.channels_inside ? 2 : 1) *
        number(w.n * (w.h + w.pad_top + w.pad_bottom) * (w.w + w.pad_left + w.pad_right) * w.c) *
        elem;
  }
  loop.parallel_chunks = loop.num_groups_of_blocks;
  ConfigFacts facts = FactsOf(loop, target_);
  // Inputs are vectors here, each loaded once per tile; weights once per tap.
  facts.vector_loads_per_step =
      number(v.tile_c) * (1.0 + number(in_h * in_w) / number(w.kh * w.kw));
  facts.broadcast_loads_per_step = 0;
  facts.operand_registers = number(2 * v.tile_c);
  const bool integers = target_.IsBareMetal() && w.dtype == DType::kS8;
  const int64_t registers = integers ? kRegistersForIntegers : target_.num_vector_registers;
  facts.available_registers = number(registers);
  // The inputs that a row of taps reads wait in registers for its other taps, and those that find
  // none in memory.
  const int64_t waiting = v.tile_oh * in_w * v.tile_c;
  const int64_t spilled = std::max<int64_t>(0, rows * v.tile_c + v.tile_c + waiting - registers);
  facts.epilogue_vectors += facts.tiles * number(w.kh * spilled);
  if (v.skip_padding || !HasPadding()) {
    facts.levels[0].reach = Reach(tile_channels * elem);
    if (!v.channels_inside) facts.levels[1].reach = facts.levels[0].reach;
  }
  return facts;
}

}  // namespace

bool TakesWindow(const Operator& op) {
  const OpKind kind = op.workload.op;
  const bool window =
      kind == OpKind::kDepthwiseConv2d || kind == OpKind::kMaxPool2d || kind == OpKind::kAvgPool2d;
  return window && op.workload.layout == Layout::kNhwc && HasTiledForm(op);
}

std::unique_ptr<BoundTemplate> BindWindow(const Operator& op, const Target& target) {
  return std::make_unique<WindowTemplate>(op, target);
}

}  // namespace tunefarm::compiler
