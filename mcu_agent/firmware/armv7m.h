/* Registers of the Armv7-M system space that the firmware uses (Armv7-M Architecture Reference
 * Manual, B3 and C1). Addresses only: what they do is said where they are used. */
#ifndef TUNEFARM_MCU_AGENT_FIRMWARE_ARMV7M_H_
#define TUNEFARM_MCU_AGENT_FIRMWARE_ARMV7M_H_

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t*)(address))

#define SYST_CSR REGISTER(0xE000E010u)
#define SYST_RVR REGISTER(0xE000E014u)
#define SYST_CVR REGISTER(0xE000E018u)
#define SYST_CSR_RUN 7u  /* Counts the core's clock, interrupts at 0. */
#define SYST_CSR_STOP 4u /* The same clock, stopped. */
#define SYST_MAX 0x00FFFFFFu

#define SCB_CPUID REGISTER(0xE000ED00u)
#define SCB_ICSR REGISTER(0xE000ED04u)
#define SCB_ICSR_PENDSTSET (1u << 26)
#define SCB_ICSR_PENDSTCLR (1u << 25)
#define SCB_VTOR REGISTER(0xE000ED08u)
#define SCB_CCR REGISTER(0xE000ED14u)
#define SCB_CCR_DC (1u << 16)
#define SCB_CCR_IC (1u << 17)
#define SCB_SHCSR REGISTER(0xE000ED24u)
#define SCB_SHCSR_FAULTS (7u << 16) /* MemManage, BusFault, UsageFault enabled. */
#define SCB_SHCSR_SVCALLPENDED (1u << 15)
#define SCB_CFSR REGISTER(0xE000ED28u)
#define SCB_CFSR_STACKING 0x1010u /* MSTKERR or STKERR: the frame could not be stacked. */
#define SCB_CFSR_MMARVALID (1u << 7)
#define SCB_HFSR REGISTER(0xE000ED2Cu)
#define SCB_MMFAR REGISTER(0xE000ED34u)
#define SCB_BFAR REGISTER(0xE000ED38u)
#define SCB_CLIDR REGISTER(0xE000ED78u)
#define SCB_CCSIDR REGISTER(0xE000ED80u)
#define SCB_CSSELR REGISTER(0xE000ED84u)
#define SCB_CPACR REGISTER(0xE000ED88u)

#define MPU_TYPE REGISTER(0xE000ED90u)
#define MPU_CTRL REGISTER(0xE000ED94u)
#define MPU_RNR REGISTER(0xE000ED98u)
#define MPU_RBAR REGISTER(0xE000ED9Cu)
#define MPU_RASR REGISTER(0xE000EDA0u)

#define FPU_FPCCR REGISTER(0xE000EF34u)

#define ICIALLU REGISTER(0xE000EF50u)
#define DCISW REGISTER(0xE000EF60u)
#define DCCISW REGISTER(0xE000EF74u)

#define DCB_DEMCR REGISTER(0xE000EDFCu)
#define DCB_DEMCR_TRCENA (1u << 24)
#define DWT_CTRL REGISTER(0xE0001000u)
#define DWT_CYCCNT REGISTER(0xE0001004u)
#define DWT_LAR REGISTER(0xE0001FB0u)

static inline void barrier(void) { __asm volatile("dsb\n isb" ::: "memory"); }

#endif /* TUNEFARM_MCU_AGENT_FIRMWARE_ARMV7M_H_ */
