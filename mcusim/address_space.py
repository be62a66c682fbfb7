"""Flash contents and RAM at absolute addresses → host memory in whole pages, which target code works on directly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mcusim.errors import EmulationError

PAGE_BYTES = 1024  # the smallest page of Unicorn's Arm
_SEED = 0x6D637573

Memory = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Whole pages of target memory at `address`; `memory` is the host's view of them."""

    address: int
    memory: Memory
    is_code: bool

    @property
    def end(self) -> int:
        """Address behind the last byte."""
        return self.address + self.memory.size

    @property
    def host(self) -> int:
        """Host address of the first byte."""
        return int(self.memory.ctypes.data)

    def slice(self, address: int, size: int) -> slice | None:
        """Where a range lies in `memory`, None if it is not all there."""
        if size < 0 or address < self.address or address + size > self.end:
            return None
        return slice(address - self.address, address - self.address + size)


@lru_cache(maxsize=4)
def canary(size: int) -> Memory:
    """The fixed pseudo-random bytes that stand for memory of unknown content."""
    return np.frombuffer(np.random.default_rng(_SEED).bytes(size), np.uint8)


def ram_region(address: int, size: int) -> Region:
    """RAM of `size` bytes, rounded outwards to whole pages, of unknown content."""
    if size <= 0 or address < 0 or address + size > 1 << 32:
        raise EmulationError(f"RAM of {size} bytes at {address:#x} is not in a 32-bit address space")
    start, end = _pages(address, size)
    return Region(start, canary(end - start).copy(), is_code=False)


def flash_regions(code: tuple[int, bytes], contents: Sequence[tuple[int, bytes]]) -> tuple[Region, ...]:
    """Flash that holds the code and other contents; contents that share a page share a region.

    What of a page no content fills is of unknown content. Raises EmulationError where contents overlap.
    """
    pieces = sorted([code, *(piece for piece in contents if len(piece[1]))], key=lambda piece: piece[0])
    for (before, content), (after, _) in pairwise(pieces):
        if before + len(content) > after:
            raise EmulationError(f"two contents of flash overlap at {after:#010x}")
    spans: list[tuple[int, int]] = []
    for address, content in pieces:
        start, end = _pages(address, len(content))
        if spans and start <= spans[-1][1]:
            before, before_end = spans.pop()
            start, end = before, max(end, before_end)
        spans.append((start, end))
    return tuple(_flash_region(start, end, code, pieces) for start, end in spans)


def free_page(regions: Sequence[Region]) -> int:
    """The highest page of the code area of the memory map (DDI 0403E, B3.1) that no region takes."""
    for page in range(0x1FFFFC00, -1, -PAGE_BYTES):
        if all(page + PAGE_BYTES <= region.address or page >= region.end for region in regions):
            return page
    raise EmulationError("the code area of the memory map is full")


def check_apart(regions: Sequence[Region]) -> None:
    """Refuse regions that share a page."""
    ordered = sorted(regions, key=lambda region: region.address)
    for before, after in pairwise(ordered):
        if before.end > after.address:
            raise EmulationError(f"RAM and flash overlap at {after.address:#010x}")


def _pages(address: int, size: int) -> tuple[int, int]:
    return address // PAGE_BYTES * PAGE_BYTES, -(-(address + size) // PAGE_BYTES) * PAGE_BYTES


def _flash_region(start: int, end: int, code: tuple[int, bytes], pieces: Sequence[tuple[int, bytes]]) -> Region:
    memory = canary(end - start).copy()
    for address, content in pieces:
        if start <= address < end:
            memory[address - start : address - start + len(content)] = np.frombuffer(content, np.uint8)
    return Region(start, memory, is_code=start <= code[0] < end)
