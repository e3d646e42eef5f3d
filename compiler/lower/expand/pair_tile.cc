// Expansion pair_tile: s8 convolution and matrix product by pairs of 16-bit products.
//
//   padded = the image with its border (convolutions that pad)
//   for each group of `pixels` output pixels:
//     x[step, pixel, 2] = the pixels' inputs, widened to 16 bits, their pairs side by side
//     tile over blocks of `channels` output channels (codegen/thumb/pair_tile.h):
//       acc[channel, pixel] += x[step, pixel, :] . w_tiles[block, step, channel, :]
//       out = requantised acc
//
// 8-bit weights lie two steps to a word, in the order that SXTB16 takes them apart again.
//
// Where a run of inputs is a multiple of four, a step's pair is (k, k + 2) of its four, as SXTB16
// leaves them; the weights are packed to match. The input's zero point is folded into the bias.
#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/lower/expand/expand.h"
#include "compiler/lower/expand/loops.h"
#include "compiler/lower/expand/quantised.h"

namespace tunefarm::compiler {
namespace {

// Input elements that are widened by straight code, at most.
constexpr int64_t kMaxStraightElems = 160;
constexpr int64_t kGatherUnroll = 4;

// Where a pixel's inputs lie: `runs` runs of `run_elems` contiguous elements.
struct Patch {
  int64_t num_pixels = 0;
  int64_t run_elems = 0;
  std::vector<int64_t> run_offsets;
  std::function<Expr(const Expr& pixel)> begin;  // Flat index of a pixel's first element.

  int64_t num_terms() const { return run_elems * static_cast<int64_t>(run_offsets.size()); }
  // Whether inputs are widened four at a time.
  bool by_fours() const { return run_elems % 4 == 0; }
  int64_t num_steps() const { return (num_terms() + 1) / 2; }
};

Patch MatrixPatch(const Operator& op) {
  const int64_t k = op.inputs[0].buffer->extents[1];
  return {op.inputs[0].buffer->extents[0], k, {0}, [k](const Expr& m) { return m * Expr(k); }};
}

Patch ConvolutionPatch(const Operator& op, const PaddedImage& image) {
  const Workload& w = op.workload;
  Patch patch;
  patch.num_pixels = w.n * w.oh() * w.ow();
  const bool whole_rows = w.dilation_w == 1;
  patch.run_elems = whole_rows ? w.kw * w.c : w.c;
  for (int64_t kh = 0; kh < w.kh; ++kh) {
    for (int64_t kw = 0; kw < (whole_rows ? 1 : w.kw); ++kw) {
      patch.run_offsets.push_back(kh * w.dilation_h * image.row_elems + kw * w.dilation_w * w.c);
    }
  }
  patch.begin = [&w, image](const Expr& pixel) {
    const Expr row = FloorDiv(pixel, Expr(w.ow()));
    const Expr n = FloorDiv(row, Expr(w.oh())), oh = FloorMod(row, Expr(w.oh()));
    return n * Expr(image.image_elems) + oh * Expr(w.stride_h * image.row_elems) +
           FloorMod(pixel, Expr(w.ow())) * Expr(w.stride_w * w.c);
  };
  return patch;
}

class PairTileBuilder {
 public:
  PairTileBuilder(const Operator& op, const PairTileKnobs& knobs, QuantisedTensors tensors)
      : op_(op),
        knobs_(knobs),
        tensors_(std::move(tensors)),
        num_channels_(op.output->extents.back()) {}

  absl::StatusOr<LoweredKernel> Build();

 private:
  int64_t main_blocks() const { return num_channels_ / knobs_.channels; }
  int64_t main_channels() const { return main_blocks() * knobs_.channels; }

  // Steps whose weights of one channel share a word.
  int64_t steps_per_word() const { return knobs_.weight_bits == 8 ? 2 : 1; }

  Expr TermOf(const Expr& step, const Expr& half) const;
  Expr WeightIndex(const Expr& block, const Expr& word, const Expr& channel,
                   int64_t channels) const;
  Expr Dot(const Expr& acc, const Expr& x_index, int64_t x_step, const Expr& w_index) const;
  Stmt PackWeights(int64_t first_channel, int64_t blocks, int64_t channels) const;
  Stmt Prepare() const;
  Stmt Gather(const Expr& first_pixel, int64_t pixels) const;
  Stmt GatherByFours(const std::vector<Expr>& begins) const;
  Stmt GatherSingly(const std::vector<Expr>& begins) const;
  Stmt Tile(const Expr& first_pixel, int64_t pixels, int64_t first_channel, int64_t blocks,
            int64_t channels) const;
  Stmt DotPhase(const Buffer& acc, const Expr& block, int64_t first_channel, int64_t pixels,
                int64_t channels, int64_t first_step, int64_t steps, int64_t iterations) const;
  Stmt PixelGroup(const Expr& first_pixel, int64_t pixels) const;

