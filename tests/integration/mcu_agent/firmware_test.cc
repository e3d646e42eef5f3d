// The firmware on the emulated core, driven by the real OpenOCD: queue, clock, guards, faults.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstring>
#include <memory>

#include "absl/strings/str_format.h"
#include "proto/kernel_abi.h"
#include "proto/tensor_fill.h"
#include "tests/integration/mcu_agent/mailbox_client.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr uint64_t kSeed = 42;
constexpr uint32_t kElems = 64;
constexpr uint64_t kBudget = 2'000'000;

struct Build {
  const char* board;
  bool soft_float;  // For a core without FPU, on a board that has one.
};

// One board for each of its tests; the firmware is loaded anew.
class FirmwareTest : public ::testing::TestWithParam<Build> {
 protected:
  void SetUp() override {
    const std::string missing = MissingTools();
    if (!missing.empty()) GTEST_SKIP() << missing;
    map_ = BuiltMap(GetParam().board);
    if (GetParam().soft_float) map_.firmware_elf = TUNEFARM_SOFT_FLOAT_FIRMWARE;
    board_ = std::make_unique<BoardProcess>(GetParam().board);
    debugger_ = std::make_unique<Debugger>(
        map_, absl::StrFormat("TUNEFARM_STLINK_PORT %d", board_->stlink_port()));
    firmware_ = std::make_unique<MailboxClient>(map_, debugger_.get());
    ASSERT_TRUE(firmware_->Boot());
    input_ = firmware_->Allocate(kElems);
    output_ = firmware_->Allocate(kElems);
    samples_ = firmware_->Allocate(4 * kElems);
    buffers_ = firmware_->Pointers({input_, output_});
  }

  tunefarm_task Fill(uint32_t type = TUNEFARM_FILL_S8, uint32_t num_elems = kElems) const {
    tunefarm_task task = {};
    task.fill = {
        {TUNEFARM_TASK_FILL, 0}, input_, num_elems, type, 0, -100, 100, 0.0625f, 0, 0, kSeed};
    return task;
  }
  tunefarm_task Call(const ThumbCode& code, uint32_t repeats = 3) {
    tunefarm_task task = {};
    task.call.head = {TUNEFARM_TASK_CALL, 0};
    task.call.run = firmware_->Place(code);
    task.call.buffers = buffers_;
    task.call.output = output_;
    task.call.output_bytes = kElems;
    task.call.repeats = repeats;
    task.call.budget_ticks = kBudget;
    return task;
  }
  static std::vector<uint8_t> FilledBytes() {
    const tunefarm_fill fill = {-100, 100, 0};
    std::vector<uint8_t> bytes(kElems);
    for (uint32_t i = 0; i < kElems; ++i) {
      bytes[i] = static_cast<uint8_t>(tunefarm_fill_integer(&fill, kSeed, 0, i));
    }
    return bytes;
  }
  static uint32_t CrcOfIncrement() {
    std::vector<uint8_t> bytes = FilledBytes();
    for (uint8_t& byte : bytes) ++byte;
    return Crc32(bytes);
  }

  BoardMap map_;
  std::unique_ptr<BoardProcess> board_;
  std::unique_ptr<Debugger> debugger_;
  std::unique_ptr<MailboxClient> firmware_;
  uint32_t input_ = 0, output_ = 0, samples_ = 0, buffers_ = 0;
};

TEST_P(FirmwareTest, SaysWhoItIsAndHowFastItsClockRuns) {
  const tunefarm_mailbox box = firmware_->Whole();
  EXPECT_EQ(box.identity.version, TUNEFARM_MAILBOX_VERSION);
  EXPECT_EQ(box.identity.capacity, TUNEFARM_MAILBOX_CAPACITY);
  EXPECT_EQ(box.identity.kernel_abi_version, TUNEFARM_KERNEL_ABI_VERSION);
  EXPECT_STREQ(box.identity.board, GetParam().board);
  EXPECT_EQ(box.identity.cpuid & map_.cpuid.mask, map_.cpuid.value);
  EXPECT_NE(box.identity.features & TUNEFARM_FEATURE_MPU, 0u);
  EXPECT_EQ(box.clock.tick_source, TUNEFARM_TICKS_SYSTICK);  // QEMU's CYCCNT stands still.
  EXPECT_EQ(box.clock.tick_hz, map_.name == "netduinoplus2" ? 168'000'000u : 25'000'000u);
}

