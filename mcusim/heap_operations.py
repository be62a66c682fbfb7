"""Workload + seed → what it asks of a heap, malloc by malloc and free by free, the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import inlined, int64, jit, observing
from mcusim.workload import Lifetime, LogRow, Size, Source, Workload, rate_per_second

Words = NDArray[np.int64]

SECOND_US = 1_000_000

# An operation is a word: the block's number, who asks, and the size, 0 for a free. Blocks are numbered anew as they
# are freed, so that numbers stay below the most blocks alive at a time.
BLOCK_BITS, OWNER_BITS = 24, 9
OWNER_SHIFT, BYTES_SHIFT = BLOCK_BITS, BLOCK_BITS + OWNER_BITS
BLOCK_MASK, OWNER_MASK = (1 << BLOCK_BITS) - 1, (1 << OWNER_BITS) - 1
LEAST_BLOCK_BYTES = 8  # of any allocator, headers included: bounds how many blocks can be alive
MOST_BLOCKS_OF_EVENT = 1024
CHUNK = 1 << 15  # operations that are made at a time
_ROOM = 2 * MOST_BLOCKS_OF_EVENT  # an event frees and allocates so many at most

# Columns of a distribution: where its pieces begin and how many it has; an exponential one has none and a mean.
_AT, _COUNT, _MEAN = range(3)
# Columns of a piece: the least value, how many steps of 2**shift there are from it on; and how it is chosen, by A.
# Walker's aliases: each piece comes up equally often, and stays with a 32-bit probability, else another one is taken.
_LEAST, _SPAN, _SHIFT, _STAYS, _OTHER = range(5)
_LOG_PIECES = 32

# Columns of a source: distributions of its intervals, blocks, sizes and lifetimes (−1 where it has none), how many
# events it keeps (0 where lifetimes are times or forever) and which of them goes, and the rest as in the workload.
_ARRIVAL, _BLOCKS, _SIZE, _LIFE, _KEPT, _ORDER, _LAST_FIRST, _IN_FLIGHT, _ALLOCATE_FIRST, _POOL, _OWNER = range(11)
_OLDEST, _NEWEST, _RANDOM = range(3)
_ORDERS = ("oldest", "newest", "random")

# Columns of what changes about a source: events alive, and the place in its pool that is next.
_ALIVE, _NEXT = range(2)

# Columns of a log's row: time, the number of the name, the size or 0 for a free.
_TIME, _NAME, _BYTES = range(3)

# Header of the queue.
_LENGTH, _COMES, _COMES_AT, _UNUSED, _LOG_AT, _LOG_BEGAN, _LOG_OWNER, _SKIPPED, _BEGAN = range(9)

_NONE = -1
_NEVER = 1 << 62
_U64: Any = np.uint64
_U32_MASK = np.uint64(0xFFFFFFFF)
_SHIFT_32 = np.uint64(32)


class Chunk(NamedTuple):
    """Operations in order with the time of each, and whether they are all that were asked for."""

    operations: Words
    times_us: Words
    is_all: bool


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """The operations of a workload from its beginning on, as far as `fill` has made them.

    `owners` are the words for who asks, by number.
    """

    owners: tuple[str, ...]
    started: Words
    operations: Words
    times_us: Words
    distributions: Words
    pieces: Words
    sources: Words
    log: Words
    log_every_us: int
    random: NDArray[np.uint64]
    queue: Words
    times: Words
    items: Words
    arrivals: Words
    alive: Words
    pools: Words
    groups: Words
    unused: Words

    def fill(self, until_us: int, buffer: int = 0) -> Chunk:
        """Make the next operations before a time, about CHUNK at most; one of two buffers holds them."""
        operations, times_us = self.operations[buffer], self.times_us[buffer]
        count, is_all = _fill(
            until_us,
            operations,
            times_us,
            (self.distributions, self.pieces, self.sources, self.log, _EXPONENTIAL),
            self.log_every_us,
            self.random,
            (self.queue, self.times, self.items, self.arrivals, self.alive, self.pools, self.groups, self.unused),
        )
        return Chunk(operations[:count], times_us[:count], bool(is_all))

    @property
    def block_count(self) -> int:
        """Numbers of blocks are below it."""
        return len(self.groups)

    @property
    def skipped_events(self) -> int:
        """Events that allocated nothing because too many of their source were in flight."""
        return int(self.queue[_SKIPPED])


def stream(workload: Workload, seed: int, heap_bytes: int) -> Stream:
    """The operations of a workload; `started` are those of its start, at time 0.

    The seed is any integer. A heap of `heap_bytes` bounds how many blocks can be alive: `fill` ends where more would
    be, long after malloc has failed.
    """
    tables = _Tables()
    starts = [(owner, start.bytes) for owner, start in enumerate(workload.start) for _ in range(start.count)]
    sources = [
        _source(workload, source, len(workload.start) + index, tables) for index, source in enumerate(workload.sources)
    ]
    blocks = len(starts) + heap_bytes // LEAST_BLOCK_BYTES + _ROOM
    groups = np.full((blocks, 2), _NONE, np.int64)  # the next block of an event's, and whose it is
    names = {row.malloc: number for number, row in enumerate(workload.trace) if row.malloc is not None}
    made = Stream(
        owners=(*(one.what for one in workload.start), *(one.what for one in workload.sources), "recorded log"),
        started=np.array(
            [number | owner << OWNER_SHIFT | size << BYTES_SHIFT for number, (owner, size) in enumerate(starts)],
            np.int64,
        ),
        operations=np.zeros((2, CHUNK + _ROOM), np.int64),
        times_us=np.zeros((2, CHUNK + _ROOM), np.int64),
        distributions=_table(tables.distributions, 3),
        pieces=_table(tables.pieces, 5),
        sources=_table(sources, 11),
        log=_table([_log_row(row, names) for row in workload.trace], 3),
        log_every_us=_us(workload.trace_every_s) if workload.trace_every_s is not None else 0,
        random=np.array([seed % (1 << 64)], np.uint64),
        queue=np.array([0, 0, _NEVER, blocks - len(starts), 0, 0, len(workload.start) + len(sources), 0, 0], np.int64),
        times=np.full(blocks, _NEVER, np.int64),
        items=np.zeros(blocks, np.int64),
        arrivals=np.full(len(sources) + 1, _NEVER, np.int64),
        alive=np.zeros((len(sources), 2), np.int64),
        pools=np.full(tables.pool + len(workload.trace), _NONE, np.int64),
        groups=groups,
        unused=np.arange(blocks - 1, len(starts) - 1, -1, dtype=np.int64),
    )
    return made


class _Tables:
    """Distributions and pools as they are added."""

    def __init__(self) -> None:
        self.distributions: list[list[int]] = []
        self.pieces: list[list[int]] = []
        self.pool = 0

    def add(self, ranges: Sequence[tuple[Fraction, int, int]]) -> int:
        """A distribution of ranges of equally likely integers, with their probabilities; returns its number."""
        first = len(self.pieces)
        self.distributions.append([first, len(ranges), 0])
        for (_, least, most), (stays, other) in zip(ranges, _aliases([one[0] for one in ranges]), strict=True):
            shift = max((most - least).bit_length() - 30, 0)  # a product with 32 random bits stays in 63
            self.pieces.append([least, ((most - least) >> shift) + 1, shift, round(stays * 2**32), first + other])
        return len(self.distributions) - 1

    def exponential(self, mean: int) -> int:
        """An exponential distribution."""
        self.distributions.append([0, 0, mean])
        return len(self.distributions) - 1


def _aliases(probabilities: Sequence[Fraction]) -> list[tuple[Fraction, int]]:
    """For each of n pieces the share of 1/n that it keeps, and which piece has the rest (M. D. Vose, 1991)."""
    left = [probability * len(probabilities) for probability in probabilities]
    aliases = [(Fraction(1), number) for number in range(len(left))]
    small = [number for number, share in enumerate(left) if share < 1]
    large = [number for number, share in enumerate(left) if share >= 1]
    while small and large:
        poor, rich = small.pop(), large[-1]
        aliases[poor] = (left[poor], rich)
        left[rich] -= 1 - left[poor]
        if left[rich] < 1:
            small.append(large.pop())
    return aliases


def _source(workload: Workload, source: Source, owner: int, tables: _Tables) -> list[int]:
    interval_us = max(1, _us(1 / rate_per_second(workload, source)))
    jitter_us = min(_us(source.jitter_s), interval_us)
    if source.timing == "random":
        arrival = tables.exponential(interval_us)
    else:
        arrival = tables.add([(Fraction(1), interval_us - jitter_us, interval_us + jitter_us)])
    life = source.lifetime
    kept = life.events or 0
    pool, tables.pool = tables.pool, tables.pool + kept
    return [
        arrival,
        tables.add([(Fraction(1), source.blocks, source.most_blocks or source.blocks)]),
        tables.add(_sizes(source.size)),
        _NONE if kept or life.forever else _lifetime(life, tables),
        kept,
        _ORDERS.index(life.order),
        int(source.free_order == "last"),
        source.most_in_flight or 0,
        int(source.allocate_first),
        pool,
        owner,
    ]


def _sizes(size: Size) -> list[tuple[Fraction, int, int]]:
    if size.bytes is not None:
        return [(Fraction(1), size.bytes, size.bytes)]
    if size.choices:
        weights = [Fraction(choice.weight) for choice in size.choices]
        return [
            (weight / sum(weights), choice.bytes, choice.bytes)
            for weight, choice in zip(weights, size.choices, strict=True)
        ]
    return _between(size.least_bytes or 1, size.most_bytes or 1, size.spread)


def _lifetime(life: Lifetime, tables: _Tables) -> int:
    if life.spread == "exponential":
        return tables.exponential(_us(life.seconds or 0.0))
    if life.seconds is not None:
        return tables.add(_between(_us(life.seconds), _us(life.seconds), "uniform"))
    return tables.add(_between(_us(life.least_s or 0.0), _us(life.most_s or 0.0), life.spread))


def _between(least: int, most: int, spread: str) -> list[tuple[Fraction, int, int]]:
    """One range, or for a logarithmic spread several of equal probability, each a constant factor above the last."""
    if spread == "uniform" or least == most:
        return [(Fraction(1), least, most)]
    with localcontext(prec=28):  # not float: other machines round other digits
        step = (Decimal(most) / Decimal(least)) ** (Decimal(1) / _LOG_PIECES)
        edges = [int(least * step**number) for number in range(_LOG_PIECES)] + [most]
    return [
        (Fraction(1, _LOG_PIECES), low, max(low, high - 1) if high < most else most) for low, high in pairwise(edges)
    ]


def _log_row(row: LogRow, names: dict[str, int]) -> list[int]:
    return [_us(row.at_s), names[row.malloc or row.free or ""], row.bytes or 0]


def _us(seconds: float) -> int:
    return round(seconds * SECOND_US)


def _table(rows: Sequence[Sequence[int]], columns: int) -> Words:
    return np.array(rows, np.int64).reshape(-1, columns)


def _exponential_table() -> Words:
    """−ln(i / 1024) in units of 2**−20; its last entry is ln 16, what a number below 1/16 adds."""
    with localcontext(prec=28):
        values = [-(Decimal(max(number, 1)) / 1024).ln() for number in range(1025)]
        return np.array([int(value * 2**20 + Decimal("0.5")) for value in (*values, Decimal(16).ln())], np.int64)


_EXPONENTIAL = _exponential_table()


# -- Compiled: random numbers ------------------------------------------------------------------------------------------


@inlined
def _random(random: Any) -> Any:
    """64 random bits: SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014)."""
    random[0] += _U64(0x9E3779B97F4A7C15)
    bits = random[0]
    bits = (bits ^ (bits >> _U64(30))) * _U64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> _U64(27))) * _U64(0x94D049BB133111EB)
    return bits ^ (bits >> _U64(31))


@observing
def _draw(tables: Any, random: Any, number: Any) -> Any:
    """A value of a distribution; one that has a single value takes no random number."""
    distributions, pieces, _, _, exponential = tables
    at, count = distributions[number, _AT], distributions[number, _COUNT]
    if count == 0:
        return _exponential(exponential, random, distributions[number, _MEAN])
    if count == 1 and pieces[at, _SPAN] == 1:
        return pieces[at, _LEAST]
    bits = _random(random)
    high, low = int64(bits >> _SHIFT_32), int64(bits & _U32_MASK)
    place = high * count
    at += place >> 32
    if (place & 0xFFFFFFFF) >= pieces[at, _STAYS]:
        at = pieces[at, _OTHER]
    return pieces[at, _LEAST] + (((low * pieces[at, _SPAN]) >> 32) << pieces[at, _SHIFT])


@inlined
def _exponential(table: Any, random: Any, mean: Any) -> Any:
    """−mean · ln u of a random u in (0, 1), by a table: u is taken 16 times larger where it is small."""
    value = int64(0)
    bits = _random(random)
    index = int64(bits >> _U64(54))
    while index < 64:
        value += table[1025]
        bits = _random(random)
        index = int64(bits >> _U64(54))
    part = int64((bits >> _U64(34)) & _U64(0xFFFFF))
    value += table[index] - (((table[index] - table[index + 1]) * part) >> 20)
    return (mean >> 20) * value + (((mean & 0xFFFFF) * value) >> 20)


# -- Compiled: when what comes next ------------------------------------------------------------------------------------


@inlined
def _come(state: Any, source: Any, time: Any) -> None:
    """The next event of a source, or of the log behind them, comes at a time; find which is the next of all."""
    queue, _, _, arrivals, _, _, _, _ = state
    arrivals[source] = time
    first, at = arrivals[0], int64(0)
    for other in range(1, len(arrivals)):
        at = int64(other) if arrivals[other] < first else at
        first = min(first, arrivals[other])
    queue[_COMES], queue[_COMES_AT] = at, first


@inlined
def _push(state: Any, time: Any, block: Any) -> None:
    """The blocks of an event are to be freed at a time: into a binary heap."""
    queue, times, items, _, _, _, _, _ = state
    at = queue[_LENGTH]
    queue[_LENGTH] = at + 1
    while at > 0 and times[(at - 1) >> 1] > time:
        above = (at - 1) >> 1
        times[at], items[at] = times[above], items[above]
        at = above
    times[at], items[at] = time, block


@inlined
def _pop(state: Any) -> None:
    """Remove the first entry of the binary heap."""
    queue, times, items, _, _, _, _, _ = state
    length = queue[_LENGTH] - 1
    queue[_LENGTH] = length
    time, block = times[length], items[length]
    at, below = int64(0), int64(1)
    while below < length:
        if below + 1 < length:
            below += int64(times[below + 1] < times[below])
        if times[below] >= time:
            break
        times[at], items[at] = times[below], items[below]
        at = below
        below = 2 * at + 1
    times[at], items[at] = time, block
    if length == 0:
        times[0] = _NEVER


# -- Compiled: events --------------------------------------------------------------------------------------------------


@inlined
def _begin(tables: Any, random: Any, state: Any) -> None:
    """Set the times of the first event of every source and of the log."""
    _, _, sources, log, _ = tables
    queue, _, _, _, _, _, _, _ = state
    queue[_BEGAN] = 1
    for source in range(len(sources)):
        _come(state, source, _draw(tables, random, sources[source, _ARRIVAL]))
    if len(log):
        _come(state, len(sources), log[0, _TIME])


@inlined
def _free_event(operations: Any, count: Any, state: Any, block: Any) -> Any:
    """Free the blocks of an event, the first of which is given; returns the new count of operations."""
    queue, _, _, _, _, _, groups, unused = state
    while block >= 0:
        operations[count] = block
        count += 1
        unused[queue[_UNUSED]] = block
        queue[_UNUSED] += 1
        block = groups[block, 0]
    return count


@inlined
def _allocate_event(operations: Any, count: Any, tables: Any, random: Any, state: Any, source: Any) -> Any:
    """Allocate the blocks of an event; returns the new count and the block that is to be freed first."""
    _, _, sources, _, _ = tables
    queue, _, _, _, _, _, groups, unused = state
    first, last = int64(_NONE), int64(_NONE)
    owner = sources[source, _OWNER] << OWNER_SHIFT
    for _ in range(_draw(tables, random, sources[source, _BLOCKS])):
        size = _draw(tables, random, sources[source, _SIZE])
        queue[_UNUSED] -= 1
        block = unused[queue[_UNUSED]]
        operations[count] = block | owner | size << BYTES_SHIFT
        count += 1
        groups[block, 0], groups[block, 1] = _NONE, source
        if first < 0:
            first, last = block, block
        elif sources[source, _LAST_FIRST]:
            groups[block, 0], first = first, block
        else:
            groups[last, 0], last = block, block
    return count, first


@inlined
def _kept_event(operations: Any, count: Any, tables: Any, random: Any, state: Any, source: Any) -> Any:
    """An event whose blocks take the place of another's, once there are as many as are kept."""
    _, _, sources, _, _ = tables
    _, _, _, _, alive, pools, _, _ = state
    kept, order = sources[source, _KEPT], sources[source, _ORDER]
    place = alive[source, _NEXT]
    if place >= kept:
        place = kept - 1  # the newest
        if order == _RANDOM:
            place = (int64(_random(random) >> _SHIFT_32) * kept) >> 32
    at = sources[source, _POOL] + place
    old = pools[at]
    if not sources[source, _ALLOCATE_FIRST]:
        count = _free_event(operations, count, state, old)
        old = int64(_NONE)
    count, pools[at] = _allocate_event(operations, count, tables, random, state, source)
    count = _free_event(operations, count, state, old)
    following = alive[source, _NEXT] + 1
    alive[source, _NEXT] = 0 if order == _OLDEST and following == kept else min(following, kept)
    return count


