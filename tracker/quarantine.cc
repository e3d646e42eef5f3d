#include "tracker/quarantine.h"

#include "absl/strings/str_format.h"

namespace tunefarm::tracker {

std::string BoardKind(const DeviceInfo& device) {
  const auto tag = device.tags.find("board");
  return tag == device.tags.end() ? "" : tag->second;
}

bool Quarantine::Add(const std::string& kind, const QuarantinedKernel& kernel) {
  if (kind.empty() || kernel.digest.empty()) return false;
  return reasons_[kind].emplace(kernel.digest, kernel.reason).second;
}

std::string Quarantine::WhyBarred(const DeviceInfo& device, const std::string& digest) const {
  if (reasons_.empty() || device.runs_quarantined) return "";
  const auto kind = reasons_.find(BoardKind(device));
  if (kind == reasons_.end()) return "";
  const auto reason = kind->second.find(digest);
  if (reason == kind->second.end()) return "";
  return absl::StrFormat(
      "this kernel took a %s down before (%s); it goes to one again only where the agent is "
      "started with --run-quarantined",
      kind->first, reason->second);
}

std::vector<QuarantinedKernel> Quarantine::Of(const std::string& kind) const {
  std::vector<QuarantinedKernel> kernels;
  const auto known = reasons_.find(kind);
  if (known == reasons_.end()) return kernels;
  for (const auto& [digest, reason] : known->second) kernels.push_back({digest, reason});
  return kernels;
}

}  // namespace tunefarm::tracker
