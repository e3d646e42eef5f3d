#include "compiler/lower/expand/column_buffer.h"

#include "compiler/lower/expand/loops.h"

namespace tunefarm::compiler {
namespace {

// Input elements that are widened by straight code, at most.
constexpr int64_t kMaxStraightElems = 160;
constexpr int64_t kFillUnroll = 4;

}  // namespace

ColumnBuffer::ColumnBuffer(const Operator& op, const QuantisedTensors& tensors, int64_t pixels)
    : op_(op),
      tensors_(tensors),
      is_matrix_(tensors.in->extents.size() == 2),
      image_{tensors.in, 0, 0, false} {
  if (is_matrix_) {
    num_pixels_ = tensors.in->extents[0];
    run_elems_ = tensors.in->extents[1];
    run_offsets_ = {0};
  } else {
    const Workload& w = op.workload;
    image_ = MakePaddedImage(op, tensors.in);
    num_pixels_ = w.n * w.oh() * w.ow();
    const bool whole_rows = w.dilation_w == 1;
    run_elems_ = whole_rows ? w.kw * w.c : w.c;
    for (int64_t kh = 0; kh < w.kh; ++kh) {
      for (int64_t kw = 0; kw < (whole_rows ? 1 : w.kw); ++kw) {
        run_offsets_.push_back(kh * w.dilation_h * image_.row_elems + kw * w.dilation_w * w.c);
      }
    }
  }
  buffer_ = MakeBuffer("x", DType::kS16, {num_steps() * pixels * 2}, Scope::kScratch);
}

Expr ColumnBuffer::BeginOf(const Expr& pixel) const {
  if (is_matrix_) return pixel * Expr(run_elems_);
  const Workload& w = op_.workload;
  const Expr row = FloorDiv(pixel, Expr(w.ow()));
  const Expr n = FloorDiv(row, Expr(w.oh())), oh = FloorMod(row, Expr(w.oh()));
  return n * Expr(image_.image_elems) + oh * Expr(w.stride_h * image_.row_elems) +
         FloorMod(pixel, Expr(w.ow())) * Expr(w.stride_w * w.c);
}

Expr ColumnBuffer::TermOf(const Expr& step, const Expr& half) const {
  return PairedInput(step, half, by_fours());
}

Stmt ColumnBuffer::FillByFours(const std::vector<Expr>& begins) const {
  const auto pixels = static_cast<int64_t>(begins.size());
  const int64_t fours = run_elems_ / 4;
  std::vector<Stmt> runs;
  const auto run = [&](const Expr& offset, const Expr& first_step) {
    return UnrolledLoop("four", fours, kFillUnroll, [&](const Expr& four) {
      std::vector<Stmt> stores;
      for (Intrinsic widen : {Intrinsic::kWidenEven, Intrinsic::kWidenOdd}) {
        const Expr step = first_step + four * Expr(2) + Expr(widen == Intrinsic::kWidenOdd ? 1 : 0);
        for (int64_t pixel = 0; pixel < pixels; ++pixel) {
          const Expr word = LoadVector(image_.buffer, begins[pixel] + offset + four * Expr(4), 4);
          stores.push_back(StoreVector(buffer_, (step * Expr(pixels) + Expr(pixel)) * Expr(2), 2,
                                       MakeCall(widen, {word})));
        }
      }
      return MakeBlock(std::move(stores));
    });
  };
  for (size_t i = 0; i < run_offsets_.size(); ++i) {
    runs.push_back(run(Expr(run_offsets_[i]), Expr(static_cast<int64_t>(i) * run_elems_ / 2)));
  }
  return MakeBlock(std::move(runs));
}

Stmt ColumnBuffer::FillSingly(const std::vector<Expr>& begins) const {
  const auto pixels = static_cast<int64_t>(begins.size());
  const LoopKind kind =
      num_terms() * pixels <= kMaxStraightElems ? LoopKind::kUnrolled : LoopKind::kSerial;
  std::vector<Stmt> stmts;
  const auto place = [&](const Expr& k, int64_t pixel) {
    return (FloorDiv(k, Expr(2)) * Expr(pixels) + Expr(pixel)) * Expr(2) + FloorMod(k, Expr(2));
  };
  for (int64_t pixel = 0; pixel < pixels; ++pixel) {
    for (size_t i = 0; i < run_offsets_.size(); ++i) {
      stmts.push_back(Loop(
          "elem", run_elems_,
          [&](const Expr& elem) {
            const Expr k = Expr(static_cast<int64_t>(i) * run_elems_) + elem;
            const Expr value = LoadAt(image_.buffer, begins[pixel] + Expr(run_offsets_[i]) + elem);
            return StoreAt(buffer_, place(k, pixel), MakeCast({DType::kS16, 1}, value));
          },
          kind));
    }
    if (num_terms() % 2 != 0) {
      stmts.push_back(
          StoreAt(buffer_, place(Expr(num_terms()), pixel), MakeInt(0, {DType::kS16, 1})));
    }
  }
  return MakeBlock(std::move(stmts));
}

Stmt ColumnBuffer::Fill(const Expr& first_pixel, int64_t pixels) const {
  std::vector<Expr> begins;
  for (int64_t pixel = 0; pixel < pixels; ++pixel) {
    begins.push_back(BeginOf(first_pixel + Expr(pixel)));
  }
  return by_fours() ? FillByFours(begins) : FillSingly(begins);
}

Stmt ColumnBuffer::WithImage(Stmt body) const {
  if (!image_.is_copy) return body;
  return MakeAllocate(image_.buffer,
                      MakeBlock({FillPaddedImage(op_, tensors_, image_), std::move(body)}));
}

}  // namespace tunefarm::compiler
