// From (workload, target, config) to a kernel: the compiler's whole way in one call, in this
// process. Builders (build_worker.h) run it where a crash does no harm.
#ifndef TUNEFARM_TUNER_MEASURE_CANDIDATE_BUILDER_H_
#define TUNEFARM_TUNER_MEASURE_CANDIDATE_BUILDER_H_

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "compiler/artifact/artifact.h"
#include "compiler/op/operator.h"
#include "compiler/schedule/template.h"
#include "compiler/target/target.h"
#include "tunefarm/v1/build.pb.h"
#include "tunefarm/v1/kernel.pb.h"

namespace tunefarm::tuner {

// As it travels.
v1::Kernel ToKernel(const compiler::Artifact& artifact);

// The entry's name in every kernel that is measured. One name for all, so that equal code is equal
// bytes.
inline constexpr char kKernelSymbol[] = "tunefarm_kernel";

// Keeps the operators and templates it has bound. Not thread-safe.
class CandidateBuilder {
 public:
  // The reply has the request's ticket. Every error is an outcome.
  v1::BuildReply Build(const v1::BuildRequest& request);

 private:
  struct Task {
    compiler::Operator op;
    compiler::Target target;
    std::unique_ptr<compiler::BoundTemplate> bound;
  };

  absl::StatusOr<const Task*> Bind(const std::string& workload, const std::string& target);
  void BuildCandidate(const v1::CandidateSource& source, const std::string& target,
                      v1::BuildReply* reply);

  std::map<std::pair<std::string, std::string>, Task> tasks_;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_CANDIDATE_BUILDER_H_
