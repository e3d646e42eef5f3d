#include "compiler/codegen/usage.h"

#include <unordered_set>

#include "compiler/ir/visit.h"

namespace tunefarm::compiler {
namespace {

class Collector final : public Visitor {
 public:
  void VisitIteration(const For& loop) {
    VisitExpr(loop.min);
    bound_.insert(loop.var.get());
    VisitStmt(loop.body);
    bound_.erase(loop.var.get());
  }
  Usage Finish() { return std::move(usage_); }

 protected:
  using Visitor::Visit;

  void Visit(const Var& node) override {
    if (!bound_.contains(&node) && seen_.insert(&node).second) usage_.vars.push_back(&node);
  }
  void Visit(const Load& node) override {
    Use(node.buffer);
    Visitor::Visit(node);
  }
  void Visit(const Store& node) override {
    Use(node.buffer);
    Visitor::Visit(node);
  }
  void Visit(const For& node) override {
    VisitExpr(node.extent);
    VisitIteration(node);
  }
  void Visit(const Allocate& node) override {
    const BufferNode* buffer = node.buffer.get();
    bound_.insert(buffer);
    if (buffer->scope == Scope::kScratch && seen_.insert(buffer).second) {
      usage_.scratch.push_back(node.buffer);
    }
    VisitStmt(node.body);
    bound_.erase(buffer);
  }

 private:
  void Use(const Buffer& buffer) {
    if (!bound_.contains(buffer.get()) && seen_.insert(buffer.get()).second) {
      usage_.buffers.push_back(buffer);
    }
  }

  Usage usage_;
  std::unordered_set<const void*> bound_;  // By the loops and allocations around the current node.
  std::unordered_set<const void*> seen_;
};

class StoreCollector final : public Visitor {
 public:
  std::unordered_set<const BufferNode*> stored;

 protected:
  using Visitor::Visit;
  void Visit(const Store& node) override { stored.insert(node.buffer.get()); }
};

class MemoryReads final : public Visitor {
 public:
  bool found = false;

 protected:
  using Visitor::Visit;

  void Visit(const Load& node) override {
    found = found || node.buffer->scope != Scope::kRegister;
    Visitor::Visit(node);
  }
};

}  // namespace

Usage UsageOf(const Stmt& stmt) {
  Collector collector;
  collector.VisitStmt(stmt);
  return collector.Finish();
}

Usage UsageOfIteration(const For& loop) {
  Collector collector;
  collector.VisitIteration(loop);
  return collector.Finish();
}

std::unordered_set<const BufferNode*> StoredBuffers(const Stmt& stmt) {
  StoreCollector collector;
  collector.VisitStmt(stmt);
  return std::move(collector.stored);
}

bool ReadsMemory(const Expr& expr) {
  MemoryReads reads;
  reads.VisitExpr(expr);
  return reads.found;
}

}  // namespace tunefarm::compiler
