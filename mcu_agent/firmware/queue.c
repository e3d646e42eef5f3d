#include "mcu_agent/firmware/queue.h"

#include "mcu_agent/firmware/armv7m.h"
#include "mcu_agent/firmware/cache.h"
#include "mcu_agent/firmware/crc32.h"
#include "mcu_agent/firmware/fill.h"
#include "mcu_agent/firmware/mpu.h"
#include "mcu_agent/firmware/switch.h"
#include "mcu_agent/firmware/ticks.h"

#define STACK_PAINT 0xC5C5C5C5u
#define STACK_GUARD_BYTES 32u
#define MIN_STACK_BYTES 256u
#define CALIBRATION_CALLS 4
#define CALIBRATION_BUDGET_TICKS 100000u

static void fill_words(uint32_t address, uint32_t num_bytes, uint32_t value) {
  for (uint32_t at = 0; at < num_bytes; at += 4) *(volatile uint32_t*)(address + at) = value;
}

static void poison(uint32_t address, uint32_t num_bytes) {
  for (uint32_t at = 0; at < num_bytes; ++at) {
    *(volatile uint8_t*)(address + at) = TUNEFARM_OUTPUT_POISON;
  }
}

static uint32_t painted_bytes(const task_stack* stack) {
  uint32_t bytes = 0;
  while (bytes < stack->bytes && *(const uint32_t*)(stack->base + bytes) == STACK_PAINT) bytes += 4;
  return bytes;
}

/* Did it fault because its stack ran into the guard? */
static int hit_guard(const task_stack* stack, const tunefarm_fault* fault) {
  if ((fault->cfsr & SCB_CFSR_STACKING) != 0) return 1;
  return (fault->cfsr & SCB_CFSR_MMARVALID) != 0 && fault->mmfar >= stack->base &&
         fault->mmfar < stack->base + STACK_GUARD_BYTES;
}

/* One call of an entry; TUNEFARM_STATUS_OK if it returned 0. */
static uint32_t call_once(const tunefarm_call* call, uint32_t entry, const task_stack* stack,
                          tunefarm_result* result) {
  ticks_arm(call->budget_ticks);
  switch (task_call(stack, entry, call->buffers, call->scratch, &result->kernel_result,
                    &result->fault)) {
    case LEFT_BY_TIMEOUT:
      return TUNEFARM_STATUS_TIMEOUT;
    case LEFT_BY_FAULT:
      return hit_guard(stack, &result->fault) ? TUNEFARM_STATUS_STACK_OVERFLOW
                                              : TUNEFARM_STATUS_FAULT;
    default:
      return result->kernel_result == 0 ? TUNEFARM_STATUS_OK : TUNEFARM_STATUS_KERNEL_ERROR;
  }
}

static void add_sample(const tunefarm_call* call, uint32_t run, tunefarm_result* result) {
  const uint64_t ticks = ticks_elapsed();
  const uint32_t sample = ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
  result->ticks += ticks;
  result->runs = run + 1u;
  if (run == 0 || sample < result->min_ticks) result->min_ticks = sample;
  if (sample > result->max_ticks) result->max_ticks = sample;
  if (call->samples != 0) ((uint32_t*)call->samples)[run] = sample;
}

/* prepare, run, check, timed runs, check. Returns the status. */
static uint32_t run_calls(const tunefarm_call* call, const task_stack* stack, uint32_t cut_ticks,
                          tunefarm_result* result, volatile uint32_t* progress_run) {
  uint32_t status = TUNEFARM_STATUS_OK;
  if ((call->head.flags & TUNEFARM_TASK_KEEP_OUTPUT) == 0) {
    poison(call->output, call->output_bytes);
  }
  if (call->prepare != 0) status = call_once(call, call->prepare, stack, result);
  if (status == TUNEFARM_STATUS_OK) status = call_once(call, call->run, stack, result);
  if (status != TUNEFARM_STATUS_OK) return status;
  result->crc = crc32(call->output, call->output_bytes);
  if ((call->head.flags & TUNEFARM_TASK_HAS_EXPECTED_CRC) != 0 &&
      result->crc != call->expected_crc) {
    return TUNEFARM_STATUS_WRONG_RESULT;
  }
  for (uint32_t run = 0; run < call->repeats; ++run) {
    *progress_run = run + 1u;
    status = call_once(call, call->run, stack, result);
    if (status != TUNEFARM_STATUS_OK) return status;
    add_sample(call, run, result);
    if (run == 0 && cut_ticks != 0 && result->max_ticks > cut_ticks) break;
  }
  const int changed = call->repeats != 0 && crc32(call->output, call->output_bytes) != result->crc;
  return changed ? TUNEFARM_STATUS_UNSTABLE : TUNEFARM_STATUS_OK;
}

