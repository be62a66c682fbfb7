/* An application with a tensor arena, a heap, a driver's buffer, and one kernel of its own by CMSIS-NN's name. */
#include <stdint.h>

#ifndef ARENA
#define ARENA 32768
#endif

uint8_t tensor_arena[ARENA] __attribute__((aligned(16)));
uint8_t camera_frame[5000];
uint32_t settings[25] = {1, 2, 3};
#ifdef SCHEDULER
uint8_t ucHeap[4096];
void vTaskStartScheduler(void) { ucHeap[0] = 1; }
#endif
const uint8_t g_model[] = {
#ifdef MODEL
#include "model.inc"
#else
    [0 ... 9999] = 7,
#endif
};

int arm_softmax_s8(void) { return g_model[settings[0]]; }

void Reset_Handler(void)
{
#ifdef SCHEDULER
    vTaskStartScheduler();
#endif
    for (;;)
        tensor_arena[0] = (uint8_t)(arm_softmax_s8() + camera_frame[1]);
}
