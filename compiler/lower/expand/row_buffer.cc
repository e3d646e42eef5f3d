#include "compiler/lower/expand/row_buffer.h"

#include <algorithm>

#include "compiler/lower/expand/loops.h"

namespace tunefarm::compiler {
namespace {

constexpr int64_t kFillUnroll = 4;

}  // namespace

RowBuffer::RowBuffer(const Operator& op, const QuantisedTensors& tensors, int64_t out_rows)
    : op_(op), tensors_(tensors), out_rows_(out_rows), stride_(op.workload.stride_w) {
  const Workload& w = op.workload;
  const int64_t padded = w.w + w.pad_left + w.pad_right;
  columns_ = (padded + stride_ - 1) / stride_;
  buffer_ = MakeBuffer("rows", DType::kS16, {num_slots(out_rows) * num_pairs() * run_elems()},
                       Scope::kScratch);
}

int64_t RowBuffer::num_pairs() const { return (op_.workload.c + 1) / 2; }
int64_t RowBuffer::num_runs() const { return op_.workload.kh * num_pairs(); }
int64_t RowBuffer::num_taps() const { return op_.workload.kw; }
bool RowBuffer::by_fours() const { return op_.workload.c % 4 == 0; }

int64_t RowBuffer::num_slots(int64_t out_rows) const {
  return (out_rows - 1) * op_.workload.stride_h + op_.workload.kh;
}

int64_t RowBuffer::TapElems(int64_t tap) const {
  const int64_t column = tap * op_.workload.dilation_w;
  return (column % stride_ * columns_ + column / stride_) * 2;
}

Expr RowBuffer::Begin(const Expr& row, const Expr& column) const {
  return row * Expr(op_.workload.stride_h * num_pairs() * run_elems()) + column * Expr(2);
}

Expr RowBuffer::ChannelOf(const Expr& run, const Expr& half) const {
  return PairedInput(FloorMod(run, Expr(num_pairs())), half, by_fours());
}

Expr RowBuffer::KernelRowOf(const Expr& run) const { return FloorDiv(run, Expr(num_pairs())); }

Expr RowBuffer::Place(const Expr& slot, const Expr& pair, const Expr& column) const {
  const Expr run = slot * Expr(num_pairs()) + pair;
  return run * Expr(run_elems()) + FloorMod(column, Expr(stride_)) * Expr(2 * columns_) +
         FloorDiv(column, Expr(stride_)) * Expr(2);
}

// One column of all channels. `word` gives the four values from a channel on, `elem` one value.
Stmt RowBuffer::FillColumn(const Expr& slot, const Expr& column,
                           const std::function<Expr(const Expr&)>& word,
                           const std::function<Expr(const Expr&)>& elem) const {
  const int64_t channels = op_.workload.c;
  if (by_fours()) {
    return UnrolledLoop("four", channels / 4, kFillUnroll, [&](const Expr& four) {
      const Expr value = word(four * Expr(4));
      const auto store = [&](int64_t odd, Intrinsic widen) {
        return StoreVector(buffer_, Place(slot, four * Expr(2) + Expr(odd), column), 2,
                           MakeCall(widen, {value}));
      };
      return MakeBlock({store(0, Intrinsic::kWidenEven), store(1, Intrinsic::kWidenOdd)});
    });
  }
  // A pair's missing half is multiplied with a weight of zero, and read.
  return UnrolledLoop("channel", num_pairs() * 2, kFillUnroll, [&](const Expr& channel) {
    const Type s16 = {DType::kS16, 1};
    const Expr place = Place(slot, FloorDiv(channel, Expr(2)), column) + FloorMod(channel, Expr(2));
    const Stmt store = StoreAt(buffer_, place, MakeCast(s16, elem(channel)));
    if (channels % 2 == 0) return store;
    return MakeBlock({MakeIf(channel < Expr(channels), store),
                      MakeIf(Expr(channels) <= channel, StoreAt(buffer_, place, MakeInt(0, s16)))});
  });
}

Stmt RowBuffer::FillZeroPoint(const Expr& slot, const Expr& column) const {
  const Expr zero = MakeCast({DType::kS8, 1}, LoadAt(tensors_.zero_points, Expr(0)));
  return FillColumn(
      slot, column, [&](const Expr&) { return MakeBroadcast(zero, 4); },
      [&](const Expr&) { return zero; });
}

Stmt RowBuffer::FillBorder() const {
  const Workload& w = op_.workload;
  return Loop("slot", num_slots(out_rows_), [&](const Expr& slot) {
    return Loop("column", w.pad_left + w.pad_right, [&](const Expr& column) {
      return FillZeroPoint(slot, MakeSelect(column < Expr(w.pad_left), column, column + Expr(w.w)));
    });
  });
}

Stmt RowBuffer::CopyRow(const Expr& slot, const Expr& n, const Expr& in_row) const {
  const Workload& w = op_.workload;
  return Loop("column", w.w, [&](const Expr& column) {
    const Expr source = ((n * Expr(w.h) + in_row) * Expr(w.w) + column) * Expr(w.c);
    return FillColumn(
        slot, column + Expr(w.pad_left),
        [&](const Expr& channel) { return LoadVector(tensors_.in, source + channel, 4); },
        [&](const Expr& channel) { return LoadAt(tensors_.in, source + channel); });
  });
}

Stmt RowBuffer::Fill(const Expr& n, const Expr& first, int64_t out_rows) const {
  const Workload& w = op_.workload;
  return Loop("slot", num_slots(out_rows), [&](const Expr& slot) {
    const Expr in_row = first * Expr(w.stride_h) + slot - Expr(w.pad_top);
    const Stmt copy = CopyRow(slot, n, in_row);
    if (w.pad_top + w.pad_bottom == 0) return copy;
    const Stmt outside = Loop("column", w.w, [&](const Expr& column) {
      return FillZeroPoint(slot, column + Expr(w.pad_left));
    });
    const Expr is_outside = MakeBinary(BinaryOp::kOr, in_row < Expr(0), Expr(w.h) <= in_row);
    return MakeBlock(
        {MakeIf(Expr(0) <= in_row && in_row < Expr(w.h), copy), MakeIf(is_outside, outside)});
  });
}

}  // namespace tunefarm::compiler
