"""Allocators by name: each places buffers of known sizes and lifetimes at offsets from one start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mcusim.allocators import greedy
from mcusim.runtime import Request

ALLOCATORS: Mapping[str, Callable[[Sequence[Request]], tuple[int, ...]]] = {"greedy": greedy.allocate}
