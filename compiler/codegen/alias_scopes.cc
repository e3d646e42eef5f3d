#include "compiler/codegen/alias_scopes.h"

#include <llvm/IR/MDBuilder.h>

namespace tunefarm::compiler {
namespace {

bool Overlap(const std::vector<ByteRange>& a, const std::vector<ByteRange>& b) {
  for (const ByteRange& x : a) {
    for (const ByteRange& y : b) {
      if (x.begin < y.end && y.begin < x.end) return true;
    }
  }
  return false;
}

bool MayShareBytes(const Buffer& a, const Buffer& b, const ScratchRanges& ranges) {
  if (a == b) return true;
  const auto range_a = ranges.find(a.get());
  const auto range_b = ranges.find(b.get());
  if (range_a == ranges.end() || range_b == ranges.end()) return false;
  return Overlap(range_a->second, range_b->second);
}

}  // namespace

std::unordered_map<const BufferNode*, AliasMetadata> MakeAliasMetadata(
    llvm::LLVMContext& context, const std::vector<Buffer>& buffers, const ScratchRanges& ranges) {
  llvm::MDBuilder builder(context);
  llvm::MDNode* domain = builder.createAnonymousAliasScopeDomain("buffers");
  std::vector<llvm::Metadata*> scopes;
  for (const Buffer& buffer : buffers) {
    scopes.push_back(builder.createAnonymousAliasScope(domain, buffer->name));
  }
  std::unordered_map<const BufferNode*, AliasMetadata> result;
  for (size_t i = 0; i < buffers.size(); ++i) {
    std::vector<llvm::Metadata*> others;
    for (size_t j = 0; j < buffers.size(); ++j) {
      if (!MayShareBytes(buffers[i], buffers[j], ranges)) others.push_back(scopes[j]);
    }
    AliasMetadata& metadata = result[buffers[i].get()];
    metadata.scope = llvm::MDNode::get(context, {scopes[i]});
    if (!others.empty()) metadata.noalias = llvm::MDNode::get(context, others);
  }
  return result;
}

}  // namespace tunefarm::compiler
