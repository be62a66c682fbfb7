"""Allocators by name: each places buffers of known sizes and lifetimes at offsets from one start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mcusim.allocators import best_fit, greedy, hill_climb, linear, offline, optimum
from mcusim.runtime import Request

ALLOCATORS: Mapping[str, Callable[[Sequence[Request]], tuple[int, ...]]] = {
    "greedy": greedy.allocate,
    "linear": linear.allocate,
    "offline": offline.allocate,
    "best_fit": best_fit.allocate,
    "hill_climb": hill_climb.allocate,
    "optimum": optimum.allocate,
}
