#include "compiler/codegen/expr_emitter.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/Function.h>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/codegen/intrinsics.h"
#include "compiler/codegen/usage.h"
#include "compiler/ir/visit.h"

namespace tunefarm::compiler {
namespace {

llvm::Type* ScalarType(llvm::LLVMContext& context, DType dtype, int64_t pointer_bits) {
  switch (dtype) {
    case DType::kF32:
      return llvm::Type::getFloatTy(context);
    case DType::kS8:
      return llvm::Type::getInt8Ty(context);
    case DType::kS16:
      return llvm::Type::getInt16Ty(context);
    case DType::kS32:
      return llvm::Type::getInt32Ty(context);
    case DType::kIndex:
      return llvm::Type::getIntNTy(context, static_cast<unsigned>(pointer_bits));
    case DType::kBool:
      return llvm::Type::getInt1Ty(context);
  }
  TUNEFARM_CHECK(false, "unknown element type");
}

// log2 of a power of two in every lane of `expr`; -1 for anything else.
int ConstLog2(const Expr& expr) {
  const Broadcast* broadcast = expr.as<Broadcast>();
  int64_t value = 0;
  if (!IsConst(broadcast != nullptr ? broadcast->value : expr, &value)) return -1;
  return value > 0 && (value & (value - 1)) == 0 ? __builtin_ctzll(value) : -1;
}

const Binary* AsProduct(const Expr& expr) {
  const Binary* binary = expr.as<Binary>();
  return binary != nullptr && binary->op == BinaryOp::kMul ? binary : nullptr;
}

}  // namespace

ExprEmitter::ExprEmitter(llvm::IRBuilder<>& builder, const Target& target)
    : builder_(builder), target_(target) {}

void ExprEmitter::Enter(llvm::Instruction* anchor) { scopes_.emplace_back().anchor = anchor; }

void ExprEmitter::EnterLoop(llvm::PHINode* counter, llvm::Instruction* anchor) {
  Enter(anchor);
  scopes_.back().counter = counter;
}

void ExprEmitter::Leave() {
  AdvancePointers(scopes_.back());
  scopes_.pop_back();
}

void ExprEmitter::BindVar(const ExprNode* var, llvm::Value* value) {
  vars_[var] = {value, static_cast<int>(scopes_.size()) - 1};
}

void ExprEmitter::BindVar(const ExprNode* var, const Expr& value) {
  const int depth = DepthOf(value);
  vars_[var] = {EmitAt(depth, value), depth};
}

void ExprEmitter::BindBuffer(const BufferNode* buffer, BufferPlace place) {
  buffers_[buffer] = place;
}

llvm::Value* ExprEmitter::FindVar(const ExprNode* var) const {
  const auto binding = vars_.find(var);
  return binding == vars_.end() ? nullptr : binding->second.value;
}

const BufferPlace* ExprEmitter::FindBuffer(const BufferNode* buffer) const {
  const auto place = buffers_.find(buffer);
  return place == buffers_.end() ? nullptr : &place->second;
}

llvm::Type* ExprEmitter::LlvmType(Type type) {
  llvm::Type* scalar = ScalarType(builder_.getContext(), type.dtype, target_.PointerBits());
  if (type.lanes == 1) return scalar;
  return llvm::FixedVectorType::get(scalar, static_cast<unsigned>(type.lanes));
}

llvm::ConstantInt* ExprEmitter::Index(int64_t value) {
  return builder_.getIntN(static_cast<unsigned>(target_.PointerBits()),
                          static_cast<uint64_t>(value));
}

llvm::Value* ExprEmitter::Emit(const Expr& expr) {
  return Dispatch(*expr.get(), [this](const auto& node) { return Emit(node); });
}

llvm::Value* ExprEmitter::Emit(const IntImm& node) {
  return llvm::ConstantInt::getSigned(LlvmType(node.type), node.value);
}

llvm::Value* ExprEmitter::Emit(const FloatImm& node) {
  return llvm::ConstantFP::get(builder_.getContext(), llvm::APFloat(node.value));
}

llvm::Value* ExprEmitter::Emit(const Var& node) {
  llvm::Value* value = FindVar(&node);
  TUNEFARM_CHECK(value != nullptr, absl::StrFormat("variable %s is not bound", node.name));
  return value;
}

llvm::Value* ExprEmitter::Emit(const Cast& node) {
  llvm::Value* value = Emit(node.value);
  llvm::Type* to = LlvmType(node.type);
  const DType from = node.value.type().dtype;
  if (node.type.is_float()) {
    if (from == DType::kF32) return value;
    return from == DType::kBool ? builder_.CreateUIToFP(value, to)
                                : builder_.CreateSIToFP(value, to);
  }
  if (from == DType::kF32) {
    // Narrow integers wrap, so the float is truncated to a wide one first.
    const DType wide = node.type.dtype == DType::kIndex ? DType::kIndex : DType::kS32;
    value = builder_.CreateFPToSI(value, LlvmType({wide, node.type.lanes}));
  }
  if (node.type.dtype == DType::kBool) return builder_.CreateIsNotNull(value);
  return from == DType::kBool ? builder_.CreateZExt(value, to)
                              : builder_.CreateSExtOrTrunc(value, to);
}

llvm::Value* ExprEmitter::Emit(const Binary& node) {
  if (node.op == BinaryOp::kAdd && node.type.is_float()) {
    if (const Binary* product = AsProduct(node.b)) return EmitMultiplyAdd(*product, node.a);
    if (const Binary* product = AsProduct(node.a)) return EmitMultiplyAdd(*product, node.b);
  }
  llvm::Value* a = Emit(node.a);
  llvm::Value* b = Emit(node.b);
  if (node.a.type().is_float()) return EmitFloatArithmetic(node.op, a, b);
  return EmitArithmetic(node, a, b);
}

llvm::Value* ExprEmitter::EmitMultiplyAdd(const Binary& product, const Expr& addend) {
  llvm::Value* sum = Emit(addend);
  llvm::Value* a = Emit(product.a);
  return MultiplyAdd(builder_, a, Emit(product.b), sum);
}

llvm::Value* ExprEmitter::EmitFloatArithmetic(BinaryOp op, llvm::Value* a, llvm::Value* b) {
  switch (op) {
    case BinaryOp::kAdd:
      return builder_.CreateFAdd(a, b);
    case BinaryOp::kSub:
      return builder_.CreateFSub(a, b);
    case BinaryOp::kMul:
      return builder_.CreateFMul(a, b);
    case BinaryOp::kDiv:
      return builder_.CreateFDiv(a, b);
    // As std::min and std::max: a unless b is beyond it, so a NaN in either gives a. One
    // instruction on x86.
    case BinaryOp::kMin:
      return builder_.CreateSelect(builder_.CreateFCmpOLT(b, a), b, a);
    case BinaryOp::kMax:
      return builder_.CreateSelect(builder_.CreateFCmpOGT(b, a), b, a);
    case BinaryOp::kLt:
      return builder_.CreateFCmpOLT(a, b);
    case BinaryOp::kLe:
      return builder_.CreateFCmpOLE(a, b);
    case BinaryOp::kEq:
      return builder_.CreateFCmpOEQ(a, b);
    case BinaryOp::kFloorDiv:
    case BinaryOp::kFloorMod:
    case BinaryOp::kAnd:
    case BinaryOp::kOr:
      break;
  }
  TUNEFARM_CHECK(false, "operator is not defined on floats");
}

llvm::Value* ExprEmitter::EmitArithmetic(const Binary& node, llvm::Value* a, llvm::Value* b) {
  const bool no_wrap = node.type.dtype == DType::kIndex;
  switch (node.op) {
    case BinaryOp::kAdd:
      return builder_.CreateAdd(a, b, "", false, no_wrap);
    case BinaryOp::kSub:
      return builder_.CreateSub(a, b, "", false, no_wrap);
    case BinaryOp::kMul:
      return builder_.CreateMul(a, b, "", false, no_wrap);
    case BinaryOp::kFloorDiv:
    case BinaryOp::kFloorMod:
      return EmitFloorDivision(node, a, b);
    case BinaryOp::kMin:
      return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, a, b);
    case BinaryOp::kMax:
      return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, a, b);
    case BinaryOp::kLt:
      return builder_.CreateICmpSLT(a, b);
    case BinaryOp::kLe:
      return builder_.CreateICmpSLE(a, b);
    case BinaryOp::kEq:
      return builder_.CreateICmpEQ(a, b);
    case BinaryOp::kAnd:
      return builder_.CreateAnd(a, b);
    case BinaryOp::kOr:
      return builder_.CreateOr(a, b);
    case BinaryOp::kDiv:
      break;
  }
  TUNEFARM_CHECK(false, "operator is not defined on integers");
}