static uint32_t run_call_task(const tunefarm_call* call, const task_stack* stack,
                              uint32_t cut_ticks, tunefarm_result* result,
                              volatile uint32_t* progress_run) {
  if ((call->run & 1u) == 0 || (call->prepare != 0 && (call->prepare & 1u) == 0) ||
      call->budget_ticks == 0 || call->buffers % 4u != 0 || call->samples % 4u != 0) {
    return TUNEFARM_STATUS_BAD_TASK;
  }
  fill_words(stack->base, stack->bytes, STACK_PAINT);
  uint32_t status = run_calls(call, stack, cut_ticks, result, progress_run);
  const uint32_t untouched = painted_bytes(stack);
  result->stack_used_bytes = stack->bytes - untouched;
  /* Without an MPU only the paint tells. */
  if (untouched < STACK_GUARD_BYTES) status = TUNEFARM_STATUS_STACK_OVERFLOW;
  return status;
}

static uint32_t run_task(const tunefarm_task* task, const task_stack* stack, uint32_t cut_ticks,
                         tunefarm_result* result, volatile uint32_t* progress_run) {
  switch (task->head.kind) {
    case TUNEFARM_TASK_CALL:
      return run_call_task(&task->call, stack, cut_ticks, result, progress_run);
    case TUNEFARM_TASK_FILL:
      return fill_tensor(&task->fill);
    case TUNEFARM_TASK_CHECKSUM:
      result->crc = crc32(task->checksum.address, task->checksum.num_bytes);
      return TUNEFARM_STATUS_OK;
    default:
      return TUNEFARM_STATUS_BAD_TASK;
  }
}

/* What a timed call costs besides the kernel: the same way with an entry that does nothing. */
static uint32_t measure_overhead(const task_stack* stack) {
  int32_t unused_result;
  tunefarm_fault unused_fault;
  uint32_t least = UINT32_MAX;
  for (int i = 0; i < CALIBRATION_CALLS; ++i) {
    ticks_arm(CALIBRATION_BUDGET_TICKS);
    (void)task_call(stack, (uint32_t)&empty_entry, 0, 0, &unused_result, &unused_fault);
    const uint32_t ticks = (uint32_t)ticks_elapsed();
    if (ticks < least) least = ticks;
  }
  return least;
}

static uint32_t check_control(const tunefarm_control* control) {
  if (control->num_tasks > TUNEFARM_MAILBOX_CAPACITY) return TUNEFARM_COMMAND_TOO_MANY_TASKS;
  if (control->stack_base == 0 || control->stack_base % STACK_GUARD_BYTES != 0 ||
      control->stack_bytes % STACK_GUARD_BYTES != 0 || control->stack_bytes < MIN_STACK_BYTES) {
    return TUNEFARM_COMMAND_BAD_STACK;
  }
  const uint32_t guard = control->guard_bytes;
  if (guard != 0 && (guard < STACK_GUARD_BYTES || (guard & (guard - 1u)) != 0 ||
                     (control->guard_base & (guard - 1u)) != 0)) {
    return TUNEFARM_COMMAND_BAD_GUARD;
  }
  return TUNEFARM_COMMAND_OK;
}

uint32_t queue_run(tunefarm_mailbox* box) {
  const uint32_t error = check_control(&box->control);
  if (error != TUNEFARM_COMMAND_OK) return error;
  const task_stack stack = {box->control.stack_base, box->control.stack_bytes};
  volatile tunefarm_progress* const progress = &box->progress;
  const uint32_t num_tasks = box->control.num_tasks;
  fill_words((uint32_t)box->results, sizeof(box->results), 0);
  cache_synchronize();
  mpu_guard(box->control.guard_base, box->control.guard_bytes, stack.base);
  box->clock.overhead_ticks = measure_overhead(&stack);
  for (uint32_t i = 0; i < num_tasks; ++i) {
    tunefarm_result* const result = &box->results[i];
    progress->run = 0;
    progress->task = i;
    result->status = TUNEFARM_STATUS_RUNNING;
    result->status =
        run_task(&box->tasks[i], &stack, box->control.cut_ticks, result, &progress->run);
  }
  progress->task = num_tasks;
  cache_synchronize();
  return TUNEFARM_COMMAND_OK;
}
