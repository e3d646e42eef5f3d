#include "mcu_agent/bridge/output_look.h"

#include <span>
#include <string>
#include <utility>

#include "base/status.h"
#include "device_agent/candidate_check.h"
#include "device_agent/verification.h"

namespace tunefarm::mcu_agent {

absl::StatusOr<Verdict> LookAtOutput(const BatchPlan& plan, const ReadyCandidate& candidate,
                                     const device_agent::MeasureRequest& request, Verdict verdict,
                                     BoardSession* session) {
  const bool wrong = verdict.kind == Verdict::kFailed &&
                     verdict.result.outcome() == v1::OUTCOME_WRONG_RESULT &&
                     verdict.result.phase() == "verify";
  if (verdict.kind != Verdict::kUnequal && !wrong) return verdict;
  const auto whole_words = static_cast<uint32_t>(RoundUp(plan.output_bytes, sizeof(uint32_t)));
  TUNEFARM_ASSIGN_OR_RETURN(std::string got, session->ReadTwice(plan.output, whole_words));
  got.resize(plan.output_bytes);
  const v1::ExpectedOutput& expected = request.verification.expected(0);
  const std::string& want = *request.blobs.at(expected.digest());
  const v1::Buffer& buffer = candidate.signature().buffers(static_cast<int>(expected.buffer()));
  const device_agent::Comparison comparison = device_agent::CompareOutput(
      buffer.data_type(), std::as_bytes(std::span(got)), std::as_bytes(std::span(want)),
      expected.absolute_tolerance(), expected.relative_tolerance());
  if (comparison.num_mismatches == 0) {
    if (verdict.kind == Verdict::kUnequal) verdict.kind = Verdict::kDone;
    return verdict;
  }
  verdict.kind = Verdict::kFailed;
  verdict.result = device_agent::FailedResult(
      candidate.candidate->candidate_id(), v1::OUTCOME_WRONG_RESULT, "verify",
      device_agent::DescribeMismatch(comparison, buffer, expected));
  return verdict;
}

}  // namespace tunefarm::mcu_agent