TEST_P(FirmwareTest, FillsRunsTimesAndChecksums) {
  tunefarm_task call = Call(kIncrement, 5);
  call.call.samples = samples_;
  call.call.head.flags = TUNEFARM_TASK_HAS_EXPECTED_CRC;
  call.call.expected_crc = CrcOfIncrement();
  tunefarm_task checksum = {};
  checksum.checksum = {{TUNEFARM_TASK_CHECKSUM, 0}, input_, kElems};
  const tunefarm_progress progress = firmware_->Run({Fill(), call, checksum});
  EXPECT_EQ(progress.command_error, TUNEFARM_COMMAND_OK);
  EXPECT_EQ(progress.task, 3u);
  EXPECT_EQ(debugger_->ReadBytes(input_, kElems), FilledBytes());
  const tunefarm_result result = firmware_->Result(1);
  EXPECT_EQ(result.status, TUNEFARM_STATUS_OK);
  EXPECT_EQ(result.runs, 5u);
  EXPECT_EQ(result.crc, CrcOfIncrement());
  EXPECT_EQ(result.stack_used_bytes, 32u);  // One exception frame.
  EXPECT_EQ(firmware_->Result(2).crc, Crc32(FilledBytes()));
  uint64_t sum = 0;
  for (const uint32_t sample : debugger_->Read(samples_, 5)) sum += sample;
  EXPECT_EQ(sum, result.ticks);
}

TEST_P(FirmwareTest, AFirstRunAboveTheCutIsTheOnlyOne) {
  firmware_->Run({Fill(), Call(kIncrement, 5)});
  tunefarm_control control = firmware_->DefaultControl();
  control.cut_ticks = firmware_->Result(1).max_ticks;
  firmware_->Run({Fill(), Call(kIncrement, 5)}, control);
  EXPECT_EQ(firmware_->Result(1).runs, 5u);
  control.cut_ticks -= 1;
  firmware_->Run({Fill(), Call(kIncrement, 5)}, control);
  EXPECT_EQ(firmware_->Result(1).runs, 1u);
  EXPECT_EQ(firmware_->Result(1).status, TUNEFARM_STATUS_OK);
}

TEST_P(FirmwareTest, TicksCountInstructionsAndNeverVary) {
  firmware_->Run({Fill(), Call(kIncrement, 100)});
  const tunefarm_result result = firmware_->Result(1);
  const tunefarm_clock clock = firmware_->Whole().clock;
  EXPECT_EQ(result.min_ticks, result.max_ticks);
  const double ns_per_instruction = 1 << map_.emulator->icount_shift;
  const double ticks = static_cast<double>(result.min_ticks - clock.overhead_ticks);
  const double instructions = ticks / clock.tick_hz * 1e9 / ns_per_instruction;
  // An empty entry has two instructions, and a tick can be several of them long.
  const double tolerance = 2 + 1e9 / clock.tick_hz / ns_per_instruction;
  EXPECT_NEAR(instructions, kIncrementInstructions, tolerance);
}

TEST_P(FirmwareTest, ABudgetLongerThanOneWrapOfTheCounterIsKept) {
  tunefarm_task spin = Call(kSpin);
  spin.call.budget_ticks = 20'000'000;  // SysTick wraps at 16,777,216.
  firmware_->Run({spin, Call(kIncrement)});
  EXPECT_EQ(firmware_->Result(0).status, TUNEFARM_STATUS_TIMEOUT);
  EXPECT_EQ(firmware_->Result(0).fault.pc, spin.call.run & ~1u);
  EXPECT_EQ(firmware_->Result(1).status, TUNEFARM_STATUS_OK);
}

