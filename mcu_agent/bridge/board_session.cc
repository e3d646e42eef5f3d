#include "mcu_agent/bridge/board_session.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "proto/kernel_abi.h"
#include "spdlog/spdlog.h"

namespace tunefarm::mcu_agent {
namespace {

static_assert(std::endian::native == std::endian::little, "mailbox structs are copied as they are");

constexpr absl::Duration kBootTimeout = absl::Seconds(3);
constexpr absl::Duration kShortestPoll = absl::Milliseconds(1);
constexpr absl::Duration kLongestPoll = absl::Milliseconds(20);
constexpr uint32_t kThumbState = 0x01000000;  // xPSR.T
constexpr int kMostReadings = 5;

template <typename T>
std::string BytesOf(const T* items, size_t count) {
  return std::string(reinterpret_cast<const char*>(items), count * sizeof(T));
}

// The T at `offset`; zeros where the link gave fewer bytes than it was asked for. Not inlined: g++
// 12 takes the copy for one that leaves a string's inner buffer.
template <typename T>
[[gnu::noinline]] T FromBytes(std::string_view bytes, size_t offset = 0) {
  T value = {};
  const std::string_view part = bytes.substr(std::min(offset, bytes.size()), sizeof(T));
  std::memcpy(&value, part.data(), part.size());
  return value;
}

QueueEnd Trouble(Symptom symptom, const std::string& why) {
  QueueEnd end;
  end.kind = QueueEnd::kTrouble;
  end.symptom = symptom;
  end.why = why;
  return end;
}

// The debugger itself failed, or the target refused what it asked.
QueueEnd LinkTrouble(const absl::Status& status) {
  const bool target = absl::IsFailedPrecondition(status);
  return Trouble(target ? Symptom::kStuck : Symptom::kLinkLost, std::string(status.message()));
}

const char* CommandError(uint32_t error) {
  switch (error) {
    case TUNEFARM_COMMAND_UNKNOWN:
      return "unknown command";
    case TUNEFARM_COMMAND_TOO_MANY_TASKS:
      return "too many tasks";
    case TUNEFARM_COMMAND_BAD_STACK:
      return "bad stack";
    case TUNEFARM_COMMAND_BAD_GUARD:
      return "bad guarded range";
    default:
      return "unknown error";
  }
}

const char* ExceptionName(uint32_t exception) {
  switch (exception) {
    case 3:
      return "HardFault";
    case 4:
      return "MemManage";
    case 5:
      return "BusFault";
    case 6:
      return "UsageFault";
    default:
      return "exception";
  }
}

}  // namespace

std::string DescribeFault(const tunefarm_fault& fault) {
  // Armv7-M Architecture Reference Manual, B3.2.15: MMARVALID and BFARVALID.
  constexpr uint32_t kMemoryAddressValid = 1u << 7;
  constexpr uint32_t kBusAddressValid = 1u << 15;
  std::string address;
  if ((fault.cfsr & kMemoryAddressValid) != 0) {
    address = absl::StrFormat(", access to %#x", fault.mmfar);
  } else if ((fault.cfsr & kBusAddressValid) != 0) {
    address = absl::StrFormat(", access to %#x", fault.bfar);
  }
  return absl::StrFormat("%s (%u): CFSR %#010x, HFSR %#010x%s, pc %#x, lr %#x",
                         ExceptionName(fault.exception), fault.exception, fault.cfsr, fault.hfsr,
                         address, fault.pc, fault.lr);
}

absl::Status BoardSession::Boot(bool load) {
  TUNEFARM_RETURN_IF_ERROR(base::Annotate(link_.ResetAndHalt(), "reset halt"));
  TUNEFARM_RETURN_IF_ERROR(CheckChip());
  // So that the block of the last firmware cannot pass for the new one's.
  const uint32_t no_magic = 0;
  TUNEFARM_RETURN_IF_ERROR(
      link_.Write(FieldAddress(offsetof(tunefarm_mailbox, identity.magic)), BytesOf(&no_magic, 1)));
  if (load) {
    TUNEFARM_RETURN_IF_ERROR(base::Annotate(link_.LoadElf(board_.firmware_elf), "load firmware"));
  }
  TUNEFARM_ASSIGN_OR_RETURN(const std::string vectors, link_.Read(board_.firmware.base, 8));
  TUNEFARM_RETURN_IF_ERROR(link_.WriteRegister("sp", FromBytes<uint32_t>(vectors, 0)));
  TUNEFARM_RETURN_IF_ERROR(link_.WriteRegister("pc", FromBytes<uint32_t>(vectors, 4) & ~1u));
  TUNEFARM_RETURN_IF_ERROR(link_.WriteRegister("xPSR", kThumbState));
  TUNEFARM_RETURN_IF_ERROR(link_.Resume());
  TUNEFARM_RETURN_IF_ERROR(AwaitFirmware());
  TUNEFARM_RETURN_IF_ERROR(CheckIdentity());
  spdlog::info("{}: firmware runs at {} Hz ({}), features {:#x}, overhead of a call {} ticks",
               board_.name, clock_.tick_hz,
               clock_.tick_source == TUNEFARM_TICKS_DWT ? "DWT" : "SysTick", identity_.features,
               clock_.overhead_ticks);
  return absl::OkStatus();
}

absl::Status BoardSession::HaltForFlash() {
  TUNEFARM_RETURN_IF_ERROR(base::Annotate(link_.ResetAndHalt(), "reset halt"));
  return CheckChip();
}

absl::Status BoardSession::CheckChip() {
  TUNEFARM_RETURN_IF_ERROR(CheckId(board_.cpuid, "core"));
  return board_.chip ? CheckId(*board_.chip, "chip") : absl::OkStatus();
}

absl::Status BoardSession::CheckId(const ChipId& id, const char* what) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::string bytes, link_.Read(id.address, 4));
  const uint32_t word = FromBytes<uint32_t>(bytes);
  if ((word & id.mask) == id.value) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("wrong %s id: the word at %#x is %#x, a %s has %#x there (mask %#x)", what,
                      id.address, word, board_.name, id.value, id.mask));
}

