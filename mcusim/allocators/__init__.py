"""Allocators by name: planners place buffers of known sizes and lifetimes, heaps serve malloc and free as they come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mcusim.allocators import best_fit, greedy, heap_4, hill_climb, linear, newlib, newlib_nano, offline, optimum, tlsf
from mcusim.heap import Heap
from mcusim.runtime import Request

ALLOCATORS: Mapping[str, Callable[[Sequence[Request]], tuple[int, ...]]] = {
    "greedy": greedy.allocate,
    "linear": linear.allocate,
    "offline": offline.allocate,
    "best_fit": best_fit.allocate,
    "hill_climb": hill_climb.allocate,
    "optimum": optimum.allocate,
}

HEAPS: Mapping[str, Heap] = {
    heap.name: heap for heap in (heap_4.HEAP, newlib_nano.HEAP, newlib_nano.HEAP_3, newlib.HEAP, tlsf.HEAP)
}
