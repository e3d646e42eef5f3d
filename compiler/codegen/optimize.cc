#include "compiler/codegen/optimize.h"

#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/CodeGen/MachineModuleInfo.h>
#include <llvm/CodeGen/Passes.h>
#include <llvm/CodeGen/TargetPassConfig.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/raw_ostream.h>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/codegen/count_down.h"
#include "compiler/codegen/lane_loads.h"
#include "compiler/codegen/load_ahead.h"
#include "compiler/codegen/load_pairs.h"
#include "compiler/codegen/place_loads.h"
#include "compiler/codegen/rotate_loads.h"

namespace tunefarm::compiler {
namespace {

constexpr char kPasses[] = "function(sroa,early-cse,simplifycfg)";

// TargetPassConfig::addISelPasses without addIRPasses, whose only pass of effect here is loop
// strength reduction.
bool AddInstructionSelection(llvm::TargetPassConfig& config, llvm::TargetMachine& machine,
                             llvm::legacy::PassManager& passes) {
  passes.add(llvm::createTargetTransformInfoWrapperPass(machine.getTargetIRAnalysis()));
  config.addCodeGenPrepare();
  config.addISelPrepare();
  if (config.addInstSelector()) return false;
  passes.add(llvm::Pass::createPass(&llvm::FinalizeISelID));
  return true;
}

}  // namespace

void RunPasses(llvm::Module& module, const LlvmTarget& target, const Streaming& streaming) {
  llvm::LoopAnalysisManager loop_analyses;
  llvm::FunctionAnalysisManager function_analyses;
  llvm::CGSCCAnalysisManager cgscc_analyses;
  llvm::ModuleAnalysisManager module_analyses;
  llvm::PassBuilder builder(target.machine.get());
  builder.registerModuleAnalyses(module_analyses);
  builder.registerCGSCCAnalyses(cgscc_analyses);
  builder.registerFunctionAnalyses(function_analyses);
  builder.registerLoopAnalyses(loop_analyses);
  builder.crossRegisterProxies(loop_analyses, function_analyses, cgscc_analyses, module_analyses);
  llvm::ModulePassManager passes;
  llvm::Error error = builder.parsePassPipeline(passes, kPasses);
  TUNEFARM_CHECK(!error, llvm::toString(std::move(error)));
  passes.run(module, module_analyses);
  for (llvm::Function& function : module) {
    if (function.isDeclaration()) continue;
    JoinLaneLoads(function, streaming.lanes);
    RotateLoads(function, streaming.ahead);
    const bool narrow_arm = llvm::Triple(target.target.triple).isARM();
    if (!target.target.HasLaneMultiply()) continue;
    if (narrow_arm) PairQuadwordLoads(function);
    CountDown(function);
  }
}

absl::StatusOr<std::string> GenerateCode(llvm::Module& module, const LlvmTarget& target,
                                         const Streaming& streaming,
                                         llvm::CodeGenFileType file_type) {
  auto& machine = static_cast<llvm::LLVMTargetMachine&>(*target.machine);
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;  // Owns what is added to it.
  llvm::TargetPassConfig* config = machine.createPassConfig(passes);
  config->setDisableVerify(true);
  if (!target.target.in_order || streaming.ahead + streaming.group > 0) {
    config->disablePass(&llvm::MachineSchedulerID);
    config->disablePass(&llvm::PostRASchedulerID);
    config->insertPass(&llvm::MachineSinkingID,
                       CreatePlaceLoadsPass(target.target.num_vector_registers));
    // Inserted at the same place, so it runs behind.
    if (streaming.ahead + streaming.group > 0) {
      config->insertPass(&llvm::MachineSinkingID,
                         CreateLoadAheadPass(streaming.ahead, streaming.group));
    }
  }
  passes.add(config);
  auto* machine_module = new llvm::MachineModuleInfoWrapperPass(&machine);
  passes.add(machine_module);
  if (!AddInstructionSelection(*config, machine, passes)) {
    return absl::InternalError(
        absl::StrFormat("LLVM cannot select instructions for '%s'", target.target.triple));
  }
  config->addMachinePasses();
  config->setInitialized();
  if (machine.addAsmPrinter(passes, stream, nullptr, file_type,
                            machine_module->getMMI().getContext())) {
    return absl::InternalError(
        absl::StrFormat("LLVM cannot emit files for '%s'", target.target.triple));
  }
  passes.add(llvm::createFreeMachineFunctionPass());
  passes.run(module);
  return std::string(bytes.data(), bytes.size());
}

}  // namespace tunefarm::compiler
