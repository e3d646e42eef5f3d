#include "compiler/codegen/llvm_target.h"

#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetOptions.h>

#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "compiler/target/cpu_facts.h"

namespace tunefarm::compiler {
namespace {

void InitializeOnce() {
  static const bool initialized = [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    llvm::InitializeAllAsmParsers();  // Register tiles are written as assembly.
    return true;
  }();
  (void)initialized;
}

// On x86 the features named, with what they imply, are all that may be used, whatever the cpu has.
// Those that are switched off come first: LLVM takes a feature's dependents away with it.
std::string SubtargetFeatures(const Target& target) {
  std::vector<std::string> signed_features;
  if (TripleArch(target.triple) == "x86_64") {
    for (const X86Feature& feature : X86Features()) {
      if (target.HasFeature(feature.llvm)) continue;
      signed_features.push_back(absl::StrFormat("-%s", feature.llvm));
    }
  }
  // The schedule orders the multiply-adds of a tile so that each accumulator rests between two of
  // its own. 32-bit Arm's instruction selection keeps that order only where it expects a later
  // scheduler; else it makes chains of each accumulator's.
  if (TripleArch(target.triple).starts_with("arm")) signed_features.push_back("+use-misched");
  for (const std::string& feature : target.features) signed_features.push_back("+" + feature);
  return absl::StrJoin(signed_features, ",");
}

// LLVM itself only warns, on stderr, and goes on with a generic processor.
absl::Status CheckNames(const llvm::MCSubtargetInfo& info, const Target& target) {
  if (!info.isCPUStringValid(target.cpu)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("LLVM knows no cpu '%s' for %s", target.cpu, target.triple));
  }
  const auto known = info.getAllProcessorFeatures();
  for (const std::string& feature : target.features) {
    if (std::none_of(known.begin(), known.end(),
                     [&](const auto& entry) { return feature == entry.Key; })) {
      return absl::InvalidArgumentError(
          absl::StrFormat("LLVM knows no feature '%s' for %s", feature, target.triple));
    }
  }
  return absl::OkStatus();
}

}  // namespace

void LlvmTarget::SetAttributes(llvm::Function* function) const {
  function->addFnAttr(llvm::Attribute::NoUnwind);
  function->addFnAttr("target-cpu", target.cpu);
  function->addFnAttr("target-features", features);
  // Without these, LLVM may turn loops into calls of memset and the like, and prefers 256 bits on
  // some AVX-512 cores.
  function->addFnAttr("no-builtins");
  function->addFnAttr("prefer-vector-width", std::to_string(target.vector_bits));
}

absl::StatusOr<LlvmTarget> MakeLlvmTarget(const Target& target) {
  InitializeOnce();
  std::string error;
  const llvm::Target* back_end = llvm::TargetRegistry::lookupTarget(target.triple, error);
  if (back_end == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrFormat("LLVM knows no target '%s': %s", target.triple, error));
  }
  const std::unique_ptr<llvm::MCSubtargetInfo> generic(
      back_end->createMCSubtargetInfo(target.triple, "", ""));
  TUNEFARM_RETURN_IF_ERROR(CheckNames(*generic, target));
  LlvmTarget result;
  result.target = target;
  result.features = SubtargetFeatures(target);
  llvm::TargetOptions options;
  result.machine.reset(
      back_end->createTargetMachine(target.triple, target.cpu, result.features, options,
                                    target.IsBareMetal() ? llvm::Reloc::ROPI : llvm::Reloc::PIC_));
  if (result.machine == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrFormat("LLVM has no code generator for '%s'", target.triple));
  }
  return result;
}

}  // namespace tunefarm::compiler
