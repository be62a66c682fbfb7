"""Memory systems by name: what waits for memory, and what a figure made with them leaves out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType

from mcusim.hardware import Board
from mcusim.memories import art, cache, l1, wait_states, xip, zero_wait

MEMORIES: Mapping[str, ModuleType] = {
    "zero_wait": zero_wait,
    "wait_states": wait_states,
    "art": art,
    "cache": cache,
    "l1": l1,
    "xip": xip,
}
CAVEATS: Mapping[str, Callable[[Board], tuple[str, ...]]] = {name: module.caveats for name, module in MEMORIES.items()}
