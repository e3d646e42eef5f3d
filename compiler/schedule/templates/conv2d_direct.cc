// Template conv2d_direct: register tiles of tile_oh x tile_ow pixels by tile_oc vectors of output
// channels, weights packed in panels of one tile's channels in the order in which they stream.
//
//   for n, oh_block (parallel): for oc_tile: for oh_tile: for ow_tile:
//     acc[tile_oh, tile_ow, tile_oc] = 0
//     for kh: for kw: for ic: acc += in[n, oh*s + kh, ow*s + kw, ic] x w_packed[oc_tile, kh, kw,
//     ic, :] out = epilogue(acc)
//
// NCHW is packed into NHWC inside the timed region first. Blocked NCHW[x]c runs its vectors over
// the block.
#include <algorithm>
#include <array>

#include "absl/strings/str_format.h"
#include "compiler/schedule/templates/templates.h"
#include "compiler/schedule/templates/tiling.h"

namespace tunefarm::compiler {
namespace {

// Where there are fewer, a load of four lanes would not find them side by side.
constexpr int64_t kFewChannels = 4;

// How padding is met.
enum class Padding : int64_t {
  kNone = 0,  // There is none.
  kSkip = 1,  // Taps outside are skipped: borders are peeled off, rows outside cost one test per
              // tile and kernel row.
  kCopyWhole = 2,  // A padded copy of the input, made first.
  kCopyBlock = 3,  // A padded copy of the rows that one block of output rows needs.
};

// The values of a config's knobs, in the order of the space.
struct Values {
  int64_t tile_oh, tile_ow, tile_oc, unroll_ic, terms, block_oh;
  Padding padding;
  StreamValues stream;
};

class Conv2dDirect final : public BoundTemplate {
 public:
  Conv2dDirect(const Operator& op, const Target& target) : op_(op), target_(target) {
    const Workload& w = op_.workload;
    blocked_ = w.layout == Layout::kNchwc;
    const int64_t channels = blocked_ ? w.channel_block : w.oc;
    lanes_ = blocked_ ? channels : ColumnLanes(op_, target_, channels);
    const int64_t vectors = CeilDiv(w.oc, lanes_);
    std::vector<Knob> knobs = {
        {"tile_oh", ValuesUpTo({1, 2, 3, 4, 7}, w.oh()),
         "Rows of output pixels in the register tile."},
        {"tile_ow", ValuesUpTo({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 28}, w.ow()),
         "Output pixels of a row in the register tile."},
        {"tile_oc", ValuesUpTo({1, 2, 3, 4, 6}, vectors),
         "Output channels of the tile, in vectors."},
        {"unroll_ic", ValuesUpTo({1, 2, 4, 8}, InnerChannels()),
         "Input channels per iteration of the innermost loop."},
        blocked_ ? Knob{"pairs", {0}, "1: s8 terms are multiplied two at a time."}
                 : DotKnob(op_, target_, InnerChannels()),
        {"block_oh", BlockValues(w.oh()),
         "Tile rows that one weight panel serves before the next; 0: all."},
        {"padding", PaddingValues(),
         "0 none, 1 skip taps outside, 2 padded copy, 3 padded copy per block."},
    };
    const int64_t lane_steps = InnerChannels() * (LanesCrossTaps() ? w.kw : 1);
    for (Knob& knob : StreamKnobs(op_, target_, lane_steps)) knobs.push_back(std::move(knob));
    max_accumulators_ = knobs[0].values.back() * knobs[1].values.back() * knobs[2].values.back();
    space_ = ConfigSpace(blocked_ ? "conv2d_direct_nchwc.v1" : "conv2d_direct.v1", std::move(knobs),
                         [this](const Config& config) { return Check(Read(config)); });
  }

  const ConfigSpace& space() const override { return space_; }

  absl::StatusOr<Schedule> MakeSchedule(const Config& config) const override {
    const Values v = Read(config);
    if (std::string violation = Check(v); !violation.empty()) {
      return absl::FailedPreconditionError(violation);
    }
    const TiledStages stages = FindTiledStages(op_);
    Schedule schedule;
    StartTiling(stages, v.terms == 4 && op_.workload.epilogue.requant, schedule);
    PlacePadding(v, stages, schedule.steps);
    TileOutput(v, stages, schedule.steps);
    TileAccumulators(v, stages, schedule.steps);
    if (v.stream.lanes != 0) {
      const int64_t accumulators = v.tile_oh * v.tile_ow * v.tile_oc * RegistersPerVector();
      schedule.steps.push_back(
          Stream(stages.acc(), v.stream.lanes, v.stream.ahead, v.stream.group * accumulators));
    }
    return schedule;
  }

