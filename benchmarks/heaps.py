"""Allocator operations a second of each simulated heap, for live sets of several sizes, beside the host's own malloc.

Run it from the project's folder, with mcusim installed: python benchmarks/heaps.py. An operation is a malloc or a free;
a random slot of twice as many as there are live blocks is freed if it holds one, else filled. Sizes are those of an
application: strings and list nodes, packets, a few buffers. All heaps get the same operations, and so does the C
library's malloc, if gcc is there to compile the same loop. All times are of the processor, so that other programs on
the machine do not count.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from mcusim.allocators import HEAPS
from mcusim.heap import Heap

LIVE = (20, 100, 200, 500)
HEAP_BYTES_A_BLOCK = 400  # about twice the mean request
CONTROL_BYTES = 8192  # of any allocator
OPERATIONS, REPEATS = 500_000, 40
LIMIT = 20_000_000

LOOP = """
#include <stdint.h>
#include <stdlib.h>
int64_t serve(int64_t count, const int64_t *slots, const int64_t *sizes, int64_t *blocks) {
  int64_t refused = 0;
  for (int64_t n = 0; n < count; n++) {
    int64_t slot = slots[n];
    if (blocks[slot]) {
      free((void *)blocks[slot]);
      blocks[slot] = 0;
    } else {
      blocks[slot] = (int64_t)malloc(sizes[n]);
      refused += blocks[slot] == 0;
    }
  }
  return refused;
}
"""


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def serve(malloc: Any, free: Any, state: Any, slots: Any, sizes: Any, blocks: Any) -> int:
    """What LOOP does with a simulated heap."""
    refused = 0
    for number in range(len(slots)):
        slot = slots[number]
        if blocks[slot]:
            free(state, blocks[slot])
            blocks[slot] = 0
        else:
            blocks[slot] = malloc(state, sizes[number])
            refused += blocks[slot] == 0
    return refused


def operations(live: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Slots and sizes: 60 % of 8 to 63 bytes, 35 % of 64 to 399, 5 % of 400 to 1,599."""
    generator = np.random.default_rng(1)
    kinds = generator.random(OPERATIONS)
    ranges = [generator.integers(low, high, OPERATIONS) for low, high in ((8, 64), (64, 400), (400, 1600))]
    return generator.integers(0, 2 * live, OPERATIONS), np.select([kinds < 0.6, kinds < 0.95], ranges[:2], ranges[2])


def per_second(run: Callable[[], int]) -> tuple[float, int]:
    """The best of some rounds, as others may use the machine, and how many requests were refused in the last."""
    run()
    best, refused = float("inf"), 0
    for _ in range(REPEATS):
        start = time.process_time()
        refused = run()
        best = min(best, time.process_time() - start)
    return OPERATIONS / best, refused


def simulated(heap: Heap, live: int) -> tuple[float, int, tuple[int, ...]]:
    slots, sizes = operations(live)
    state = heap.start(CONTROL_BYTES + live * HEAP_BYTES_A_BLOCK, 0x2000_0000)
    blocks = np.zeros(2 * live, np.int64)
    serve(heap.malloc, heap.free, state, slots, sizes, blocks)
    survey = heap.survey(state)
    return *per_second(lambda: serve(heap.malloc, heap.free, state, slots, sizes, blocks)), survey


def host(live: int) -> float | None:
    """The C library's operations a second; None without gcc."""
    compiler = shutil.which("gcc")
    if compiler is None:
        return None
    slots, sizes = operations(live)
    blocks = np.zeros(2 * live, np.int64)
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "loop.so")
        Path(folder, "loop.c").write_text(LOOP, encoding="utf-8")
        options = ["-O2", "-fno-builtin", "-shared", "-fPIC", str(library.with_suffix(".c")), "-o", str(library)]
        subprocess.run([compiler, *options], check=True)
        function = ctypes.CDLL(str(library)).serve
        arguments = [array.ctypes.data_as(ctypes.c_void_p) for array in (slots, sizes, blocks)]
        return per_second(lambda: int(function(ctypes.c_int64(OPERATIONS), *arguments)))[0]


def main() -> None:
    for live in LIVE:
        peer = host(live)
        text = "" if peer is None else f", the host's malloc {peer / 1e6:.1f} million operations a second"
        print(f"{live} live blocks{text}")
        for name, heap in HEAPS.items():
            rate, refused, survey = simulated(heap, live)
            ratio = "" if peer is None else f"  {rate / peer:5.2f} of the host's"
            held = f"{survey[2]:4} free blocks  {refused:6} refused"
            print(f"  {name:14} {rate / 1e6:6.1f} M/s{ratio}  {held}  {'below' if rate < LIMIT else 'above'} 20 M/s")


if __name__ == "__main__":
    main()
