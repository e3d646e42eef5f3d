// Template cortex_m_pair_tile: s8 convolution, 1x1 convolution and dense on Cortex-M with the DSP
// extension, by the expansion of the same name (compiler/lower/expand/pair_tile.cc).
#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "compiler/schedule/templates/templates.h"
#include "compiler/schedule/templates/tiling.h"

namespace tunefarm::compiler {
namespace {

// What the registers leave: eight accumulators beside two pointers and four operands.
constexpr int64_t kMaxAccumulators = 8;
// A byte store reaches this far from its pointer.
constexpr int64_t kMaxReach = 4095;
// So far a load of two words moves its pointer.
constexpr int64_t kMaxMove = 1020;
// The sum of so many products stays below half of the 30 bits that the short requantisation takes.
constexpr int64_t kMaxTerms = int64_t{1} << 15;
// Bytes of a Thumb-2 instruction of the tile.
constexpr double kBytesPerInstruction = 4;
// Fitted so that rows and columns rank as QEMU counts them in the layers of tests/bench/cortex_m.
constexpr double kInstructionsPerWidenedInput = 1.75;
constexpr double kRequantiseInstructions = 6.5;

// How far a run's last tap may be from its begin, and one run from the next.
constexpr int64_t kMaxTapBytes = 980, kMaxRunBytes = 4095;
constexpr int64_t kMaxRowBytes = 64 * 1024;
// Steps that a tile without a loop is made for: below, 32 in an iteration leave no loop either;
// above, the code outgrows the fast memories of the boards.
constexpr int64_t kMinStraightSteps = 65, kMaxStraightSteps = 160;

enum Knobs { kPixels, kChannels, kSteps, kWeightBits, kRows };

class CortexMPairTile final : public BoundTemplate {
 public:
  CortexMPairTile(const Operator& op, const Target& target) : op_(op), target_(target) {
    const Workload& w = op_.workload;
    num_channels_ = op_.output->extents.back();
    num_pixels_ = op_.output->num_elems() / num_channels_;
    const int64_t window = w.op == OpKind::kConv2d ? w.kh * w.kw : 1;
    num_terms_ = window * w.c;
    num_steps_ = (num_terms_ + 1) / 2;
    std::vector<Knob> knobs = {
        {"pixels", ValuesUpTo({1, 2, 4}, num_pixels_), "Output pixels of a register tile."},
        {"channels", ValuesUpTo({1, 2, 3, 4, 5, 6, 8}, num_channels_),
         "Output channels of a register tile."},
        {"steps",
         {2, 4, 8, 16, 24, 32, 0},
         "Pair steps in one iteration of the tile's loop; 0: all of them, no loop."},
        {"weight_bits",
         num_steps_ % 2 == 0 ? std::vector<int64_t>{16, 8} : std::vector<int64_t>{16},
         "Of a packed weight. 16: widened ahead of time; 8: half the memory, widened by the tile."},
        {"rows", RowValues(),
         "0: a tile's windows are gathered to columns. Above: the inputs of so many output rows "
         "are "
         "widened together and read in place."},
    };
    space_ = ConfigSpace("cortex_m_pair_tile.v3", std::move(knobs),
                         [this](const Config& config) { return Violation(config); });
  }

  const ConfigSpace& space() const override { return space_; }

  absl::StatusOr<Schedule> MakeSchedule(const Config& config) const override {
    if (std::string violation = space_.Violation(config); !violation.empty()) {
      return absl::FailedPreconditionError(violation);
    }
    const auto& v = config.values;
    return Schedule{{ExpandPairTile(
        op_.stages.back().name, {v[kPixels], v[kChannels], v[kSteps], v[kWeightBits], v[kRows]})}};
  }

  ConfigFacts Facts(const Config& config) const override {
    const auto& v = config.values;
    TiledLoop loop;
    loop.rows = v[kPixels];
    loop.vectors = v[kChannels];
    loop.num_rows = num_pixels_;
    loop.num_columns = num_channels_;
    loop.row_tiles = CeilDiv(num_pixels_, v[kPixels]);
    loop.steps = Steps(v[kRows]);
    const int64_t unroll = v[kSteps] == 0 ? loop.steps : std::min(v[kSteps], loop.steps);
    loop.unroll = unroll;
    loop.copies = 2;
    loop.elem_bytes = 2;
    loop.output_elem_bytes = 1;
    loop.total_input_bytes = static_cast<double>(op_.inputs[0].buffer->num_elems());
    loop.input_bytes_per_tile = static_cast<double>(v[kPixels] * num_terms_);
    // A byte per cycle on boards: instructions.
    loop.packing_bytes = WidenedInputs(v[kRows]) * kInstructionsPerWidenedInput;
    ConfigFacts facts = FactsOf(loop, target_);
    // Two words are loaded by one instruction.
    const auto loads = [](int64_t words) { return static_cast<double>((words + 1) / 2); };
    facts.vector_loads_per_step = loads(v[kChannels]);
    facts.broadcast_loads_per_step = v[kPixels] == 1 ? 0.5 : loads(v[kPixels]);
    facts.operand_registers = 6;
    facts.available_registers = 14;
    const double widenings = v[kWeightBits] == 8 ? static_cast<double>(v[kChannels]) : 0;
    facts.total_weight_bytes *= static_cast<double>(v[kWeightBits]) / 16;
    const double step = static_cast<double>(v[kPixels] * v[kChannels]) + widenings +
                        facts.vector_loads_per_step + facts.broadcast_loads_per_step;
    facts.body_instructions = static_cast<double>(unroll) * step + 3;
    facts.loop_overhead_per_step = 3.0 / static_cast<double>(unroll);
    facts.code_bytes = facts.body_instructions * 2 * kBytesPerInstruction;
    facts.epilogue_vectors = static_cast<double>(op_.output->num_elems()) * kRequantiseInstructions;
    return facts;
  }

