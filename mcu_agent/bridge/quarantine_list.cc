#include "mcu_agent/bridge/quarantine_list.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "nlohmann/json.hpp"

namespace tunefarm::mcu_agent {
namespace {

using Json = nlohmann::json;

absl::StatusOr<std::string> StringOf(const Json& json, const char* key) {
  const auto field = json.find(key);
  if (field == json.end() || !field->is_string()) {
    return absl::InvalidArgumentError(absl::StrFormat("no text \"%s\"", key));
  }
  return field->get<std::string>();
}

}  // namespace

absl::StatusOr<std::unique_ptr<QuarantineList>> QuarantineList::Open(const std::string& path) {
  std::unique_ptr<QuarantineList> list(new QuarantineList(path));
  if (path.empty() || !std::filesystem::exists(path)) return list;
  std::ifstream file(path);
  if (!file) {
    return absl::FailedPreconditionError(
        absl::StrFormat("quarantine list %s: %s", path, strerror(errno)));
  }
  int number = 0;
  base::MutexLock lock(&list->mutex_);
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty()) continue;
    TUNEFARM_RETURN_IF_ERROR(base::Annotate(
        list->ReadLine(line), absl::StrFormat("quarantine list %s:%d", path, number)));
  }
  return list;
}

absl::Status QuarantineList::ReadLine(const std::string& line) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("no JSON object");
  TUNEFARM_ASSIGN_OR_RETURN(const std::string board, StringOf(json, "board"));
  TUNEFARM_ASSIGN_OR_RETURN(const std::string digest, StringOf(json, "kernel"));
  TUNEFARM_ASSIGN_OR_RETURN(const std::string reason, StringOf(json, "reason"));
  reasons_[{board, digest}] = reason;
  return absl::OkStatus();
}

std::optional<std::string> QuarantineList::Reason(const std::string& board,
                                                  const std::string& digest) const {
  base::MutexLock lock(&mutex_);
  const auto found = reasons_.find({board, digest});
  if (found == reasons_.end()) return std::nullopt;
  return found->second;
}

std::vector<v1::QuarantinedKernel> QuarantineList::Of(const std::string& board) const {
  base::MutexLock lock(&mutex_);
  std::vector<v1::QuarantinedKernel> kernels;
  for (const auto& [key, reason] : reasons_) {
    if (key.first != board) continue;
    v1::QuarantinedKernel& kernel = kernels.emplace_back();
    kernel.set_digest(key.second);
    kernel.set_reason(reason);
  }
  return kernels;
}

absl::Status QuarantineList::Add(const std::string& board, const std::string& digest,
                                 const std::string& reason, absl::Time when) {
  base::MutexLock lock(&mutex_);
  if (!reasons_.emplace(std::pair(board, digest), reason).second) return absl::OkStatus();
  if (path_.empty()) return absl::OkStatus();
  const Json json = {{"board", board},
                     {"kernel", digest},
                     {"reason", reason},
                     {"time", absl::FormatTime(when, absl::UTCTimeZone())}};
  std::ofstream file(path_, std::ios::app);
  // Text of a probe may be no UTF-8.
  file << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
  if (file) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("quarantine list %s: cannot write: %s", path_, strerror(errno)));
}

}  // namespace tunefarm::mcu_agent