  ConfigFacts Facts(const Config& config) const override;

 private:
  Values Read(const Config& config) const {
    const auto& v = config.values;
    return {v[0],
            v[1],
            v[2],
            v[3],
            DotTerms(target_, v[4]),
            v[5],
            static_cast<Padding>(v[6]),
            ReadStream(config, 7)};
  }

  // With so few channels, elements side by side are those of several taps: lanes are loaded across
  // them, for which the taps of a kernel row are unrolled.
  bool LanesCrossTaps() const {
    const bool f32 = op_.workload.dtype == DType::kF32;
    return f32 && target_.HasLaneMultiply() && !blocked_ && InnerChannels() < kFewChannels;
  }
  bool UnrollsTaps(const Values& v) const {
    return v.padding == Padding::kSkip || LanesCrossTaps();
  }

  int64_t RegistersPerVector() const {
    return blocked_ ? 1 : CeilDiv(lanes_, target_.VectorLanes(4));
  }
  bool HasPadding() const { return FindTiledStages(op_).pad != nullptr; }
  int64_t InnerChannels() const {
    const Workload& w = op_.workload;
    return blocked_ ? w.channel_block : w.c / w.groups;
  }
  std::vector<int64_t> PaddingValues() const {
    if (!HasPadding()) return {0};
    // A grouped convolution's input region is no box, so it cannot be copied block by block.
    if (op_.workload.groups > 1) return {1, 2};
    return {1, 2, 3};
  }

  std::string Check(const Values& v) const;
  void PlacePadding(const Values& v, const TiledStages& stages, std::vector<Step>& steps) const;
  void TileOutput(const Values& v, const TiledStages& stages, std::vector<Step>& steps) const;
  void TileAccumulators(const Values& v, const TiledStages& stages, std::vector<Step>& steps) const;
  // Copies of the tile's body in the code: tails, peeled borders, unrolled taps.
  int64_t Copies(const Values& v) const;
  // Iterations of ow_outer whose taps meet the left or right border, to be peeled when padding is
  // skipped.
  std::array<int64_t, 2> PeeledColumns(const Values& v) const;

