// What the tests of calls compile: one function for each way in which arguments, results and memory go.
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "called.h"

static int32_t calls;
int32_t table[4] = {1, 2, 3, 4};

int32_t dot(const int8_t *a, const int8_t *b, int32_t n)
{
    int32_t sum = BIAS;
    for (int32_t i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

int32_t count(void) { return ++calls + table[0]++; }

void fill(volatile int8_t *out, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        out[i] = 7;
    }
}

void copy(int8_t *out, const int8_t *in, int32_t n) { memcpy(out, in, n); }

// Numbers: a 64-bit one begins in an even register, floats have registers of their own where they travel hard.
int64_t wide(int32_t a, int64_t b, int32_t c, int32_t d, int64_t e) { return a * b + c * d + e; }
double mixed(float a, double b, float c, int32_t i, double d, float e)
{
    return a + 10 * b + 100 * c + 1000 * i + 10000 * d + 100000 * e;
}
float spilled(float a, float b, float c, float d, float e, float f, float g, float h, float i, float j, float k,
              float l, float m, float n, float o, float p, float q, double r, int32_t s)
{
    return (a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p) * 100 + q * 10 + r + s;
}
uint8_t narrow(uint8_t x) { return x + 1; }
int16_t negative(int16_t x) { return -x; }
bool larger(int32_t a, int32_t b) { return a > b; }

// Structures by address and by value.
typedef struct { int16_t w, h; } dims;
typedef struct {
    uint8_t tag; dims d; const int8_t *data; int32_t n; double scale; bool on; int32_t sums[3]; long last;
} params;
int32_t use(params *p)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < p->n; i++) {
        sum += p->data[i];
    }
    p->sums[1] = sum;
    p->d.h += 1;
    p->last = -5;
    return sum * p->d.w + p->tag + (p->on ? 1000 : 0) + (int32_t)(p->scale * 10);
}
typedef struct { float x, y, z; } vector;
float inner(vector a, vector b, float k) { return (a.x * b.x + a.y * b.y + a.z * b.z) * k; }
typedef struct { int32_t a, b, c, d, e; } five;
int32_t split(int32_t q, five f, int32_t r) { return q * 100 + f.a + 2 * f.b + 3 * f.c + 4 * f.d + 5 * f.e + r * 1000; }
typedef struct node { struct node *next; int32_t v; } node;
int32_t chain(node *n)
{
    int32_t digits = 0;
    for (; n; n = n->next) {
        digits = digits * 10 + n->v++;
    }
    return digits;
}

// A way through the code for every value, so that calls meet its blocks in another order each time.
int32_t twist(const int32_t *x, int32_t n)
{
    int32_t s = 0;
    for (int32_t i = 0; i < n; i++) {
        if (x[i] & 1) {
            s = x[i] & 2 ? s + x[i] * 3 : s ^ x[i] << 2;
        } else if (x[i] & 4) {
            s -= x[i];
        } else {
            s /= x[i] | 1;
        }
        s = s * 5 + 1;
    }
    return s;
}
int32_t twice(const int32_t *x, int32_t n) { return twist(x, n / 2) + twist(x + n / 2, n / 2); }
