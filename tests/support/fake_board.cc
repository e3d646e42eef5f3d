#include "tests/support/fake_board.h"

#include <algorithm>
#include <cstring>

#include "base/status.h"
#include "mcu_agent/bridge/drawn_tensor.h"
#include "proto/kernel_abi.h"
#include "proto/tensor_fill.h"

namespace tunefarm::testing {
namespace {

constexpr uint32_t kTickHz = 25'000'000;
constexpr uint32_t kOverheadTicks = 10;
constexpr uint32_t kKernelTicks = 1000;
constexpr size_t kSmallWrite = 16;

template <typename T>
std::string Bytes(const T& item) {
  return std::string(reinterpret_cast<const char*>(&item), sizeof(item));
}

// Counts a trigger down; true when it goes off.
bool GoesOff(int* countdown) { return *countdown >= 0 && (*countdown)-- == 0; }

}  // namespace

absl::Status FakeBoard::Answer() const {
  return link_is_dead ? absl::UnavailableError("the link is dead") : absl::OkStatus();
}

void FakeBoard::Power() {
  core_is_dead = core_is_dead && breaks_for_good_when_stuck;
  LoseRam();
}

void FakeBoard::LoseRam() {
  firmware_loaded_ = false;
  running_ = false;
  std::erase_if(memory_,
                [this](const auto& cell) { return !mcu_agent::InFlash(map_, cell.first); });
}

absl::Status FakeBoard::EraseFlash(uint32_t address, uint32_t num_bytes) {
  TUNEFARM_RETURN_IF_ERROR(Answer());
  const mcu_agent::MemoryRegion* flash = mcu_agent::FlashOf(map_);
  if (running_ || flash == nullptr || address != flash->range.base ||
      num_bytes != flash->range.bytes) {
    return absl::FailedPreconditionError("a running core, or no whole sectors");
  }
  ++num_erasures;
  if (flash_is_protected) return absl::FailedPreconditionError("sector 0 is write protected");
  Store(address, std::string(num_bytes, '\xff'));
  LoseRam();
  if (on_flash) on_flash();
  return absl::OkStatus();
}

absl::Status FakeBoard::ProgramFlash(uint32_t address, std::string_view bytes) {
  TUNEFARM_RETURN_IF_ERROR(Answer());
  if (running_ || !mcu_agent::InFlash(map_, address) ||
      !mcu_agent::InFlash(map_, address + bytes.size() - 1)) {
    return absl::FailedPreconditionError("a running core, or no flash");
  }
  const bool dies = GoesOff(&dies_in_programming);
  if (dies) bytes = bytes.substr(0, bytes.size() / 2);
  for (const char byte : bytes) Byte(address++) &= byte;  // Programming clears bits, no more.
  num_programmed_bytes += bytes.size();
  if (GoesOff(&corrupts_in_writes)) Byte(address - 4) ^= 4;
  if (flash_is_worn) Byte(address - 4) ^= 4;
  LoseRam();
  link_is_dead = link_is_dead || dies;
  if (on_flash) on_flash();
  return Answer();
}

void FakeBoard::Store(uint32_t address, std::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) Byte(address + static_cast<uint32_t>(i)) = bytes[i];
}

std::string FakeBoard::Load(uint32_t address, uint32_t num_bytes) {
  std::string bytes(num_bytes, '\0');
  for (uint32_t i = 0; i < num_bytes; ++i) bytes[i] = Byte(address + i);
  return bytes;
}

uint32_t FakeBoard::LoadWord(uint32_t address) {
  uint32_t word;
  std::memcpy(&word, Load(address, 4).data(), sizeof(word));
  return word;
}

tunefarm_mailbox FakeBoard::LoadMailbox() {
  tunefarm_mailbox mailbox;
  std::memcpy(&mailbox, Load(map_.mailbox, sizeof(mailbox)).data(), sizeof(mailbox));
  return mailbox;
}

void FakeBoard::StoreMailbox(const tunefarm_mailbox& mailbox) {
  Store(map_.mailbox, Bytes(mailbox));
}

absl::Status FakeBoard::ResetAndHalt() {
  TUNEFARM_RETURN_IF_ERROR(Answer());
  running_ = false;
  return absl::OkStatus();
}