@inlined
def _timed_event(operations: Any, count: Any, tables: Any, random: Any, state: Any, source: Any, time: Any) -> Any:
    """An event whose blocks live for a time, or forever."""
    _, _, sources, _, _ = tables
    queue, _, _, _, alive, _, _, _ = state
    most = sources[source, _IN_FLIGHT]
    if most and alive[source, _ALIVE] >= most:
        queue[_SKIPPED] += 1
        return count
    alive[source, _ALIVE] += 1
    count, first = _allocate_event(operations, count, tables, random, state, source)
    life = sources[source, _LIFE]
    if life >= 0:
        _push(state, time + _draw(tables, random, life), first)
    return count


@inlined
def _log_event(operations: Any, count: Any, log: Any, every_us: Any, sources: Any, state: Any) -> Any:
    """The next row of the log."""
    queue, _, _, _, _, pools, _, unused = state
    at = queue[_LOG_AT]
    name = len(pools) - len(log) + log[at, _NAME]
    if log[at, _BYTES]:
        queue[_UNUSED] -= 1
        pools[name] = unused[queue[_UNUSED]]
        operations[count] = pools[name] | queue[_LOG_OWNER] << OWNER_SHIFT | log[at, _BYTES] << BYTES_SHIFT
    else:
        operations[count] = pools[name]
        unused[queue[_UNUSED]] = pools[name]
        queue[_UNUSED] += 1
    queue[_LOG_AT] = at + 1
    if at + 1 == len(log) and every_us:
        queue[_LOG_AT] = 0
        queue[_LOG_BEGAN] += every_us
    following = queue[_LOG_AT]
    _come(state, sources, queue[_LOG_BEGAN] + log[following, _TIME] if following < len(log) else _NEVER)
    return count + 1


