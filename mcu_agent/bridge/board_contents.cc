#include "mcu_agent/bridge/board_contents.h"

#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "spdlog/spdlog.h"

namespace tunefarm::mcu_agent {
namespace {

// A multiple of what any chip programs at once. Each piece is one command to the debugger, of
// seconds at most, and a stop is heard between them.
constexpr size_t kFlashPieceBytes = 8192;

}  // namespace

void BoardContents::BringAnew() {
  residents_.Clear();
  flash_.ForgetBlocks();
}

void BoardContents::Forget() {
  residents_.Clear();
  flash_ = FlashContents();
}

std::string BoardContents::flash_refusal() const {
  if (num_refusals_ < kMostRefusals) return "";
  return absl::StrFormat("flash of %s could not be programmed %d times in a row: %s", map_.name,
                         num_refusals_, last_refusal_);
}

void BoardContents::CountRefusal(const std::string& why) {
  last_refusal_ = why;
  if (++num_refusals_ != kMostRefusals) return;
  spdlog::error("{}; it is not tried any more, restart this agent to try again", flash_refusal());
}

absl::Status BoardContents::Load(const BatchPlan& plan, BoardSession* session,
                                 std::stop_token stop) {
  residents_.Clear();
  if (!plan.flash_writes.empty()) TUNEFARM_RETURN_IF_ERROR(ProgramFlash(plan, session, stop));
  for (const BatchPlan::Write& write : plan.writes) {
    TUNEFARM_RETURN_IF_ERROR(session->Write(write.address, write.bytes));
  }
  return absl::OkStatus();
}

absl::Status BoardContents::ProgramFlash(const BatchPlan& plan, BoardSession* session,
                                         std::stop_token stop) {
  // If this ends half way nothing is known of it.
  FlashContents contents = std::exchange(flash_, FlashContents());
  TUNEFARM_RETURN_IF_ERROR(session->HaltForFlash());
  const absl::Status written = WriteFlash(plan, session, stop);
  if (absl::IsFailedPrecondition(written)) {
    CountRefusal(std::string(written.message()));
    return absl::AbortedError(last_refusal_);
  }
  TUNEFARM_RETURN_IF_ERROR(written);
  if (plan.erases_flash) contents = FlashContents::Erased(map_);
  for (const BatchPlan::Write& write : plan.flash_writes) {
    const Range range = {write.address, write.address + write.bytes.size()};
    if (write.is_block) {
      contents.ProgrammedBlock(range, write.key);
    } else {
      contents.ProgrammedTensor(range, write.key);
    }
  }
  flash_ = std::move(contents);
  // The debugger's flash loader used RAM that may be the firmware's.
  return session->Boot(/*load=*/true);
}

absl::Status BoardContents::WriteFlash(const BatchPlan& plan, BoardSession* session,
                                       std::stop_token stop) {
  if (plan.erases_flash) {
    const MemoryRange& range = FlashOf(map_)->range;
    spdlog::warn("{}: erases {} bytes of flash at {:#010x}, time {} of this agent", map_.name,
                 range.bytes, range.base, ++num_erasures_);
    TUNEFARM_RETURN_IF_ERROR(session->EraseFlash(range));
  }
  for (const BatchPlan::Write& write : plan.flash_writes) {
    for (size_t at = 0; at < write.bytes.size(); at += kFlashPieceBytes) {
      if (stop.stop_requested()) return absl::CancelledError("programming flash was cancelled");
      const std::string_view bytes = write.bytes;
      TUNEFARM_RETURN_IF_ERROR(session->ProgramFlash(write.address + static_cast<uint32_t>(at),
                                                     bytes.substr(at, kFlashPieceBytes)));
    }
  }
  return absl::OkStatus();
}

void BoardContents::Ran(const BatchPlan& plan, bool block_intact,
                        const std::vector<bool>& tensors_intact) {
  if (!block_intact) flash_.ForgetBlocks();
  for (size_t i = 0; i < plan.tensors.size(); ++i) {
    const BatchPlan::Tensor& tensor = plan.tensors[i];
    const bool in_flash = InFlash(map_, tensor.range.begin);
    if (!in_flash && tensors_intact[i]) residents_.Put(tensor.range, tensor.key);
    if (in_flash && !tensors_intact[i]) flash_.ForgetTensor(tensor.key);
  }
  if (plan.flash_writes.empty()) return;
  if (block_intact) {
    num_refusals_ = 0;
  } else {
    CountRefusal("it does not hold what was programmed");
  }
}

}  // namespace tunefarm::mcu_agent
