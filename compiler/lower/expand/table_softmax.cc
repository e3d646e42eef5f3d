// Expansion table_softmax: s8 softmax by tables.
//
//   prepare: exps[d] = e^(-d x scale) for each difference d = 0 ... 255 to the greatest element
//            terms[d] = the same as the sum takes it          (where the knob asks for the table)
//   for each row:
//     max; sum of terms[max - in[i]]; scale = 1 / sum
//     out[i] = scale x exps[max - in[i]]
#include <limits>

#include "base/status.h"
#include "compiler/lower/expand/expand.h"
#include "compiler/lower/expand/loops.h"
#include "compiler/lower/expand/quantised.h"

namespace tunefarm::compiler {
namespace {

constexpr int64_t kValues = 256;
constexpr int64_t kSumIntegerBits = 12;
constexpr int64_t kMaxExponent = 31;

// Places in the registers of a row.
enum Held { kMaxElement, kSum, kScale, kExponent, kNumHeld };

class TableSoftmaxBuilder {
 public:
  TableSoftmaxBuilder(const Operator& op, const TableSoftmaxKnobs& knobs)
      : op_(op),
        knobs_(knobs),
        in_(op.inputs[0].buffer),
        num_rows_(in_->extents[0]),
        num_elems_(in_->extents[1]),
        exps_(MakeBuffer("exps", DType::kS32, {kValues})),
        terms_(MakeBuffer("terms", DType::kS32, {kValues})),
        held_(MakeBuffer("held", DType::kS32, {kNumHeld}, Scope::kRegister)) {}

  LoweredKernel Build() const {
    std::vector<Buffer> packed = {exps_};
    if (knobs_.term_table) packed.push_back(terms_);
    const Stmt rows = Loop("row", num_rows_, [&](const Expr& row) { return Row(row); });
    return FinishExpansion(op_, packed, MakeAllocate(held_, rows), Prepare());
  }

 private:
  Stmt Prepare() const;
  Stmt Row(const Expr& row) const;
  Stmt Scale() const;

  Expr HeldAt(Held place) const { return LoadAt(held_, Expr(place)); }
  Stmt Hold(Held place, Expr value) const { return StoreAt(held_, Expr(place), std::move(value)); }
  static Expr TermOf(const Expr& exp) {
    return MakeCall(Intrinsic::kRoundingShift, {exp, S32(kSumIntegerBits)});
  }

  const Operator& op_;
  const TableSoftmaxKnobs& knobs_;
  const Buffer in_;
  const int64_t num_rows_, num_elems_;
  const Buffer exps_, terms_, held_;
};

Stmt TableSoftmaxBuilder::Prepare() const {
  const auto scalar = [&](size_t input) { return LoadAt(op_.inputs[input].buffer, Expr(0)); };
  const Expr multiplier = scalar(1), shift = scalar(2), diff_min = scalar(3);
  return Loop("value", kValues, [&](const Expr& value) {
    const Expr diff = S32(0) - MakeCast({DType::kS32, 1}, value);
    const Expr logit = MakeCall(Intrinsic::kRequantize, {diff, multiplier, shift});
    std::vector<Stmt> stmts = {
        StoreAt(exps_, value,
                MakeSelect(diff < diff_min, S32(0), MakeCall(Intrinsic::kFixedExp, {logit})))};
    if (knobs_.term_table) stmts.push_back(StoreAt(terms_, value, TermOf(LoadAt(exps_, value))));
    return MakeBlock(std::move(stmts));
  });
}

// Of the row's sum; as the operator's own stages have it (op/softmax.cc).
Stmt TableSoftmaxBuilder::Scale() const {
  const Expr sum = HeldAt(kSum), exponent = HeldAt(kExponent);
  const Expr zeros = MakeCall(Intrinsic::kCountLeadingZeros, {sum});
  const Expr fraction =
      MakeCall(Intrinsic::kShiftLeft, {sum, zeros}) + S32(std::numeric_limits<int32_t>::min());
  return MakeBlock({
      Hold(kExponent, S32(kSumIntegerBits + 31 - 8) - zeros),
      Hold(kScale, MakeSelect(S32(kMaxExponent) < exponent, S32(0),
                              MakeCall(Intrinsic::kFixedReciprocal, {fraction}))),
      Hold(kExponent, Min(exponent, S32(kMaxExponent))),
  });
}

Stmt TableSoftmaxBuilder::Row(const Expr& row) const {
  const Expr begin = row * Expr(num_elems_);
  const auto over_elements = [&](const LoopBody& body) {
    return UnrolledLoop("i", num_elems_, knobs_.unroll,
                        [&](const Expr& i) { return body(begin + i); });
  };
  const auto element = [&](const Expr& at) { return MakeCast({DType::kS32, 1}, LoadAt(in_, at)); };
  const auto entry = [&](const Buffer& table, const Expr& at) {
    return LoadAt(table, MakeCast({DType::kIndex, 1}, HeldAt(kMaxElement) - element(at)));
  };
  return MakeBlock({
      Hold(kMaxElement, S32(-128)),
      over_elements(
          [&](const Expr& at) { return Hold(kMaxElement, Max(HeldAt(kMaxElement), element(at))); }),
      Hold(kSum, S32(0)),
      over_elements([&](const Expr& at) {
        const Expr term = knobs_.term_table ? entry(terms_, at) : TermOf(entry(exps_, at));
        return Hold(kSum, HeldAt(kSum) + term);
      }),
      Scale(),
      over_elements([&](const Expr& at) {
        const Expr product =
            MakeCall(Intrinsic::kRequantize, {HeldAt(kScale), entry(exps_, at), S32(0)});
        const Expr value = MakeCall(Intrinsic::kRoundingShift, {product, HeldAt(kExponent)});
        return StoreAt(op_.output, at, MakeCast({DType::kS8, 1}, Min(value - S32(128), S32(127))));
      }),
  });
}

}  // namespace

absl::StatusOr<LoweredKernel> ExpandTableSoftmax(const Operator& op,
                                                 const TableSoftmaxKnobs& knobs) {
  if (op.workload.op != OpKind::kSoftmax || op.workload.dtype != DType::kS8) {
    return absl::FailedPreconditionError("the operator is not an s8 softmax");
  }
  return TableSoftmaxBuilder(op, knobs).Build();
}

}  // namespace tunefarm::compiler
