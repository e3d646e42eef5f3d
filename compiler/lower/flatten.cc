#include "compiler/ir/visit.h"
#include "compiler/lower/passes.h"

namespace tunefarm::compiler {
namespace {

class Flattener final : public Mutator {
 protected:
  using Mutator::Mutate;

  Expr Mutate(const Load& node, const Expr& self) override {
    const Expr mutated = Mutator::Mutate(node, self);
    const Load* load = mutated.as<Load>();
    if (load->buffer->extents.size() == 1) return mutated;
    return MakeLoad(load->buffer, {FlatIndex(*load->buffer, load->indices)});
  }

  Stmt Mutate(const Store& node, const Stmt& self) override {
    const Stmt mutated = Mutator::Mutate(node, self);
    const Store* store = mutated.as<Store>();
    if (store->buffer->extents.size() == 1) return mutated;
    return MakeStore(store->buffer, {FlatIndex(*store->buffer, store->indices)}, store->value);
  }

 private:
  static Expr FlatIndex(const BufferNode& buffer, const std::vector<Expr>& indices) {
    Expr flat(0);
    for (size_t i = 0; i < indices.size(); ++i) flat = flat * Expr(buffer.extents[i]) + indices[i];
    return flat;
  }
};

}  // namespace

Stmt FlattenAccesses(const Stmt& stmt) { return Flattener().MutateStmt(stmt); }

}  // namespace tunefarm::compiler
