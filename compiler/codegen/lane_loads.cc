#include "compiler/codegen/lane_loads.h"

#include <llvm/ADT/MapVector.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/Local.h>

#include <algorithm>
#include <bit>
#include <map>
#include <tuple>
#include <vector>

namespace tunefarm::compiler {
namespace {

// One scalar load and where it reads.
struct Element {
  llvm::LoadInst* load;
  int64_t offset_bytes;  // From the group's common pointer.
  size_t position;       // In the block.
};

// Loads with equal keys may be joined: the same pointer but for a constant, the same type, and no
// store between them.
using GroupKey = std::tuple<llvm::Value*, llvm::Type*, size_t>;
using Groups = llvm::MapVector<GroupKey, std::vector<Element>, std::map<GroupKey, unsigned>>;

// The instruction that uses `value`, if there is only one.
llvm::Instruction* OnlyUser(llvm::Value* value) {
  return value->hasOneUse() ? llvm::dyn_cast<llvm::Instruction>(*value->user_begin()) : nullptr;
}

// `value` becomes lane 0 of a vector here that is then spread over all lanes.
llvm::ShuffleVectorInst* AsSplat(llvm::Instruction* user) {
  auto* insert = llvm::dyn_cast_or_null<llvm::InsertElementInst>(user);
  if (insert == nullptr) return nullptr;
  auto* lane = llvm::dyn_cast<llvm::ConstantInt>(insert->getOperand(2));
  auto* shuffle = llvm::dyn_cast_or_null<llvm::ShuffleVectorInst>(OnlyUser(insert));
  if (lane == nullptr || !lane->isZero() || shuffle == nullptr) return nullptr;
  return shuffle->isZeroEltSplat() && shuffle->getOperand(0) == insert ? shuffle : nullptr;
}

bool IsElementwise(const llvm::Instruction& instr) {
  return llvm::isa<llvm::CastInst>(instr) || llvm::isa<llvm::BinaryOperator>(instr);
}

// The same operation with the same other operand, on another element.
bool SameOperation(const llvm::Instruction& a, const llvm::Value* a_in, const llvm::Instruction& b,
                   const llvm::Value* b_in) {
  if (!a.isSameOperationAs(&b)) return false;
  for (unsigned i = 0; i < a.getNumOperands(); ++i) {
    const bool a_element = a.getOperand(i) == a_in, b_element = b.getOperand(i) == b_in;
    if (a_element != b_element) return false;
    if (!a_element && a.getOperand(i) != b.getOperand(i)) return false;
  }
  return true;
}

Groups FindElements(llvm::BasicBlock& block, const llvm::DataLayout& layout) {
  Groups groups;
  size_t position = 0, stores = 0;
  for (llvm::Instruction& instr : block) {
    ++position;
    if (instr.mayWriteToMemory()) ++stores;
    auto* load = llvm::dyn_cast<llvm::LoadInst>(&instr);
    if (load == nullptr || !load->isSimple() || load->getType()->isVectorTy()) continue;
    llvm::Type* type = load->getType();
    if (!type->isFloatTy() && !type->isIntegerTy(8) && !type->isIntegerTy(32)) continue;
    llvm::APInt offset(layout.getIndexTypeSizeInBits(load->getPointerOperandType()), 0);
    llvm::Value* base = load->getPointerOperand()->stripAndAccumulateConstantOffsets(
        layout, offset, /*AllowNonInbounds=*/true);
    const bool read_only = load->hasMetadata(llvm::LLVMContext::MD_invariant_load);
    groups[{base, load->getType(), read_only ? 0 : stores + 1}].push_back(
        {load, offset.getSExtValue(), position});
  }
  return groups;
}

// Turns elements that lie side by side into one vector. What it replaces is left without users.
class LaneJoiner {
 public:
  explicit LaneJoiner(std::vector<Element> elements) : elements_(std::move(elements)) {}

  // Whether every element goes the same way, within the block, to being spread.
  bool Matches() {
    const llvm::BasicBlock* block = elements_[0].load->getParent();
    std::vector<llvm::Instruction*> values;
    for (const Element& element : elements_) values.push_back(element.load);
    for (;;) {
      steps_.push_back(values);
      std::vector<llvm::Instruction*> users;
      for (llvm::Instruction* value : values) users.push_back(OnlyUser(value));
      for (llvm::Instruction* user : users) {
        if (user == nullptr || user->getParent() != block) return false;
      }
      if (AsSplat(users[0]) != nullptr) {
        for (llvm::Instruction* user : users) splats_.push_back(AsSplat(user));
        return std::find(splats_.begin(), splats_.end(), nullptr) == splats_.end();
      }
      if (!IsElementwise(*users[0])) return false;
      for (size_t i = 1; i < users.size(); ++i) {
        if (!SameOperation(*users[0], values[0], *users[i], values[i])) return false;
      }
      values = users;
    }
  }

