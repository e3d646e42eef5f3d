#include "mcu_agent/bridge/batch_results.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_format.h"
#include "base/statistics.h"
#include "device_agent/candidate_check.h"

namespace tunefarm::mcu_agent {
namespace {

using device_agent::FailedResult;

Verdict Lost(const std::string& why) {
  Verdict verdict;
  verdict.why = why;
  return verdict;
}

Verdict Failed(uint64_t id, v1::Outcome outcome, const std::string& phase,
               const std::string& error) {
  Verdict verdict;
  verdict.kind = Verdict::kFailed;
  verdict.result = FailedResult(id, outcome, phase, error);
  return verdict;
}

// The first tensor that is not what was put there; "" when all are.
std::string SpoiledTensor(const BatchPlan& plan, const std::vector<tunefarm_result>& results,
                          const v1::KernelSignature& signature) {
  const std::vector<bool> intact = TensorsIntact(plan, results);
  for (size_t i = 0; i < intact.size(); ++i) {
    if (intact[i]) continue;
    return signature.buffers(static_cast<int>(plan.tensors[i].position)).name();
  }
  return "";
}

const char* Phase(const tunefarm_result& result) { return result.runs == 0 ? "verify" : "time"; }

Verdict JudgeTimed(const BatchContext& context, const BatchPlan& plan, uint64_t id, size_t index,
                   uint32_t num_runs, const std::string& samples) {
  std::vector<double> ns;
  for (uint32_t run = 0; run < num_runs; ++run) {
    uint32_t ticks = 0;
    std::memcpy(&ticks, samples.data() + (index * plan.repeats + run) * sizeof(ticks),
                sizeof(ticks));
    if (ticks == UINT32_MAX) {
      return Failed(id, v1::OUTCOME_TIMEOUT, "time",
                    absl::StrFormat("one run takes more than %u ticks", UINT32_MAX - 1));
    }
    const double net = ticks > context.overhead_ticks ? ticks - context.overhead_ticks : 1;
    ns.push_back(net * 1e9 / context.tick_hz);
  }
  Verdict verdict;
  verdict.kind = Verdict::kDone;
  verdict.result.set_candidate_id(id);
  verdict.result.set_outcome(v1::OUTCOME_OK);
  verdict.result.mutable_samples_ns()->Assign(ns.begin(), ns.end());
  verdict.result.set_runs_per_sample(1);
  verdict.result.set_cut(num_runs < plan.repeats);
  verdict.result.set_median_ns(base::Median(ns));
  verdict.result.set_mad_ns(base::MedianAbsoluteDeviation(ns));
  return verdict;
}

Verdict JudgeCall(const BatchContext& context, const BatchPlan& plan,
                  const ReadyCandidate& candidate, size_t index, const tunefarm_result& result,
                  const std::string& samples) {
  const uint64_t id = candidate.candidate->candidate_id();
  switch (result.status) {
    case TUNEFARM_STATUS_OK: {
      const bool cut =
          plan.setup.cut_ticks != 0 && result.runs == 1 && result.max_ticks > plan.setup.cut_ticks;
      if (result.runs != plan.repeats && !cut) {
        return Lost(absl::StrFormat("%u of %u runs were timed", result.runs, plan.repeats));
      }
      Verdict verdict = JudgeTimed(context, plan, id, index, result.runs, samples);
      const auto& expected = context.request->verification.expected(0);
      if (verdict.kind == Verdict::kDone &&
          result.crc != Crc32(*context.request->blobs.at(expected.digest()))) {
        verdict.kind = Verdict::kUnequal;
      }
      return verdict;
    }
    case TUNEFARM_STATUS_WRONG_RESULT:
      return Failed(id, v1::OUTCOME_WRONG_RESULT, "verify",
                    "the output's checksum is not that of the expected output");
    case TUNEFARM_STATUS_UNSTABLE:
      return Failed(id, v1::OUTCOME_WRONG_RESULT, "time",
                    "the output of the last run differs from the first run's");
    case TUNEFARM_STATUS_FAULT:
      return Failed(id, v1::OUTCOME_CRASHED, Phase(result), DescribeFault(result.fault));
    case TUNEFARM_STATUS_TIMEOUT:
      return Failed(id, v1::OUTCOME_TIMEOUT, Phase(result),
                    "one call used up its budget and was cut off");
    case TUNEFARM_STATUS_STACK_OVERFLOW:
      return Failed(
          id, v1::OUTCOME_OUT_OF_MEMORY, Phase(result),
          absl::StrFormat("stack overflow: a kernel's stack has %u bytes", plan.setup.stack_bytes));
    case TUNEFARM_STATUS_KERNEL_ERROR:
      return Failed(id, v1::OUTCOME_CRASHED, Phase(result),
                    absl::StrFormat("kernel returned %d, want 0", result.kernel_result));
    default:
      // The tasks were built by us: this one is not what was sent.
      return Lost(absl::StrFormat("its task ended with status %u", result.status));
  }
}

}  // namespace

bool BlockIntact(const BatchPlan& plan, const std::vector<tunefarm_result>& results) {
  const tunefarm_result& check = results[plan.block_check];
  return check.status == TUNEFARM_STATUS_OK && check.crc == plan.block_crc;
}

std::vector<bool> TensorsIntact(const BatchPlan& plan,
                                const std::vector<tunefarm_result>& results) {
  std::vector<bool> intact;
  for (size_t i = 0; i < plan.tensors.size(); ++i) {
    const tunefarm_result& check = results[plan.first_tensor_check + i];
    intact.push_back(check.status == TUNEFARM_STATUS_OK && check.crc == plan.tensors[i].crc);
  }
  return intact;
}

std::vector<Verdict> JudgeBatch(const BatchContext& context, const BatchPlan& plan,
                                const std::vector<const ReadyCandidate*>& candidates,
                                const std::vector<tunefarm_result>& results,
                                const std::string& samples) {
  if (!BlockIntact(plan, results)) {
    return std::vector<Verdict>(
        candidates.size(),
        Lost(absl::StrFormat("the images did not arrive as they were sent: checksum %#x, want %#x",
                             results[plan.block_check].crc, plan.block_crc)));
  }
  const std::string spoiled = SpoiledTensor(plan, results, candidates.front()->signature());
  if (!spoiled.empty() && candidates.size() > 1) {
    return std::vector<Verdict>(
        candidates.size(),
        Lost(absl::StrFormat("%s was overwritten by one of the batch, or on its way", spoiled)));
  }
  std::vector<Verdict> verdicts;
  for (size_t i = 0; i < candidates.size(); ++i) {
    verdicts.push_back(
        JudgeCall(context, plan, *candidates[i], i, results[plan.first_call + i], samples));
    Verdict& verdict = verdicts.back();
    if (spoiled.empty() || verdict.kind == Verdict::kFailed) continue;
    verdict = Failed(candidates[i]->candidate->candidate_id(), v1::OUTCOME_CRASHED, "verify",
                     absl::StrFormat("kernel wrote into %s, which it may only read", spoiled));
  }
  return verdicts;
}

}  // namespace tunefarm::mcu_agent