TEST_P(FirmwareTest, PreparesOnceBeforeItRuns) {
  tunefarm_task call = Call(kIncrement, 2);
  // Adds 1 to the output's first byte, which run then overwrites; without KEEP_OUTPUT the poison is
  // 0xA5.
  call.call.prepare = firmware_->Place(kAccumulate);
  tunefarm_task prepared_only = Call(kReturnSeven, 0);
  prepared_only.call.prepare = call.call.prepare;
  firmware_->Run({Fill(), call, prepared_only});
  EXPECT_EQ(firmware_->Result(1).status, TUNEFARM_STATUS_OK);
  EXPECT_EQ(firmware_->Result(2).status, TUNEFARM_STATUS_KERNEL_ERROR);
  EXPECT_EQ(debugger_->ReadBytes(output_, 4), (std::vector<uint8_t>{0xA6, 0xA5, 0xA5, 0xA5}));
}

TEST_P(FirmwareTest, TheQueueGoesOnAfterWhateverAKernelDoes) {
  const uint32_t peripheral = 0xE000ED0C;
  tunefarm_task write_mailbox = Call(kWriteWord);
  write_mailbox.call.buffers = firmware_->Pointers({input_, map_.mailbox});
  tunefarm_task write_system = Call(kWriteWord);
  write_system.call.buffers = firmware_->Pointers({input_, peripheral});
  tunefarm_task wrong = Call(kIncrement);
  wrong.call.head.flags = TUNEFARM_TASK_HAS_EXPECTED_CRC;
  wrong.call.expected_crc = CrcOfIncrement() + 1;
  tunefarm_task no_budget = Call(kIncrement);
  no_budget.call.budget_ticks = 0;
  tunefarm_task unknown = {};
  unknown.head.kind = 99;
  struct Case {
    const char* what;
    tunefarm_task task;
    uint32_t status;
    uint32_t exception;
  };
  const std::vector<Case> cases = {
      {"fill", Fill(), TUNEFARM_STATUS_OK, 0},
      {"spin", Call(kSpin), TUNEFARM_STATUS_TIMEOUT, 15},
      {"cpsid", Call(kSpinWithInterruptsOff), TUNEFARM_STATUS_TIMEOUT, 15},
      {"undefined", Call(kUndefined), TUNEFARM_STATUS_FAULT, 6},
      {"mailbox", write_mailbox, TUNEFARM_STATUS_FAULT, 4},
      {"system", write_system, TUNEFARM_STATUS_FAULT, 5},
      {"eat stack", Call(kEatStack), TUNEFARM_STATUS_STACK_OVERFLOW, 4},
      {"lose stack", Call(kLoseStack), TUNEFARM_STATUS_STACK_OVERFLOW, 4},
      {"seven", Call(kReturnSeven), TUNEFARM_STATUS_KERNEL_ERROR, 0},
      {"accumulate", Call(kAccumulate), TUNEFARM_STATUS_UNSTABLE, 0},
      {"wrong", wrong, TUNEFARM_STATUS_WRONG_RESULT, 0},
      {"no budget", no_budget, TUNEFARM_STATUS_BAD_TASK, 0},
      {"unknown", unknown, TUNEFARM_STATUS_BAD_TASK, 0},
      {"good", Call(kIncrement), TUNEFARM_STATUS_OK, 0},
  };
  std::vector<tunefarm_task> tasks;
  for (const Case& c : cases) tasks.push_back(c.task);
  EXPECT_EQ(firmware_->Run(tasks).state, TUNEFARM_MCU_IDLE);
  for (size_t i = 0; i < cases.size(); ++i) {
    const tunefarm_result result = firmware_->Result(i);
    EXPECT_EQ(result.status, cases[i].status) << cases[i].what;
    EXPECT_EQ(result.fault.exception, cases[i].exception) << cases[i].what;
  }
  EXPECT_EQ(firmware_->Result(3).fault.pc, cases[3].task.call.run & ~1u);
  EXPECT_EQ(firmware_->Result(4).fault.mmfar, map_.mailbox);
  EXPECT_EQ(firmware_->Result(5).fault.bfar, peripheral);
  EXPECT_EQ(firmware_->Result(8).kernel_result, 7);
  EXPECT_EQ(firmware_->Result(10).runs, 0u);
}

