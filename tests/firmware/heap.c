/* The C library's malloc and free: operations read from operations.bin, addresses and breaks written to results.bin. */
#include <stdint.h>
#include <stdlib.h>

enum { WORDS = 4096, SLOTS = 8192, FREE = 1 << 31 };

extern uint32_t _estack, _sidata, _sdata, _edata;
static uint32_t operations[2 * WORDS], results[2 * WORDS];
static void *blocks[SLOTS];
static uintptr_t program_break, limit;

void *_sbrk(ptrdiff_t bytes) {
  uintptr_t before = program_break;
  if (bytes > 0 && (uintptr_t)bytes > limit - before) {
    return (void *)-1;
  }
  program_break = before + (uintptr_t)bytes;
  return (void *)before;
}

static int semihost(int operation, const void *parameter) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = parameter;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static uint32_t open_file(const char *name, uint32_t mode, uint32_t length) {
  uint32_t block[3] = {(uint32_t)name, mode, length};
  return (uint32_t)semihost(0x01, block);
}

/* How many words were read or written. */
static uint32_t transfer(int operation, uint32_t file, uint32_t *words, uint32_t count) {
  uint32_t block[3] = {file, (uint32_t)words, 4 * count};
  return count - (uint32_t)semihost(operation, block) / 4;
}

void Reset_Handler(void) {
  uint32_t *from = &_sidata;
  for (uint32_t *to = &_sdata; to < &_edata; to++) {
    *to = *from++;
  }
  uint32_t input = open_file("operations.bin", 1, 14), output = open_file("results.bin", 5, 11);
  transfer(0x06, input, results, 2);
  program_break = results[0];
  limit = program_break + results[1];
  for (uint32_t count; (count = transfer(0x06, input, operations, 2 * WORDS) / 2) > 0;) {
    for (uint32_t n = 0; n < count; n++) {
      uint32_t slot = operations[2 * n], bytes = operations[2 * n + 1];
      if (slot & FREE) {
        free(blocks[slot & ~FREE]);
        results[2 * n] = 0;
      } else {
        blocks[slot] = malloc(bytes);
        results[2 * n] = (uint32_t)blocks[slot];
      }
      results[2 * n + 1] = program_break;
    }
    transfer(0x05, output, results, 2 * count);
  }
  uint32_t end[2] = {0x20026, 0};
  semihost(0x20, end);
  for (;;) {
  }
}

__attribute__((section(".isr_vector"), used)) void (*const vectors[2])(void) = {(void (*)(void))&_estack, Reset_Handler};