llvm::Value* ExprEmitter::EmitFloorDivision(const Binary& node, llvm::Value* a, llvm::Value* b) {
  const bool quotient_wanted = node.op == BinaryOp::kFloorDiv;
  llvm::Type* type = a->getType();
  if (const int log2 = ConstLog2(node.b); log2 >= 0) {
    return quotient_wanted
               ? builder_.CreateAShr(a, llvm::ConstantInt::get(type, log2))
               : builder_.CreateAnd(a, llvm::ConstantInt::get(type, (int64_t{1} << log2) - 1));
  }
  // LLVM divides toward zero; where that leaves a negative remainder, the floor is one further
  // down.
  llvm::Value* remainder = builder_.CreateSRem(a, b);
  llvm::Value* below = builder_.CreateICmpSLT(remainder, llvm::Constant::getNullValue(type));
  if (quotient_wanted) {
    return builder_.CreateAdd(builder_.CreateSDiv(a, b), builder_.CreateSExt(below, type));
  }
  return builder_.CreateSelect(below, builder_.CreateAdd(remainder, b), remainder);
}

llvm::Value* ExprEmitter::Emit(const Select& node) {
  const bool may_leave_bounds = ReadsMemory(node.if_true) || ReadsMemory(node.if_false);
  if (node.condition.type().lanes == 1 && may_leave_bounds) return EmitBranch(node);
  llvm::Value* condition = Emit(node.condition);
  llvm::Value* if_true = Emit(node.if_true);
  return builder_.CreateSelect(condition, if_true, Emit(node.if_false));
}

