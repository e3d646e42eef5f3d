#include "mcu_agent/boards/common/stm32_rcc.h"

#include "mcu_agent/firmware/armv7m.h"

/* RM0090 sections 3.9, 5.4, 7.3; RM0390 sections 3.8, 5.4, 6.3; RM0385 sections 3.7, 4.4, 5.3. The
 * registers below are the same in all three. */
#define RCC_CR REGISTER(0x40023800u)
#define RCC_PLLCFGR REGISTER(0x40023804u)
#define RCC_CFGR REGISTER(0x40023808u)
#define RCC_APB1ENR REGISTER(0x40023840u)
#define PWR_CR REGISTER(0x40007000u)
#define PWR_CSR REGISTER(0x40007004u)
#define FLASH_ACR REGISTER(0x40023C00u)

#define HSI_HZ 16000000u
#define CR_HSION (1u << 0)
#define CR_HSIRDY (1u << 1)
#define CR_PLLON (1u << 24)
#define CR_PLLRDY (1u << 25)
#define APB1ENR_PWREN (1u << 28)
#define PLL_FROM_HSE (1u << 22)
#define CFGR_SW_PLL 2u
#define CFGR_SWS_PLL (2u << 2)
#define CFGR_SWS_MASK (3u << 2)
#define CFGR_APB1_DIV4 (5u << 10)
#define CFGR_APB2_DIV2 (4u << 13)
#define PWR_CR_ODEN (1u << 16)
#define PWR_CR_ODSWEN (1u << 17)
#define PWR_CSR_ODRDY (1u << 16)
#define PWR_CSR_ODSWRDY (1u << 17)

static void wait_for(volatile uint32_t* reg, uint32_t bits) {
  while ((*reg & bits) != bits) {
  }
}

/* 0 where the source is a crystal, whose frequency no register knows. */
static uint32_t core_hz(void) {
  const uint32_t pllcfgr = RCC_PLLCFGR;
  const uint32_t m = pllcfgr & 0x3Fu;
  const uint32_t n = pllcfgr >> 6 & 0x1FFu;
  const uint32_t p = ((pllcfgr >> 16 & 3u) + 1u) * 2u;
  const uint32_t prescaler = RCC_CFGR >> 4 & 0xFu;
  const int from_pll = (RCC_CFGR & CFGR_SWS_MASK) == CFGR_SWS_PLL;
  if (prescaler >= 8u || (from_pll && ((pllcfgr & PLL_FROM_HSE) != 0 || m == 0))) return 0;
  return from_pll ? HSI_HZ / m * n / p : HSI_HZ;
}

uint32_t stm32_start_pll(const stm32_pll* pll, uint32_t registers[5]) {
  RCC_CR |= CR_HSION;
  wait_for(&RCC_CR, CR_HSIRDY);
  RCC_APB1ENR |= APB1ENR_PWREN;
  (void)RCC_APB1ENR; /* The clock needs a moment before the first access. */
  PWR_CR |= pll->voltage_scale;
  RCC_PLLCFGR = pll->m | pll->n << 6 | (pll->p / 2u - 1u) << 16 | (RCC_PLLCFGR & 0xFF000000u);
  RCC_CR |= CR_PLLON;
  if (pll->over_drive) {
    PWR_CR |= PWR_CR_ODEN;
    wait_for(&PWR_CSR, PWR_CSR_ODRDY);
    PWR_CR |= PWR_CR_ODSWEN;
    wait_for(&PWR_CSR, PWR_CSR_ODSWRDY);
  }
  wait_for(&RCC_CR, CR_PLLRDY);
  /* Wait states before the faster clock. The caches are off since the reset, and may hold what was
   * in flash before a debugger programmed it. */
  FLASH_ACR = pll->wait_states | pll->flash_resets;
  FLASH_ACR = pll->wait_states | pll->flash_features;
  wait_for(&FLASH_ACR, pll->wait_states);
  RCC_CFGR = CFGR_SW_PLL | CFGR_APB1_DIV4 | CFGR_APB2_DIV2;
  while ((RCC_CFGR & CFGR_SWS_MASK) != CFGR_SWS_PLL) {
  }
  registers[0] = RCC_CR;
  registers[1] = RCC_PLLCFGR;
  registers[2] = RCC_CFGR;
  registers[3] = FLASH_ACR;
  registers[4] = PWR_CSR;
  return core_hz();
}
