// Expansion pair_tile: s8 convolution and matrix product by pairs of 16-bit products.
//
// By columns (column_buffer.h):
//   for each group of `pixels` output pixels:
//     x = the pixels' inputs, widened, their pairs side by side
//     tile
// By rows (row_buffer.h), for windows:
//   for each group of `rows` output rows:
//     x = the rows' inputs, widened
//     for each group of `pixels` pixels of a row: tile
//
// tile over blocks of `channels` output channels (codegen/thumb/pair_tile.h):
//   acc[channel, pixel] += x[step, pixel, :] . w_tiles[block, step, channel, :]
//   out = requantised acc
//
// 8-bit weights lie two steps to a word, in the order that SXTB16 takes them apart again. The
// input's zero point is folded into the bias.
#include <algorithm>
#include <optional>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/lower/expand/column_buffer.h"
#include "compiler/lower/expand/expand.h"
#include "compiler/lower/expand/loops.h"
#include "compiler/lower/expand/quantised.h"
#include "compiler/lower/expand/row_buffer.h"

namespace tunefarm::compiler {
namespace {

// One tile: `pixels` neighbouring outputs of all channels.
struct TilePlace {
  Expr first_pixel;  // Of the output.
  int64_t pixels = 1;
  Expr x;  // The element of the buffer that the first step of the first pixel reads.
};

// A range of output channels in blocks of equal size.
struct ChannelBlocks {
  int64_t first = 0, blocks = 0, channels = 1;
};

class PairTileBuilder {
 public:
  PairTileBuilder(const Operator& op, const PairTileKnobs& knobs, QuantisedTensors tensors)
      : op_(op),
        knobs_(knobs),
        tensors_(std::move(tensors)),
        num_channels_(op.output->extents.back()) {}

  absl::StatusOr<LoweredKernel> Build();

 private:
  absl::Status MakeBuffers();
  std::vector<ChannelBlocks> AllBlocks() const;

  // What the sum goes on by: the steps whose weights of one channel share a word, or a run of rows.
  int64_t steps_per_word() const { return knobs_.weight_bits == 8 ? 2 : 1; }
  int64_t steps_per_unit() const { return rows_ ? rows_->num_taps() : steps_per_word(); }
  int64_t num_units() const { return num_steps_ / steps_per_unit(); }
  int64_t num_terms() const;

  Expr PairWeight(const Expr& step, const Expr& half, const Expr& oc) const;
  Expr WeightIndex(const ChannelBlocks& range, const Expr& block, const Expr& word,
                   const Expr& channel) const;
  Expr Dot(const Expr& acc, const Expr& x_index, int64_t x_step, const Expr& w_index) const;
  Stmt PackWeights(const ChannelBlocks& range) const;
  Stmt Prepare() const;

  Stmt UnitOfColumns(const Buffer& acc, const TilePlace& place, const ChannelBlocks& range,
                     const Expr& block, const Expr& unit) const;
  Stmt UnitOfRows(const Buffer& acc, const TilePlace& place, const ChannelBlocks& range,
                  const Expr& block, const Expr& unit) const;
  Stmt DotPhase(const LoopBody& unit_body, int64_t first_unit, int64_t units,
                int64_t iterations) const;
  Stmt Tile(const TilePlace& place, const ChannelBlocks& range) const;
  Stmt Tiles(const TilePlace& place) const;
  Stmt RunByColumns() const;
  Stmt RowGroup(const Expr& n, const Expr& first_row, int64_t rows) const;
  Stmt RunByRows() const;

