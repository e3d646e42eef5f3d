// The inputs of a few output pixels side by side, widened to 16 bits (im2col): what a register tile
// of pair_tile.cc reads as one stream.
//
//   columns[step, pixel, 2]       one word: the pair of a step
//
// Where a run of inputs is a multiple of four, a step's pair is (k, k + 2) of its four, as SXTB16
// leaves them.
#ifndef TUNEFARM_COMPILER_LOWER_EXPAND_COLUMN_BUFFER_H_
#define TUNEFARM_COMPILER_LOWER_EXPAND_COLUMN_BUFFER_H_

#include <vector>

#include "compiler/lower/expand/quantised.h"

namespace tunefarm::compiler {

class ColumnBuffer {
 public:
  // Room for `pixels` output pixels of a convolution or rows of a matrix. `op` and `tensors` must
  // outlive it.
  ColumnBuffer(const Operator& op, const QuantisedTensors& tensors, int64_t pixels);

  const Buffer& buffer() const { return buffer_; }
  int64_t num_pixels() const { return num_pixels_; }  // Of the whole output.
  int64_t num_steps() const { return (num_terms() + 1) / 2; }
  int64_t num_terms() const { return run_elems_ * static_cast<int64_t>(run_offsets_.size()); }
  // The position in the sum that half of a step's pair stands for.
  Expr TermOf(const Expr& step, const Expr& half) const;

  // Fills the columns of `pixels` pixels.
  Stmt Fill(const Expr& first_pixel, int64_t pixels) const;
  // `body` with the image's border around it: once around all calls of Fill.
  Stmt WithImage(Stmt body) const;

 private:
  bool by_fours() const { return run_elems_ % 4 == 0; }
  Expr BeginOf(const Expr& pixel) const;  // Flat index of its first input.
  Stmt FillByFours(const std::vector<Expr>& begins) const;
  Stmt FillSingly(const std::vector<Expr>& begins) const;

  const Operator& op_;
  const QuantisedTensors& tensors_;
  const bool is_matrix_;
  int64_t num_pixels_ = 0;
  // Where a pixel's inputs lie: runs of `run_elems_` contiguous elements.
  int64_t run_elems_ = 0;
  std::vector<int64_t> run_offsets_;
  PaddedImage image_;
  Buffer buffer_;
};

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_LOWER_EXPAND_COLUMN_BUFFER_H_
