// Input rows of a convolution, widened to 16 bits, that register tiles read in place: every element
// is widened once for all windows it is in, instead of once for each.
//
//   rows[slot][pair of channels][column mod stride][column / stride]     one word: two s16
//
// The inputs of neighbouring output pixels are neighbouring words, whatever the stride. A run is a
// kernel row of one pair of channels: its taps lie anywhere in the pair's columns, and from run to
// run it is always equally far. Used by pair_tile.cc.
#ifndef TUNEFARM_COMPILER_LOWER_EXPAND_ROW_BUFFER_H_
#define TUNEFARM_COMPILER_LOWER_EXPAND_ROW_BUFFER_H_

#include "compiler/lower/expand/quantised.h"

namespace tunefarm::compiler {

class RowBuffer {
 public:
  // The rows that `out_rows` rows of outputs need. Requires a kernel without vertical dilation.
  // `op` and `tensors` must outlive it.
  RowBuffer(const Operator& op, const QuantisedTensors& tensors, int64_t out_rows);

  const Buffer& buffer() const { return buffer_; }
  int64_t num_runs() const;
  int64_t num_taps() const;
  // Elements between two runs, and from a run's begin to a tap.
  int64_t run_elems() const { return stride_ * columns_ * 2; }
  int64_t TapElems(int64_t tap) const;
  // The first element that the output at (row of the buffer's rows, column) reads.
  Expr Begin(const Expr& row, const Expr& column) const;

  // The channel that half of a run's words belongs to; beyond the last for a pair's missing half.
  Expr ChannelOf(const Expr& run, const Expr& half) const;
  Expr KernelRowOf(const Expr& run) const;

  // Writes what stays: the columns beside the image. Once before all calls of Fill.
  Stmt FillBorder() const;
  // Fills the rows that `out_rows` rows of outputs need, from row `first` of image `n`.
  Stmt Fill(const Expr& n, const Expr& first, int64_t out_rows) const;

 private:
  int64_t num_pairs() const;
  int64_t num_slots(int64_t out_rows) const;
  bool by_fours() const;
  // Of the first half of a pair in a column of the padded image.
  Expr Place(const Expr& slot, const Expr& pair, const Expr& column) const;
  Stmt FillColumn(const Expr& slot, const Expr& column,
                  const std::function<Expr(const Expr&)>& word,
                  const std::function<Expr(const Expr&)>& elem) const;
  Stmt FillZeroPoint(const Expr& slot, const Expr& column) const;
  Stmt CopyRow(const Expr& slot, const Expr& n, const Expr& in_row) const;

  const Operator& op_;
  const QuantisedTensors& tensors_;
  const int64_t out_rows_;
  const int64_t stride_;
  int64_t columns_ = 0;  // Of one remainder by the stride.
  Buffer buffer_;
};

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_LOWER_EXPAND_ROW_BUFFER_H_
