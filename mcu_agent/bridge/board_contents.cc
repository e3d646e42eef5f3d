#include "mcu_agent/bridge/board_contents.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "spdlog/spdlog.h"

namespace tunefarm::mcu_agent {

void BoardContents::Distrust() {
  residents_.Clear();
  flash_.Distrust();
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

absl::Status BoardContents::Load(const BatchPlan& plan, BoardSession* session,
                                 std::stop_token stop) {
  residents_.Clear();
  if (!plan.flash_writes.empty()) {
    const absl::Status programmed = ProgramFlash(plan, session, stop);
    num_refusals_ = absl::IsFailedPrecondition(programmed) ? num_refusals_ + 1 : 0;
    last_refusal_ = std::string(programmed.message());
    TUNEFARM_RETURN_IF_ERROR(programmed);
  }
  for (const BatchPlan::Write& write : plan.writes) {
    TUNEFARM_RETURN_IF_ERROR(session->Write(write.address, write.bytes));
  }
  return absl::OkStatus();
}

absl::Status BoardContents::ProgramFlash(const BatchPlan& plan, BoardSession* session,
                                         std::stop_token stop) {
  // If this ends half way nothing is known of it.
  FlashContents contents = std::exchange(flash_, FlashContents());
  MemoryRange erase;
  if (plan.erases_flash) {
    contents = FlashContents::Erased(map_);
    erase = FlashOf(map_)->range;
    spdlog::warn("{}: erases {} bytes of flash at {:#010x}, time {} of this agent", map_.name,
                 erase.bytes, erase.base, ++num_erasures_);
  }
  std::vector<BoardSession::FlashWrite> writes;
  for (const BatchPlan::Write& write : plan.flash_writes) {
    writes.push_back({write.address, write.bytes});
    contents.Programmed({write.address, write.address + write.bytes.size()}, write.key);
  }
  TUNEFARM_RETURN_IF_ERROR(session->ProgramFlash(erase, writes, stop));
  flash_ = std::move(contents);
  return absl::OkStatus();
}

void BoardContents::Ran(const BatchPlan& plan, bool intact) {
  if (!intact) return Distrust();
  for (const BatchPlan::Tensor& tensor : plan.tensors) {
    if (!InFlash(map_, tensor.range.begin)) residents_.Put(tensor.range, tensor.key);
  }
}

}  // namespace tunefarm::mcu_agent
