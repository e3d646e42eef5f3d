#include "tuner/session/peak_estimate.h"

namespace tunefarm::tuner {
namespace {

constexpr double kBoundShare = 0.97;       // Close enough to stop.
constexpr double kImpossibleShare = 1.03;  // More than noise can explain.
constexpr int kMaxProbes = 4;              // The first one included.

}  // namespace

PeakEstimate::PeakEstimate(Measurer* measurer, const std::string& target, compiler::DType dtype)
    : measurer_(measurer), target_(target) {
  if (dtype == compiler::DType::kF32) probe_ = std::make_unique<PeakProbe>(measurer, target);
}

double PeakEstimate::Share(double num_flops, double cost_ns) const {
  const double peak = flops();
  return peak > 0 ? num_flops * 1e9 / cost_ns / peak : 0;
}

bool PeakEstimate::IsBound(double share) {
  return share >= kBoundShare && share <= kImpossibleShare;
}

void PeakEstimate::Doubt(double share) {
  if (share <= kImpossibleShare || num_probes_ >= kMaxProbes) return;
  ++num_probes_;
  probe_ = std::make_unique<PeakProbe>(measurer_, target_);
}

}  // namespace tunefarm::tuner
