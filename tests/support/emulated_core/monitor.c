// Runs on an emulated Cortex-M (QEMU's mps2 machines): calls every kernel of a task table that the
// host has put into memory, counts the instructions of each call by SysTick, and hands the whole
// memory back through a semihosting file. The real boards' firmware is mcu_agent/firmware; this is
// the shortest way from a test to a Thumb-2 core.
#include <stddef.h>
#include <stdint.h>

#include "proto/kernel_abi.h"
#include "tests/support/emulated_core/task_table.h"

#define TASK_TABLE (*(task_table* volatile*)TABLE_POINTER_ADDRESS)
#define SYST_CSR (*(volatile uint32_t*)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t*)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t*)0xE000E018u)
#define CPACR (*(volatile uint32_t*)0xE000ED88u)
#define CFSR (*(volatile uint32_t*)0xE000ED28u)

static volatile uint32_t wraps;

static int32_t Semihost(uint32_t operation, const void* arguments) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = arguments;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return (int32_t)r0;
}

enum { kSysOpen = 1, kSysWrite = 5, kSysExit = 0x18 };

static void HandBackAndExit(void) {
  const task_table* table = TASK_TABLE;
  const uint32_t open[3] = {(uint32_t)(uintptr_t)table->result_path, 5 /* wb */,
                            table->result_path_bytes};
  const int32_t file = Semihost(kSysOpen, open);
  const uint32_t write[3] = {(uint32_t)file, (uint32_t)(uintptr_t)table, table->total_bytes};
  Semihost(kSysWrite, write);
  Semihost(kSysExit, (const void*)0x20026u);
  for (;;) {
  }
}

static uint64_t Ticks(void) {
  for (;;) {
    const uint32_t before = wraps;
    const uint32_t left = SYST_CVR;
    if (before == wraps) return (uint64_t)before * 0x1000000u + (0xFFFFFFu - left);
  }
}

static uint64_t Timed(const task* work, uint32_t entry) {
  const uint64_t start = Ticks();
  const int32_t result =
      ((tunefarm_kernel_fn)(uintptr_t)entry)((void* const*)(uintptr_t)work->buffers,
                                             (void*)(uintptr_t)work->scratch, NULL);
  const uint64_t ticks = Ticks() - start;
  if (result != 0) TASK_TABLE->fault = 1;
  return ticks;
}

__attribute__((naked)) static void Nothing(void) { __asm__ volatile("bx lr"); }

static void Main(void) {
  CPACR |= 0xFu << 20;
  __asm__ volatile("dsb\n isb");
  SYST_RVR = 0xFFFFFF;
  SYST_CVR = 0;
  SYST_CSR = 7;
  task_table* table = TASK_TABLE;
  // What two readings and a call of nothing cost, so that it can be taken off.
  const task nothing = {0};
  Timed(&nothing, (uint32_t)(uintptr_t)&Nothing);
  table->fault = 0;
  table->overhead_ticks = Timed(&nothing, (uint32_t)(uintptr_t)&Nothing);
  table->fault = 0;
  for (uint32_t i = 0; i < table->num_tasks; ++i) {
    table->running = i;
    task* work = &table->tasks[i];
    if (work->prepare != 0) work->prepare_ticks = Timed(work, work->prepare);
    work->run_ticks = Timed(work, work->run);
  }
  HandBackAndExit();
}

static void OnFault(void) {
  TASK_TABLE->fault = 0x80000000u | CFSR;
  HandBackAndExit();
}

static void OnSysTick(void) { wraps = wraps + 1; }

extern uint8_t stack_top[];
__attribute__((section(".vectors"), used)) static void* const vectors[16] = {
    stack_top, (void*)Main, (void*)OnFault, (void*)OnFault, (void*)OnFault, (void*)OnFault,
    (void*)OnFault, NULL, NULL, NULL, NULL, (void*)OnFault, NULL, NULL, NULL, (void*)OnSysTick};