absl::Status BoardSession::AwaitFirmware() {
  const absl::Duration deadline = pace_.Now() + kBootTimeout;
  absl::Duration wait = kShortestPoll;
  while (true) {
    TUNEFARM_ASSIGN_OR_RETURN(const std::string bytes,
                              link_.Read(board_.mailbox, offsetof(tunefarm_mailbox, reserved)));
    identity_ = FromBytes<tunefarm_identity>(bytes);
    clock_ = FromBytes<tunefarm_clock>(bytes, offsetof(tunefarm_mailbox, clock));
    const auto progress = FromBytes<tunefarm_progress>(bytes, offsetof(tunefarm_mailbox, progress));
    doorbell_ = progress.acknowledged;
    const bool there = identity_.magic == TUNEFARM_MAILBOX_MAGIC;
    if (there && progress.state == TUNEFARM_MCU_IDLE) return absl::OkStatus();
    if (there && progress.state == TUNEFARM_MCU_BROKEN) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "firmware of %s faulted while starting: %s", board_.name, DescribeFault(progress.fault)));
    }
    if (pace_.Now() >= deadline) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "firmware of %s does not come up within %s: mailbox at %#x has magic %#x, state %u",
          board_.name, absl::FormatDuration(kBootTimeout), board_.mailbox, identity_.magic,
          progress.state));
    }
    pace_.wait(wait);
    wait = std::min(wait * 2, kLongestPoll);
  }
}

absl::Status BoardSession::CheckIdentity() const {
  const std::string name(identity_.board, strnlen(identity_.board, sizeof(identity_.board)));
  if (identity_.version != TUNEFARM_MAILBOX_VERSION) {
    return absl::InvalidArgumentError(
        absl::StrFormat("firmware %s speaks mailbox version %u, this bridge %u",
                        board_.firmware_elf, identity_.version, TUNEFARM_MAILBOX_VERSION));
  }
  if (identity_.kernel_abi_version != TUNEFARM_KERNEL_ABI_VERSION) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "firmware %s speaks kernel ABI version %u, this bridge %u", board_.firmware_elf,
        identity_.kernel_abi_version, TUNEFARM_KERNEL_ABI_VERSION));
  }
  if (name != board_.name) {
    return absl::InvalidArgumentError(absl::StrFormat("firmware %s is of board \"%s\", not %s",
                                                      board_.firmware_elf, name, board_.name));
  }
  if (identity_.capacity == 0 || identity_.capacity > TUNEFARM_MAILBOX_CAPACITY ||
      clock_.tick_hz == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("firmware %s has room for %u tasks and a clock of %u Hz",
                        board_.firmware_elf, identity_.capacity, clock_.tick_hz));
  }
  return absl::OkStatus();
}

QueueEnd BoardSession::RunQueue(const std::vector<tunefarm_task>& tasks, const QueueSetup& setup,
                                std::stop_token stop) {
  const absl::Status rung = Ring(tasks, setup);
  if (!rung.ok()) return LinkTrouble(rung);
  QueueEnd end = Await(tasks.size(), setup, stop);
  return end.kind == QueueEnd::kFinished ? Collect(tasks.size()) : end;
}

