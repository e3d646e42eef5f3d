#include "tuner/measure/peak_kernel.h"

#include <vector>

namespace tunefarm::tuner {
namespace {

using namespace compiler;  // NOLINT: this file writes IR.

// Zen 4 needs 8 chains, Skylake 8, Cortex-A72 6-7; 12 leave four of 16 registers.
constexpr int64_t kNumChains = 12;
constexpr int64_t kNumSteps = 4096;

struct Chains {
  int lanes;
  Buffer start, factor, term, out;
  Buffer accumulators, factor_register, term_register;

  Expr At(int64_t chain) const { return MakeRamp(chain * lanes, 1, lanes); }
};

Chains MakeChains(const Target& target) {
  Chains chains;
  const int64_t lanes = target.VectorLanes(4);
  const int64_t elems = lanes * kNumChains;
  chains.lanes = static_cast<int>(lanes);
  chains.start = MakeBuffer("start", DType::kF32, {elems});
  chains.factor = MakeBuffer("factor", DType::kF32, {lanes});
  chains.term = MakeBuffer("term", DType::kF32, {lanes});
  chains.out = MakeBuffer("out", DType::kF32, {elems});
  chains.accumulators = MakeBuffer("accumulators", DType::kF32, {elems}, Scope::kRegister);
  chains.factor_register = MakeBuffer("factor_register", DType::kF32, {lanes}, Scope::kRegister);
  chains.term_register = MakeBuffer("term_register", DType::kF32, {lanes}, Scope::kRegister);
  return chains;
}

void Copy(const Chains& chains, const Buffer& from, const Buffer& to, int64_t num_vectors,
          std::vector<Stmt>* stmts) {
  for (int64_t i = 0; i < num_vectors; ++i) {
    stmts->push_back(MakeStore(to, {chains.At(i)}, MakeLoad(from, {chains.At(i)})));
  }
}

Stmt Steps(const Chains& chains) {
  const Expr factor = MakeLoad(chains.factor_register, {chains.At(0)});
  const Expr term = MakeLoad(chains.term_register, {chains.At(0)});
  std::vector<Stmt> body;
  for (int64_t i = 0; i < kNumChains; ++i) {
    const Expr value = MakeLoad(chains.accumulators, {chains.At(i)});
    body.push_back(MakeStore(chains.accumulators, {chains.At(i)}, value * factor + term));
  }
  return MakeFor(MakeVar("step"), 0, kNumSteps, LoopKind::kSerial, MakeBlock(std::move(body)));
}

}  // namespace

PeakKernel MakePeakKernel(const Target& target) {
  const Chains chains = MakeChains(target);
  std::vector<Stmt> stmts;
  Copy(chains, chains.factor, chains.factor_register, 1, &stmts);
  Copy(chains, chains.term, chains.term_register, 1, &stmts);
  Copy(chains, chains.start, chains.accumulators, kNumChains, &stmts);
  stmts.push_back(Steps(chains));
  Copy(chains, chains.accumulators, chains.out, kNumChains, &stmts);
  Stmt body = MakeBlock(std::move(stmts));
  for (const Buffer& buffer : {chains.accumulators, chains.factor_register, chains.term_register}) {
    body = MakeAllocate(buffer, body);
  }
  PeakKernel peak;
  const auto add = [&](const Buffer& buffer, BufferRole role, tunefarm_fill fill) {
    peak.kernel.buffers.push_back({buffer, role, fill});
    peak.kernel.run.params.push_back(buffer);
  };
  add(chains.start, BufferRole::kInput, {-16, 15, 0.0625f});
  add(chains.factor, BufferRole::kInput, {1, 1, 0.5f});
  add(chains.term, BufferRole::kInput, {1, 1, 1.0f});
  add(chains.out, BufferRole::kOutput, {0, 0, 0});
  peak.kernel.run.name = "run";
  peak.kernel.run.body = body;
  peak.flops = static_cast<uint64_t>(2 * kNumChains * kNumSteps * chains.lanes);
  return peak;
}

}  // namespace tunefarm::tuner
