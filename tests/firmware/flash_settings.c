/* The same work before and after two writes to a register of flash or caches, which -DREGISTER=, -DFIRST= and -DSECOND=
 * say. */
#include <stdint.h>

extern uint32_t _estack;
void Reset_Handler(void);

static volatile uint32_t sink;
static const uint32_t table[16] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};

/* Code of more than a line, data in flash, loads through a base that is written back, branches both ways. */
__attribute__((noinline)) static uint32_t work(uint32_t rounds) {
  uint32_t sum = 0;
  for (uint32_t n = 0; n < rounds; n++) {
    const uint32_t *at = table;
    for (uint32_t k = 0; k < 16; k++) {
      uint32_t value = *at++;
      sum = value & 1u ? sum + value * n : sum ^ value << 3;
    }
    sum += n % 3u ? sum >> 5 : sum << 2;
  }
  return sink = sum;
}

__attribute__((noinline)) static void stop(void) { __asm volatile("bkpt 0"); }

__attribute__((noinline)) static void set(uint32_t value) { *(volatile uint32_t *)REGISTER = value; }

void Reset_Handler(void) {
  work(20);
  work(20);
  set(FIRST);
  work(20);
  set(SECOND);
  work(20);
  stop();
}

__attribute__((section(".isr_vector"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))&_estack,
    Reset_Handler,
};
