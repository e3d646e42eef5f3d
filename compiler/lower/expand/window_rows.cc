// Expansion window_rows: s8 depthwise convolution, channel by channel on planes of 16-bit values.
//
//   planes[channel of the group][across][along] = the image with its border, widened
//   for each channel: for each line across: tile over pairs of outputs along the line:
//     acc[2] += planes pairs . w_rows pairs     (the weights shifted for the second output)
//     out = requantised acc
//
// A line runs along the image's width or height: whichever wastes fewer odd outputs is a knob. The
// border keeps the input's zero point, is written once and serves all groups of channels.
#include <algorithm>

#include "base/status.h"
#include "compiler/lower/expand/expand.h"
#include "compiler/lower/expand/loops.h"
#include "compiler/lower/expand/quantised.h"

namespace tunefarm::compiler {
namespace {

constexpr int64_t kGroup = 4;  // Channels whose planes are filled together: one word of input.
constexpr int64_t kOutputs = 2;
constexpr int64_t kFillUnroll = 4;

// One of the image's two directions.
struct Direction {
  int64_t in = 1, out = 1, kernel = 1, stride = 1, before = 0;
  int64_t in_step = 1, out_step = 1;  // Elements between neighbours in the NHWC tensors.
};

class WindowRowsBuilder {
 public:
  WindowRowsBuilder(const Operator& op, const WindowRowsKnobs& knobs, QuantisedTensors tensors);
  absl::StatusOr<LoweredKernel> Build();

 private:
  // Words that the sum of either output reads in one row of the window.
  int64_t words() const { return ((along_.stride % 2) + along_.kernel + 1) / 2; }
  int64_t weight_elems() const { return across_.kernel * kOutputs * words() * 2; }

  Stmt Prepare() const;
  Stmt FillBorder() const;
  Stmt FillPlanes(const Expr& n, const Expr& channel, int64_t channels) const;
  Stmt Lines(const Expr& n, const Expr& channel, const Expr& plane) const;
  Stmt Pair(const Expr& n, const Expr& channel, const Expr& plane, const Expr& line,
            const Expr& pair) const;