  const Operator& op_;
  const PairTileKnobs& knobs_;
  const QuantisedTensors tensors_;
  const int64_t num_channels_;
  PaddedImage image_;
  Patch patch_;
  Buffer x_, w_tiles_;
  ShortParameters parameters_;
};

// The position in the sum that `half` of a step's pair stands for.
Expr PairTileBuilder::TermOf(const Expr& step, const Expr& half) const {
  if (!patch_.by_fours()) return step * Expr(2) + half;
  return FloorDiv(step, Expr(2)) * Expr(4) + FloorMod(step, Expr(2)) + half * Expr(2);
}

// In w_tiles, from the first channel of the blocks; `word` counts steps_per_word() steps each.
Expr PairTileBuilder::WeightIndex(const Expr& block, const Expr& word, const Expr& channel,
                                  int64_t channels) const {
  const Expr row = block * Expr(patch_.num_steps() / steps_per_word()) + word;
  return (row * Expr(channels) + channel) * Expr(2 * steps_per_word());
}

Stmt PairTileBuilder::PackWeights(int64_t first_channel, int64_t blocks, int64_t channels) const {
  const int64_t steps = patch_.num_steps();
  return Loop("block", blocks, [&](const Expr& block) {
    return Loop("step", steps, [&](const Expr& step) {
      return Loop("channel", channels, [&](const Expr& channel) {
        return Loop("half", 2, [&](const Expr& half) {
          const Expr k = TermOf(step, half);
          const Expr oc = Expr(first_channel) + block * Expr(channels) + channel;
          const Type type = {w_tiles_->dtype, 1};
          Expr weight = LoadAt(tensors_.weights, k * Expr(num_channels_) + oc);
          if (type.dtype != DType::kS8) weight = MakeCast(type, weight);
          if (patch_.num_terms() % 2 != 0) {
            weight = MakeSelect(k < Expr(patch_.num_terms()), weight, MakeInt(0, type));
          }
          const Expr in_word =
              half * Expr(steps_per_word()) + FloorMod(step, Expr(steps_per_word()));
          return StoreAt(
              w_tiles_,
              Expr(first_channel * steps * 2) +
                  WeightIndex(block, FloorDiv(step, Expr(steps_per_word())), channel, channels) +
                  in_word,
              weight);
        });
      });
    });
  });
}

Stmt PairTileBuilder::Prepare() const {
  std::vector<Stmt> stmts = {PackWeights(0, main_blocks(), knobs_.channels)};
  if (main_channels() < num_channels_) {
    stmts.push_back(PackWeights(main_channels(), 1, num_channels_ - main_channels()));
  }
  stmts.push_back(PrepareShortParameters(
      op_, tensors_, parameters_, patch_.num_terms(), [&](const Expr& channel, const Expr& k) {
        return MakeCast({DType::kS32, 1},
                        LoadAt(tensors_.weights, k * Expr(num_channels_) + channel));
      }));
  return MakeBlock(std::move(stmts));
}

Stmt PairTileBuilder::GatherByFours(const std::vector<Expr>& begins) const {
  const auto pixels = static_cast<int64_t>(begins.size());
  const int64_t fours = patch_.run_elems / 4;
  std::vector<Stmt> runs;
  const auto run = [&](const Expr& offset, const Expr& first_step) {
    return UnrolledLoop("four", fours, kGatherUnroll, [&](const Expr& four) {
      std::vector<Stmt> stores;
      for (Intrinsic widen : {Intrinsic::kWidenEven, Intrinsic::kWidenOdd}) {
        const Expr step = first_step + four * Expr(2) + Expr(widen == Intrinsic::kWidenOdd ? 1 : 0);
        for (int64_t pixel = 0; pixel < pixels; ++pixel) {
          const Expr word = LoadVector(image_.buffer, begins[pixel] + offset + four * Expr(4), 4);
          stores.push_back(StoreVector(x_, (step * Expr(pixels) + Expr(pixel)) * Expr(2), 2,
                                       MakeCall(widen, {word})));
        }
      }
      return MakeBlock(std::move(stores));
    });
  };
  for (size_t i = 0; i < patch_.run_offsets.size(); ++i) {
    runs.push_back(
        run(Expr(patch_.run_offsets[i]), Expr(static_cast<int64_t>(i) * patch_.run_elems / 2)));
  }
  return MakeBlock(std::move(runs));
}

Stmt PairTileBuilder::GatherSingly(const std::vector<Expr>& begins) const {
  const auto pixels = static_cast<int64_t>(begins.size());
  const LoopKind kind =
      patch_.num_terms() * pixels <= kMaxStraightElems ? LoopKind::kUnrolled : LoopKind::kSerial;
  std::vector<Stmt> stmts;
  const auto place = [&](const Expr& k, int64_t pixel) {
    return (FloorDiv(k, Expr(2)) * Expr(pixels) + Expr(pixel)) * Expr(2) + FloorMod(k, Expr(2));
  };
  for (int64_t pixel = 0; pixel < pixels; ++pixel) {
    for (size_t i = 0; i < patch_.run_offsets.size(); ++i) {
      stmts.push_back(Loop(
          "elem", patch_.run_elems,
          [&](const Expr& elem) {
            const Expr k = Expr(static_cast<int64_t>(i) * patch_.run_elems) + elem;
            const Expr value =
                LoadAt(image_.buffer, begins[pixel] + Expr(patch_.run_offsets[i]) + elem);
            return StoreAt(x_, place(k, pixel), MakeCast({DType::kS16, 1}, value));
          },
          kind));
    }
    if (patch_.num_terms() % 2 != 0) {
      stmts.push_back(
          StoreAt(x_, place(Expr(patch_.num_terms()), pixel), MakeInt(0, {DType::kS16, 1})));
    }
  }
  return MakeBlock(std::move(stmts));
}

Stmt PairTileBuilder::Gather(const Expr& first_pixel, int64_t pixels) const {
  std::vector<Expr> begins;
  for (int64_t pixel = 0; pixel < pixels; ++pixel) {
    begins.push_back(patch_.begin(first_pixel + Expr(pixel)));
  }
  return patch_.by_fours() ? GatherByFours(begins) : GatherSingly(begins);
}

// acc and the products of steps_per_word() steps, which lie `x_step` apart in x.
Expr PairTileBuilder::Dot(const Expr& acc, const Expr& x_index, int64_t x_step,
                          const Expr& w_index) const {
  const auto x = [&](int64_t step) { return LoadVector(x_, x_index + Expr(step * x_step), 2); };
  const auto dot = [](const Expr& sum, const Expr& a, const Expr& b) {
    return MakeCall(Intrinsic::kDotS8x2, {sum, a, b});
  };
  if (knobs_.weight_bits == 16) return dot(acc, x(0), LoadVector(w_tiles_, w_index, 2));
  const Expr word = LoadVector(w_tiles_, w_index, 4);
  return dot(dot(acc, x(0), MakeCall(Intrinsic::kWidenEven, {word})), x(1),
             MakeCall(Intrinsic::kWidenOdd, {word}));
}

Stmt PairTileBuilder::DotPhase(const Buffer& acc, const Expr& block, int64_t first_channel,
                               int64_t pixels, int64_t channels, int64_t first_step, int64_t steps,
                               int64_t iterations) const {
  const int64_t unit = steps_per_word();
  const auto body = [&](const Expr& word) {
    return Loop("channel", channels, [&](const Expr& channel) {
      return Loop("pixel", pixels, [&](const Expr& pixel) {
        const Expr at = channel * Expr(pixels) + pixel;
        const Expr x_index = (word * Expr(unit * pixels) + pixel) * Expr(2);
        const Expr w_index = Expr(first_channel * patch_.num_steps() * 2) +
                             WeightIndex(block, word, channel, channels);
        return StoreAt(acc, at, Dot(LoadAt(acc, at), x_index, 2 * pixels, w_index));
      });
    });
  };
  const Expr first(first_step / unit);
  const int64_t words = steps / unit;
  if (iterations == 1) {
    return Loop("step", words, [&](const Expr& step) { return body(first + step); });
  }
  return Loop("step_outer", iterations, [&](const Expr& outer) {
    return Loop("step_inner", words,
                [&](const Expr& inner) { return body(first + outer * Expr(words) + inner); });
  });
}

Stmt PairTileBuilder::Tile(const Expr& first_pixel, int64_t pixels, int64_t first_channel,
                           int64_t blocks, int64_t channels) const {
  const int64_t steps = patch_.num_steps();
  // The first steps are straight code, so that they can start the sums.
  int64_t straight = steps % knobs_.steps == 0 ? knobs_.steps : steps % knobs_.steps;
  int64_t iterations = (steps - straight) / knobs_.steps;
  if (iterations <= 1) {
    straight = steps;
    iterations = 0;
  }
  return Loop(
      "block", blocks,
      [&](const Expr& block) {
        const Buffer acc = MakeBuffer("acc", DType::kS32, {channels * pixels}, Scope::kScratch);
        std::vector<Stmt> stmts = {
            Loop("i", channels * pixels, [&](const Expr& i) { return StoreAt(acc, i, S32(0)); }),
            DotPhase(acc, block, first_channel, pixels, channels, 0, straight, 1)};
        if (iterations > 0) {
          stmts.push_back(DotPhase(acc, block, first_channel, pixels, channels, straight,
                                   knobs_.steps, iterations));
        }
        stmts.push_back(Loop("channel", channels, [&](const Expr& channel) {
          const Expr oc = Expr(first_channel) + block * Expr(channels) + channel;
          return Loop("pixel", pixels, [&](const Expr& pixel) {
            const Expr value = ShortResult(
                op_, parameters_, LoadAt(acc, channel * Expr(pixels) + pixel), oc * Expr(4));
            return StoreAt(tensors_.out, (first_pixel + pixel) * Expr(num_channels_) + oc, value);
          });
        }));
        return MakeAllocate(acc, MakeBlock(std::move(stmts)));
      },
      LoopKind::kTile);
}

Stmt PairTileBuilder::PixelGroup(const Expr& first_pixel, int64_t pixels) const {
  std::vector<Stmt> stmts = {Gather(first_pixel, pixels)};
  if (main_blocks() > 0) {
    stmts.push_back(Tile(first_pixel, pixels, 0, main_blocks(), knobs_.channels));
  }
  const int64_t rest = num_channels_ - main_channels();
  if (rest > 0) stmts.push_back(Tile(first_pixel, pixels, main_channels(), 1, rest));
  return MakeBlock(std::move(stmts));
}

absl::StatusOr<LoweredKernel> PairTileBuilder::Build() {
  const bool is_matrix = op_.inputs[0].buffer->extents.size() == 2;
  image_ = is_matrix ? PaddedImage{tensors_.in, 0, 0, false} : MakePaddedImage(op_, tensors_.in);
  patch_ = is_matrix ? MatrixPatch(op_) : ConvolutionPatch(op_, image_);
  const int64_t steps = patch_.num_steps();
  x_ = MakeBuffer("x", DType::kS16, {steps * knobs_.pixels * 2}, Scope::kScratch);
  if (steps % steps_per_word() != 0 || knobs_.steps % steps_per_word() != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "8-bit weights take an even number of steps, not %d by %d", steps, knobs_.steps));
  }
  w_tiles_ = MakeBuffer("w_tiles", knobs_.weight_bits == 8 ? DType::kS8 : DType::kS16,
                        {steps * num_channels_ * 2});
  parameters_ = MakeShortParameters(num_channels_);

