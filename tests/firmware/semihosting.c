/* Semihosting: text on the console, a file written, read back and measured, an exit status. */
#include <stdint.h>

extern uint32_t _estack;

static int semihost(int operation, const void *parameter) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = parameter;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static uint32_t length(const char *text) {
  uint32_t count = 0;
  while (text[count]) {
    count++;
  }
  return count;
}

static int open_file(const char *name, uint32_t mode) {
  uint32_t block[3] = {(uint32_t)name, mode, length(name)};
  return semihost(0x01, block);
}

static int transfer(int operation, int handle, const char *data, uint32_t bytes) {
  uint32_t block[3] = {(uint32_t)handle, (uint32_t)data, bytes};
  return semihost(operation, block);
}

void Reset_Handler(void) {
  char back[8] = {0};
  uint32_t one, two[2], status = 0;
  int console = open_file(":tt", 4);
  transfer(0x05, console, "hello\n", 6);
  int file = open_file("out.txt", 4);
  status |= file <= 0 ? 1 : 0;
  status |= transfer(0x05, file, "abcdef", 6) ? 2 : 0;
  one = (uint32_t)file;
  semihost(0x02, &one);
  file = open_file("out.txt", 0);
  one = (uint32_t)file;
  status |= semihost(0x0C, &one) != 6 ? 4 : 0;
  two[0] = (uint32_t)file;
  two[1] = 2;
  semihost(0x0A, two);
  status |= transfer(0x06, file, back, 8) != 4 ? 8 : 0; /* four bytes of eight are not there */
  semihost(0x04, back);
  two[0] = 0x20026;
  two[1] = status;
  semihost(0x20, two);
  for (;;) {
  }
}

__attribute__((section(".isr_vector"), used)) void (*const vectors[2])(void) = {(void (*)(void))&_estack, Reset_Handler};