  const Operator& op_;
  const Workload& w_;
  const QuantisedTensors tensors_;
  const bool along_height_;
  Direction along_, across_;
  int64_t line_elems_ = 0;  // Of a plane's line, even.
  int64_t num_lines_ = 0;
  Buffer planes_, w_rows_;
  ShortParameters parameters_;
};

WindowRowsBuilder::WindowRowsBuilder(const Operator& op, const WindowRowsKnobs& knobs,
                                     QuantisedTensors tensors)
    : op_(op), w_(op.workload), tensors_(std::move(tensors)), along_height_(knobs.along_height) {
  const Direction wide{w_.w, w_.ow(), w_.kw, w_.stride_w, w_.pad_left, w_.c, w_.c};
  const Direction high{w_.h, w_.oh(), w_.kh, w_.stride_h, w_.pad_top, w_.w * w_.c, w_.ow() * w_.c};
  along_ = along_height_ ? high : wide;
  across_ = along_height_ ? wide : high;
  // The last pair's second output may lie beyond the line; it is computed and not stored.
  const int64_t pairs = (along_.out + 1) / kOutputs;
  const int64_t last_word = (pairs - 1) * along_.stride + along_.stride / 2 + words();
  line_elems_ = std::max(2 * last_word, along_.before + along_.in + 1) / 2 * 2;
  num_lines_ =
      std::max((across_.out - 1) * across_.stride + across_.kernel, across_.before + across_.in);
  planes_ = MakeBuffer("planes", DType::kS16, {kGroup * num_lines_ * line_elems_}, Scope::kScratch);
  w_rows_ = MakeBuffer("w_rows", DType::kS16, {w_.c * weight_elems()});
  parameters_ = MakeShortParameters(w_.c);
}

// w_rows[channel, row, output, word, half]: tap t of output o stands at element o * stride % 2 + t.
Stmt WindowRowsBuilder::Prepare() const {
  const auto tap_index = [&](const Expr& row, const Expr& tap) {
    return along_height_ ? tap * Expr(w_.kw) + row : row * Expr(w_.kw) + tap;
  };
  const Stmt pack = Loop("channel", w_.c, [&](const Expr& channel) {
    return Loop("row", across_.kernel, [&](const Expr& row) {
      std::vector<Stmt> stmts;
      for (int64_t output = 0; output < kOutputs; ++output) {
        stmts.push_back(Loop("elem", 2 * words(), [&](const Expr& elem) {
          const Expr tap = elem - Expr(output * along_.stride % 2);
          const Expr inside = Expr(0) <= tap && tap < Expr(along_.kernel);
          const Expr weight = LoadAt(tensors_.weights, tap_index(row, tap) * Expr(w_.c) + channel);
          const Expr place = channel * Expr(weight_elems()) +
                             (row * Expr(kOutputs) + Expr(output)) * Expr(2 * words()) + elem;
          return StoreAt(
              w_rows_, place,
              MakeSelect(inside, MakeCast({DType::kS16, 1}, weight), MakeInt(0, {DType::kS16, 1})));
        }));
      }
      return MakeBlock(std::move(stmts));
    });
  });
  return MakeBlock(
      {pack,
       PrepareShortParameters(
           op_, tensors_, parameters_, w_.kh * w_.kw, [&](const Expr& channel, const Expr& k) {
             return MakeCast({DType::kS32, 1}, LoadAt(tensors_.weights, k * Expr(w_.c) + channel));
           })});
}

Stmt WindowRowsBuilder::FillBorder() const {
  const Expr zero =
      MakeCast({DType::kS16, 1}, MakeCast({DType::kS8, 1}, LoadAt(tensors_.zero_points, Expr(0))));
  return UnrolledLoop("i", kGroup * num_lines_ * line_elems_ / 2, kFillUnroll, [&](const Expr& i) {
    return StoreVector(planes_, i * Expr(2), 2, MakeBroadcast(zero, 2));
  });
}

Stmt WindowRowsBuilder::FillPlanes(const Expr& n, const Expr& channel, int64_t channels) const {
  const int64_t plane_elems = num_lines_ * line_elems_;
  const auto copy = [&](const Expr& line, const Expr& i) {
    const Expr source = n * Expr(w_.h * w_.w * w_.c) + line * Expr(across_.in_step) +
                        i * Expr(along_.in_step) + channel;
    const Expr place = (line + Expr(across_.before)) * Expr(line_elems_) + i + Expr(along_.before);
    std::vector<Stmt> stores;
    for (int64_t c = 0; c < channels; ++c) {
      const Expr value = MakeCast({DType::kS16, 1}, LoadAt(tensors_.in, source + Expr(c)));
      stores.push_back(StoreAt(planes_, Expr(c * plane_elems) + place, value));
    }
    return MakeBlock(std::move(stores));
  };
  // Inputs that no output reads may reach beyond the plane.
  const int64_t lines = std::min(across_.in, num_lines_ - across_.before);
  const int64_t elems = std::min(along_.in, line_elems_ - along_.before);
  return Loop("line", lines, [&](const Expr& line) {
    return UnrolledLoop("i", elems, kFillUnroll, [&](const Expr& i) { return copy(line, i); });
  });
}

Stmt WindowRowsBuilder::Pair(const Expr& n, const Expr& channel, const Expr& plane,
                             const Expr& line, const Expr& pair) const {
  const Buffer acc = MakeBuffer("acc", DType::kS32, {kOutputs}, Scope::kRegister);
  std::vector<Stmt> stmts;
  for (int64_t output = 0; output < kOutputs; ++output) {
    stmts.push_back(StoreAt(acc, Expr(output), S32(0)));
  }
  for (int64_t row = 0; row < across_.kernel; ++row) {
    const Expr begin =
        (plane * Expr(num_lines_) + line * Expr(across_.stride) + Expr(row)) * Expr(line_elems_) +
        pair * Expr(2 * along_.stride);
    for (int64_t output = 0; output < kOutputs; ++output) {
      for (int64_t word = 0; word < words(); ++word) {
        const Expr x =
            LoadVector(planes_, begin + Expr(2 * (output * along_.stride / 2 + word)), 2);
        const Expr weight = LoadVector(
            w_rows_,
            channel * Expr(weight_elems()) + Expr(((row * kOutputs + output) * words() + word) * 2),
            2);
        stmts.push_back(
            StoreAt(acc, Expr(output),
                    MakeCall(Intrinsic::kDotS8x2, {LoadAt(acc, Expr(output)), x, weight})));
      }
    }
  }
  for (int64_t output = 0; output < kOutputs; ++output) {
    const Expr at = pair * Expr(kOutputs) + Expr(output);
    const Expr place = n * Expr(w_.oh() * w_.ow() * w_.c) + line * Expr(across_.out_step) +
                       at * Expr(along_.out_step) + channel;
    const Stmt store =
        StoreAt(tensors_.out, place,
                ShortResult(op_, parameters_, LoadAt(acc, Expr(output)), channel * Expr(4)));
    const bool guarded = output > 0 && along_.out % kOutputs != 0;
    stmts.push_back(guarded ? MakeIf(at < Expr(along_.out), store) : store);
  }
  return MakeAllocate(acc, MakeBlock(std::move(stmts)));
}

Stmt WindowRowsBuilder::Lines(const Expr& n, const Expr& channel, const Expr& plane) const {
  const int64_t pairs = (along_.out + 1) / kOutputs;
  return Loop("line", across_.out, [&](const Expr& line) {
    return Loop(
        "pair", pairs, [&](const Expr& pair) { return Pair(n, channel, plane, line, pair); },
        LoopKind::kTile);
  });
}

absl::StatusOr<LoweredKernel> WindowRowsBuilder::Build() {
  const int64_t groups = w_.c / kGroup, rest = w_.c % kGroup;
  const auto group = [&](const Expr& n, const Expr& first, int64_t channels) {
    return MakeBlock(
        {FillPlanes(n, first, channels), Loop("channel", channels, [&](const Expr& channel) {
           return Lines(n, first + channel, channel);
         })});
  };
  const Stmt images = Loop("n", w_.n, [&](const Expr& n) {
    std::vector<Stmt> stmts;
    if (groups > 0) {
      stmts.push_back(
          Loop("group", groups, [&](const Expr& g) { return group(n, g * Expr(kGroup), kGroup); }));
    }
    if (rest > 0) stmts.push_back(group(n, Expr(groups * kGroup), rest));
    return MakeBlock(std::move(stmts));
  });
  Stmt fast = MakeAllocate(planes_, MakeBlock({FillBorder(), images}));
  TUNEFARM_ASSIGN_OR_RETURN(Stmt run, FastOrPlain(op_, parameters_, std::move(fast)));
  return FinishExpansion(op_, {w_rows_, parameters_.params, parameters_.plain}, std::move(run),
                         Prepare());
}

}  // namespace

absl::StatusOr<LoweredKernel> ExpandWindowRows(const Operator& op, const WindowRowsKnobs& knobs) {
  TUNEFARM_ASSIGN_OR_RETURN(QuantisedTensors tensors, FindQuantisedTensors(op));
  return WindowRowsBuilder(op, knobs, std::move(tensors)).Build();
}

}  // namespace tunefarm::compiler
