// Loads, stores and their addresses: the second half of ExprEmitter.
#include <llvm/Support/Alignment.h>

#include <algorithm>
#include <bit>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/codegen/expr_emitter.h"
#include "compiler/codegen/usage.h"
#include "compiler/ir/visit.h"
#include "proto/kernel_abi.h"

namespace tunefarm::compiler {
namespace {

// Pointers that a loop keeps in registers of their own. Beyond, x86 would run out of its 16.
constexpr size_t kMaxMovingPointers = 6;

class VarCollector final : public Visitor {
 public:
  std::vector<const ExprNode*> vars;

 protected:
  using Visitor::Visit;
  void Visit(const Var& node) override { vars.push_back(&node); }
};

// The best alignment that the index proves, knowing that buffers start at 64 bytes.
llvm::Align ProvableAlign(const LinearIndex& index, int64_t elem_bytes) {
  uint64_t bits = TUNEFARM_BUFFER_ALIGNMENT_BYTES;
  bits |= static_cast<uint64_t>(index.constant * elem_bytes);
  for (const LinearTerm& term : index.terms)
    bits |= static_cast<uint64_t>(term.factor * elem_bytes);
  return llvm::Align(uint64_t{1} << std::countr_zero(bits));
}

}  // namespace

int ExprEmitter::DepthOf(const Expr& expr) const {
  const auto single = vars_.find(expr.get());
  if (single != vars_.end()) return single->second.depth;
  if (ReadsMemory(expr)) return kHere;
  VarCollector collector;
  collector.VisitExpr(expr);
  int depth = 0;
  for (const ExprNode* var : collector.vars) {
    const auto binding = vars_.find(var);
    TUNEFARM_CHECK(binding != vars_.end(), "variable used outside its loop");
    depth = std::max(depth, binding->second.depth);
  }
  return depth;
}

llvm::Value* ExprEmitter::EmitAt(int depth, const Expr& expr) {
  // No guard here: code that reads memory may end in another block than it began.
  if (depth == kHere) return Emit(expr);
  llvm::IRBuilderBase::InsertPointGuard restore(builder_);
  builder_.SetInsertPoint(scopes_[depth].anchor);
  return Emit(expr);
}

llvm::Value* ExprEmitter::EmitPart(llvm::Value* start, const std::vector<LinearTerm>& terms,
                                   int64_t elem_bytes) {
  llvm::Value* bytes = nullptr;
  for (const LinearTerm& term : terms) {
    llvm::Value* value = builder_.CreateSExtOrTrunc(Emit(term.value), LlvmType(Type()));
    llvm::Value* scaled = builder_.CreateNSWMul(value, Index(term.factor * elem_bytes));
    bytes = bytes == nullptr ? scaled : builder_.CreateNSWAdd(bytes, scaled);
  }
  // Not inbounds: the constant that follows may bring a pointer back from outside the buffer.
  return builder_.CreateGEP(builder_.getInt8Ty(), start, bytes);
}

llvm::Value* ExprEmitter::PointerPartAt(int depth, llvm::Value* start,
                                        const std::vector<LinearTerm>& terms, int64_t elem_bytes) {
  if (depth == kHere) return EmitPart(start, terms, elem_bytes);
  PointerPart key;
  key.first = start;
  for (const LinearTerm& term : terms) {
    key.second.emplace_back(term.value.get(), term.factor * elem_bytes);
  }
  auto [known, is_new] = scopes_[depth].pointers.emplace(std::move(key), nullptr);
  if (!is_new) return known->second;
  llvm::IRBuilderBase::InsertPointGuard restore(builder_);
  LoopScope& scope = scopes_[depth];
  std::vector<LinearTerm> rest;
  for (const LinearTerm& term : terms) {
    if (scope.counter != nullptr && FindVar(term.value.get()) == scope.counter) {
      start = MovePointer(scope, start, term.factor * elem_bytes);
    } else {
      rest.push_back(term);
    }
  }
  builder_.SetInsertPoint(scope.anchor);
  known->second = rest.empty() ? start : EmitPart(start, rest, elem_bytes);
  return known->second;
}

llvm::Value* ExprEmitter::MovePointer(LoopScope& scope, llvm::Value* start, int64_t step_bytes) {
  builder_.SetInsertPoint(scope.counter);
  llvm::PHINode* phi = builder_.CreatePHI(builder_.getPtrTy(), 2);
  llvm::BasicBlock* before = scope.counter->getIncomingBlock(0);
  builder_.SetInsertPoint(before->getTerminator());
  llvm::Value* offset =
      builder_.CreateNSWMul(scope.counter->getIncomingValue(0), Index(step_bytes));
  phi->addIncoming(builder_.CreateGEP(builder_.getInt8Ty(), start, offset), before);
  scope.moving.push_back({phi, start, step_bytes});
  return phi;
}

void ExprEmitter::AdvancePointers(const LoopScope& scope) {
  if (scope.moving.size() > kMaxMovingPointers) return ReplaceByIndexing(scope);
  for (const MovingPointer& pointer : scope.moving) {
    llvm::Value* next =
        builder_.CreateConstGEP1_64(builder_.getInt8Ty(), pointer.phi, pointer.step_bytes);
    pointer.phi->addIncoming(next, builder_.GetInsertBlock());
  }
}

// start + counter x step in an addressing mode instead of a register per pointer: one moving offset
// for all that move alike.
void ExprEmitter::ReplaceByIndexing(const LoopScope& scope) {
  llvm::IRBuilderBase::InsertPointGuard restore(builder_);
  builder_.SetInsertPoint(scope.counter->getParent()->getFirstNonPHI());
  std::map<int64_t, llvm::Value*> offsets;
  for (const MovingPointer& pointer : scope.moving) {
    llvm::Value*& offset = offsets[pointer.step_bytes];
    if (offset == nullptr) {
      offset = builder_.CreateNSWMul(scope.counter, Index(pointer.step_bytes));
    }
    pointer.phi->replaceAllUsesWith(
        builder_.CreateGEP(builder_.getInt8Ty(), pointer.start, offset));
    pointer.phi->eraseFromParent();
  }
}

llvm::Value* ExprEmitter::PointerTo(const BufferPlace& place, int64_t elem_bytes,
                                    const LinearIndex& index) {
  std::map<int, std::vector<LinearTerm>> parts;  // By depth, the outermost first.
  for (const LinearTerm& term : index.terms) parts[DepthOf(term.value)].push_back(term);
  llvm::Value* pointer = place.base;
  for (const auto& [depth, terms] : parts) {
    pointer = PointerPartAt(depth, pointer, terms, elem_bytes);
  }
  if (index.constant == 0) return pointer;
  return builder_.CreateConstGEP1_64(builder_.getInt8Ty(), pointer, index.constant * elem_bytes);
}

llvm::Value* ExprEmitter::LoadAt(const BufferPlace& place, llvm::Type* type, llvm::Value* pointer,
                                 llvm::Align align) {
  llvm::LoadInst* load = builder_.CreateAlignedLoad(type, pointer, align);
  if (place.alias.scope) load->setMetadata(llvm::LLVMContext::MD_alias_scope, place.alias.scope);
  if (place.alias.noalias) load->setMetadata(llvm::LLVMContext::MD_noalias, place.alias.noalias);
  if (place.read_only) {
    load->setMetadata(llvm::LLVMContext::MD_invariant_load,
                      llvm::MDNode::get(builder_.getContext(), {}));
  }
  return load;
}

void ExprEmitter::StoreAt(const BufferPlace& place, llvm::Value* value, llvm::Value* pointer,
                          llvm::Align align) {
  llvm::StoreInst* store = builder_.CreateAlignedStore(value, pointer, align);
  if (place.alias.scope) store->setMetadata(llvm::LLVMContext::MD_alias_scope, place.alias.scope);
  if (place.alias.noalias) store->setMetadata(llvm::LLVMContext::MD_noalias, place.alias.noalias);
}

std::vector<llvm::Value*> ExprEmitter::LanePointers(const BufferPlace& place, int64_t elem_bytes,
                                                    const Expr& index) {
  std::vector<llvm::Value*> pointers;
  const int lanes = index.type().lanes;
  std::optional<LinearIndex> linear = Linearize(index);
  if (linear) {
    const int64_t start = linear->constant;
    for (int lane = 0; lane < lanes; ++lane) {
      linear->constant = start + lane % linear->lane_period * linear->lane_stride;
      pointers.push_back(PointerTo(place, elem_bytes, *linear));
    }
    return pointers;
  }
  llvm::Value* elements = Emit(index);
  for (int lane = 0; lane < lanes; ++lane) {
    llvm::Value* element =
        builder_.CreateSExtOrTrunc(builder_.CreateExtractElement(elements, lane), LlvmType(Type()));
    llvm::Value* bytes = builder_.CreateNSWMul(element, Index(elem_bytes));
    pointers.push_back(builder_.CreateGEP(builder_.getInt8Ty(), place.base, bytes));
  }
  return pointers;
}

llvm::Value* ExprEmitter::EmitGather(const Load& node, const BufferPlace& place) {
  const int64_t elem_bytes = SizeBytes(node.buffer->dtype);
  const std::vector<llvm::Value*> pointers = LanePointers(place, elem_bytes, node.indices[0]);
  llvm::Value* result = llvm::PoisonValue::get(LlvmType(node.type));
  for (size_t lane = 0; lane < pointers.size(); ++lane) {
    llvm::Value* element = LoadAt(place, LlvmType(node.type.WithLanes(1)), pointers[lane],
                                  llvm::Align(static_cast<uint64_t>(elem_bytes)));
    result = builder_.CreateInsertElement(result, element, lane);
  }
  return result;
}

llvm::Value* ExprEmitter::EmitLanesLoad(const Load& node, const BufferPlace& place,
                                        const LinearIndex& index) {
  const int64_t elem_bytes = SizeBytes(node.buffer->dtype);
  llvm::Value* pointer = PointerTo(place, elem_bytes, index);
  llvm::Type* type = LlvmType(node.type.WithLanes(index.lane_period));
  const llvm::Align align = ProvableAlign(index, elem_bytes);
  if (IsPackedWord(node.type.WithLanes(index.lane_period))) {
    type = builder_.getInt32Ty();
  }
  llvm::Value* period = LoadAt(place, type, pointer, align);
  period = builder_.CreateBitCast(period, LlvmType(node.type.WithLanes(index.lane_period)));
  if (index.lane_period == node.type.lanes) return period;
  if (index.lane_period == 1) return builder_.CreateVectorSplat(node.type.lanes, period);
  std::vector<int> pattern;
  for (int lane = 0; lane < node.type.lanes; ++lane) pattern.push_back(lane % index.lane_period);
  return builder_.CreateShuffleVector(period, pattern);
}

llvm::Value* ExprEmitter::EmitAddress(const Buffer& buffer, const LinearIndex& index) {
  const BufferPlace* place = FindBuffer(buffer.get());
  TUNEFARM_CHECK(place != nullptr, absl::StrFormat("buffer %s is not live", buffer->name));
  return PointerTo(*place, SizeBytes(buffer->dtype), index);
}

// Four bytes of integers: one general register on a Cortex-M.
bool ExprEmitter::IsPackedWord(Type type) const {
  if (!target_.HasPairMultiply() || type.lanes == 1 || type.is_float()) return false;
  return type.dtype != DType::kBool && type.dtype != DType::kIndex &&
         SizeBytes(type.dtype) * type.lanes == 4;
}

llvm::Value* ExprEmitter::Emit(const Load& node) {
  const BufferPlace* place = FindBuffer(node.buffer.get());
  TUNEFARM_CHECK(place != nullptr, absl::StrFormat("buffer %s is not live", node.buffer->name));
  const std::optional<LinearIndex> index = Linearize(node.indices[0]);
  const bool in_one_piece = index && (index->lane_period == 1 || index->lane_stride == 1);
  return in_one_piece ? EmitLanesLoad(node, *place, *index) : EmitGather(node, *place);
}

void ExprEmitter::EmitStore(const Store& store) {
  const BufferPlace* place = FindBuffer(store.buffer.get());
  TUNEFARM_CHECK(place != nullptr, absl::StrFormat("buffer %s is not live", store.buffer->name));
  llvm::Value* value = Emit(store.value);
  const int64_t elem_bytes = SizeBytes(store.buffer->dtype);
  const std::optional<LinearIndex> index = Linearize(store.indices[0]);
  if (index && index->is_contiguous()) {
    if (IsPackedWord(store.value.type()))
      value = builder_.CreateBitCast(value, builder_.getInt32Ty());
    StoreAt(*place, value, PointerTo(*place, elem_bytes, *index),
            ProvableAlign(*index, elem_bytes));
    return;
  }
  const std::vector<llvm::Value*> pointers = LanePointers(*place, elem_bytes, store.indices[0]);
  for (size_t lane = 0; lane < pointers.size(); ++lane) {
    StoreAt(*place, builder_.CreateExtractElement(value, lane), pointers[lane],
            llvm::Align(static_cast<uint64_t>(elem_bytes)));
  }
}

}  // namespace tunefarm::compiler