TEST_P(FirmwareTest, TheGuardedRangeCanBeReadAndNotWritten) {
  const uint32_t guarded = firmware_->Allocate(4096) / 1024 * 1024 + 1024;
  tunefarm_task inside = Call(kWriteWord);
  inside.call.buffers = firmware_->Pointers({input_, guarded + 1020});
  tunefarm_task outside = Call(kWriteWord);
  outside.call.buffers = firmware_->Pointers({input_, guarded + 1024});
  tunefarm_control control = firmware_->DefaultControl();
  control.guard_base = guarded;
  control.guard_bytes = 1024;
  firmware_->Run({inside, outside}, control);
  EXPECT_EQ(firmware_->Result(0).status, TUNEFARM_STATUS_FAULT);
  EXPECT_EQ(firmware_->Result(1).status, TUNEFARM_STATUS_OK);
}

TEST_P(FirmwareTest, CommandsThatMakeNoSenseAreRefused) {
  tunefarm_control control = firmware_->DefaultControl();
  control.command = 7;
  EXPECT_EQ(firmware_->Run({}, control).command_error, TUNEFARM_COMMAND_UNKNOWN);
  control = firmware_->DefaultControl();
  control.num_tasks = TUNEFARM_MAILBOX_CAPACITY + 1;
  EXPECT_EQ(firmware_->Run({}, control).command_error, TUNEFARM_COMMAND_TOO_MANY_TASKS);
  control = firmware_->DefaultControl();
  control.stack_base += 4;
  EXPECT_EQ(firmware_->Run({}, control).command_error, TUNEFARM_COMMAND_BAD_STACK);
  control = firmware_->DefaultControl();
  control.guard_base = 0x20000100;
  control.guard_bytes = 0x200;
  EXPECT_EQ(firmware_->Run({}, control).command_error, TUNEFARM_COMMAND_BAD_GUARD);
  EXPECT_EQ(firmware_->Run({Fill()}).command_error, TUNEFARM_COMMAND_OK);
}

TEST_P(FirmwareTest, FloatsAreFilledWhereThereIsAnFpu) {
  firmware_->Run({Fill(TUNEFARM_FILL_F32, kElems / 4), Fill(TUNEFARM_FILL_S16, kElems / 2)});
  const bool fpu = (firmware_->Whole().identity.features & TUNEFARM_FEATURE_FPU) != 0;
  EXPECT_EQ(fpu, map_.cpu != "cortex-m3" && !GetParam().soft_float);
  EXPECT_EQ(firmware_->Result(0).status, fpu ? TUNEFARM_STATUS_OK : TUNEFARM_STATUS_BAD_TASK);
  EXPECT_EQ(firmware_->Result(1).status, TUNEFARM_STATUS_OK);
  if (!fpu) return;
  firmware_->Run({Fill(TUNEFARM_FILL_F32, kElems / 4)});
  const std::vector<uint8_t> bytes = debugger_->ReadBytes(input_, kElems);
  const tunefarm_fill fill = {-100, 100, 0.0625f};
  for (uint32_t i = 0; i < kElems / 4; ++i) {
    float value = 0;
    std::memcpy(&value, bytes.data() + 4 * i, sizeof(value));
    EXPECT_EQ(value, tunefarm_fill_float(&fill, kSeed, 0, i)) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Boards, FirmwareTest,
                         ::testing::Values(Build{"mps2-an500", false}, Build{"mps2-an386", false},
                                           Build{"mps2-an386", true}, Build{"mps2-an385", false},
                                           Build{"netduinoplus2", false}),
                         [](const auto& info) {
                           std::string name = info.param.board;
                           if (info.param.soft_float) name += "_soft_float";
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace tunefarm::mcu_agent
