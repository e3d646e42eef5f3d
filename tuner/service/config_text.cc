#include "tuner/service/config_text.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::tuner {
namespace {

absl::StatusOr<compiler::Config> ConfigAt(const compiler::ConfigSpace& space, uint64_t index) {
  if (index < space.num_indices()) return space.At(index);
  return absl::InvalidArgumentError(absl::StrFormat("config %d: space %s has indices 0 to %d",
                                                    index, space.name(), space.num_indices() - 1));
}

}  // namespace

absl::StatusOr<compiler::Config> ParseConfig(const compiler::ConfigSpace& space,
                                             const std::string& text) {
  uint64_t index = 0;
  const bool is_index = absl::SimpleAtoi(text, &index);
  TUNEFARM_ASSIGN_OR_RETURN(const compiler::Config config,
                            is_index ? ConfigAt(space, index) : space.Parse(text));
  const std::string violation = space.Violation(config);
  if (violation.empty()) return config;
  return absl::InvalidArgumentError(
      absl::StrFormat("config %s of space %s: %s", space.Print(config), space.name(), violation));
}

}  // namespace tunefarm::tuner