  const Operator& op_;
  const PairTileKnobs& knobs_;
  const QuantisedTensors tensors_;
  const int64_t num_channels_;
  // One of them.
  std::optional<ColumnBuffer> columns_;
  std::optional<RowBuffer> rows_;
  int64_t num_steps_ = 0;
  Buffer w_tiles_;
  ShortParameters parameters_;
};

std::vector<ChannelBlocks> PairTileBuilder::AllBlocks() const {
  const int64_t blocks = num_channels_ / knobs_.channels;
  const int64_t done = blocks * knobs_.channels;
  std::vector<ChannelBlocks> all;
  if (blocks > 0) all.push_back({0, blocks, knobs_.channels});
  if (done < num_channels_) all.push_back({done, 1, num_channels_ - done});
  return all;
}

int64_t PairTileBuilder::num_terms() const {
  const Workload& w = op_.workload;
  return columns_ ? columns_->num_terms() : w.kh * w.kw * w.c;
}

// In w_tiles; `word` counts steps_per_word() steps each.
Expr PairTileBuilder::WeightIndex(const ChannelBlocks& range, const Expr& block, const Expr& word,
                                  const Expr& channel) const {
  const Expr row = block * Expr(num_steps_ / steps_per_word()) + word;
  return Expr(range.first * num_steps_ * 2) +
         (row * Expr(range.channels) + channel) * Expr(2 * steps_per_word());
}

// The weight of output channel `oc` that half of a step's pair is multiplied with.
Expr PairTileBuilder::PairWeight(const Expr& step, const Expr& half, const Expr& oc) const {
  Expr term, inside;
  if (rows_) {
    const Workload& w = op_.workload;
    const Expr run = FloorDiv(step, Expr(w.kw)), tap = FloorMod(step, Expr(w.kw));
    const Expr channel = rows_->ChannelOf(run, half);
    term = (rows_->KernelRowOf(run) * Expr(w.kw) + tap) * Expr(w.c) + channel;
    if (w.c % 2 != 0) inside = channel < Expr(w.c);
  } else {
    term = columns_->TermOf(step, half);
    if (num_terms() % 2 != 0) inside = term < Expr(num_terms());
  }
  const Type type = {w_tiles_->dtype, 1};
  Expr weight = LoadAt(tensors_.weights, term * Expr(num_channels_) + oc);
  if (type.dtype != DType::kS8) weight = MakeCast(type, weight);
  return inside.defined() ? MakeSelect(inside, weight, MakeInt(0, type)) : weight;
}

Stmt PairTileBuilder::PackWeights(const ChannelBlocks& range) const {
  return Loop("block", range.blocks, [&](const Expr& block) {
    return Loop("step", num_steps_, [&](const Expr& step) {
      return Loop("channel", range.channels, [&](const Expr& channel) {
        return Loop("half", 2, [&](const Expr& half) {
          const Expr oc = Expr(range.first) + block * Expr(range.channels) + channel;
          const Expr in_word =
              half * Expr(steps_per_word()) + FloorMod(step, Expr(steps_per_word()));
          const Expr word = FloorDiv(step, Expr(steps_per_word()));
          return StoreAt(w_tiles_, WeightIndex(range, block, word, channel) + in_word,
                         PairWeight(step, half, oc));
        });
      });
    });
  });
}

Stmt PairTileBuilder::Prepare() const {
  std::vector<Stmt> stmts;
  for (const ChannelBlocks& range : AllBlocks()) stmts.push_back(PackWeights(range));
  stmts.push_back(PrepareShortParameters(
      op_, tensors_, parameters_, num_terms(), [&](const Expr& channel, const Expr& k) {
        return MakeCast({DType::kS32, 1},
                        LoadAt(tensors_.weights, k * Expr(num_channels_) + channel));
      }));
  return MakeBlock(std::move(stmts));
}

// acc and the products of steps_per_word() steps, which lie `x_step` apart in x.
Expr PairTileBuilder::Dot(const Expr& acc, const Expr& x_index, int64_t x_step,
                          const Expr& w_index) const {
  const Buffer& buffer = rows_ ? rows_->buffer() : columns_->buffer();
  const auto x = [&](int64_t step) { return LoadVector(buffer, x_index + Expr(step * x_step), 2); };
  const auto dot = [](const Expr& sum, const Expr& a, const Expr& b) {
    return MakeCall(Intrinsic::kDotS8x2, {sum, a, b});
  };
  if (knobs_.weight_bits == 16) return dot(acc, x(0), LoadVector(w_tiles_, w_index, 2));
  const Expr word = LoadVector(w_tiles_, w_index, 4);
  return dot(dot(acc, x(0), MakeCall(Intrinsic::kWidenEven, {word})), x(1),
             MakeCall(Intrinsic::kWidenOdd, {word}));
}

Stmt PairTileBuilder::UnitOfColumns(const Buffer& acc, const TilePlace& place,
                                    const ChannelBlocks& range, const Expr& block,
                                    const Expr& unit) const {
  return Loop("channel", range.channels, [&](const Expr& channel) {
    return Loop("pixel", place.pixels, [&](const Expr& pixel) {
      const Expr at = channel * Expr(place.pixels) + pixel;
      const Expr x_index = (unit * Expr(steps_per_word() * place.pixels) + pixel) * Expr(2);
      return StoreAt(acc, at,
                     Dot(LoadAt(acc, at), place.x + x_index, 2 * place.pixels,
                         WeightIndex(range, block, unit, channel)));
    });
  });
}

Stmt PairTileBuilder::UnitOfRows(const Buffer& acc, const TilePlace& place,
                                 const ChannelBlocks& range, const Expr& block,
                                 const Expr& unit) const {
  const Expr run = place.x + unit * Expr(rows_->run_elems());
  return Loop("channel", range.channels, [&](const Expr& channel) {
    return Loop("pixel", place.pixels, [&](const Expr& pixel) {
      const Expr at = channel * Expr(place.pixels) + pixel;
      std::vector<Stmt> taps;
      for (int64_t tap = 0; tap < rows_->num_taps(); ++tap) {
        const Expr x_index = run + Expr(rows_->TapElems(tap)) + pixel * Expr(2);
        const Expr step = unit * Expr(rows_->num_taps()) + Expr(tap);
        taps.push_back(StoreAt(
            acc, at, Dot(LoadAt(acc, at), x_index, 0, WeightIndex(range, block, step, channel))));
      }
      return MakeBlock(std::move(taps));
    });
  });
}

Stmt PairTileBuilder::DotPhase(const LoopBody& unit_body, int64_t first_unit, int64_t units,
                               int64_t iterations) const {
  const Expr first(first_unit);
  if (iterations == 1) {
    return Loop("unit", units, [&](const Expr& unit) { return unit_body(first + unit); });
  }
  return Loop("unit_outer", iterations, [&](const Expr& outer) {
    return Loop("unit_inner", units,
                [&](const Expr& inner) { return unit_body(first + outer * Expr(units) + inner); });
  });
}

Stmt PairTileBuilder::Tile(const TilePlace& place, const ChannelBlocks& range) const {
  // The first units are straight code, so that they can start the sums.
  const int64_t per_iteration = knobs_.steps == 0 ? num_units() : knobs_.steps / steps_per_unit();
  int64_t straight = num_units() % per_iteration == 0 ? per_iteration : num_units() % per_iteration;
  int64_t iterations = (num_units() - straight) / per_iteration;
  if (iterations <= 1) {
    straight = num_units();
    iterations = 0;
  }
  const int64_t num_accs = range.channels * place.pixels;
  return Loop(
      "block", range.blocks,
      [&](const Expr& block) {
        const Buffer acc = MakeBuffer("acc", DType::kS32, {num_accs}, Scope::kScratch);
        const auto unit_body = [&](const Expr& unit) {
          return rows_ ? UnitOfRows(acc, place, range, block, unit)
                       : UnitOfColumns(acc, place, range, block, unit);
        };
        std::vector<Stmt> stmts = {
            Loop("i", num_accs, [&](const Expr& i) { return StoreAt(acc, i, S32(0)); }),
            DotPhase(unit_body, 0, straight, 1)};
        if (iterations > 0) {
          stmts.push_back(DotPhase(unit_body, straight, per_iteration, iterations));
        }
        stmts.push_back(Loop("channel", range.channels, [&](const Expr& channel) {
          const Expr oc = Expr(range.first) + block * Expr(range.channels) + channel;
          return Loop("pixel", place.pixels, [&](const Expr& pixel) {
            const Expr value = ShortResult(
                op_, parameters_, LoadAt(acc, channel * Expr(place.pixels) + pixel), oc * Expr(4));
            return StoreAt(tensors_.out, (place.first_pixel + pixel) * Expr(num_channels_) + oc,
                           value);
          });
        }));
        return MakeAllocate(acc, MakeBlock(std::move(stmts)));
      },
      LoopKind::kTile);
}

Stmt PairTileBuilder::Tiles(const TilePlace& place) const {
  std::vector<Stmt> stmts;
  for (const ChannelBlocks& range : AllBlocks()) stmts.push_back(Tile(place, range));
  return MakeBlock(std::move(stmts));
}

Stmt PairTileBuilder::RunByColumns() const {
  const int64_t groups = columns_->num_pixels() / knobs_.pixels;
  const int64_t rest = columns_->num_pixels() % knobs_.pixels;
  const auto group = [&](const Expr& first_pixel, int64_t pixels) {
    return MakeBlock({columns_->Fill(first_pixel, pixels), Tiles({first_pixel, pixels, Expr(0)})});
  };
  std::vector<Stmt> stmts;
  if (groups > 0) {
    stmts.push_back(Loop("group", groups, [&](const Expr& i) {
      return group(i * Expr(knobs_.pixels), knobs_.pixels);
    }));
  }
  if (rest > 0) stmts.push_back(group(Expr(groups * knobs_.pixels), rest));
  return columns_->WithImage(MakeAllocate(columns_->buffer(), MakeBlock(std::move(stmts))));
}

Stmt PairTileBuilder::RowGroup(const Expr& n, const Expr& first_row, int64_t rows) const {
  const Workload& w = op_.workload;
  const int64_t groups = w.ow() / knobs_.pixels, rest = w.ow() % knobs_.pixels;
  const Stmt tiles = Loop("row", rows, [&](const Expr& row) {
    const Expr out_row = (n * Expr(w.oh()) + first_row + row) * Expr(w.ow());
    const auto at = [&](const Expr& column, int64_t pixels) {
      return Tiles({out_row + column, pixels, rows_->Begin(row, column)});
    };
    std::vector<Stmt> stmts;
    if (groups > 0) {
      stmts.push_back(Loop("group", groups, [&](const Expr& i) {
        return at(i * Expr(knobs_.pixels), knobs_.pixels);
      }));
    }
    if (rest > 0) stmts.push_back(at(Expr(groups * knobs_.pixels), rest));
    return MakeBlock(std::move(stmts));
  });
  return MakeBlock({rows_->Fill(n, first_row, rows), tiles});
}

Stmt PairTileBuilder::RunByRows() const {
  const Workload& w = op_.workload;
  const int64_t groups = w.oh() / knobs_.rows, rest = w.oh() % knobs_.rows;
  const Stmt images = Loop("n", w.n, [&](const Expr& n) {
    std::vector<Stmt> stmts;
    if (groups > 0) {
      stmts.push_back(Loop("rows", groups, [&](const Expr& i) {
        return RowGroup(n, i * Expr(knobs_.rows), knobs_.rows);
      }));
    }
    if (rest > 0) stmts.push_back(RowGroup(n, Expr(groups * knobs_.rows), rest));
    return MakeBlock(std::move(stmts));
  });
  return MakeAllocate(rows_->buffer(), MakeBlock({rows_->FillBorder(), images}));
}

absl::Status PairTileBuilder::MakeBuffers() {
  if (knobs_.rows == 0) {
    columns_.emplace(op_, tensors_, knobs_.pixels);
    num_steps_ = columns_->num_steps();
  } else {
    const Workload& w = op_.workload;
    if (w.op != OpKind::kConv2d || w.dilation_h != 1 || knobs_.weight_bits != 16) {
      return absl::FailedPreconditionError(
          "rows serve convolutions without vertical dilation, with 16-bit weights");
    }
    rows_.emplace(op_, tensors_, knobs_.rows);
    num_steps_ = rows_->num_runs() * rows_->num_taps();
  }
  if (knobs_.steps != 0 && knobs_.steps < steps_per_unit()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%d steps in an iteration, which takes %d at least", knobs_.steps, steps_per_unit()));
  }
  if (num_steps_ % steps_per_word() != 0 || knobs_.steps % steps_per_word() != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "8-bit weights take an even number of steps, not %d by %d", num_steps_, knobs_.steps));
  }
  return absl::OkStatus();
}

absl::StatusOr<LoweredKernel> PairTileBuilder::Build() {
  TUNEFARM_RETURN_IF_ERROR(MakeBuffers());
  w_tiles_ = MakeBuffer("w_tiles", knobs_.weight_bits == 8 ? DType::kS8 : DType::kS16,
                        {num_steps_ * num_channels_ * 2});
  parameters_ = MakeShortParameters(num_channels_);
  TUNEFARM_ASSIGN_OR_RETURN(Stmt run,
                            FastOrPlain(op_, parameters_, rows_ ? RunByRows() : RunByColumns()));
  return FinishExpansion(op_, {w_tiles_, parameters_.params, parameters_.plain}, std::move(run),
                         Prepare());
}

}  // namespace

absl::StatusOr<LoweredKernel> ExpandPairTile(const Operator& op, const PairTileKnobs& knobs) {
  TUNEFARM_ASSIGN_OR_RETURN(QuantisedTensors tensors, FindQuantisedTensors(op));
  return PairTileBuilder(op, knobs, std::move(tensors)).Build();
}

}  // namespace tunefarm::compiler
