#include "tracker/token_gate.h"

#include <fstream>
#include <sstream>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "base/hash.h"

namespace tunefarm::tracker {
namespace {

constexpr std::string_view kScheme = "Bearer ";

}  // namespace

absl::StatusOr<std::string> ReadTokenFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream contents;
  contents << file.rdbuf();
  if (!file) return absl::NotFoundError(absl::StrFormat("cannot read the token file %s", path));
  std::string token(absl::StripAsciiWhitespace(contents.str()));
  if (token.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat("the token file %s is empty", path));
  }
  return token;
}

TokenGate::TokenGate(const std::string& token)
    : digest_(token.empty() ? "" : base::Sha256Hex(std::string_view(token))) {}

absl::Status TokenGate::Check(const std::string& given) const {
  // Digests are compared, so where a comparison stops says nothing about the token.
  if (digest_.empty() || base::Sha256Hex(std::string_view(given)) == digest_) {
    return absl::OkStatus();
  }
  return absl::UnauthenticatedError(given.empty() ? "this tracker demands a token"
                                                  : "the token is not this tracker's");
}

absl::Status TokenGate::CheckCall(const grpc::ServerContextBase& context) const {
  const auto& metadata = context.client_metadata();
  const auto it = metadata.find("authorization");
  if (it == metadata.end()) return Check("");
  const std::string_view value(it->second.data(), it->second.size());
  if (!value.starts_with(kScheme)) return Check("");
  return Check(std::string(value.substr(kScheme.size())));
}

}  // namespace tunefarm::tracker
