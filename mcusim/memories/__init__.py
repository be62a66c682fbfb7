"""Memory systems by name: what waits for memory, and what a figure made with them leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from mcusim.memories import art, cache, l1, wait_states, xip, zero_wait

MEMORIES: Mapping[str, ModuleType] = {
    "zero_wait": zero_wait,
    "wait_states": wait_states,
    "art": art,
    "cache": cache,
    "l1": l1,
    "xip": xip,
}