 private:
  // A window of one column is as well gathered.
  std::vector<int64_t> RowValues() const {
    const Workload& w = op_.workload;
    if (w.op != OpKind::kConv2d || w.kw == 1 || w.dilation_h != 1) return {0};
    return ValuesUpTo({0, 1, 4, 8}, w.oh());
  }

  // Pairs of terms of one sum. Rows pair the channels of each tap, so that an odd one stands alone.
  int64_t Steps(int64_t rows) const {
    const Workload& w = op_.workload;
    return rows == 0 ? num_steps_ : w.kh * w.kw * CeilDiv(w.c, 2);
  }

  // Inputs that are widened in the whole kernel.
  double WidenedInputs(int64_t rows) const {
    const Workload& w = op_.workload;
    if (rows == 0) return static_cast<double>(num_pixels_ * num_terms_);
    const int64_t in_rows = CeilDiv(w.oh(), rows) * ((rows - 1) * w.stride_h + w.kh);
    return static_cast<double>(w.n * in_rows * w.w * w.c);
  }

  std::string RowViolation(int64_t rows, int64_t steps, int64_t weight_bits) const {
    const Workload& w = op_.workload;
    if (weight_bits != 16) return "tiles that read rows take 16-bit weights";
    if (steps != 0 && steps < w.kw) {
      return absl::StrFormat("%d steps at a time, a run of a row has %d", steps, w.kw);
    }
    const int64_t columns = CeilDiv(w.w + w.pad_left + w.pad_right, w.stride_w);
    const int64_t run_bytes = columns * w.stride_w * 4;
    const int64_t last_tap = (w.kw - 1) * w.dilation_w;
    const int64_t tap_bytes =
        (std::min(last_tap, w.stride_w - 1) * columns + last_tap / w.stride_w) * 4;
    if (run_bytes > kMaxRunBytes || tap_bytes > kMaxTapBytes) {
      return absl::StrFormat(
          "rows of %d columns: runs %d bytes apart and taps up to %d, the tile "
          "reaches %d and %d",
          columns * w.stride_w, run_bytes, tap_bytes, kMaxRunBytes, kMaxTapBytes);
    }
    const int64_t slots = (rows - 1) * w.stride_h + w.kh;
    const int64_t row_bytes = slots * CeilDiv(w.c, 2) * run_bytes;
    if (row_bytes > kMaxRowBytes) {
      return absl::StrFormat("rows take %d bytes, more than %d", row_bytes, kMaxRowBytes);
    }
    return "";
  }

  std::string Violation(const Config& config) const {
    const int64_t pixels = config.values[kPixels], channels = config.values[kChannels];
    if (pixels * channels > kMaxAccumulators) {
      return absl::StrFormat("tile %dx%d has %d accumulators, the registers hold %d", pixels,
                             channels, pixels * channels, kMaxAccumulators);
    }
    const int64_t reach = (pixels - 1) * num_channels_ + channels - 1;
    if (reach > kMaxReach) {
      return absl::StrFormat("a tile's outputs are %d bytes apart, a store reaches %d", reach,
                             kMaxReach);
    }
    const int64_t steps = config.values[kSteps];
    if (steps == 0 && (num_steps_ < kMinStraightSteps || num_steps_ > kMaxStraightSteps)) {
      return absl::StrFormat("%d steps without a loop: made for %d to %d", num_steps_,
                             kMinStraightSteps, kMaxStraightSteps);
    }
    const int64_t moved = steps * std::max(pixels, channels) * 4;
    if (moved > kMaxMove) {
      return absl::StrFormat("an iteration moves a pointer by %d bytes, a load by at most %d",
                             moved, kMaxMove);
    }
    if (steps > num_steps_ && steps > 2) {
      return absl::StrFormat("%d steps at a time, of which there are %d", steps, num_steps_);
    }
    const int64_t rows = config.values[kRows];
    return rows == 0 ? "" : RowViolation(rows, steps, config.values[kWeightBits]);
  }

  const Operator op_;
  const Target target_;
  int64_t num_channels_ = 1, num_pixels_ = 1, num_terms_ = 1, num_steps_ = 1;
  ConfigSpace space_;
};

}  // namespace

bool TakesCortexMPairTile(const Operator& op, const Target& target) {
  const Workload& w = op.workload;
  if (!target.HasPairMultiply() || w.dtype != DType::kS8 || !w.epilogue.requant) return false;
  if (w.op == OpKind::kDense) return w.c <= kMaxTerms;
  return w.op == OpKind::kConv2d && w.layout == Layout::kNhwc && w.groups == 1 &&
         w.kh * w.kw * w.c <= kMaxTerms;
}

std::unique_ptr<BoundTemplate> BindCortexMPairTile(const Operator& op, const Target& target) {
  return std::make_unique<CortexMPairTile>(op, target);
}

}  // namespace tunefarm::compiler
