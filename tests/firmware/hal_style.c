/* A program in the style of vendor HAL code: clocks with ready loops and time-outs, a 1 ms tick, a serial command line
 * whose input comes by interrupt. Built for a chip by -DCHIP_G0, -DCHIP_L4, -DCHIP_H7A3 or -DCHIP_U5. */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))

#if defined(CHIP_G0)
#define RCC_CR REG(0x40021000u)
#define RCC_CFGR REG(0x40021008u)
#define SW_SHIFT 3
#define SW_PLL 2u
#define ON_BIT 8
#define READY_BIT 10
#define PLL_ON 24
#define VOLTAGE_READY 0u
#define VOLTAGE_REG REG(0x40007014u)
#define UART 0x40004400u
#define UART_IRQ 28
#elif defined(CHIP_L4)
#define RCC_CR REG(0x40021000u)
#define RCC_CFGR REG(0x40021008u)
#define SW_SHIFT 2
#define SW_PLL 3u
#define ON_BIT 8
#define READY_BIT 10
#define PLL_ON 24
#define VOLTAGE_READY 0u
#define VOLTAGE_REG REG(0x40007014u)
#define UART 0x40004400u
#define UART_IRQ 38
#elif defined(CHIP_H7A3)
#define RCC_CR REG(0x58024400u)
#define RCC_CFGR REG(0x58024410u)
#define SW_SHIFT 3
#define SW_PLL 3u
#define ON_BIT 0
#define READY_BIT 2
#define PLL_ON 24
#define VOLTAGE_READY 0x2000u
#define VOLTAGE_REG REG(0x58024818u)
#define UART 0x40004800u
#define UART_IRQ 39
#else
#define RCC_CR REG(0x46020C00u)
#define RCC_CFGR REG(0x46020C1Cu)
#define SW_SHIFT 2
#define SW_PLL 3u
#define ON_BIT 8
#define READY_BIT 10
#define PLL_ON 24
#define VOLTAGE_READY 0x8000u
#define VOLTAGE_REG REG(0x4602080Cu)
#define UART 0x40013800u
#define UART_IRQ 61
#endif

#define USART_CR1 REG(UART + 0x00u)
#define USART_BRR REG(UART + 0x0Cu)
#define USART_ISR REG(UART + 0x1Cu)
#define USART_ICR REG(UART + 0x20u)
#define USART_RDR REG(UART + 0x24u)
#define USART_TDR REG(UART + 0x28u)
#define SYST_CSR REG(0xE000E010u)
#define SYST_RVR REG(0xE000E014u)
#define SYST_CVR REG(0xE000E018u)
#define NVIC_ISER(n) REG(0xE000E100u + 4u * (n))
#define SHPR3 REG(0xE000ED20u)
#define VTOR REG(0xE000ED08u)

extern uint32_t _sidata, _sdata, _edata, _sbss, _ebss, _estack;
extern void (*const vectors[])(void);
int main(void);

static volatile uint32_t tick;
static volatile uint32_t timeouts;
static char line[64];
static volatile uint32_t received;
static volatile uint32_t complete;
static volatile uint32_t table[4] = {3, 5, 7, 11}; /* .data: has to be copied from flash */

__attribute__((noinline)) static uint32_t get_tick(void) { return tick; }

__attribute__((noinline)) static int wait_for(volatile uint32_t *reg, uint32_t mask, uint32_t value) {
  uint32_t start = get_tick();
  while ((*reg & mask) != value) {
    if (get_tick() - start > 100u) {
      timeouts++;
      return -1;
    }
  }
  return 0;
}

__attribute__((noinline)) static void delay(uint32_t ms) {
  uint32_t start = get_tick();
  while (get_tick() - start < ms) {
  }
}

__attribute__((noinline)) static void put(const char *text) {
  while (*text) {
    wait_for(&USART_ISR, 0x80u, 0x80u);
    USART_TDR = (uint8_t)*text++;
  }
  wait_for(&USART_ISR, 0x40u, 0x40u);
}