@jit
def _fill(
    until_us: Any, operations: Any, times_us: Any, tables: Any, log_every_us: Any, random: Any, state: Any
) -> Any:
    """Run events before a time until operations are full; how many there are, and whether no event is left."""
    _, _, sources, log, _ = tables
    queue, times, items, _, alive, _, groups, _ = state
    if not queue[_BEGAN]:
        _begin(tables, random, state)
    count = int64(0)
    while min(times[0], queue[_COMES_AT]) < until_us:
        if count >= CHUNK or queue[_UNUSED] < MOST_BLOCKS_OF_EVENT:
            return count, False
        before = count
        if times[0] <= queue[_COMES_AT]:
            time, block = times[0], items[0]
            _pop(state)
            alive[groups[block, 1], _ALIVE] -= 1
            count = _free_event(operations, count, state, block)
        else:
            time, source = queue[_COMES_AT], queue[_COMES]
            if source == len(sources):
                count = _log_event(operations, count, log, log_every_us, len(sources), state)
            else:
                _come(state, source, time + _draw(tables, random, sources[source, _ARRIVAL]))
                if sources[source, _KEPT]:
                    count = _kept_event(operations, count, tables, random, state, source)
                else:
                    count = _timed_event(operations, count, tables, random, state, source, time)
        for operation in range(before, count):
            times_us[operation] = time
    return count, True
