/* The RAM block that the bridge and the firmware of a board without an OS share
 * (docs/mcu-mailbox.md).
 *
 * The bridge (mcu_agent/bridge) places images, tensors and a queue of tasks by writing board
 * memory, rings the doorbell once, and reads all results in one go: lazy execution. The firmware
 * (mcu_agent/firmware) alone runs, times and checks. Every field is little-endian and has one
 * writer, named at its group. Addresses are the board's; a code address has its Thumb bit set.
 * Kernel entries obey proto/kernel_abi.h, fills proto/tensor_fill.h.
 */
#ifndef TUNEFARM_PROTO_MCU_MAILBOX_H_
#define TUNEFARM_PROTO_MCU_MAILBOX_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define TUNEFARM_STATIC_ASSERT(condition, what) static_assert(condition, what)
#else
#define TUNEFARM_STATIC_ASSERT(condition, what) _Static_assert(condition, what)
#endif

#define TUNEFARM_MAILBOX_MAGIC 0x424D4654u /* "TFMB" in memory. */
/* Changes with any change of this file. The bridge refuses firmware of another version. */
#define TUNEFARM_MAILBOX_VERSION 2u
#define TUNEFARM_MAILBOX_CAPACITY 32u /* Tasks in one queue. */

/* Bytes of an output before its kernel runs, so that an element nobody wrote cannot look right. */
#define TUNEFARM_OUTPUT_POISON 0xA5u

/* tunefarm_identity.features */
#define TUNEFARM_FEATURE_FPU 1u    /* Single-precision FPU, on. */
#define TUNEFARM_FEATURE_MPU 2u    /* MPU on: kernels run unprivileged behind it. */
#define TUNEFARM_FEATURE_ICACHE 4u /* Instruction cache on. */
#define TUNEFARM_FEATURE_DCACHE 8u /* Data cache on. */

enum tunefarm_tick_source {
  TUNEFARM_TICKS_DWT = 1,     /* DWT CYCCNT was seen to count. */
  TUNEFARM_TICKS_SYSTICK = 2, /* SysTick at the core's clock, extended to 64 bits. */
};

enum tunefarm_mcu_state {
  TUNEFARM_MCU_BOOTING = 0,
  TUNEFARM_MCU_IDLE = 1, /* Waits for the doorbell; results of the last queue are complete. */
  TUNEFARM_MCU_RUNNING =
      2, /* Works on the queue; the bridge writes nothing but may read everything. */
  TUNEFARM_MCU_BROKEN =
      3, /* The firmware itself faulted (tunefarm_progress.fault): reset and load again. */
};

enum tunefarm_mcu_command {
  TUNEFARM_MCU_RUN = 1, /* Runs tasks [0, num_tasks) in order. */
};

/* What became of a command (tunefarm_progress.command_error). */
enum tunefarm_command_error {
  TUNEFARM_COMMAND_OK = 0,
  TUNEFARM_COMMAND_UNKNOWN = 1,
  TUNEFARM_COMMAND_TOO_MANY_TASKS = 2, /* num_tasks exceeds the capacity. */
  TUNEFARM_COMMAND_BAD_STACK = 3,      /* Stack missing, misaligned or below 256 bytes. */
  TUNEFARM_COMMAND_BAD_GUARD = 4,      /* Guarded range is no power of two aligned to itself. */
};

enum tunefarm_task_kind {
  TUNEFARM_TASK_CALL = 1,     /* Verifies and times a kernel. */
  TUNEFARM_TASK_FILL = 2,     /* Computes a tensor from its seed. */
  TUNEFARM_TASK_CHECKSUM = 3, /* CRC-32 of a range: is what the bridge placed still there? */
};

/* tunefarm_task.flags */
#define TUNEFARM_TASK_HAS_EXPECTED_CRC \
  1u                                 /* Stop before timing where the CRC of the output differs. */
#define TUNEFARM_TASK_KEEP_OUTPUT 2u /* Do not poison the output first (accumulating kernels). */

enum tunefarm_fill_type {
  TUNEFARM_FILL_S8 = 1,
  TUNEFARM_FILL_S16 = 2,
  TUNEFARM_FILL_S32 = 3,
  TUNEFARM_FILL_F32 = 4, /* Firmware without FPU answers STATUS_BAD_TASK. */
};

