#include "compiler/artifact/cycle_estimate.h"

#include <llvm/MC/MCAsmInfo.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/MCDisassembler/MCDisassembler.h>
#include <llvm/MC/MCInstrAnalysis.h>
#include <llvm/MC/MCInstrInfo.h>
#include <llvm/MC/MCRegisterInfo.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/MCA/Context.h>
#include <llvm/MCA/CustomBehaviour.h>
#include <llvm/MCA/InstrBuilder.h>
#include <llvm/MCA/SourceMgr.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/codegen/llvm_target.h"

namespace tunefarm::compiler {
namespace {

constexpr unsigned kIterations = 50;
constexpr unsigned kCallLatency = 100;  // llvm-mca's default.
constexpr uint64_t kHalfWord = 2;

absl::Status FromLlvm(llvm::Error error) {
  return absl::InternalError(
      absl::StrFormat("estimate of cycles: %s", llvm::toString(std::move(error))));
}

// What LLVM knows of a core's instructions. Alive as long as anything made of it.
struct Core {
  LlvmTarget target;
  const llvm::MCSubtargetInfo* subtarget = nullptr;
  const llvm::MCInstrInfo* instructions = nullptr;
  const llvm::MCRegisterInfo* registers = nullptr;
  std::unique_ptr<llvm::MCContext> context;
  std::unique_ptr<llvm::MCDisassembler> disassembler;
  std::unique_ptr<llvm::MCInstrAnalysis> analysis;
};

absl::StatusOr<Core> MakeCore(const Target& target) {
  Core core;
  TUNEFARM_ASSIGN_OR_RETURN(core.target, MakeLlvmTarget(target));
  static const bool initialized = [] {
    llvm::InitializeAllDisassemblers();
    return true;
  }();
  (void)initialized;
  const llvm::TargetMachine& machine = *core.target.machine;
  core.subtarget = machine.getMCSubtargetInfo();
  core.instructions = machine.getMCInstrInfo();
  core.registers = machine.getMCRegisterInfo();
  core.context = std::make_unique<llvm::MCContext>(
      machine.getTargetTriple(), machine.getMCAsmInfo(), core.registers, core.subtarget);
  core.disassembler.reset(machine.getTarget().createMCDisassembler(*core.subtarget, *core.context));
  core.analysis.reset(machine.getTarget().createMCInstrAnalysis(core.instructions));
  if (core.disassembler == nullptr || core.analysis == nullptr) {
    return absl::InternalError(absl::StrFormat("LLVM cannot read code of %s", Print(target)));
  }
  return core;
}

struct Decoded {
  llvm::MCInst inst;
  uint64_t address = 0;
  std::optional<uint64_t> branches_to;
  bool multiply_adds = false;
};

bool IsMultiplyAdd(llvm::StringRef name) {
  constexpr std::array kNames = {"t2SMLA", "t2SMUAD", "t2SMUL", "t2MLA", "VFMA", "VMLA"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [name](const char* start) { return name.starts_with(start); });
}

// Constants between the code decode to nothing, or to something that no loop contains.
std::vector<Decoded> Decode(const Core& core, llvm::ArrayRef<uint8_t> code) {
  std::vector<Decoded> result;
  for (uint64_t at = 0; at < code.size();) {
    Decoded decoded;
    uint64_t num_bytes = 0;
    const auto status = core.disassembler->getInstruction(decoded.inst, num_bytes, code.slice(at),
                                                          at, llvm::nulls());
    if (status == llvm::MCDisassembler::Success) {
      decoded.address = at;
      decoded.multiply_adds = IsMultiplyAdd(core.instructions->getName(decoded.inst.getOpcode()));
      uint64_t branches_to = 0;
      if (core.analysis->isBranch(decoded.inst) &&
          core.analysis->evaluateBranch(decoded.inst, at, num_bytes, branches_to)) {
        decoded.branches_to = branches_to;
      }
      result.push_back(std::move(decoded));
    }
    at += std::max(num_bytes, kHalfWord);
  }
  return result;
}

using Block = llvm::ArrayRef<Decoded>;

int64_t NumMultiplyAdds(Block block) {
  return std::count_if(block.begin(), block.end(),
                       [](const Decoded& d) { return d.multiply_adds; });
}

// The innermost loop with the most multiply-adds; all of the code, if none has any.
Block Hottest(const std::vector<Decoded>& code) {
  Block hottest(code);
  int64_t most = 0;
  size_t last_end = 0;  // Behind the last loop: what contains it is no innermost one.
  for (size_t end = 0; end < code.size(); ++end) {
    const auto target = code[end].branches_to;
    if (!target || *target > code[end].address) continue;
    const auto begin = std::find_if(code.begin(), code.end(),
                                    [&](const Decoded& d) { return d.address == *target; });
    const auto first = static_cast<size_t>(begin - code.begin());
    if (first >= end) continue;
    const bool innermost = first >= last_end;
    last_end = end;
    const Block loop = Block(code).slice(first, end + 1 - first);
    if (!innermost || NumMultiplyAdds(loop) <= most) continue;
    most = NumMultiplyAdds(loop);
    hottest = loop;
  }
  return hottest;
}

absl::StatusOr<double> Simulate(const Core& core, Block block) {
  llvm::mca::InstrumentManager instruments(*core.subtarget, *core.instructions);
  llvm::mca::InstrBuilder builder(*core.subtarget, *core.instructions, *core.registers,
                                  core.analysis.get(), instruments, kCallLatency);
  std::vector<std::unique_ptr<llvm::mca::Instruction>> sequence;
  for (const Decoded& decoded : block) {
    auto instruction = builder.createInstruction(decoded.inst, {});
    if (!instruction) {
      // The model lacks it: it is left out, as a taken branch's cost is.
      llvm::consumeError(instruction.takeError());
      continue;
    }
    sequence.push_back(std::move(*instruction));
  }
  if (sequence.empty()) return absl::InternalError("estimate of cycles: no instruction is known");
  llvm::mca::CircularSourceMgr source(sequence, kIterations);
  llvm::mca::CustomBehaviour behaviour(*core.subtarget, source, *core.instructions);
  llvm::mca::Context context(*core.registers, *core.subtarget);
  const llvm::mca::PipelineOptions options(0, 0, 0, 0, 0, 0, /*NoAlias=*/true);
  const auto pipeline = context.createDefaultPipeline(options, source, behaviour);
  llvm::Expected<unsigned> cycles = pipeline->run();
  if (!cycles) return FromLlvm(cycles.takeError());
  return static_cast<double>(*cycles) / static_cast<double>(kIterations * sequence.size());
}

// The bytes of one function.
absl::StatusOr<llvm::ArrayRef<uint8_t>> FunctionCode(const llvm::object::ObjectFile& file,
                                                     const std::string& symbol) {
  for (const llvm::object::SymbolRef& entry : file.symbols()) {
    auto name = entry.getName();
    if (!name) return FromLlvm(name.takeError());
    if (*name != symbol) continue;
    auto section = entry.getSection();
    if (!section) return FromLlvm(section.takeError());
    auto address = entry.getAddress();
    if (!address) return FromLlvm(address.takeError());
    if (*section == file.section_end()) continue;  // The name of the source file.
    auto contents = (*section)->getContents();
    if (!contents) return FromLlvm(contents.takeError());
    // The lowest bit of a Thumb function's address is its mode.
    const uint64_t begin = (*address & ~uint64_t{1}) - (*section)->getAddress();
    const uint64_t size = llvm::object::ELFSymbolRef(entry).getSize();
    if (begin + size > contents->size()) break;
    return llvm::arrayRefFromStringRef(contents->substr(begin, size));
  }
  return absl::NotFoundError(absl::StrFormat("estimate of cycles: no function %s", symbol));
}

}  // namespace

absl::StatusOr<double> EstimateCyclesPerInstruction(const std::string& object,
                                                    const std::string& symbol,
                                                    const Target& target) {
  TUNEFARM_ASSIGN_OR_RETURN(const Core core, MakeCore(target));
  auto file = llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(object, symbol));
  if (!file) return FromLlvm(file.takeError());
  TUNEFARM_ASSIGN_OR_RETURN(const llvm::ArrayRef<uint8_t> code, FunctionCode(**file, symbol));
  const std::vector<Decoded> decoded = Decode(core, code);
  return Simulate(core, Hottest(decoded));
}

}  // namespace tunefarm::compiler