  // Requires Matches(). Each step of the vector stands before the first of the steps it replaces:
  // there, what they use besides is known.
  void Join() {
    llvm::Value* vector = LoadVector();
    for (size_t i = 1; i < steps_.size(); ++i) {
      llvm::Instruction* first = First(steps_[i]);
      llvm::IRBuilder<> builder(first);
      vector = Widen(builder, *first, vector);
    }
    for (size_t lane = 0; lane < splats_.size(); ++lane) {
      llvm::IRBuilder<> builder(splats_[lane]);
      auto* type = llvm::cast<llvm::FixedVectorType>(splats_[lane]->getType());
      const llvm::SmallVector<int> mask(type->getNumElements(), static_cast<int>(lane));
      splats_[lane]->replaceAllUsesWith(builder.CreateShuffleVector(vector, mask));
    }
  }

 private:
  static llvm::Instruction* First(const std::vector<llvm::Instruction*>& instrs) {
    return *std::min_element(instrs.begin(), instrs.end(),
                             [](const auto* a, const auto* b) { return a->comesBefore(b); });
  }

  llvm::Type* WithLanes(llvm::Type* element) const {
    return llvm::FixedVectorType::get(element, static_cast<unsigned>(elements_.size()));
  }

  llvm::Value* LoadVector() const {
    const Element& first =
        *std::min_element(elements_.begin(), elements_.end(),
                          [](const auto& a, const auto& b) { return a.position < b.position; });
    llvm::IRBuilder<> builder(first.load);
    llvm::Value* pointer =
        builder.CreateConstGEP1_64(builder.getInt8Ty(), first.load->getPointerOperand(),
                                   elements_[0].offset_bytes - first.offset_bytes);
    llvm::LoadInst* vector = builder.CreateAlignedLoad(WithLanes(first.load->getType()), pointer,
                                                       elements_[0].load->getAlign());
    vector->copyMetadata(*first.load);
    return vector;
  }

  // The operation `like` on all lanes at once.
  llvm::Value* Widen(llvm::IRBuilder<>& builder, const llvm::Instruction& like,
                     llvm::Value* vector) const {
    if (const auto* cast = llvm::dyn_cast<llvm::CastInst>(&like)) {
      return builder.CreateCast(cast->getOpcode(), vector, WithLanes(cast->getDestTy()));
    }
    const auto opcode = llvm::cast<llvm::BinaryOperator>(like).getOpcode();
    llvm::Value* operands[2];
    for (unsigned i = 0; i < 2; ++i) {
      const bool is_element = IsStep(like.getOperand(i));
      operands[i] = is_element ? vector
                               : builder.CreateVectorSplat(static_cast<unsigned>(elements_.size()),
                                                           like.getOperand(i));
    }
    return builder.CreateBinOp(opcode, operands[0], operands[1]);
  }

  bool IsStep(const llvm::Value* value) const {
    return std::any_of(steps_.begin(), steps_.end(), [value](const auto& step) {
      return std::find(step.begin(), step.end(), value) != step.end();
    });
  }

  const std::vector<Element> elements_;                 // By increasing address.
  std::vector<std::vector<llvm::Instruction*>> steps_;  // Per step the instructions of all lanes.
  std::vector<llvm::ShuffleVectorInst*> splats_;
};

// Cuts runs of adjacent elements into pieces of a power of two, as large as allowed, and joins
// each.
void JoinRuns(std::vector<Element> elements, int64_t max_lanes) {
  std::sort(elements.begin(), elements.end(),
            [](const Element& a, const Element& b) { return a.offset_bytes < b.offset_bytes; });
  const auto elem_bytes =
      static_cast<int64_t>(elements[0].load->getType()->getPrimitiveSizeInBits() / 8);
  for (size_t begin = 0; begin < elements.size();) {
    size_t run = 1;
    while (begin + run < elements.size() &&
           elements[begin + run].offset_bytes ==
               elements[begin].offset_bytes + static_cast<int64_t>(run) * elem_bytes) {
      ++run;
    }
    while (run > 0) {
      const size_t lanes = std::min(std::bit_floor(run), static_cast<size_t>(max_lanes));
      LaneJoiner joiner({elements.begin() + begin, elements.begin() + begin + lanes});
      if (lanes > 1 && joiner.Matches()) joiner.Join();
      begin += lanes;
      run -= lanes;
    }
  }
}

// Of the chains that joining left without users.
void EraseDead(llvm::BasicBlock& block) {
  for (llvm::Instruction& instr : llvm::make_early_inc_range(llvm::reverse(block))) {
    if (llvm::isInstructionTriviallyDead(&instr)) instr.eraseFromParent();
  }
}

}  // namespace

void JoinLaneLoads(llvm::Function& function, int64_t max_lanes) {
  if (max_lanes <= 1) return;
  const llvm::DataLayout& layout = function.getParent()->getDataLayout();
  for (llvm::BasicBlock& block : function) {
    for (auto& [key, elements] : FindElements(block, layout)) {
      JoinRuns(std::move(elements), max_lanes);
    }
    EraseDead(block);
  }
}

}  // namespace tunefarm::compiler
