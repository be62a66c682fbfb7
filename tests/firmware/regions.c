/* A program that times a function itself, between two marks and between two characters: one round for each 'r' that it
 * is sent, none for 'n', the end with 'q'. It prints the cycles that it counted, in hexadecimal. */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define SYST_CSR REG(0xE000E010u)
#define SYST_RVR REG(0xE000E014u)
#define SYST_CVR REG(0xE000E018u)
#define MARK REG(0x48000014u)

extern uint32_t _estack;
int main(void);
void Reset_Handler(void);

enum { SYS_WRITEC = 3, SYS_READC = 7, SYS_EXIT = 0x18, EXITED = 0x20026 };

__attribute__((noinline)) static uint32_t host(uint32_t operation, const void *parameter) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = parameter;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

__attribute__((noinline)) static void put(char letter) { host(SYS_WRITEC, &letter); }

__attribute__((noinline)) uint32_t work(uint32_t rounds) {
  uint32_t sum = 0;
  for (uint32_t n = 0; n < rounds; n++) {
    sum += n * (sum ^ 5u);
#if !defined(CHIP_G0) /* whose core has no divide: it takes cycles that depend on its operands */
    sum += (sum << n % 32u) / (n + 1u);
#endif
    __asm__ volatile("" : "+r"(sum));
  }
  return sum;
}

static volatile uint32_t result;

__attribute__((noinline)) static void once(void) {
  put('<');
  MARK = 1;
  uint32_t before = SYST_CVR;
  result = work(100);
  uint32_t after = SYST_CVR;
  MARK = 2;
  put('>');
  for (int shift = 12; shift >= 0; shift -= 4)
    put("0123456789abcdef"[(before - after) >> shift & 15u]);
  put('\n');
}

int main(void) {
  SYST_RVR = 0xFFFFFFu;
  SYST_CVR = 0;
  SYST_CSR = 5;
  for (;;) {
    uint32_t letter = host(SYS_READC, 0);
    if (letter == 'r')
      once();
    if (letter == 'q')
      host(SYS_EXIT, (const void *)EXITED);
  }
}

void Reset_Handler(void) { main(); }

__attribute__((section(".isr_vector"), used)) void (*const vectors[16])(void) = {
    (void (*)(void))&_estack,
    Reset_Handler,
};