enum tunefarm_task_status {
  TUNEFARM_STATUS_NOT_RUN = 0,
  TUNEFARM_STATUS_RUNNING = 1,
  TUNEFARM_STATUS_OK = 2,
  TUNEFARM_STATUS_WRONG_RESULT = 3,   /* CRC differs from expected_crc; not timed. */
  TUNEFARM_STATUS_UNSTABLE = 4,       /* The last run's output differs from the first run's. */
  TUNEFARM_STATUS_FAULT = 5,          /* A fault exception; tunefarm_result.fault says which. */
  TUNEFARM_STATUS_TIMEOUT = 6,        /* One call used up budget_ticks. */
  TUNEFARM_STATUS_STACK_OVERFLOW = 7, /* The stack's guard was hit. */
  TUNEFARM_STATUS_KERNEL_ERROR = 8,   /* The entry returned other than 0 (kernel_result). */
  TUNEFARM_STATUS_BAD_TASK = 9, /* A field is out of range: unknown kind, no entry, budget 0, ... */
};

/* Registers of a fault (Armv7-M Architecture Reference Manual, B3.2). All 0: there was none. */
typedef struct tunefarm_fault {
  uint32_t exception; /* IPSR: 3 HardFault, 4 MemManage, 5 BusFault, 6 UsageFault. */
  uint32_t cfsr;
  uint32_t hfsr;
  uint32_t mmfar; /* Valid where CFSR says so. */
  uint32_t bfar;  /* Valid where CFSR says so. */
  uint32_t pc;    /* Of the instruction, where the frame could be stacked; else 0. */
  uint32_t lr;
} tunefarm_fault;

/* Every task begins with these four bytes. */
typedef struct tunefarm_task_head {
  uint16_t kind; /* enum tunefarm_task_kind */
  uint16_t flags;
} tunefarm_task_head;

/* Calls prepare (if any), then run once to verify, then run `repeats` times, each timed on its own.
 */
typedef struct tunefarm_call {
  tunefarm_task_head head;
  uint32_t run;     /* Entry of run, Thumb bit set. */
  uint32_t prepare; /* Entry of prepare, or 0. */
  uint32_t buffers; /* Address of the pointer table: one word for each buffer of the signature. */
  uint32_t scratch; /* Address of the scratch memory, or 0. */
  uint32_t output;  /* Range that is poisoned before and checksummed after the run. */
  uint32_t output_bytes;
  uint32_t expected_crc; /* See TUNEFARM_TASK_HAS_EXPECTED_CRC. */
  uint32_t repeats;      /* Timed runs; 0 verifies only. */
  uint32_t samples;      /* Address of uint32 ticks[repeats] (saturating, raw), or 0. */
  uint64_t budget_ticks; /* Bound of one single call; above 0. */
} tunefarm_call;

/* Element i becomes tunefarm_fill_integer or _float of {low, high, scale} for (seed, buffer,
 * first_elem + i). */
typedef struct tunefarm_fill_task {
  tunefarm_task_head head;
  uint32_t destination; /* Aligned to the element. */
  uint32_t num_elems;
  uint32_t type;   /* enum tunefarm_fill_type */
  uint32_t buffer; /* Position in the kernel's signature. */
  int32_t low;
  int32_t high;
  float scale;
  uint32_t first_elem;
  uint32_t reserved;
  uint64_t seed;
} tunefarm_fill_task;

/* Leaves the CRC-32 of [address, address + num_bytes) in the result. */
typedef struct tunefarm_checksum_task {
  tunefarm_task_head head;
  uint32_t address;
  uint32_t num_bytes;
} tunefarm_checksum_task;

typedef union tunefarm_task {
  tunefarm_task_head head;
  tunefarm_call call;
  tunefarm_fill_task fill;
  tunefarm_checksum_task checksum;
} tunefarm_task;

/* Ticks are raw: each call's include tunefarm_clock.overhead_ticks. min and max saturate at 2^32
 * - 1. */
typedef struct tunefarm_result {
  uint32_t status; /* enum tunefarm_task_status */
  uint32_t runs;   /* Timed runs that came to their end; 1 where tunefarm_control.cut_ticks cut. */
  uint64_t ticks;  /* Sum over them. */
  uint32_t crc;    /* Of the output after the verifying run, or of the checksummed range. */
  uint32_t stack_used_bytes; /* High-water mark over all calls of the task. */
  int32_t kernel_result;     /* Of the last call that returned. */
  uint32_t min_ticks;
  uint32_t max_ticks;
  tunefarm_fault fault;
} tunefarm_result;

/* Written by the firmware when it boots; magic last, when all of it and tunefarm_clock is valid.
 * The bridge clears magic before it starts a firmware, so that an old block cannot pass for a new
 * one. */
