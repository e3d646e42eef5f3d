// Template cortex_m_window_rows: s8 depthwise convolution on Cortex-M with the DSP extension, by
// the expansion of the same name (compiler/lower/expand/window_rows.cc).
#include <algorithm>

#include "absl/strings/str_format.h"
#include "compiler/schedule/templates/templates.h"
#include "compiler/schedule/templates/tiling.h"

namespace tunefarm::compiler {
namespace {

constexpr double kRequantiseInstructions = 6.5;
constexpr int64_t kMaxTaps = 1024;

class CortexMWindowRows final : public BoundTemplate {
 public:
  CortexMWindowRows(const Operator& op, const Target& target) : op_(op), target_(target) {
    space_ = ConfigSpace(
        "cortex_m_window_rows.v1",
        {{"along_height", {0, 1}, "1: lines of outputs run along the image's height."}}, nullptr);
  }

  const ConfigSpace& space() const override { return space_; }

  absl::StatusOr<Schedule> MakeSchedule(const Config& config) const override {
    return Schedule{{ExpandWindowRows(op_.stages.back().name, {config.values[0] != 0})}};
  }

  ConfigFacts Facts(const Config& config) const override {
    const Workload& w = op_.workload;
    const bool high = config.values[0] != 0;
    const int64_t along = high ? w.oh() : w.ow(), across = high ? w.ow() : w.oh();
    const int64_t kernel_along = high ? w.kh : w.kw, kernel_across = high ? w.kw : w.kh;
    TiledLoop loop;
    loop.rows = 2;
    loop.num_rows = w.n * w.c * across * CeilDiv(along, 2) * 2;
    loop.row_tiles = w.n * w.c * across * CeilDiv(along, 2);
    loop.steps = kernel_across * CeilDiv(kernel_along + 1, 2);
    loop.unroll = loop.steps;
    loop.elem_bytes = 2;
    loop.output_elem_bytes = 1;
    loop.total_input_bytes = static_cast<double>(op_.inputs[0].buffer->num_elems());
    loop.packing_bytes = loop.total_input_bytes * 3;
    ConfigFacts facts = FactsOf(loop, target_);
    facts.operand_registers = 10;
    facts.available_registers = 14;
    facts.epilogue_vectors = static_cast<double>(loop.num_rows) * kRequantiseInstructions;
    return facts;
  }

 private:
  const Operator op_;
  const Target target_;
  ConfigSpace space_;
};

}  // namespace

bool TakesCortexMWindowRows(const Operator& op, const Target& target) {
  const Workload& w = op.workload;
  return target.HasPairMultiply() && w.dtype == DType::kS8 && w.epilogue.requant &&
         w.op == OpKind::kDepthwiseConv2d && w.layout == Layout::kNhwc && w.multiplier == 1 &&
         w.dilation_h == 1 && w.dilation_w == 1 && w.kh * w.kw <= kMaxTaps;
}

std::unique_ptr<BoundTemplate> BindCortexMWindowRows(const Operator& op, const Target& target) {
  return std::make_unique<CortexMWindowRows>(op, target);
}

}  // namespace tunefarm::compiler