  const int64_t groups = patch_.num_pixels / knobs_.pixels;
  const int64_t rest = patch_.num_pixels % knobs_.pixels;
  std::vector<Stmt> stmts;
  if (image_.is_copy) stmts.push_back(FillPaddedImage(op_, tensors_, image_));
  if (groups > 0) {
    stmts.push_back(Loop("group", groups, [&](const Expr& group) {
      return PixelGroup(group * Expr(knobs_.pixels), knobs_.pixels);
    }));
  }
  if (rest > 0) stmts.push_back(PixelGroup(Expr(groups * knobs_.pixels), rest));
  Stmt fast = MakeAllocate(x_, MakeBlock(std::move(stmts)));
  if (image_.is_copy) fast = MakeAllocate(image_.buffer, std::move(fast));
  TUNEFARM_ASSIGN_OR_RETURN(Stmt run, FastOrPlain(op_, parameters_, std::move(fast)));
  return FinishExpansion(op_, {w_tiles_, parameters_.params, parameters_.plain}, std::move(run),
                         Prepare());
}

}  // namespace

absl::StatusOr<LoweredKernel> ExpandPairTile(const Operator& op, const PairTileKnobs& knobs) {
  TUNEFARM_ASSIGN_OR_RETURN(QuantisedTensors tensors, FindQuantisedTensors(op));
  return PairTileBuilder(op, knobs, std::move(tensors)).Build();
}

}  // namespace tunefarm::compiler
