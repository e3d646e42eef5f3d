#include "mcu_agent/emulated_board/qmp_client.h"

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(20);

}  // namespace

absl::Status QmpClient::Execute(const std::string& command, const std::string& awaited) {
  if (!command.empty()) {
    TUNEFARM_RETURN_IF_ERROR(socket_.Send(absl::StrFormat("{\"execute\": \"%s\"}\n", command)));
  }
  for (;;) {
    const size_t end = received_.find('\n');
    if (end == std::string::npos) {
      TUNEFARM_RETURN_IF_ERROR(base::Annotate(socket_.Receive(received_, kDeadline), "QEMU's QMP"));
      continue;
    }
    const bool found = received_.substr(0, end).find(awaited) != std::string::npos;
    received_.erase(0, end + 1);
    if (found) return absl::OkStatus();
  }
}

absl::Status QmpClient::Start() {
  TUNEFARM_RETURN_IF_ERROR(Execute("", "\"QMP\""));
  return Execute("qmp_capabilities", "\"return\"");
}

absl::Status QmpClient::SystemReset() { return Execute("system_reset", "\"RESET\""); }

}  // namespace tunefarm::mcu_agent
