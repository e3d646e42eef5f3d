#include "tuner/measure/candidate_builder.h"

#include "base/clock.h"
#include "base/status.h"
#include "compiler/lower/lower.h"
#include "tuner/measure/peak_kernel.h"

namespace tunefarm::tuner {
namespace {

using compiler::Artifact;
using compiler::BufferRole;
using compiler::DType;

v1::BufferRole ToProto(BufferRole role) {
  switch (role) {
    case BufferRole::kInput:
      return v1::BUFFER_ROLE_INPUT;
    case BufferRole::kConstant:
      return v1::BUFFER_ROLE_CONSTANT;
    case BufferRole::kPacked:
      return v1::BUFFER_ROLE_PACKED;
    case BufferRole::kOutput:
      return v1::BUFFER_ROLE_OUTPUT;
  }
  return v1::BUFFER_ROLE_UNSPECIFIED;
}

v1::DataType ToProto(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return v1::DATA_TYPE_F32;
    case DType::kS8:
      return v1::DATA_TYPE_S8;
    case DType::kS16:
      return v1::DATA_TYPE_S16;
    case DType::kS32:
      return v1::DATA_TYPE_S32;
    case DType::kIndex:
    case DType::kBool:
      break;
  }
  return v1::DATA_TYPE_UNSPECIFIED;
}

// A config or schedule that does not fit its operator is the candidate's fault; all else is the
// compiler's.
bool IsIllegal(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) || absl::IsNotFound(status);
}

void Fail(v1::Outcome outcome, const char* phase, const absl::Status& status,
          v1::BuildReply* reply) {
  reply->set_outcome(outcome);
  reply->set_phase(phase);
  reply->set_error(base::OneLine(status));
}

void Finish(const absl::StatusOr<Artifact>& artifact, v1::BuildReply* reply) {
  if (!artifact.ok()) return Fail(v1::OUTCOME_BUILD_FAILED, "build", artifact.status(), reply);
  reply->set_outcome(v1::OUTCOME_OK);
  *reply->mutable_kernel() = ToKernel(*artifact);
  reply->set_text_hash(artifact->text_hash);
  reply->set_text_bytes(artifact->text_bytes);
  reply->set_cycles_per_instruction(artifact->cycles_per_instruction);
}

void BuildPeak(const std::string& target_text, v1::BuildReply* reply) {
  const absl::StatusOr<compiler::Target> target = compiler::ParseTarget(target_text);
  if (!target.ok()) return Fail(v1::OUTCOME_BUILD_FAILED, "lower", target.status(), reply);
  const PeakKernel peak = MakePeakKernel(*target);
  reply->set_flops(peak.flops);
  Finish(compiler::BuildArtifact(peak.kernel, *target, kKernelSymbol), reply);
}

}  // namespace

v1::Kernel ToKernel(const Artifact& artifact) {
  v1::Kernel kernel;
  kernel.set_digest(artifact.digest);
  kernel.set_elf(artifact.shared);
  kernel.set_triple(artifact.triple);
  v1::KernelSignature& signature = *kernel.mutable_signature();
  signature.set_abi_version(artifact.abi_version);
  signature.set_scratch_bytes_per_worker(static_cast<uint64_t>(artifact.scratch_bytes_per_worker));
  signature.set_run_symbol(artifact.run_symbol);
  signature.set_prepare_symbol(artifact.prepare_symbol);
  for (const compiler::ArtifactBuffer& from : artifact.buffers) {
    v1::Buffer& buffer = *signature.add_buffers();
    buffer.set_name(from.name);
    buffer.set_role(ToProto(from.role));
    buffer.set_data_type(ToProto(from.dtype));
    buffer.set_num_elems(static_cast<uint64_t>(from.num_elems));
    if (from.role == BufferRole::kInput || from.role == BufferRole::kConstant) {
      buffer.mutable_fill()->set_low(from.fill.low);
      buffer.mutable_fill()->set_high(from.fill.high);
      buffer.mutable_fill()->set_scale(from.fill.scale);
    }
  }
  return kernel;
}

absl::StatusOr<const CandidateBuilder::Task*> CandidateBuilder::Bind(const std::string& workload,
                                                                     const std::string& target) {
  const auto known = tasks_.find({workload, target});
  if (known != tasks_.end()) return &known->second;
  Task task;
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Workload parsed, compiler::ParseWorkload(workload));
  TUNEFARM_ASSIGN_OR_RETURN(task.op, compiler::BuildOperator(parsed));
  TUNEFARM_ASSIGN_OR_RETURN(task.target, compiler::ParseTarget(target));
  TUNEFARM_ASSIGN_OR_RETURN(task.bound, compiler::BindTemplate(task.op, task.target));
  return &tasks_.emplace(std::pair(workload, target), std::move(task)).first->second;
}

void CandidateBuilder::BuildCandidate(const v1::CandidateSource& source, const std::string& target,
                                      v1::BuildReply* reply) {
  const absl::StatusOr<const Task*> task = Bind(source.workload(), target);
  if (!task.ok()) return Fail(v1::OUTCOME_BUILD_FAILED, "lower", task.status(), reply);
  const compiler::BoundTemplate& bound = *(*task)->bound;
  const absl::StatusOr<compiler::Config> config = bound.space().Parse(source.config());
  // A config that the space does not have comes from another version's log.
  if (!config.ok()) return Fail(v1::OUTCOME_ILLEGAL_SCHEDULE, "lower", config.status(), reply);
  absl::StatusOr<compiler::LoweredKernel> lowered =
      [&]() -> absl::StatusOr<compiler::LoweredKernel> {
    TUNEFARM_ASSIGN_OR_RETURN(const compiler::Schedule schedule, bound.MakeSchedule(*config));
    return compiler::Lower((*task)->op, schedule);
  }();
  if (!lowered.ok()) {
    return Fail(
        IsIllegal(lowered.status()) ? v1::OUTCOME_ILLEGAL_SCHEDULE : v1::OUTCOME_BUILD_FAILED,
        "lower", lowered.status(), reply);
  }
  Finish(compiler::BuildArtifact(*lowered, (*task)->target, kKernelSymbol), reply);
}

v1::BuildReply CandidateBuilder::Build(const v1::BuildRequest& request) {
  const absl::Duration start = base::RealClock().SteadyNow();
  v1::BuildReply reply;
  reply.set_ticket(request.ticket());
  reply.set_toolchain(compiler::Toolchain());
  if (request.has_peak()) {
    BuildPeak(request.target(), &reply);
  } else {
    BuildCandidate(request.candidate(), request.target(), &reply);
  }
  reply.set_build_ns(
      static_cast<uint64_t>(absl::ToInt64Nanoseconds(base::RealClock().SteadyNow() - start)));
  return reply;
}

}  // namespace tunefarm::tuner
