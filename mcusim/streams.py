"""What a kernel reads from end to end, and a board's data cache → the lines of it that are not there."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mcusim.cost import Counts, Stream
from mcusim.hardware import Board
from mcusim.memory_systems import choices

# Bytes of code and of constants beside the weights that the inner loops of a kernel keep in a cache that serves both.
HOT_CODE_BYTES = 600
CONSTANT_LINES, ARENA_LINES = "constant_lines", "arena_lines"


@dataclass(frozen=True, slots=True)
class DataCache:
    """A cache that data is read through: of constants alone, or of the arena too; `code_bytes` share it."""

    line_bytes: int
    sets: int
    ways: int
    of_arena: bool
    code_bytes: int

    @property
    def bytes(self) -> int:
        """All that it holds."""
        return self.sets * self.ways * self.line_bytes


def data_cache(board: Board) -> DataCache | None:
    """The data cache of the first of a board's possible memory systems; None where data is read without one."""
    choice = choices(board)[0]
    of = {name: int(value) for name, value in choice.parameters.items() if not math.isnan(value)}
    if choice.model == "l1":
        return _cache(of["data_size_bytes"], of["data_ways"], of["line_bytes"], of_arena=True, code_bytes=0)
    if choice.model == "xip" or (choice.model == "cache" and of["caches_data"]):
        return _cache(of["size_bytes"], of["ways"], of["line_bytes"], of_arena=False, code_bytes=HOT_CODE_BYTES)
    if choice.model == "art":
        return DataCache(of["line_bytes"], 1, of["data_lines"], of_arena=False, code_bytes=0)
    if choice.model == "wait_states" and of["caches_data"]:
        return DataCache(of["line_bytes"], 1, of["buffered_lines"], of_arena=False, code_bytes=0)
    return None


def _cache(size: int, ways: int, line: int, of_arena: bool, code_bytes: int) -> DataCache:
    return DataCache(line, max(1, size // (ways * line)), ways, of_arena, code_bytes)


def missed_lines(streams: tuple[Stream, ...], cache: DataCache | None, constants_there: bool = False) -> Counts:
    """Lines that a kernel's streams miss, of constants and of the arena apart.

    Those of the arena only when they are read again: what is there the first time is a matter of the layers before
    (`residency.cold_bytes`). With `constants_there` that is so of constants too, as all of them are.
    """
    counts: Counts = {}
    for stream in streams:
        if cache is None or not (stream.constant or cache.of_arena):
            continue
        again = _stepped_again(stream, cache) if stream.step > cache.line_bytes else _again(stream, cache)
        first = stream.repeats * stream.bytes / cache.line_bytes if stream.constant and not constants_there else 0.0
        name = CONSTANT_LINES if stream.constant else ARENA_LINES
        counts[name] = counts.get(name, 0.0) + first + stream.repeats * again
    return counts


def reads_constants(streams: tuple[Stream, ...]) -> bool:
    """Whether one of a kernel's streams is of constants."""
    return any(stream.constant for stream in streams)


def edge_lines(constants: Sequence[tuple[int, int]], line_bytes: int) -> float:
    """Lines that constants, (address, bytes) each, lie in beyond those that their bytes would fill."""
    found = 0.0
    for address, size in constants:
        found += (address + size - 1) // line_bytes - address // line_bytes + 1 - size / line_bytes
    return found


def _again(stream: Stream, cache: DataCache) -> float:
    """Lines that a stream misses when it is read again from end to end."""
    begin = stream.offset % cache.line_bytes
    lines = -(-(begin + stream.bytes) // cache.line_bytes) if stream.bytes else 0
    return lines * (stream.passes - 1) * evicted_share(lines * cache.line_bytes, stream.between, cache)


def _stepped_again(stream: Stream, cache: DataCache) -> float:
    """Lines that each pass reads one element of and misses in the next: steps of many lines come to few of the sets."""
    lines = -(-stream.bytes // stream.step)
    period = cache.sets * cache.line_bytes
    sets = min(cache.sets, period // math.gcd(period, stream.step))
    reached = replace(cache, sets=sets)
    return lines * (stream.passes - 1) * evicted_share(lines * cache.line_bytes, stream.between, reached)


@functools.lru_cache(maxsize=4096)
def evicted_share(size: int, between: int, cache: DataCache) -> float:
    """The share of a stream's lines that are gone when it comes to them again.

    In a cache that replaces the least recently used line, those of a set are gone once more lines than it has ways
    come in turn. The stream lies evenly over the sets; what is read between lies anywhere (Poisson's distribution).
    """
    per_set = size / (cache.line_bytes * cache.sets)
    others = ((between if cache.of_arena else 0) + cache.code_bytes) / (cache.line_bytes * cache.sets)
    if per_set == 0:
        return 0.0
    whole = math.floor(per_set)
    part = per_set - whole
    gone = (1 - part) * whole * _exceeds(cache.ways - whole, others)
    gone += part * (whole + 1) * _exceeds(cache.ways - whole - 1, others)
    return gone / per_set


def _exceeds(limit: int, mean: float) -> float:
    """The probability that a Poisson-distributed number exceeds a limit."""
    if limit < 0:
        return 1.0
    return max(0.0, 1 - sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(min(limit, 60) + 1)))