static void put_number(uint32_t value) {
  char digits[11];
  int at = 10;
  digits[at] = 0;
  do {
    uint32_t rest = 0, quotient = 0;
    for (int bit = 31; bit >= 0; bit--) { /* no divide on ARMv6-M */
      rest = rest << 1 | (value >> bit & 1u);
      if (rest >= 10u) {
        rest -= 10u;
        quotient |= 1u << bit;
      }
    }
    digits[--at] = (char)('0' + rest);
    value = quotient;
  } while (value);
  put(digits + at);
}

void SysTick_Handler(void) { tick++; }

void UART_Handler(void) {
  if (USART_ISR & 0x20u) {
    char letter = (char)USART_RDR;
    if (letter == '%') {
      line[received] = 0;
      received = 0;
      complete = 1;
    } else if (letter >= ' ' && received < sizeof line - 1) {
      line[received++] = letter;
    }
  }
}

void Default_Handler(void) {
  for (;;) {
  }
}

static void clock_init(void) {
  wait_for(&VOLTAGE_REG, VOLTAGE_READY, VOLTAGE_READY);
  RCC_CR |= 1u << ON_BIT;
  wait_for(&RCC_CR, 1u << READY_BIT, 1u << READY_BIT);
  RCC_CR &= ~(1u << PLL_ON);
  wait_for(&RCC_CR, 2u << PLL_ON, 0);
  RCC_CR |= 1u << PLL_ON;
  wait_for(&RCC_CR, 2u << PLL_ON, 2u << PLL_ON);
  RCC_CFGR = (RCC_CFGR & ~7u) | SW_PLL;
  wait_for(&RCC_CFGR, 7u << SW_SHIFT & 0x3Fu, SW_PLL << SW_SHIFT);
}

static void uart_init(void) {
  USART_BRR = 0x683u;
  USART_CR1 = 0x0Du; /* enable, transmit, receive */
  wait_for(&USART_ISR, 0x600000u, 0x600000u);
  NVIC_ISER(UART_IRQ >> 5) = 1u << (UART_IRQ & 31);
  USART_CR1 |= 0x20u; /* RXNEIE */
}

__attribute__((noinline)) uint32_t work(uint32_t rounds) {
  uint32_t sum = 0;
  for (uint32_t n = 0; n < rounds; n++) {
    sum += table[n & 3] * (n + 1);
  }
  return sum;
}

static int same(const char *a, const char *b) {
  while (*a && *a == *b) {
    a++;
    b++;
  }
  return *a == *b;
}

int main(void) {
  SHPR3 = 0xC0u << 24;
  SYST_RVR = 4000u - 1u;
  SYST_CVR = 0;
  SYST_CSR = 7;
  clock_init();
  uart_init();
  delay(3);
  put("m-timeouts-");
  put_number(timeouts);
  put("\r\nm-ready\r\n");
  for (;;) {
    while (!complete) {
    }
    complete = 0;
    if (same(line, "name")) {
      put("m-name-hal\r\n");
    } else if (same(line, "infer")) {
      put("m-start\r\n");
      uint32_t sum = work(1000);
      put("m-result-");
      put_number(sum);
      put("\r\nm-end\r\n");
    } else {
      put("m-error\r\n");
    }
    put("m-ready\r\n");
  }
}

void Reset_Handler(void) {
  uint32_t *from = &_sidata;
  for (uint32_t *to = &_sdata; to < &_edata;) {
    *to++ = *from++;
  }
  for (uint32_t *to = &_sbss; to < &_ebss;) {
    *to++ = 0;
  }
  VTOR = (uint32_t)vectors;
  main();
  for (;;) {
  }
}

__attribute__((section(".isr_vector"), used)) void (*const vectors[16 + 64])(void) = {
    (void (*)(void))&_estack,
    Reset_Handler,
    [2 ... 14] = Default_Handler,
    [15] = SysTick_Handler,
    [16 ... 15 + UART_IRQ] = Default_Handler,
    [16 + UART_IRQ] = UART_Handler,
};
