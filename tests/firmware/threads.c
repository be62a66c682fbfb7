/* Two threads that take turns by PendSV, with supervisor calls, a tick and semihosting; no chip needed. On cores with a
 * floating-point unit both threads keep floats in registers across the switches. */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define ICSR REG(0xE000ED04u)
#define SHPR3 REG(0xE000ED20u)
#define SYST_CSR REG(0xE000E010u)
#define SYST_RVR REG(0xE000E014u)
#define SYST_CVR REG(0xE000E018u)

extern uint32_t _sidata, _sdata, _edata, _sbss, _ebss, _estack;
int main(void);

static uint32_t stacks[2][128] __attribute__((aligned(8)));
uint32_t *saved[2];
uint32_t current;
static volatile uint32_t ticks, calls, rounds[2], done;

static int semihost(int operation, const void *parameter) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = parameter;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static void say(const char *text) { semihost(0x04, text); }

static void end(int status) {
  uint32_t block[2] = {0x20026, (uint32_t)status};
  semihost(0x20, block);
}

void SysTick_Handler(void) {
  ticks++;
  ICSR = 1u << 28; /* PendSV */
}

/* The number of a supervisor call is in its instruction; its result goes to the stacked R0. */
void svc(uint32_t *frame) {
  uint8_t number = ((uint8_t *)frame[6])[-2];
  calls++;
  frame[0] = frame[0] + number;
}

__attribute__((naked)) void SVC_Handler(void) {
  __asm__ volatile(
      "movs r0, #4\n"
      "mov r1, lr\n"
      "tst r0, r1\n"
      "beq 1f\n"
      "mrs r0, psp\n"
      "b 2f\n"
      "1: mrs r0, msp\n"
      "2: push {r3, lr}\n"
      "bl svc\n"
      "pop {r3, pc}\n");
}

uint32_t *switch_threads(uint32_t *sp) {
  saved[current] = sp;
  current ^= 1;
  return saved[current];
}

__attribute__((naked)) void PendSV_Handler(void) {
#if defined(__ARM_ARCH_6M__)
  __asm__ volatile(
      "mrs r0, psp\n"
      "subs r0, #36\n"
      "mov r3, r0\n"
      "stmia r3!, {r4-r7}\n"
      "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n"
      "stmia r3!, {r4-r7}\n"
      "mov r4, lr\n str r4, [r3]\n"
      "push {r3, lr}\n"
      "bl switch_threads\n"
      "add sp, #8\n"
      "mov r3, r0\n"
      "adds r3, #16\n"
      "ldmia r3!, {r4-r7}\n"
      "mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n"
      "ldr r1, [r3]\n"
      "ldmia r0!, {r4-r7}\n"
      "adds r0, #20\n"
      "msr psp, r0\n"
      "bx r1\n");
#else
  __asm__ volatile(
      "mrs r0, psp\n"
#if defined(__ARM_FP)
      "tst lr, #16\n"
      "it eq\n"
      "vstmdbeq r0!, {s16-s31}\n"
#endif
      "stmdb r0!, {r4-r11, lr}\n"
      "bl switch_threads\n"
      "ldmia r0!, {r4-r11, lr}\n"
#if defined(__ARM_FP)
      "tst lr, #16\n"
      "it eq\n"
      "vldmiaeq r0!, {s16-s31}\n"
#endif
      "msr psp, r0\n"
      "bx lr\n");
#endif
}

static uint32_t call_supervisor(uint32_t value) {
  register uint32_t r0 __asm__("r0") = value;
  __asm__ volatile("svc 7" : "+r"(r0) : : "memory");
  return r0;
}

/* Sums in registers (floats where there are any) that a switch at the wrong place would spoil. */
static void thread(uint32_t number) {
#if defined(__ARM_FP)
  float sum = (float)number, step = 0.5f + (float)number;
#else
  uint32_t sum = 2 * number, step = 1 + 2 * number;
#endif
  for (uint32_t n = 0; n < 4000; n++) {
    sum += step;
    if ((n & 1023u) == 0) {
      if (call_supervisor(n) != n + 7) {
        end(3);
      }
      ICSR = 1u << 28;
      __asm__ volatile("dsb\n isb");
    }
  }
#if defined(__ARM_FP)
  uint32_t right = sum == (float)number + 4000.0f * step;
#else
  uint32_t right = sum == 2 * number + 4000u * step;
#endif
  rounds[number] = right;
  done |= 1u << number;
  for (;;) {
    if (number == 0 && done == 3) {
      say(rounds[0] && rounds[1] ? "sums are right\n" : "sums are wrong\n");
      say(calls == 8 ? "calls are right\n" : "calls are wrong\n");
      say(ticks > 0 ? "ticks came\n" : "no ticks came\n");
      end(rounds[0] && rounds[1] && calls == 8 && ticks ? 42 : 1);
    }
  }
}

static void first(void) { thread(0); }
static void second(void) { thread(1); }

int main(void) {
  uint32_t *sp = &stacks[1][128 - 8];
  sp[6] = (uint32_t)second & ~1u; /* the frame of a thread that begins */
  sp[7] = 1u << 24;
  sp -= 9;
#if defined(__ARM_ARCH_8M_MAIN__)
  sp[8] = 0xFFFFFFBCu;
#else
  sp[8] = 0xFFFFFFFDu;
#endif
  saved[1] = sp;
  SHPR3 = 0xC0C00000u;
  SYST_RVR = 999;
  SYST_CVR = 0;
  SYST_CSR = 7;
  __asm__ volatile("msr psp, %0\n movs r0, #2\n msr control, r0\n isb" : : "r"(&stacks[0][128]) : "r0");
  first();
  return 0;
}

void Default_Handler(void) {
  for (;;) {
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
  main();
  for (;;) {
  }
}

__attribute__((section(".isr_vector"), used)) void (*const vectors[16])(void) = {
    (void (*)(void))&_estack, Reset_Handler,   Default_Handler, Default_Handler, Default_Handler, Default_Handler,
    Default_Handler,          Default_Handler, Default_Handler, Default_Handler, Default_Handler, SVC_Handler,
    Default_Handler,          Default_Handler, PendSV_Handler,  SysTick_Handler,
};
