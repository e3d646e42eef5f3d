#include "compiler/codegen/linear_index.h"

#include <algorithm>

namespace tunefarm::compiler {
namespace {

// The value of a constant or of a constant in every lane.
bool IsConstLanes(const Expr& expr, int64_t* value) {
  if (const Broadcast* broadcast = expr.as<Broadcast>()) return IsConst(broadcast->value, value);
  return IsConst(expr, value);
}

class Linearizer {
 public:
  explicit Linearizer(int lanes) { result_.lanes = lanes; }

  // Adds factor x expr. False if its lanes follow no pattern.
  bool Add(const Expr& expr, int64_t factor) {
    int64_t value = 0;
    if (IsConst(expr, &value)) {
      result_.constant += factor * value;
      return true;
    }
    if (const Broadcast* broadcast = expr.as<Broadcast>()) return Add(broadcast->value, factor);
    if (const Ramp* ramp = expr.as<Ramp>()) {
      return AddLanes(factor * ramp->stride, expr.type().lanes) && Add(ramp->base, factor);
    }
    if (const Binary* binary = expr.as<Binary>()) {
      if (std::optional<bool> added = AddBinary(*binary, factor)) return *added;
    }
    if (expr.type().lanes > 1) return false;
    AddTerm(expr, factor);
    return true;
  }

  LinearIndex Finish() {
    std::erase_if(result_.terms, [](const LinearTerm& term) { return term.factor == 0; });
    if (result_.lane_stride == 0 && result_.lanes > 1) result_.lane_period = 1;
    return std::move(result_);
  }

 private:
  // Nothing if `node` is not a sum or a multiple.
  std::optional<bool> AddBinary(const Binary& node, int64_t factor) {
    int64_t value = 0;
    switch (node.op) {
      case BinaryOp::kAdd:
        return Add(node.a, factor) && Add(node.b, factor);
      case BinaryOp::kSub:
        return Add(node.a, factor) && Add(node.b, -factor);
      case BinaryOp::kMul:
        if (IsConstLanes(node.b, &value)) return Add(node.a, factor * value);
        if (IsConstLanes(node.a, &value)) return Add(node.b, factor * value);
        return std::nullopt;
      case BinaryOp::kFloorMod:
        return AddRepetition(node, factor);
      default:
        return std::nullopt;
    }
  }

  std::optional<bool> AddRepetition(const Binary& node, int64_t factor) {
    const Ramp* ramp = node.a.as<Ramp>();
    int64_t start = 0;
    int64_t period = 0;
    if (ramp == nullptr || ramp->stride != 1 || !IsConst(ramp->base, &start) || start != 0 ||
        !IsConstLanes(node.b, &period) || period <= 0 || node.type.lanes % period != 0) {
      return std::nullopt;
    }
    return AddLanes(factor, static_cast<int>(period));
  }

  bool AddLanes(int64_t stride, int period) {
    if (result_.lane_stride != 0 && result_.lane_period != period) return false;
    result_.lane_stride += stride;
    result_.lane_period = period;
    return true;
  }

  void AddTerm(const Expr& value, int64_t factor) {
    for (LinearTerm& term : result_.terms) {
      if (!term.value.same_as(value)) continue;
      term.factor += factor;
      return;
    }
    result_.terms.push_back({value, factor});
  }

  LinearIndex result_;
};

}  // namespace

std::optional<LinearIndex> Linearize(const Expr& index) {
  const int lanes = index.type().lanes;
  if (index.type().dtype != DType::kIndex) {
    // Arithmetic in a narrower type may wrap, so it is not taken apart.
    if (lanes > 1) return std::nullopt;
    LinearIndex single;
    single.terms.push_back({index, 1});
    return single;
  }
  Linearizer linearizer(lanes);
  if (!linearizer.Add(index, 1)) return std::nullopt;
  return linearizer.Finish();
}

}  // namespace tunefarm::compiler
