"""A simulated month of ble_sensor, ten events a second, on each heap: seconds, and mallocs and frees a second.

Run it from the project's folder, with mcusim installed: python benchmarks/soak.py. Compiling is not counted. The
processor's time is that of both cores: operations are made on one while the heap carries them out on another.
"""

from __future__ import annotations

import os
import time

from mcusim import tables
from mcusim.allocators import HEAPS
from mcusim.soak import soak
from mcusim.workload import load_workload

MONTH_S = 30 * 86400.0
HEAP_BYTES = 16384  # none of the heaps fails
REPEATS = 3


def row(heap: str) -> list[str]:
    workload = load_workload("ble_sensor")
    soak(workload, 60.0, heap=heap, heap_bytes=HEAP_BYTES)
    seconds, processor = [], []
    for _ in range(REPEATS):
        begin, spent = time.perf_counter(), time.process_time()
        run = soak(workload, MONTH_S, heap=heap, heap_bytes=HEAP_BYTES).runs[0]
        seconds.append(time.perf_counter() - begin)
        processor.append(time.process_time() - spent)
    count = run.mallocs + run.frees
    return [heap, f"{count:,}", f"{min(seconds):.2f}", f"{min(processor):.2f}", f"{count / min(seconds) / 1e6:.1f}"]


def main() -> None:
    rows = [row(heap) for heap in HEAPS]
    headers = ["heap", ">operations", ">s", ">processor s", ">million/s"]
    print(tables.grid(headers, rows, 80), end="")
    print(f"best of {REPEATS}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
