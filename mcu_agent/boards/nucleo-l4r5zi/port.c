/* STM32L4R5: 120 MHz = 16 MHz / 2 * 30 / 2 in range 1 boost mode, 5 wait states (RM0432,
 * sections 3.3.3, 5.1.8, 6.4). Addresses, the fields of RCC_CR, RCC_CFGR, RCC_PLLCFGR, PWR_CR1,
 * PWR_CR5 and FLASH_ACR, and the map's memories compared with stm32l4r5xx.h of ST's
 * cmsis_device_l4; PWREN and VOSF with libopencm3's stm32/l4. Not yet run on the chip. */
#include "mcu_agent/firmware/port.h"

#include "mcu_agent/firmware/armv7m.h"

#define RCC_CR REGISTER(0x40021000u)
#define RCC_CFGR REGISTER(0x40021008u)
#define RCC_PLLCFGR REGISTER(0x4002100Cu)
#define RCC_APB1ENR1 REGISTER(0x40021058u)
#define PWR_CR1 REGISTER(0x40007000u)
#define PWR_SR2 REGISTER(0x40007014u)
#define PWR_CR5 REGISTER(0x40007080u)
#define FLASH_ACR REGISTER(0x40022000u)

#define HSI_HZ 16000000u
#define CR_HSION (1u << 8)
#define CR_HSIRDY (1u << 10)
#define CR_PLLON (1u << 24)
#define CR_PLLRDY (1u << 25)
#define APB1ENR1_PWREN (1u << 28)
#define CR1_VOS_MASK (3u << 9)
#define CR1_VOS_RANGE1 (1u << 9)
#define SR2_VOSF (1u << 10)
#define CR5_R1MODE_NORMAL (1u << 8)
#define PLL_FROM_HSI 2u
#define PLL_M_SHIFT 4u
#define PLL_N_SHIFT 8u
#define PLL_REN (1u << 24)
#define PLL_R_SHIFT 25u
#define CFGR_SW_PLL 3u
#define CFGR_SWS_PLL (3u << 2)
#define CFGR_HPRE_DIV2 (8u << 4)
#define CFGR_HPRE_MASK (15u << 4)
#define ACR_LATENCY 5u
#define ACR_FEATURES (7u << 8) /* Prefetch, instruction cache, data cache. */
#define ACR_RESETS (3u << 11)  /* Of both caches, while they are off. */
#define STEP_LOOPS 200         /* More than 1 us at 60 MHz. */

static uint32_t core_hz(void) {
  const uint32_t pllcfgr = RCC_PLLCFGR;
  const uint32_t m = (pllcfgr >> PLL_M_SHIFT & 15u) + 1u;
  const uint32_t n = pllcfgr >> PLL_N_SHIFT & 0x7Fu;
  const uint32_t r = ((pllcfgr >> PLL_R_SHIFT & 3u) + 1u) * 2u;
  const int as_set = (RCC_CFGR & (CFGR_SWS_PLL | CFGR_HPRE_MASK)) == CFGR_SWS_PLL;
  return as_set && (pllcfgr & 3u) == PLL_FROM_HSI ? HSI_HZ / m * n / r : 0;
}

static uint32_t start_clock(uint32_t registers[5]) {
  RCC_APB1ENR1 |= APB1ENR1_PWREN;
  (void)RCC_APB1ENR1;
  PWR_CR1 = (PWR_CR1 & ~CR1_VOS_MASK) | CR1_VOS_RANGE1;
  while ((PWR_SR2 & SR2_VOSF) != 0) {
  }
  PWR_CR5 &= ~CR5_R1MODE_NORMAL; /* Boost. */
  RCC_CR |= CR_HSION;
  while ((RCC_CR & CR_HSIRDY) == 0) {
  }
  RCC_PLLCFGR = PLL_FROM_HSI | 1u << PLL_M_SHIFT | 30u << PLL_N_SHIFT | PLL_REN;
  RCC_CR |= CR_PLLON;
  while ((RCC_CR & CR_PLLRDY) == 0) {
  }
  /* The caches are on after a reset, may hold what was in flash before a debugger programmed it,
   * and are emptied while they are off. */
  FLASH_ACR = ACR_LATENCY;
  FLASH_ACR = ACR_LATENCY | ACR_RESETS;
  FLASH_ACR = ACR_LATENCY | ACR_FEATURES;
  while ((FLASH_ACR & 15u) != ACR_LATENCY) {
  }
  /* Above 80 MHz the step up is made at half speed for 1 us (section 6.2.9). */
  RCC_CFGR = CFGR_HPRE_DIV2 | CFGR_SW_PLL;
  while ((RCC_CFGR & CFGR_SWS_PLL) != CFGR_SWS_PLL) {
  }
  for (volatile int i = 0; i < STEP_LOOPS; ++i) {
  }
  RCC_CFGR = CFGR_SW_PLL;
  registers[0] = RCC_CR;
  registers[1] = RCC_PLLCFGR;
  registers[2] = RCC_CFGR;
  registers[3] = FLASH_ACR;
  registers[4] = PWR_CR5;
  return core_hz();
}

const port board_port = {
    .name = "nucleo-l4r5zi",
    .start_clock = start_clock,
};
