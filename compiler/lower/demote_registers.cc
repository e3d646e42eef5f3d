#include <unordered_map>
#include <unordered_set>

#include "compiler/ir/visit.h"
#include "compiler/lower/passes.h"

namespace tunefarm::compiler {
namespace {

constexpr int64_t kMaxRegisterBytes = 16 * 1024;

bool IsConstantIndex(const Expr& index) {
  const Ramp* ramp = index.as<Ramp>();
  int64_t value = 0;
  return IsConst(ramp != nullptr ? ramp->base : index, &value);
}

// Finds the register buffers that need memory.
class MemoryNeeds final : public Visitor {
 public:
  std::unordered_set<const BufferNode*> buffers;

 protected:
  using Visitor::Visit;
  void Visit(const Allocate& node) override {
    const int64_t bytes = node.buffer->num_elems() * SizeBytes(node.buffer->dtype);
    if (node.buffer->scope == Scope::kRegister && bytes > kMaxRegisterBytes) {
      buffers.insert(node.buffer.get());
    }
    Visitor::Visit(node);
  }
  void Visit(const Load& node) override {
    Note(node.buffer, node.indices[0]);
    Visitor::Visit(node);
  }
  void Visit(const Store& node) override {
    Note(node.buffer, node.indices[0]);
    Visitor::Visit(node);
  }

 private:
  void Note(const Buffer& buffer, const Expr& index) {
    if (buffer->scope == Scope::kRegister && !IsConstantIndex(index)) buffers.insert(buffer.get());
  }
};

class Demoter final : public Mutator {
 public:
  explicit Demoter(const std::unordered_set<const BufferNode*>& buffers) {
    for (const BufferNode* buffer : buffers) {
      scratch_[buffer] = MakeBuffer(buffer->name, buffer->dtype, buffer->extents, Scope::kScratch);
    }
  }

 protected:
  using Mutator::Mutate;
  Expr Mutate(const Load& node, const Expr& self) override {
    const Expr mutated = Mutator::Mutate(node, self);
    const auto it = scratch_.find(node.buffer.get());
    return it == scratch_.end() ? mutated : MakeLoad(it->second, mutated.as<Load>()->indices);
  }
  Stmt Mutate(const Store& node, const Stmt& self) override {
    const Stmt mutated = Mutator::Mutate(node, self);
    const auto it = scratch_.find(node.buffer.get());
    if (it == scratch_.end()) return mutated;
    const Store* store = mutated.as<Store>();
    return MakeStore(it->second, store->indices, store->value);
  }
  Stmt Mutate(const Allocate& node, const Stmt& self) override {
    const Stmt mutated = Mutator::Mutate(node, self);
    const auto it = scratch_.find(node.buffer.get());
    return it == scratch_.end() ? mutated : MakeAllocate(it->second, mutated.as<Allocate>()->body);
  }

 private:
  std::unordered_map<const BufferNode*, Buffer> scratch_;
};

}  // namespace

Stmt DemoteRegisters(const Stmt& stmt) {
  MemoryNeeds needs;
  needs.VisitStmt(stmt);
  return needs.buffers.empty() ? stmt : Demoter(needs.buffers).MutateStmt(stmt);
}

}  // namespace tunefarm::compiler