typedef struct tunefarm_identity {
  uint32_t magic;
  uint32_t version;
  uint32_t capacity;
  uint32_t kernel_abi_version;
  uint32_t features; /* TUNEFARM_FEATURE_* */
  uint32_t cpuid;    /* SCB CPUID. */
  char board[24];    /* Name of the port, zero-terminated: the folder under mcu_agent/boards. */
} tunefarm_identity;

/* Written by the firmware when it boots. tick_hz is derived from the registers beside it, never
 * assumed. */
typedef struct tunefarm_clock {
  uint32_t tick_source;    /* enum tunefarm_tick_source */
  uint32_t tick_hz;        /* Also the core's clock: both sources count it. */
  uint32_t overhead_ticks; /* Of a call of an empty entry, measured as each queue begins. */
  uint32_t registers[5];   /* Raw clock registers; which ones is said in the port's file. */
} tunefarm_clock;

/* Written by the bridge before it rings. The doorbell is the last word written. */
typedef struct tunefarm_control {
  uint32_t doorbell; /* Any value other than tunefarm_progress.acknowledged starts `command`. */
  uint32_t command;  /* enum tunefarm_mcu_command */
  uint32_t num_tasks;
  uint32_t
      stack_base; /* The kernels' stack: [stack_base, stack_base + stack_bytes), multiples of 32. */
  uint32_t stack_bytes; /* The lowest 32 bytes are the guard. */
  uint32_t guard_base;  /* Range that kernels may execute and read but not write: their code. */
  uint32_t guard_bytes; /* Power of two from 32, guard_base a multiple of it; 0: no such range. */
  uint32_t cut_ticks;   /* A first timed run above this (raw ticks) is the only one; 0: never. */
} tunefarm_control;

/* Written by the firmware. A poll reads these 16 bytes; they may change between two reads. */
typedef struct tunefarm_progress {
  uint32_t
      acknowledged; /* The doorbell value that was last taken; equal and state IDLE: finished. */
  uint32_t state;   /* enum tunefarm_mcu_state */
  uint32_t task;    /* Index being worked on; num_tasks when finished. */
  uint32_t run;     /* Call of that task, counted from 0 (0 is the verifying one). */
  uint32_t command_error; /* enum tunefarm_command_error of the last command. */
  tunefarm_fault fault;   /* Of the firmware itself, when state is BROKEN. */
} tunefarm_progress;

/* At a fixed address of each board: "mailbox" in its memory map (mcu_agent/boards). */
typedef struct tunefarm_mailbox {
  tunefarm_identity identity;
  tunefarm_clock clock;
  tunefarm_control control;
  tunefarm_progress progress;
  uint32_t reserved[16];
  tunefarm_task tasks[TUNEFARM_MAILBOX_CAPACITY];
  tunefarm_result results[TUNEFARM_MAILBOX_CAPACITY];
} tunefarm_mailbox;

TUNEFARM_STATIC_ASSERT(sizeof(tunefarm_fault) == 28, "fault");
TUNEFARM_STATIC_ASSERT(sizeof(tunefarm_task) == 48, "task");
TUNEFARM_STATIC_ASSERT(offsetof(tunefarm_call, budget_ticks) == 40, "call");
TUNEFARM_STATIC_ASSERT(offsetof(tunefarm_fill_task, seed) == 40, "fill");
TUNEFARM_STATIC_ASSERT(sizeof(tunefarm_result) == 64, "result");
TUNEFARM_STATIC_ASSERT(offsetof(tunefarm_result, ticks) == 8, "result");
TUNEFARM_STATIC_ASSERT(offsetof(tunefarm_result, fault) == 36, "result");
TUNEFARM_STATIC_ASSERT(offsetof(tunefarm_mailbox, clock) == 48, "clock");
TUNEFARM_STATIC_ASSERT(offsetof(tunefarm_mailbox, control) == 80, "control");
TUNEFARM_STATIC_ASSERT(offsetof(tunefarm_mailbox, progress) == 112, "progress");
TUNEFARM_STATIC_ASSERT(offsetof(tunefarm_mailbox, tasks) == 224, "tasks");
TUNEFARM_STATIC_ASSERT(offsetof(tunefarm_mailbox, results) == 1760, "results");
TUNEFARM_STATIC_ASSERT(sizeof(tunefarm_mailbox) == 3808, "mailbox");

#ifdef __cplusplus
}
#endif

#endif /* TUNEFARM_PROTO_MCU_MAILBOX_H_ */
