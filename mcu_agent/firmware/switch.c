#include "mcu_agent/firmware/switch.h"

#include "mcu_agent/firmware/armv7m.h"
#include "mcu_agent/firmware/broken.h"
#include "mcu_agent/firmware/ticks.h"

#define XPSR_THUMB (1u << 24)

/* Of the call in progress. */
static const task_stack* stack_in_use;
static tunefarm_fault last_fault;
static int32_t last_result;

/* Floating-point registers are not switched: automatic stacking is off (main.c), so that every
 * frame has eight words, and the firmware holds nothing in them across a call. */

/* Saves the firmware's registers and becomes the kernel. Returns an enum leave_reason, which
 * leave_task puts in the r0 of the frame that the supervisor call stacked. */
__attribute__((naked)) static uint32_t task_enter(__attribute__((unused)) exception_frame* frame) {
  __asm volatile(
      "push {r3-r11, lr}\n"
      "svc 0\n"
      "pop {r3-r11, pc}\n");
}

/* Where a kernel returns to. */
__attribute__((naked)) static void task_return(void) { __asm volatile("svc 1\n"); }

__attribute__((naked)) void empty_entry(void) {
  __asm volatile(
      "movs r0, #0\n"
      "bx lr\n");
}

/* SYST_CSR is stopped with 4, not 0: with another clock source QEMU scales what CVR reads.
 *
 * Bit 2 of EXC_RETURN tells who called: 0 the firmware (main stack), 1 a kernel (process stack).
 * Here and in the handlers below the main stack, on entry, holds nothing above the frame of
 * supervisor call 0. */
__attribute__((naked)) void svc_handler(void) {
  __asm volatile(
      ".syntax unified\n"
      "tst lr, #4\n"
      "bne 1f\n"
      /* Start: the frame's address was the firmware's r0. */
      "ldr r0, [sp]\n"
      "msr psp, r0\n"
      "mrs r1, control\n"
      "orr r1, r1, #1\n"
      "msr control, r1\n"
      "ldr r2, =0xE000E010\n" /* SYST_CSR, then RVR and CVR */
      "ldr r1, =0xE0001004\n" /* DWT_CYCCNT */
      "ldr r0, =ticks_start_cycles\n"
      "mvn lr, #2\n" /* EXC_RETURN 0xFFFFFFFD: thread mode, process stack */
      "movs r3, #0\n"
      "str r3, [r2, #8]\n"
      "movs r3, #7\n"
      "ldr r1, [r1]\n"
      "str r1, [r0]\n"
      "str r3, [r2]\n"
      "bx lr\n"
      /* The kernel returned. */
      "1:\n"
      "ldr r1, =0xE0001004\n"
      "ldr r2, =0xE000E010\n"
      "movs r3, #4\n"
      "ldr r1, [r1]\n"
      "str r3, [r2]\n"
      "ldr r0, =ticks_stop_cycles\n"
      "str r1, [r0]\n"
      "mrs r0, psp\n"
      "ldr r0, [r0]\n"
      "ldr r1, =%c0\n"
      "str r0, [r1]\n"
      "movs r0, #0\n"
      "b leave_task\n"
      ".ltorg\n" ::"i"(&last_result));
}

/* r0: an enum leave_reason. Back to the firmware, privileged, after task_enter's supervisor call.
 */
__attribute__((naked, used)) static void leave_task(void) {
  __asm volatile(
      "str r0, [sp]\n"
      "mrs r1, control\n"
      "bic r1, r1, #1\n"
      "msr control, r1\n"
      "mvn lr, #6\n" /* EXC_RETURN 0xFFFFFFF9: thread mode, main stack */
      "bx lr\n");
}

/* The frame is where a kernel can have put its stack pointer: it is read only where that is its
 * stack. */
static void note_task(const exception_frame* frame, uint32_t exception) {
  const uint32_t at = (uint32_t)frame;
  const uint32_t cfsr = SCB_CFSR;
  last_fault = (tunefarm_fault){
      .exception = exception, .cfsr = cfsr, .hfsr = SCB_HFSR, .mmfar = SCB_MMFAR, .bfar = SCB_BFAR};
  if ((cfsr & SCB_CFSR_STACKING) == 0 && at >= stack_in_use->base &&
      at <= stack_in_use->base + stack_in_use->bytes - sizeof(exception_frame)) {
    last_fault.pc = frame->pc;
    last_fault.lr = frame->lr;
  }
  SCB_CFSR = cfsr; /* Written ones clear. */
  SCB_HFSR = SCB_HFSR;
  /* A supervisor call whose frame could not be stacked is still pending; the firmware must not get
   * it. */
  SCB_SHCSR &= ~SCB_SHCSR_SVCALLPENDED;
}

__attribute__((used)) static void note_current_task(const exception_frame* frame) {
  uint32_t exception;
  __asm volatile("mrs %0, ipsr" : "=r"(exception));
  note_task(frame, exception);
}

__attribute__((used)) static void note_firmware(const exception_frame* frame) {
  uint32_t exception;
  __asm volatile("mrs %0, ipsr" : "=r"(exception));
  const tunefarm_fault fault = {exception, SCB_CFSR,  SCB_HFSR, SCB_MMFAR,
                                SCB_BFAR,  frame->pc, frame->lr};
  firmware_broken(&fault);
}

/* Ends a call whose budget is used up; otherwise only counts. Interrupting the firmware it does
 * nothing: that is the idle loop's alarm. */
__attribute__((naked)) void systick_handler(void) {
  __asm volatile(
      "tst lr, #4\n"
      "bne 1f\n"
      "bx lr\n"
      "1:\n"
      "push {r3, lr}\n"
      "bl ticks_wrapped\n"
      "pop {r3, lr}\n"
      "cbnz r0, 2f\n"
      "bx lr\n"
      "2:\n"
      "movs r0, #1\n"
      "b abandon_task\n");
}

__attribute__((naked)) void fault_handler(void) {
  __asm volatile(
      "tst lr, #4\n"
      "bne 1f\n"
      "mov r0, sp\n"
      "b note_firmware\n"
      "1:\n"
      "movs r0, #2\n"
      "b abandon_task\n");
}

/* r0: an enum leave_reason. Stops the clock, notes where the kernel was, leaves. */
__attribute__((naked, used)) static void abandon_task(void) {
  __asm volatile(
      "ldr r2, =0xE000E010\n"
      "movs r3, #4\n"
      "str r3, [r2]\n"
      "push {r0, lr}\n"
      "mrs r0, psp\n"
      "bl note_current_task\n"
      "pop {r0, lr}\n"
      "b leave_task\n"
      ".ltorg\n");
}

enum leave_reason task_call(const task_stack* stack, uint32_t entry, uint32_t buffers,
                            uint32_t scratch, int32_t* result, tunefarm_fault* fault) {
  exception_frame* const frame =
      (exception_frame*)(stack->base + stack->bytes - sizeof(exception_frame));
  *frame = (exception_frame){.r0 = buffers,
                             .r1 = scratch,
                             .lr = (uint32_t)&task_return,
                             .pc = entry & ~1u,
                             .xpsr = XPSR_THUMB};
  stack_in_use = stack;
  SCB_ICSR = SCB_ICSR_PENDSTCLR;
#ifdef __ARM_FP
  __asm volatile("vmsr fpscr, %0" ::"r"(0));
#endif
  const enum leave_reason reason = (enum leave_reason)task_enter(frame);
  if (reason == LEFT_BY_RETURN) {
    *result = last_result;
  } else {
    *fault = last_fault;
  }
  return reason;
}