llvm::Value* ExprEmitter::EmitBranch(const Select& node) {
  llvm::LLVMContext& context = builder_.getContext();
  llvm::Function* function = builder_.GetInsertBlock()->getParent();
  auto* true_block = llvm::BasicBlock::Create(context, "select.true", function);
  auto* false_block = llvm::BasicBlock::Create(context, "select.false", function);
  auto* end_block = llvm::BasicBlock::Create(context, "select.end", function);
  builder_.CreateCondBr(Emit(node.condition), true_block, false_block);

  builder_.SetInsertPoint(true_block);
  llvm::Value* if_true = Emit(node.if_true);
  llvm::BasicBlock* true_exit = builder_.GetInsertBlock();
  builder_.CreateBr(end_block);

  builder_.SetInsertPoint(false_block);
  llvm::Value* if_false = Emit(node.if_false);
  llvm::BasicBlock* false_exit = builder_.GetInsertBlock();
  builder_.CreateBr(end_block);

  builder_.SetInsertPoint(end_block);
  llvm::PHINode* result = builder_.CreatePHI(LlvmType(node.type), 2);
  result->addIncoming(if_true, true_exit);
  result->addIncoming(if_false, false_exit);
  return result;
}

llvm::Value* ExprEmitter::Emit(const Ramp& node) {
  llvm::Value* base = Emit(node.base);
  std::vector<llvm::Constant*> steps;
  for (int lane = 0; lane < node.type.lanes; ++lane) {
    steps.push_back(llvm::ConstantInt::getSigned(base->getType(), lane * node.stride));
  }
  return builder_.CreateAdd(builder_.CreateVectorSplat(node.type.lanes, base),
                            llvm::ConstantVector::get(steps));
}

llvm::Value* ExprEmitter::Emit(const Broadcast& node) {
  return builder_.CreateVectorSplat(node.type.lanes, Emit(node.value));
}

llvm::Value* ExprEmitter::Emit(const Call& node) {
  std::vector<llvm::Value*> args;
  for (const Expr& arg : node.args) args.push_back(Emit(arg));
  switch (node.intrinsic) {
    case Intrinsic::kRequantize:
      return EmitRequantize(builder_, target_, args[0], args[1], args[2]);
    case Intrinsic::kDotS8x2:
      return EmitDotS8x2(builder_, target_, args[0], args[1], args[2]);
    case Intrinsic::kDotS8x1:
      return EmitDotS8x1(builder_, args[0], args[1], args[2]);
    case Intrinsic::kDotS8x4:
      return EmitDotS8x4(builder_, target_, args[0], args[1], args[2]);
    case Intrinsic::kRequantizeShort:
      return EmitRequantizeShort(builder_, target_, args[0], args[1], args[2], args[3]);
    case Intrinsic::kWidenEven:
      return EmitWiden(builder_, target_, args[0], 0);
    case Intrinsic::kWidenOdd:
      return EmitWiden(builder_, target_, args[0], 1);
    case Intrinsic::kCountLeadingZeros:
      return builder_.CreateIntrinsic(llvm::Intrinsic::ctlz, {args[0]->getType()},
                                      {args[0], builder_.getFalse()});
    case Intrinsic::kShiftLeft:
      return builder_.CreateShl(args[0], args[1]);
    case Intrinsic::kRoundingShift:
      return EmitRoundingShift(builder_, args[0], args[1]);
    case Intrinsic::kFixedExp:
      return EmitFixedExp(builder_, args[0]);
    case Intrinsic::kFixedReciprocal:
      return EmitFixedReciprocal(builder_, args[0]);
    case Intrinsic::kExp:
      return EmitExp(builder_, args[0]);
    case Intrinsic::kSqrt:
      return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, args[0]);
  }
  TUNEFARM_CHECK(false, "unknown intrinsic");
}

}  // namespace tunefarm::compiler
