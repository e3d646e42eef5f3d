/* STM32H743: 400 MHz = 64 MHz / 4 * 50 / 2, bus at 200 MHz, voltage scale 1, 2 wait states (RM0433,
 * sections 4.3.8, 6.8, 8.7). Scale 0 (480 MHz) is left alone: chips of revision Y cannot do it. The
 * supply is the LDO, as on the Nucleo board. Offsets and bits compared with libopencm3's
 * stm32/h7/rcc.h and pwr.h, the fields of FLASH_ACR, RCC_CFGR and RCC_D1CFGR with stm32h743xx.h of
 * ST's cmsis_device_h7. Not yet run on the chip. */
#include "mcu_agent/firmware/port.h"

#include "mcu_agent/firmware/armv7m.h"

#define RCC_CR REGISTER(0x58024400u)
#define RCC_CFGR REGISTER(0x58024410u)
#define RCC_D1CFGR REGISTER(0x58024418u)
#define RCC_D2CFGR REGISTER(0x5802441Cu)
#define RCC_D3CFGR REGISTER(0x58024420u)
#define RCC_PLLCKSELR REGISTER(0x58024428u)
#define RCC_PLLCFGR REGISTER(0x5802442Cu)
#define RCC_PLL1DIVR REGISTER(0x58024430u)
#define RCC_AHB2ENR REGISTER(0x580244DCu)
#define PWR_CSR1 REGISTER(0x58024804u)
#define PWR_CR3 REGISTER(0x5802480Cu)
#define PWR_D3CR REGISTER(0x58024818u)
#define FLASH_ACR REGISTER(0x52002000u)

#define HSI_HZ 64000000u
#define CR_HSION (1u << 0)
#define CR_HSIRDY (1u << 2)
#define CR_PLL1ON (1u << 24)
#define CR_PLL1RDY (1u << 25)
#define CR3_SUPPLY_MASK 7u
#define CR3_LDO 2u
#define CSR1_ACTVOSRDY (1u << 13)
#define D3CR_VOS_SCALE1 (3u << 14)
#define D3CR_VOSRDY (1u << 13)
#define PLLCKSELR_M1_SHIFT 4u
#define PLLCKSELR_OTHERS \
  ((32u << 12) | (32u << 20)) /* Reset values of DIVM2 and DIVM3; source HSI. */
#define PLLCFGR_INPUT_8_TO_16 (3u << 2)
#define PLLCFGR_P1_ON (1u << 16)
#define PLL1DIVR_QR ((1u << 16) | (1u << 24))
#define D1CFGR_BUS_DIV2 8u
#define APB_DIV2 4u
#define CFGR_SW_PLL1 3u
#define CFGR_SWS_MASK (7u << 3)
#define CFGR_SWS_PLL1 (3u << 3)
#define ACR_2_WAIT_STATES 0x22u /* LATENCY 2, WRHIGHFREQ 2. */
#define AHB2ENR_SRAMS (7u << 29)

static uint32_t core_hz(void) {
  const uint32_t m = RCC_PLLCKSELR >> PLLCKSELR_M1_SHIFT & 0x3Fu;
  const uint32_t n = (RCC_PLL1DIVR & 0x1FFu) + 1u;
  const uint32_t p = (RCC_PLL1DIVR >> 9 & 0x7Fu) + 1u;
  const int from_pll = (RCC_CFGR & CFGR_SWS_MASK) == CFGR_SWS_PLL1;
  const int from_hsi = (RCC_PLLCKSELR & 3u) == 0 && (RCC_CR >> 3 & 3u) == 0;
  const int undivided = (RCC_D1CFGR >> 8 & 15u) < 8u;
  return from_pll && from_hsi && undivided && m != 0 ? HSI_HZ / m * n / p : 0;
}

static uint32_t start_clock(uint32_t registers[5]) {
  PWR_CR3 = (PWR_CR3 & ~CR3_SUPPLY_MASK) | CR3_LDO;
  while ((PWR_CSR1 & CSR1_ACTVOSRDY) == 0) {
  }
  PWR_D3CR = D3CR_VOS_SCALE1;
  while ((PWR_D3CR & D3CR_VOSRDY) == 0) {
  }
  RCC_CR |= CR_HSION;
  while ((RCC_CR & CR_HSIRDY) == 0) {
  }
  RCC_PLLCKSELR = 4u << PLLCKSELR_M1_SHIFT | PLLCKSELR_OTHERS;
  RCC_PLLCFGR = PLLCFGR_INPUT_8_TO_16 | PLLCFGR_P1_ON;
  RCC_PLL1DIVR = (50u - 1u) | (2u - 1u) << 9 | PLL1DIVR_QR;
  RCC_CR |= CR_PLL1ON;
  while ((RCC_CR & CR_PLL1RDY) == 0) {
  }
  FLASH_ACR = ACR_2_WAIT_STATES;
  while (FLASH_ACR != ACR_2_WAIT_STATES) {
  }
  RCC_D1CFGR = D1CFGR_BUS_DIV2 | APB_DIV2 << 4;
  RCC_D2CFGR = APB_DIV2 << 4 | APB_DIV2 << 8;
  RCC_D3CFGR = APB_DIV2 << 4;
  RCC_CFGR = CFGR_SW_PLL1;
  while ((RCC_CFGR & CFGR_SWS_MASK) != CFGR_SWS_PLL1) {
  }
  RCC_AHB2ENR |= AHB2ENR_SRAMS;
  registers[0] = RCC_CR;
  registers[1] = RCC_PLLCKSELR;
  registers[2] = RCC_PLL1DIVR;
  registers[3] = RCC_D1CFGR;
  registers[4] = FLASH_ACR;
  return core_hz();
}

const port board_port = {
    .name = "nucleo-h743zi",
    .start_clock = start_clock,
};
