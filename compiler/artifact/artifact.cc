#include "compiler/artifact/artifact.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/hash.h"
#include "base/status.h"
#include "compiler/artifact/cycle_estimate.h"
#include "compiler/artifact/link.h"
#include "compiler/artifact/object_file.h"
#include "compiler/codegen/emit.h"
#include "compiler/codegen/scratch_layout.h"
#include "proto/kernel_abi.h"

namespace tunefarm::compiler {
namespace {

bool IsCIdentifier(const std::string& text) {
  if (text.empty() || absl::ascii_isdigit(static_cast<unsigned char>(text[0]))) return false;
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return absl::ascii_isalnum(c) || c == '_'; });
}

ArtifactBuffer Describe(const KernelBuffer& kernel_buffer) {
  const BufferNode& buffer = *kernel_buffer.buffer;
  return {buffer.name,        kernel_buffer.role, buffer.dtype,
          buffer.num_elems(), buffer.extents,     kernel_buffer.fill};
}

// Code runs as fast as the memory it lies in: what one board measured of it holds for that memory.
std::string TextHash(const std::string& code_hash, const std::string& memory) {
  return memory.empty() ? code_hash
                        : base::Sha256Hex(absl::StrFormat("%s in %s", code_hash, memory));
}

bool IsLoadable(const Target& target) { return absl::StrContains(target.triple, "linux"); }

absl::Status CheckImportsNothing(const ObjectFacts& facts, const std::string& symbol) {
  if (facts.undefined.empty()) return absl::OkStatus();
  return absl::InternalError(absl::StrFormat("kernel %s imports %s; a kernel imports nothing",
                                             symbol, absl::StrJoin(facts.undefined, ", ")));
}

}  // namespace

absl::StatusOr<Artifact> BuildArtifact(const LoweredKernel& kernel, const Target& target,
                                       const std::string& symbol) {
  if (!IsCIdentifier(symbol)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("symbol '%s' of a kernel is no C identifier", symbol));
  }
  Artifact artifact;
  TUNEFARM_ASSIGN_OR_RETURN(artifact.object, EmitObject(kernel, target, symbol));
  TUNEFARM_ASSIGN_OR_RETURN(const ObjectFacts facts, InspectObject(artifact.object));
  TUNEFARM_RETURN_IF_ERROR(CheckImportsNothing(facts, symbol));
  artifact.code_memory = kernel.code_memory;
  artifact.text_hash = TextHash(facts.code_hash, kernel.code_memory);
  artifact.text_bytes = facts.text_bytes;
  if (IsLoadable(target)) {
    TUNEFARM_ASSIGN_OR_RETURN(artifact.shared, LinkShared(artifact.object));
  } else if (target.IsBareMetal()) {
    TUNEFARM_ASSIGN_OR_RETURN(artifact.shared, LinkImage(artifact.object, kernel.code_memory));
    // Code that the model does not know is measured all the same.
    artifact.cycles_per_instruction =
        EstimateCyclesPerInstruction(artifact.object, symbol, target).value_or(0);
  }
  if (!artifact.shared.empty()) {
    TUNEFARM_ASSIGN_OR_RETURN(artifact.sections, LoadedSections(artifact.shared));
  }
  artifact.digest = base::Sha256Hex(artifact.shared.empty() ? artifact.object : artifact.shared);
  artifact.run_symbol = symbol;
  if (kernel.prepare) artifact.prepare_symbol = symbol + "_prepare";
  for (const KernelBuffer& buffer : kernel.buffers) artifact.buffers.push_back(Describe(buffer));
  artifact.scratch_bytes_per_worker = ScratchBytes(kernel);
  artifact.abi_version = TUNEFARM_KERNEL_ABI_VERSION;
  artifact.triple = target.triple;
  artifact.toolchain = Toolchain();
  return artifact;
}

std::string Toolchain() {
  return absl::StrFormat("tunefarm %s, LLVM %s", TUNEFARM_VERSION, LlvmVersion());
}

}  // namespace tunefarm::compiler