absl::Status BoardSession::Ring(const std::vector<tunefarm_task>& tasks, const QueueSetup& setup) {
  TUNEFARM_RETURN_IF_ERROR(link_.Write(FieldAddress(offsetof(tunefarm_mailbox, tasks)),
                                       BytesOf(tasks.data(), tasks.size())));
  tunefarm_control control = {};
  control.doorbell = ++doorbell_;
  control.command = TUNEFARM_MCU_RUN;
  control.num_tasks = static_cast<uint32_t>(tasks.size());
  control.stack_base = setup.stack;
  control.stack_bytes = setup.stack_bytes;
  control.guard_base = setup.guard;
  control.guard_bytes = setup.guard_bytes;
  control.cut_ticks = setup.cut_ticks;
  // The doorbell last, or the firmware starts on half a command.
  const std::string bytes = BytesOf(&control, 1);
  const size_t offset = offsetof(tunefarm_mailbox, control);
  TUNEFARM_RETURN_IF_ERROR(link_.Write(FieldAddress(offset + 4), bytes.substr(4)));
  return link_.Write(FieldAddress(offset), bytes.substr(0, 4));
}

absl::StatusOr<tunefarm_progress> BoardSession::ReadProgress() {
  TUNEFARM_ASSIGN_OR_RETURN(
      const std::string bytes,
      link_.Read(FieldAddress(offsetof(tunefarm_mailbox, progress)), sizeof(tunefarm_progress)));
  return FromBytes<tunefarm_progress>(bytes);
}

QueueEnd BoardSession::Await(size_t num_tasks, const QueueSetup& setup, std::stop_token stop) {
  absl::Duration last_move = pace_.Now();
  absl::Duration wait = kShortestPoll;
  uint32_t task = 0;
  uint32_t run = 0;
  bool taken = false;
  while (true) {
    const absl::StatusOr<tunefarm_progress> progress = ReadProgress();
    if (!progress.ok()) {
      QueueEnd end = LinkTrouble(progress.status());
      if (taken) end.task = task;
      return end;
    }
    if (progress->state == TUNEFARM_MCU_BROKEN) {
      QueueEnd end = Trouble(Symptom::kBroken, absl::StrFormat("the firmware faulted: %s",
                                                               DescribeFault(progress->fault)));
      end.task = progress->task;
      return end;
    }
    if (progress->acknowledged == doorbell_) {
      if (progress->state == TUNEFARM_MCU_IDLE) {
        if (progress->command_error == TUNEFARM_COMMAND_OK && progress->task >= num_tasks)
          return {};
        // The command was built by us and checked: it was not what arrived.
        return Trouble(Symptom::kBroken, absl::StrFormat("the firmware refused the queue: %s",
                                                         CommandError(progress->command_error)));
      }
      if (!taken || progress->task != task || progress->run != run) last_move = pace_.Now();
      taken = true;
      task = progress->task;
      run = progress->run;
    }
    if (stop.stop_requested()) {
      QueueEnd end;
      end.kind = QueueEnd::kCancelled;
      return end;
    }
    if (pace_.Now() - last_move >= setup.silence_limit) {
      QueueEnd end =
          Trouble(Symptom::kStuck,
                  absl::StrFormat("the firmware made no progress for %s in task %u of %u, call %u",
                                  absl::FormatDuration(setup.silence_limit), task, num_tasks, run));
      if (taken) end.task = task;
      return end;
    }
    pace_.wait(wait);
    wait = std::min(wait * 2, kLongestPoll);
  }
}

QueueEnd BoardSession::Collect(size_t num_tasks) {
  const absl::StatusOr<std::string> bytes =
      ReadTwice(FieldAddress(offsetof(tunefarm_mailbox, results)),
                static_cast<uint32_t>(num_tasks * sizeof(tunefarm_result)));
  if (!bytes.ok()) return LinkTrouble(bytes.status());
  QueueEnd end;
  for (size_t i = 0; i < num_tasks; ++i) {
    end.results.push_back(FromBytes<tunefarm_result>(*bytes, i * sizeof(tunefarm_result)));
  }
  return end;
}

absl::StatusOr<std::string> BoardSession::ReadTwice(uint32_t address, uint32_t num_bytes) {
  TUNEFARM_ASSIGN_OR_RETURN(std::string last, link_.Read(address, num_bytes));
  for (int i = 1; i < kMostReadings; ++i) {
    TUNEFARM_ASSIGN_OR_RETURN(std::string next, link_.Read(address, num_bytes));
    if (next == last) return next;
    last = std::move(next);
  }
  return absl::UnavailableError(
      absl::StrFormat("%u bytes at %#x read differently %d times: the link corrupts data",
                      num_bytes, address, kMostReadings));
}

}  // namespace tunefarm::mcu_agent
