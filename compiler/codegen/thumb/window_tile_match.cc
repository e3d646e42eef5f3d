#include "compiler/codegen/thumb/window_tile_match.h"

#include <vector>

namespace tunefarm::compiler {
namespace {

constexpr int64_t kWords = 2;  // Of a row, for each of two outputs.
constexpr int64_t kWordElems = 2;
constexpr int64_t kMaxRowBytes = 500, kMaxOutStride = 2047;

// One step of a sum: acc[output] += x . w.
struct Dot {
  int64_t output = 0;
  Access x, w;
};

std::optional<Dot> ToDot(const Stmt& stmt, const BufferNode* acc_buffer) {
  const Store* store = stmt.as<Store>();
  const Call* call = store != nullptr ? store->value.as<Call>() : nullptr;
  if (call == nullptr || call->intrinsic != Intrinsic::kDotS8x2) return std::nullopt;
  const auto acc = ToAccess(call->args[0], DType::kS32);
  const auto x = ToAccess(call->args[1], DType::kS16);
  const auto w = ToAccess(call->args[2], DType::kS16);
  int64_t output = 0;
  if (!acc || !x || !w || acc->buffer.get() != acc_buffer || store->buffer.get() != acc_buffer ||
      !acc->index.terms.empty() || !IsConst(store->indices[0], &output) ||
      output != acc->index.constant) {
    return std::nullopt;
  }
  return Dot{output, *x, *w};
}

// Whether `condition` holds for every iteration but the last of `count`.
bool FailsOnlyLast(const Expr& condition, const ExprNode* var, int64_t count) {
  const Binary* less = AsBinary(condition, BinaryOp::kLt);
  const Binary* compare = less != nullptr ? less : AsBinary(condition, BinaryOp::kLe);
  if (compare == nullptr) return false;
  const auto a = Linearize(compare->a), b = Linearize(compare->b);
  if (!a || !b) return false;
  const auto value = [var](const LinearIndex& index, int64_t i, bool* known) {
    int64_t sum = index.constant;
    for (const LinearTerm& term : index.terms) {
      if (term.value.get() != var) *known = false;
      sum += term.factor * i;
    }
    return sum;
  };
  bool known = true;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t left = value(*a, i, &known), right = value(*b, i, &known);
    const bool holds = less != nullptr ? left < right : left <= right;
    if (!known || holds != (i + 1 < count)) return false;
  }
  return true;
}

class Matcher {
 public:
  explicit Matcher(const For& pairs) : pairs_(pairs), var_(pairs.var.get()) {}
  bool Match();
  WindowTileMatch result;

 private:
  bool MatchDots(const std::vector<Stmt>& stmts, size_t first, size_t count);
  bool MatchOut(const Stmt& stmt, int64_t output);

  const For& pairs_;
  const ExprNode* var_;
  const BufferNode* acc_ = nullptr;
};

// For row, for output, for word: the order in which they are built.
bool Matcher::MatchDots(const std::vector<Stmt>& stmts, size_t first, size_t count) {
  WindowTileShape& shape = result.shape;
  shape.rows = static_cast<int64_t>(count) / (2 * kWords);
  if (shape.rows < 1 || shape.rows > kMaxWindowTileRows ||
      shape.rows * 2 * kWords != static_cast<int64_t>(count)) {
    return false;
  }
  int64_t row_elems = 2;
  for (size_t i = 0; i < count; ++i) {
    const auto dot = ToDot(stmts[first + i], acc_);
    if (!dot) return false;
    const auto position = static_cast<int64_t>(i);
    const int64_t row = position / (2 * kWords), output = position / kWords % 2,
                  word = position % kWords;
    if (i == 0) {
      result.x = dot->x.Without({var_});
      result.w = dot->w.Without({var_});
    }
    const int64_t x = dot->x.index.constant - result.x.index.constant;
    const int64_t w = dot->w.index.constant - result.w.index.constant;
    if (row == 1 && output == 0 && word == 0) row_elems = x;
    if (dot->output != output || dot->x.FactorOf(var_) != kWordElems ||
        dot->w.FactorOf(var_) != 0 || x != row * row_elems + word * kWordElems ||
        w != position * kWordElems) {
      return false;
    }
  }
  shape.row_bytes = row_elems * 2;
  return shape.row_bytes % 4 == 0 && shape.row_bytes > 0 && shape.row_bytes <= kMaxRowBytes;
}

bool Matcher::MatchOut(const Stmt& stmt, int64_t output) {
  const Store* store = stmt.as<Store>();
  const auto match = store != nullptr ? MatchShortResult(store->value) : std::nullopt;
  const auto index = store != nullptr ? Linearize(store->indices[0]) : std::nullopt;
  if (!match || !index || index->lanes != 1) return false;
  if (match->acc.buffer.get() != acc_ || !match->acc.index.terms.empty() ||
      match->acc.index.constant != output || match->params.FactorOf(var_) != 0) {
    return false;
  }
  const Access out{store->buffer, *index};
  WindowTileShape& shape = result.shape;
  if (output == 0) {
    result.out = out.Without({var_});
    result.params = match->params.Without({var_});
    shape.requantise = match->requantise;
    shape.out_stride_bytes = out.FactorOf(var_) / 2;
    return shape.out_stride_bytes > 0 && shape.out_stride_bytes <= kMaxOutStride &&
           out.FactorOf(var_) % 2 == 0;
  }
  return out.index.constant - result.out.index.constant == shape.out_stride_bytes &&
         out.FactorOf(var_) == 2 * shape.out_stride_bytes;
}

bool Matcher::Match() {
  int64_t min = 0, count = 0;
  if (!IsConst(pairs_.min, &min) || min != 0 || !IsConst(pairs_.extent, &count)) return false;
  const Allocate* allocate = pairs_.body.as<Allocate>();
  const Block* block = allocate != nullptr ? allocate->body.as<Block>() : nullptr;
  if (block == nullptr || block->stmts.size() < 5 || allocate->buffer->num_elems() != 2) {
    return false;
  }
  acc_ = allocate->buffer.get();
  const std::vector<Stmt>& stmts = block->stmts;
  for (size_t i = 0; i < 2; ++i) {
    const Store* init = stmts[i].as<Store>();
    if (init == nullptr || init->buffer.get() != acc_ || !IsConstant(init->value, 0)) return false;
  }
  Stmt last = stmts.back();
  result.shape.outputs = 2 * count;
  if (const IfThen* guard = last.as<IfThen>()) {
    if (!FailsOnlyLast(guard->condition, var_, count)) return false;
    result.shape.outputs -= 1;
    last = guard->then_body;
  }
  return MatchDots(stmts, 2, stmts.size() - 4) && MatchOut(stmts[stmts.size() - 2], 0) &&
         MatchOut(last, 1);
}

}  // namespace

std::optional<WindowTileMatch> MatchWindowTile(const For& pairs) {
  Matcher matcher(pairs);
  if (!matcher.Match()) return std::nullopt;
  return std::move(matcher.result);
}

}  // namespace tunefarm::compiler
