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
constexpr double kRequantiseInstructions = 6.5;

enum Knobs { kPixels, kChannels, kSteps, kWeightBits };

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
         {2, 4, 8, 16, 24, 32},
         "Pair steps in one iteration of the tile's loop; all of them: no loop."},
        {"weight_bits",
         num_steps_ % 2 == 0 ? std::vector<int64_t>{16, 8} : std::vector<int64_t>{16},
         "Of a packed weight. 16: widened ahead of time; 8: half the memory, widened by the tile."},
    };
    space_ = ConfigSpace("cortex_m_pair_tile.v2", std::move(knobs),
                         [this](const Config& config) { return Violation(config); });
  }

  const ConfigSpace& space() const override { return space_; }

  absl::StatusOr<Schedule> MakeSchedule(const Config& config) const override {
    if (std::string violation = space_.Violation(config); !violation.empty()) {
      return absl::FailedPreconditionError(violation);
    }
    const auto& v = config.values;
    return Schedule{{ExpandPairTile(op_.stages.back().name,
                                    {v[kPixels], v[kChannels], v[kSteps], v[kWeightBits]})}};
  }

  ConfigFacts Facts(const Config& config) const override {
    const auto& v = config.values;
    TiledLoop loop;
    loop.rows = v[kPixels];
    loop.vectors = v[kChannels];
    loop.num_rows = num_pixels_;
    loop.num_columns = num_channels_;
    loop.row_tiles = CeilDiv(num_pixels_, v[kPixels]);
    loop.steps = num_steps_;
    loop.unroll = std::min(v[kSteps], num_steps_);
    loop.copies = 2;
    loop.elem_bytes = 2;
    loop.output_elem_bytes = 1;
    loop.total_input_bytes = static_cast<double>(op_.inputs[0].buffer->num_elems());
    loop.input_bytes_per_tile = static_cast<double>(v[kPixels] * num_terms_);
    loop.packing_bytes = static_cast<double>(num_pixels_ * num_terms_ * 3);
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
    facts.body_instructions = static_cast<double>(v[kSteps]) * step + 3;
    facts.loop_overhead_per_step = 3.0 / static_cast<double>(v[kSteps]);
    facts.code_bytes = facts.body_instructions * 2 * kBytesPerInstruction;
    facts.epilogue_vectors = static_cast<double>(op_.output->num_elems()) * kRequantiseInstructions;
    return facts;
  }

 private:
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
    const int64_t moved = config.values[kSteps] * std::max(pixels, channels) * 4;
    if (moved > kMaxMove) {
      return absl::StrFormat("an iteration moves a pointer by %d bytes, a load by at most %d",
                             moved, kMaxMove);
    }
    if (config.values[kSteps] > num_steps_ && config.values[kSteps] > 2) {
      return absl::StrFormat("%d steps at a time, of which there are %d", config.values[kSteps],
                             num_steps_);
    }
    return "";
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
