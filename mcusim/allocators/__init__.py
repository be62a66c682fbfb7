"""Allocators by name: planners place buffers of known sizes and lifetimes, heaps serve malloc and free as they come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mcusim.allocators import best_fit, greedy, hill_climb, linear, offline, optimum
from mcusim.heap import Heap
from mcusim.runtime import Request
from mcusim.siblings import Siblings

ALLOCATORS: Mapping[str, Callable[[Sequence[Request]], tuple[int, ...]]] = {
    "greedy": greedy.allocate,
    "linear": linear.allocate,
    "offline": offline.allocate,
    "best_fit": best_fit.allocate,
    "hill_climb": hill_climb.allocate,
    "optimum": optimum.allocate,
}

HEAPS: Mapping[str, Heap] = Siblings(
    __name__,
    {
        "heap_4": "heap_4:HEAP",
        "newlib_nano": "newlib_nano:HEAP",
        "newlib_nano_3": "newlib_nano:HEAP_3",
        "newlib": "newlib:HEAP",
        "tlsf": "tlsf:HEAP",
    },
)
