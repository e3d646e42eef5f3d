#include "mcu_agent/bridge/board_contents.h"

#include <utility>
#include <vector>

#include "base/status.h"
#include "spdlog/spdlog.h"

namespace tunefarm::mcu_agent {

void BoardContents::Forget() {
  residents_.Clear();
  flash_ = FlashContents();
}

absl::Status BoardContents::Load(const BatchPlan& plan, BoardSession* session) {
  residents_.Clear();
  if (!plan.flash_writes.empty()) TUNEFARM_RETURN_IF_ERROR(ProgramFlash(plan, session));
  for (const BatchPlan::Write& write : plan.writes) {
    TUNEFARM_RETURN_IF_ERROR(session->Write(write.address, write.bytes));
  }
  return absl::OkStatus();
}

absl::Status BoardContents::ProgramFlash(const BatchPlan& plan, BoardSession* session) {
  // If this ends half way nothing is known of it.
  FlashContents contents = std::exchange(flash_, FlashContents());
  MemoryRange erase;
  if (plan.erases_flash) {
    contents = FlashContents::Erased(map_);
    erase = FlashOf(map_)->range;
    spdlog::info("{}: erases {} bytes of flash at {:#010x}, time {} of this agent", map_.name,
                 erase.bytes, erase.base, ++num_erasures_);
  }
  std::vector<BoardSession::FlashWrite> writes;
  for (const BatchPlan::Write& write : plan.flash_writes) {
    writes.push_back({write.address, write.bytes});
    contents.Programmed({write.address, write.address + write.bytes.size()}, write.key);
  }
  TUNEFARM_RETURN_IF_ERROR(session->ProgramFlash(erase, writes));
  flash_ = std::move(contents);
  return absl::OkStatus();
}

void BoardContents::Ran(const BatchPlan& plan, bool tensors_intact) {
  if (!tensors_intact) {
    Forget();
    return;
  }
  for (const BatchPlan::Tensor& tensor : plan.tensors) residents_.Put(tensor.range, tensor.key);
}

}  // namespace tunefarm::mcu_agent
