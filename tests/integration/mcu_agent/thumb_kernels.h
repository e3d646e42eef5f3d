// Kernels in Thumb code, position-independent, good and bad: what candidates do to a board.
// buffers[0] is the input, buffers[1] the output.
#ifndef TUNEFARM_TESTS_INTEGRATION_MCU_AGENT_THUMB_KERNELS_H_
#define TUNEFARM_TESTS_INTEGRATION_MCU_AGENT_THUMB_KERNELS_H_

#include <cstdint>
#include <vector>

namespace tunefarm::mcu_agent {

using ThumbCode = std::vector<uint16_t>;

// 64 bytes: output = input + 1. Executes 3 + 64 * 7 + 2 instructions.
inline constexpr int kIncrementInstructions = 3 + 64 * 7 + 2;
inline const ThumbCode kIncrement = {
    0x6841,  // ldr r1, [r0, #4]
    0x6800,  // ldr r0, [r0]
    0x2240,  // movs r2, #64
    0x7803,  // 1: ldrb r3, [r0]
    0x3301,  // adds r3, #1
    0x700B,  // strb r3, [r1]
    0x3001,  // adds r0, #1
    0x3101,  // adds r1, #1
    0x3A01,  // subs r2, #1
    0xD1F8,  // bne 1b
    0x2000,  // movs r0, #0
    0x4770,  // bx lr
};

inline const ThumbCode kSpin = {0xE7FE};  // b .

// Masks interrupts first, so that nothing could stop it: no effect for unprivileged code.
inline const ThumbCode kSpinWithInterruptsOff = {0xB672, 0xE7FE};  // cpsid i; b .

inline const ThumbCode kUndefined = {0xDE01};  // udf #1

// Writes 0 to where buffers[1] points.
inline const ThumbCode kWriteWord = {
    0x6841,  // ldr r1, [r0, #4]
    0x2000,  // movs r0, #0
    0x6008,  // str r0, [r1]
    0x4770,  // bx lr
};

inline const ThumbCode kEatStack = {0xB5FF, 0xE7FD};  // 1: push {r0-r7, lr}; b 1b

// Moves its stack pointer to 0 and calls back.
inline const ThumbCode kLoseStack = {
    0x2000,  // movs r0, #0
    0x4685,  // mov sp, r0
    0x4770,  // bx lr
};

inline const ThumbCode kReturnSeven = {0x2007, 0x4770};  // movs r0, #7; bx lr

// output[0] += 1: every run gives another result.
inline const ThumbCode kAccumulate = {
    0x6841,  // ldr r1, [r0, #4]
    0x780A,  // ldrb r2, [r1]
    0x3201,  // adds r2, #1
    0x700A,  // strb r2, [r1]
    0x2000,  // movs r0, #0
    0x4770,  // bx lr
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_TESTS_INTEGRATION_MCU_AGENT_THUMB_KERNELS_H_
