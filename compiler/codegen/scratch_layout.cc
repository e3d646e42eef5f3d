#include "compiler/codegen/scratch_layout.h"

#include <algorithm>

#include "compiler/ir/visit.h"
#include "proto/kernel_abi.h"

namespace tunefarm::compiler {
namespace {

class Stacker final : public Visitor {
 public:
  const ScratchRanges& ranges() const { return ranges_; }

 protected:
  using Visitor::Visit;

  void Visit(const Store&) override {}  // Expressions allocate nothing.

  void Visit(const Allocate& node) override {
    if (node.buffer->scope != Scope::kScratch) return Visitor::Visit(node);
    const int64_t begin = top_;
    top_ += ScratchSlotBytes(*node.buffer);
    ranges_[node.buffer.get()].push_back({begin, top_});
    Visitor::Visit(node);
    top_ = begin;
  }

 private:
  int64_t top_ = 0;
  ScratchRanges ranges_;
};

}  // namespace

int64_t ScratchSlotBytes(const BufferNode& buffer) {
  constexpr int64_t kAlignment = TUNEFARM_BUFFER_ALIGNMENT_BYTES;
  const int64_t bytes = buffer.num_elems() * SizeBytes(buffer.dtype);
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

ScratchRanges ScratchLayout(const Function& function) {
  Stacker stacker;
  stacker.VisitStmt(function.body);
  return stacker.ranges();
}

int64_t ScratchBytes(const Function& function) {
  int64_t bytes = 0;
  for (const auto& [buffer, ranges] : ScratchLayout(function)) {
    for (const ByteRange& range : ranges) bytes = std::max(bytes, range.end);
  }
  return bytes;
}

int64_t ScratchBytes(const LoweredKernel& kernel) {
  const int64_t run_bytes = ScratchBytes(kernel.run);
  return kernel.prepare ? std::max(run_bytes, ScratchBytes(*kernel.prepare)) : run_bytes;
}

}  // namespace tunefarm::compiler
