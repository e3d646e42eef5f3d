#include "compiler/op/operator.h"

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/op/build.h"
#include "compiler/op/workload_check.h"

namespace tunefarm::compiler {
namespace {

// A convolution that is the product of two matrices as they lie in memory.
bool IsPointwise(const Workload& w) {
  return w.layout == Layout::kNhwc && w.kh == 1 && w.kw == 1 && w.stride_h == 1 &&
         w.stride_w == 1 && w.groups == 1 &&
         w.pad_top + w.pad_left + w.pad_bottom + w.pad_right == 0;
}

Operator Build(const Workload& w) {
  switch (w.op) {
    case OpKind::kConv2d:
      return IsPointwise(w) ? BuildPointwiseConv2d(w) : BuildConv2d(w);
    case OpKind::kDepthwiseConv2d:
      return BuildDepthwiseConv2d(w);
    case OpKind::kDense:
      return BuildDense(w);
    case OpKind::kMatmul:
      return BuildMatmul(w);
    case OpKind::kMaxPool2d:
      return BuildMaxPool2d(w);
    case OpKind::kAvgPool2d:
      return BuildAvgPool2d(w);
    case OpKind::kAdd:
      return BuildAdd(w);
    case OpKind::kRelu:
      return BuildRelu(w);
    case OpKind::kSoftmax:
      return BuildSoftmax(w);
  }
  TUNEFARM_CHECK(false, "an operator of unknown kind");
}

}  // namespace

const Stage* Operator::FindStage(const std::string& name) const {
  for (const Stage& stage : stages) {
    if (stage.name == name) return &stage;
  }
  return nullptr;
}

absl::StatusOr<Operator> BuildOperator(const Workload& workload) {
  TUNEFARM_RETURN_IF_ERROR(CheckWorkload(workload));
  // A workload need not come from a key, but it must be one that a key can say: no field beside the
  // operator's own.
  const std::string key = Print(workload);
  TUNEFARM_ASSIGN_OR_RETURN(const Workload said, ParseWorkload(key));
  if (!(said == workload)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the workload has fields set that %s does not say", key));
  }
  return Build(workload);
}

}  // namespace tunefarm::compiler
