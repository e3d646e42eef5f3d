/* Clock tree of STM32F4 and STM32F7: the PLL on the internal 16 MHz oscillator (no crystal is
 * needed, so that one port fits every board with the chip; the oscillator is within 1 %, and ticks
 * do not depend on it). */
#ifndef TUNEFARM_MCU_AGENT_BOARDS_COMMON_STM32_RCC_H_
#define TUNEFARM_MCU_AGENT_BOARDS_COMMON_STM32_RCC_H_

#include <stdint.h>

typedef struct stm32_pll {
  uint32_t m, n, p;        /* 16 MHz / m * n / p; p is 2, 4, 6 or 8. */
  uint32_t wait_states;    /* Of the flash at that frequency. */
  uint32_t flash_features; /* FLASH_ACR bits besides LATENCY: prefetch, caches, ART. */
  uint32_t flash_resets;   /* FLASH_ACR bits that empty those caches while they are off. */
  uint32_t voltage_scale;  /* PWR_CR: the VOS bits of scale 1. */
  int over_drive;          /* Needed above 168 MHz (F446) and 180 MHz (F7). */
} stm32_pll;

/* Switches to the PLL and returns the core's frequency decoded from the registers. registers:
 * RCC_CR, RCC_PLLCFGR, RCC_CFGR, FLASH_ACR, PWR_CSR. */
uint32_t stm32_start_pll(const stm32_pll* pll, uint32_t registers[5]);

#endif /* TUNEFARM_MCU_AGENT_BOARDS_COMMON_STM32_RCC_H_ */
