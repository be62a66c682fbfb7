/* What TensorFlow Lite Micro's preparation of int8 models calls of the C library and of libgcc; LOG: DebugLog's too. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

volatile double d;
volatile float f;
volatile int64_t l;
volatile int i;
char text[64];
const char *volatile s;

void start(void)
{
    memcpy(text, s, i);
    memset(text, i, i);
    memmove(text, text + 1, i);
    i = memcmp(text, s, i) + strcmp(text, s) + (int)strlen(text);
    int exponent;
    d = frexp(d, &exponent);
    d = ldexp(round(d) + floor(d), exponent);
    d = d * d / d + d - (double)f;
    f = (float)d;
    l = (int64_t)d * l / (i | 1);
    d = (double)l + (double)i;
    i = (int)d + (d < f);
#ifdef LOG
    snprintf(text, i, s, i, f);
#endif
}