absl::Status FakeBoard::Resume() {
  TUNEFARM_RETURN_IF_ERROR(Answer());
  if (core_is_dead || firmware_is_lost || !firmware_loaded_) return absl::OkStatus();
  running_ = true;
  tunefarm_mailbox mailbox = {};
  mailbox.identity.magic = TUNEFARM_MAILBOX_MAGIC;
  mailbox.identity.version = mailbox_version;
  mailbox.identity.capacity = TUNEFARM_MAILBOX_CAPACITY;
  mailbox.identity.kernel_abi_version = TUNEFARM_KERNEL_ABI_VERSION;
  mailbox.identity.features = TUNEFARM_FEATURE_FPU;
  std::strncpy(mailbox.identity.board, map_.name.c_str(), sizeof(mailbox.identity.board) - 1);
  mailbox.clock.tick_source = TUNEFARM_TICKS_SYSTICK;
  mailbox.clock.tick_hz = kTickHz;
  mailbox.clock.overhead_ticks = kOverheadTicks;
  mailbox.progress.state = TUNEFARM_MCU_IDLE;
  StoreMailbox(mailbox);
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> FakeBoard::ReadRegister(const std::string& name) {
  TUNEFARM_RETURN_IF_ERROR(Answer());
  return registers_[name];
}

absl::Status FakeBoard::WriteRegister(const std::string& name, uint32_t value) {
  registers_[name] = value;
  return Answer();
}

absl::Status FakeBoard::LoadElf(const std::string& /*path*/) {
  TUNEFARM_RETURN_IF_ERROR(Answer());
  ++num_loads;
  firmware_loaded_ = true;
  firmware_is_lost = false;
  return absl::OkStatus();
}

absl::StatusOr<std::string> FakeBoard::Read(uint32_t address, uint32_t num_bytes) {
  TUNEFARM_RETURN_IF_ERROR(Answer());
  if (address == map_.cpuid.address) return Bytes(chip_id);
  if (map_.chip && address == map_.chip->address) return Bytes(vendor_chip_id);
  // The firmware works whenever somebody looks.
  if (running_) {
    tunefarm_mailbox mailbox = LoadMailbox();
    if (mailbox.control.doorbell != mailbox.progress.acknowledged) RunQueue(&mailbox);
  }
  TUNEFARM_RETURN_IF_ERROR(Answer());
  return Load(address, num_bytes);
}

absl::Status FakeBoard::Write(uint32_t address, std::string_view bytes) {
  TUNEFARM_RETURN_IF_ERROR(Answer());
  Store(address, bytes);
  if (bytes.size() > kSmallWrite && GoesOff(&corrupts_in_writes)) {
    Byte(address + static_cast<uint32_t>(bytes.size() / 2)) ^= 4;
  }
  return absl::OkStatus();
}

void FakeBoard::RunQueue(tunefarm_mailbox* mailbox) {
  mailbox->progress.acknowledged = mailbox->control.doorbell;
  mailbox->progress.state = TUNEFARM_MCU_RUNNING;
  for (uint32_t i = 0; i < mailbox->control.num_tasks; ++i) {
    mailbox->progress.task = i;
    mailbox->results[i] = {};
    running_ = RunTask(mailbox->tasks[i], mailbox->control.cut_ticks, &mailbox->results[i]);
    if (!running_) {
      StoreMailbox(*mailbox);
      return;
    }
    if (mailbox->results[i].status == TUNEFARM_STATUS_RUNNING) {
      mailbox->progress.state = TUNEFARM_MCU_BROKEN;
      StoreMailbox(*mailbox);
      return;
    }
  }
  mailbox->progress.task = mailbox->control.num_tasks;
  mailbox->progress.state = TUNEFARM_MCU_IDLE;
  StoreMailbox(*mailbox);
}

bool FakeBoard::RunTask(const tunefarm_task& task, uint32_t cut_ticks, tunefarm_result* result) {
  result->status = TUNEFARM_STATUS_OK;
  switch (task.head.kind) {
    case TUNEFARM_TASK_FILL:
      Fill(task.fill);
      return true;
    case TUNEFARM_TASK_CHECKSUM:
      result->crc = mcu_agent::Crc32(Load(task.checksum.address, task.checksum.num_bytes));
      return true;
    default:
      return Call(task.call, cut_ticks, result);
  }
}

void FakeBoard::Fill(const tunefarm_fill_task& fill) {
  ++num_fills;
  const tunefarm_fill range = {fill.low, fill.high, fill.scale};
  for (uint32_t i = 0; i < fill.num_elems; ++i) {
    const int32_t integer = tunefarm_fill_integer(&range, fill.seed, fill.buffer, i);
    const float real = tunefarm_fill_float(&range, fill.seed, fill.buffer, i);
    switch (fill.type) {
      case TUNEFARM_FILL_S8:
        Store(fill.destination + i, Bytes(static_cast<int8_t>(integer)));
        break;
      case TUNEFARM_FILL_S32:
        Store(fill.destination + 4 * i, Bytes(integer));
        break;
      default:
        Store(fill.destination + 4 * i, Bytes(real));
    }
  }
}

bool FakeBoard::Call(const tunefarm_call& call, uint32_t cut_ticks, tunefarm_result* result) {
  ++num_calls;
  const uint32_t image = call.run & ~1u;
  entries.push_back(image);
  const uint32_t first_buffer = LoadWord(call.buffers);
  if (GoesOff(&dies_after_calls)) link_is_dead = true;
  if (GoesOff(&spoils_after_calls)) Byte(first_buffer) ^= 1;
  std::string output = expected_;
  switch (static_cast<FakeKernel>(Byte(image))) {
    case FakeKernel::kStuck:
      core_is_dead = core_is_dead || breaks_for_good_when_stuck;
      return false;
    case FakeKernel::kKillsFirmware:
      result->status = TUNEFARM_STATUS_RUNNING;
      return true;
    case FakeKernel::kFault:
      result->status = TUNEFARM_STATUS_FAULT;
      result->fault = {3, 0x400, 0x40000000, 0, 0, image, 0};
      return true;
    case FakeKernel::kLoops:
      result->status = TUNEFARM_STATUS_TIMEOUT;
      return true;
    case FakeKernel::kWrong:
      output[0] ^= 1;
      break;
    case FakeKernel::kSpoilsInput:
      Byte(first_buffer) ^= 1;
      break;
    case FakeKernel::kNearly:
      for (size_t i = 0; i < output.size(); i += sizeof(float)) output[i] ^= 1;
      break;
    case FakeKernel::kRight:
      break;
    default:  // A corrupted image.
      result->status = TUNEFARM_STATUS_FAULT;
      return true;
  }
  Store(call.output, output);
  result->crc = mcu_agent::Crc32(output);
  const bool checked = (call.head.flags & TUNEFARM_TASK_HAS_EXPECTED_CRC) != 0;
  if (checked && result->crc != call.expected_crc) {
    result->status = TUNEFARM_STATUS_WRONG_RESULT;
    return true;
  }
  for (uint32_t run = 0; run < call.repeats; ++run) {
    const uint32_t ticks = kOverheadTicks + kKernelTicks + static_cast<uint8_t>(Byte(image + 1));
    Store(call.samples + 4 * run, Bytes(ticks));
    result->ticks += ticks;
    result->max_ticks = ticks;
    result->runs = run + 1;
    if (cut_ticks != 0 && ticks > cut_ticks) break;
  }
  return true;
}

absl::Status FakeControl::Cure(mcu_agent::Rung rung) {
  cures.push_back(rung);
  if (rung >= mcu_agent::Rung::kRestartOpenOcd) {
    session_.reset();
    if (probe_is_gone) return absl::NotFoundError("no probe: no ST-Link is plugged in");
    if (rung == mcu_agent::Rung::kPowerCycle) board_.Power();
    board_.Reconnect();
    session_ = std::make_unique<mcu_agent::BoardSession>(&map_, &board_, &pace_);
  }
  if (session_ == nullptr) return absl::UnavailableError("no debugger is connected");
  return session_->Boot(/*load=*/rung != mcu_agent::Rung::kReset);
}

}  // namespace tunefarm::testing