  const Operator op_;
  const Target target_;
  bool blocked_ = false;
  int64_t lanes_ = 1;
  int64_t max_accumulators_ = 1;
  ConfigSpace space_;
};

std::string Conv2dDirect::Check(const Values& v) const {
  const Workload& w = op_.workload;
  if (std::string violation = RegisterViolation(
          target_, v.tile_oh * v.tile_ow, v.tile_oc * RegistersPerVector(), max_accumulators_);
      !violation.empty()) {
    return violation;
  }
  // Conditions on rows are tested once per kernel row only where the tile has one row.
  if (v.padding == Padding::kSkip && v.tile_oh > 1 && w.pad_top + w.pad_bottom > 0) {
    return "padding rows are skipped only by tiles of one row";
  }
  if (v.padding == Padding::kSkip && v.terms == 4) {
    return "sums without their zero point skip no taps";
  }
  if (std::string violation =
          CodeSizeViolation(Copies(v), v.tile_oh * v.tile_ow, v.tile_oc, v.unroll_ic);
      !violation.empty()) {
    return violation;
  }
  if (std::string violation =
          StreamViolation(target_, v.tile_oh * v.tile_ow, v.tile_oc * RegistersPerVector(),
                          v.stream, LanesCrossTaps() ? 0 : v.unroll_ic);
      !violation.empty()) {
    return violation;
  }
  return BlockViolation(v.block_oh, CeilDiv(w.oh(), v.tile_oh));
}

int64_t Conv2dDirect::Copies(const Values& v) const {
  const Workload& w = op_.workload;
  const int64_t channel_copies = 1 + (w.oc % (v.tile_oc * lanes_) != 0);
  int64_t pixel_copies = (1 + (w.oh() % v.tile_oh != 0)) * (1 + (w.ow() % v.tile_ow != 0));
  if (v.padding != Padding::kSkip) {
    return channel_copies * pixel_copies * (UnrollsTaps(v) ? w.kw : 1);
  }
  const auto [left, right] = PeeledColumns(v);
  return w.kw * channel_copies * std::min(pixel_copies + left + right, CeilDiv(w.ow(), v.tile_ow));
}

std::array<int64_t, 2> Conv2dDirect::PeeledColumns(const Values& v) const {
  const Workload& w = op_.workload;
  const int64_t left = CeilDiv(w.pad_left, v.tile_ow * w.stride_w);
  const int64_t full_tiles = w.ow() / v.tile_ow;
  // The last full tile's last tap, in input columns.
  const int64_t last =
      (full_tiles * v.tile_ow - 1) * w.stride_w + (w.kw - 1) * w.dilation_w - w.pad_left;
  const int64_t right = std::max<int64_t>(0, CeilDiv(last - (w.w - 1), v.tile_ow * w.stride_w));
  return {std::min<int64_t>(left, 16), std::min<int64_t>(right, 16)};
}

void Conv2dDirect::PlacePadding(const Values& v, const TiledStages& stages,
                                std::vector<Step>& steps) const {
  if (op_.workload.layout == Layout::kNchw) {
    const std::string reader = stages.pad != nullptr ? "pad" : stages.acc();
    steps.push_back(Pack(reader, "in", {0, 2, 3, 1}, {}));
  }
  if (stages.pad == nullptr) return;
  if (v.padding == Padding::kSkip) {
    steps.push_back(Inline("pad"));
    return;
  }
  // Vectors over the innermost dimension, a few at a time.
  const std::string inner = stages.pad->axes.back().name;
  steps.push_back(Split("pad", inner, 4 * target_.VectorLanes(4)));
  steps.push_back(Vectorize("pad", inner + "_inner"));
}

void Conv2dDirect::TileOutput(const Values& v, const TiledStages& stages,
                              std::vector<Step>& steps) const {
  const std::string sink = stages.sink();
  const int64_t row_tiles = CeilDiv(op_.workload.oh(), v.tile_oh);
  steps.push_back(Split(sink, "oh", v.tile_oh));
  steps.push_back(Split(sink, "oh_outer", TilesPerBlock(v.block_oh, row_tiles)));
  steps.push_back(Split(sink, "ow", v.tile_ow));
  std::vector<std::string> channels;
  if (blocked_) {
    steps.push_back(Split(sink, "oc_block", v.tile_oc));
    channels = {"oc_block_outer", "oc_block_inner", "oc_lane"};
  } else {
    steps.push_back(Split(sink, "oc", v.tile_oc * lanes_));
    steps.push_back(Split(sink, "oc_inner", lanes_));
    channels = {"oc_outer", "oc_inner_outer", "oc_inner_inner"};
  }
  steps.push_back(Reorder(sink, {"n", "oh_outer_outer", channels[0], "oh_outer_inner", "ow_outer",
                                 "oh_inner", "ow_inner", channels[1], channels[2]}));
  steps.push_back(Fuse(sink, "n", "oh_outer_outer"));
  steps.push_back(Parallel(sink, "n_oh_outer_outer"));
  for (const std::string& axis : {std::string("oh_inner"), std::string("ow_inner"), channels[1]}) {
    steps.push_back(Unroll(sink, axis));
  }
  steps.push_back(Vectorize(sink, channels[2]));
  if (v.padding == Padding::kSkip) {
    const auto [left, right] = PeeledColumns(v);
    steps.push_back(Peel(sink, "ow_outer", left, right));
  }
  steps.push_back(ComputeAt(stages.acc(), sink, "ow_outer"));
  if (v.padding == Padding::kCopyBlock) {
    steps.push_back(ComputeAt("pad", sink, "n_oh_outer_outer"));
  }
}

void Conv2dDirect::TileAccumulators(const Values& v, const TiledStages& stages,
                                    std::vector<Step>& steps) const {
  const std::string acc = stages.acc();
  const int64_t columns = v.tile_oc * lanes_;
  std::vector<std::string> order;
  std::string vector_axis, channel_tile;
  if (blocked_) {
    const int64_t block = op_.workload.channel_block;
    steps.push_back(Pack(acc, "w", {0, 1, 2, 3}, {{1, block}, {0, block}}));
    steps.push_back(Split(acc, "ic_lane", v.unroll_ic));
    channel_tile = "oc_block";
    vector_axis = "oc_lane";
    order = {"ic_block", "kh", "kw", "ic_lane_outer", "ic_lane_inner"};
  } else {
    std::vector<PackBlock> panel;
    const bool oihw = op_.workload.layout == Layout::kNchw;
    if (columns > 1) panel.push_back({oihw ? 0 : 3, columns});
    if (v.terms > 1) panel.push_back({oihw ? 1 : 2, v.terms});
    steps.push_back(Pack(acc, "w",
                         oihw ? std::vector<int64_t>{0, 2, 3, 1} : std::vector<int64_t>{3, 0, 1, 2},
                         panel));
    if (v.terms != 0) steps.push_back(Split(acc, "ic", v.terms));
    const std::string ic = v.terms != 0 ? "ic_outer" : "ic";
    steps.push_back(Split(acc, ic, v.unroll_ic));
    steps.push_back(Split(acc, "oc", lanes_));
    channel_tile = "oc_outer";
    vector_axis = "oc_inner";
    order = {"kh", "kw", ic + "_outer", ic + "_inner"};
  }
  std::vector<std::string> loops = {"n"};
  loops.insert(loops.end(), order.begin(), order.end());
  loops.insert(loops.end(), {"oh", "ow", channel_tile});
  if (v.terms != 0) loops.push_back("ic_inner");
  loops.push_back(vector_axis);
  steps.push_back(Reorder(acc, loops));
  if (v.terms != 0) steps.push_back(Tensorize(acc, "ic_inner"));
  steps.push_back(Unroll(acc, order.back()));
  if (UnrollsTaps(v)) steps.push_back(Unroll(acc, "kw"));
  for (const std::string& axis : {std::string("oh"), std::string("ow"), channel_tile}) {
    steps.push_back(Unroll(acc, axis));
  }
  steps.push_back(Vectorize(acc, vector_axis));
}

ConfigFacts Conv2dDirect::Facts(const Config& config) const {
  const Workload& w = op_.workload;
  const Values v = Read(config);
  const auto bytes = [&w](int64_t elems) {
    return static_cast<double>(elems) * (w.dtype == DType::kF32 ? 4.0 : 1.0);
  };
  const int64_t row_tiles = CeilDiv(w.oh(), v.tile_oh), column_tiles = CeilDiv(w.ow(), v.tile_ow);
  const int64_t block = TilesPerBlock(v.block_oh, row_tiles);
  // Input rows or columns under `count` output rows or columns.
  const auto reach = [](int64_t count, int64_t stride, int64_t kernel, int64_t dilation) {
    return (count - 1) * stride + (kernel - 1) * dilation + 1;
  };
  const int64_t tile_h = reach(v.tile_oh, w.stride_h, w.kh, w.dilation_h);
  const int64_t tile_w = reach(v.tile_ow, w.stride_w, w.kw, w.dilation_w);
  const int64_t block_h =
      reach(std::min(block * v.tile_oh, w.oh()), w.stride_h, w.kh, w.dilation_h);
  TiledLoop loop;
  loop.rows = v.tile_oh * v.tile_ow;
  loop.vectors = v.tile_oc;
  loop.lanes = lanes_;
  loop.num_rows = w.n * w.oh() * w.ow();
  loop.num_columns = w.oc;
  loop.row_tiles = w.n * row_tiles * column_tiles;
  loop.steps = w.kh * w.kw * CeilDiv(w.c / w.groups, std::max<int64_t>(1, v.terms));
  loop.unroll = v.unroll_ic;
  loop.stream = v.stream;
  loop.dot_product = v.terms == 4;
  loop.copies = Copies(v);
  loop.block_row_tiles = block * column_tiles;
  loop.num_groups_of_blocks = w.n * CeilDiv(row_tiles, block);
  loop.input_bytes_per_tile = bytes(tile_h * tile_w * w.c);
  loop.input_bytes_per_block = bytes(std::min(block_h, w.h) * w.w * w.c);
  loop.total_input_bytes = bytes(w.n * w.h * w.w * w.c);
  loop.elem_bytes = bytes(1);
  loop.output_elem_bytes = bytes(1);
  const int64_t padded_width = w.w + w.pad_left + w.pad_right;
  if (v.padding == Padding::kCopyWhole) {
    loop.packing_bytes += 2 * bytes(w.n * (w.h + w.pad_top + w.pad_bottom) * padded_width * w.c);
  }
  if (v.padding == Padding::kCopyBlock) {
    loop.packing_bytes += 2 * bytes(loop.num_groups_of_blocks * block_h * padded_width * w.c);
  }
  if (w.layout == Layout::kNchw) loop.packing_bytes += 2 * loop.total_input_bytes;
  loop.parallel_chunks = loop.num_groups_of_blocks;
  return FactsOf(loop, target_);
}

}  // namespace

bool TakesConv2dDirect(const Operator& op) {
  return op.workload.op == OpKind::kConv2d && HasTiledForm(op);
}

std::unique_ptr<BoundTemplate> BindConv2dDirect(const Operator& op, const Target& target) {
  return std::make_unique<Conv2dDirect>(op, target);
}

}  // namespace tunefarm::compiler
