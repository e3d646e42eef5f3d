// Expansion table_add: s8 addition of two tensors of one shape by tables.
//
//   prepare: for each s8 value v: a_table[v] = twice its rescaled value; b_table likewise
//   out[i] = requantised (a_table[a[i]] + b_table[b[i]])
//
// Rescaling an operand depends on its 256 values only, so two of the three requantisations of an
// element become a load each.
#include "base/status.h"
#include "compiler/lower/expand/expand.h"
#include "compiler/lower/expand/loops.h"
#include "compiler/lower/expand/quantised.h"

namespace tunefarm::compiler {
namespace {

constexpr int64_t kValues = 256;
// TFLite's head room for the operands of a quantised add.
constexpr int64_t kLeftShift = 20;
// A rescaled operand above this could leave the range of the short requantisation.
constexpr int64_t kMaxOperand = (int64_t{1} << 29) - 1;

Buffer FindInput(const Operator& op, const std::string& name) {
  for (const OperatorInput& input : op.inputs) {
    if (input.buffer->name == name) return input.buffer;
  }
  return nullptr;
}

class TableAddBuilder {
 public:
  TableAddBuilder(const Operator& op, const TableAddKnobs& knobs)
      : op_(op),
        knobs_(knobs),
        multipliers_(FindInput(op, "multipliers")),
        shifts_(FindInput(op, "shifts")),
        zero_points_(FindInput(op, "zero_points")),
        parameters_(MakeShortParameters(1)) {
    for (const char* name : {"a", "b"}) {
      tables_.push_back(MakeBuffer(std::string(name) + "_table", DType::kS32, {kValues}));
    }
  }

  absl::StatusOr<LoweredKernel> Build() const;

 private:
  Stmt Prepare() const;
  Stmt Run() const;

  const Operator& op_;
  const TableAddKnobs& knobs_;
  const Buffer multipliers_, shifts_, zero_points_;
  std::vector<Buffer> tables_;
  ShortParameters parameters_;
};

Stmt TableAddBuilder::Prepare() const {
  std::vector<Stmt> stmts = {StoreAt(parameters_.plain, Expr(0), S32(0))};
  for (int64_t operand = 0; operand < 2; ++operand) {
    const Buffer& table = tables_[static_cast<size_t>(operand)];
    stmts.push_back(Loop("value", kValues, [&](const Expr& value) {
      const Expr centred = MakeCast({DType::kS32, 1}, value - Expr(kValues / 2)) -
                           LoadAt(zero_points_, Expr(operand));
      const Expr rescaled =
          MakeCall(Intrinsic::kRequantize,
                   {centred * S32(int64_t{1} << kLeftShift), LoadAt(multipliers_, Expr(operand)),
                    LoadAt(shifts_, Expr(operand))});
      const Expr entry = LoadAt(table, value);
      const Expr unfit =
          MakeBinary(BinaryOp::kOr, entry < S32(-kMaxOperand), S32(kMaxOperand) < entry);
      return MakeBlock({StoreAt(table, value, rescaled),
                        MakeIf(unfit, StoreAt(parameters_.plain, Expr(0), S32(1))),
                        StoreAt(table, value, entry * S32(2))});
    }));
  }
  stmts.push_back(StoreAt(parameters_.params, Expr(0), S32(0)));
  const Expr fits = S32(1) < S32(0);
  stmts.push_back(PrepareRequantisation(op_, parameters_, Expr(0), LoadAt(multipliers_, Expr(2)),
                                        LoadAt(shifts_, Expr(2)), LoadAt(zero_points_, Expr(2)),
                                        fits));
  return MakeBlock(std::move(stmts));
}

Stmt TableAddBuilder::Run() const {
  // The constants are loaded once, not for each element.
  const Buffer held = MakeBuffer("held", DType::kS32, {4}, Scope::kRegister);
  std::vector<Stmt> stmts;
  for (int64_t i = 1; i < 4; ++i) {
    stmts.push_back(StoreAt(held, Expr(i), LoadAt(parameters_.params, Expr(i))));
  }
  const Buffer a = FindInput(op_, "a"), b = FindInput(op_, "b");
  stmts.push_back(UnrolledLoop("i", op_.output->num_elems(), knobs_.unroll, [&](const Expr& i) {
    const auto entry = [&](const Buffer& operand, const Buffer& table) {
      const Expr value = MakeCast({DType::kIndex, 1}, LoadAt(operand, i));
      return LoadAt(table, value + Expr(kValues / 2));
    };
    const Expr x2 = entry(a, tables_[0]) + entry(b, tables_[1]);
    return StoreAt(op_.output, i,
                   ShortResult(op_, {x2, LoadAt(held, Expr(1)), LoadAt(held, Expr(2)),
                                     LoadAt(held, Expr(3))}));
  }));
  return MakeAllocate(held, MakeBlock(std::move(stmts)));
}

absl::StatusOr<LoweredKernel> TableAddBuilder::Build() const {
  TUNEFARM_ASSIGN_OR_RETURN(Stmt run, FastOrPlain(op_, parameters_, Run()));
  return FinishExpansion(op_, {tables_[0], tables_[1], parameters_.params, parameters_.plain},
                         std::move(run), Prepare());
}

}  // namespace

absl::StatusOr<LoweredKernel> ExpandTableAdd(const Operator& op, const TableAddKnobs& knobs) {
  if (op.workload.op != OpKind::kAdd || op.workload.dtype != DType::kS8 ||
      op.workload.broadcast[0] != 0) {
    return absl::FailedPreconditionError("the operator is not an s8 add of two like tensors");
  }
  return TableAddBuilder(op, knobs).Build();
}

}  // namespace tunefarm::compiler
