"""Workload + heap + seeds → Soak: how the heap fared over simulated time, and the request that failed first."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mcusim import documents, heap_operations, heap_replay
from mcusim.allocators import HEAPS
from mcusim.errors import McusimError, UnsupportedError, quoted
from mcusim.heap import Heap, Survey
from mcusim.heap_operations import SECOND_US, Chunk, Stream, stream
from mcusim.heap_replay import ADDRESS, OPERATION
from mcusim.memory_record import SOAK_SCHEMA as SCHEMA
from mcusim.workload import Workload, rate_per_second

VERSION_KEYS = ("schema", "mcusim_version")
SAMPLES = 200
BASE_ADDRESS = 0x2000_0000  # where SRAM begins on Cortex-M (ARMv7-M ARM, B3.1)
LONGEST_DAYS = 36_600
MOST_SEEDS = 1000
# So many operations take about an hour.
MOST_OPERATIONS = 50_000_000_000

Step = Callable[[int, int, str], None]
_Item = TypeVar("_Item")

STATIC_ARENA = (
    "A static arena cannot fragment: TensorFlow Lite Micro fills it once, in AllocateTensors, persistent data from its "
    "end and planned buffers from its start, and frees none of it. Every inference uses the same offsets again, so "
    "that its state after a year is that after the first."
)


@dataclass(frozen=True, slots=True)
class Sample:
    """The heap at a moment.

    `free_bytes` and `free_blocks` are those on free lists, `untouched_bytes` never taken from the memory yet;
    `contiguous_bytes` is the largest piece of both. `fragmentation` is 1 − contiguous / (free + untouched).
    `largest_request_bytes` is what malloc would grant now, `least_largest_request_bytes` the least of it since the
    sample before, looked at every 1024 operations. `used_bytes` are blocks with headers and what the allocator keeps
    for itself; `asked_bytes` of them the program asked for, and `waste_bytes` are the rest.
    """

    time_s: float
    free_bytes: int
    untouched_bytes: int
    contiguous_bytes: int
    free_blocks: int
    fragmentation: float
    largest_request_bytes: int
    least_largest_request_bytes: int
    used_bytes: int
    asked_bytes: int
    waste_bytes: int
    live_blocks: int


@dataclass(frozen=True, slots=True)
class Live:
    """What one source had allocated: blocks, and bytes as asked for."""

    what: str
    blocks: int
    asked_bytes: int


@dataclass(frozen=True, slots=True)
class Failure:
    """The first malloc that returned NULL, and the heap then.

    `operation` counts mallocs and frees from the start; `enough_free` says whether the free bytes would have done in
    one piece.
    """

    time_s: float
    operation: int
    what: str
    request_bytes: int
    enough_free: bool
    heap: Sample
    live: tuple[Live, ...]


@dataclass(frozen=True, slots=True)
class SoakRun:
    """One seed's run: how far it came, what it did, the most that was alive, and why it ended early.

    `skipped_events` may count some behind a failure, whose operations were made already.
    """

    seed: int
    simulated_s: float
    mallocs: int
    frees: int
    skipped_events: int
    most_asked_bytes: int
    most_used_bytes: int
    most_live_blocks: int
    samples: tuple[Sample, ...]
    failure: Failure | None

    @property
    def least_largest_request_bytes(self) -> int:
        """The least that malloc would have granted at some moment that was looked at."""
        return min(sample.least_largest_request_bytes for sample in self.samples)

    @property
    def most_fragmentation(self) -> float:
        """The largest fragmentation of all samples."""
        return max(sample.fragmentation for sample in self.samples)


@dataclass(frozen=True, slots=True)
class WorkloadInfo:
    """What was simulated."""

    name: str
    title: str
    uses_heap: bool
    notes: str


@dataclass(frozen=True, slots=True)
class HeapInfo:
    """Which allocator, in how much memory from which address, and where its rule is from."""

    name: str
    title: str
    source: str
    bytes: int
    base_address: int


@dataclass(frozen=True, slots=True)
class ArenaInfo:
    """The static arena of the model beside the heap: the smallest that AllocateTensors accepts."""

    model: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Soak:
    """A workload on a heap for a time, once for each seed; `runs` is empty for a workload without heap."""

    command: str
    workload: WorkloadInfo
    heap: HeapInfo
    asked_s: float
    static_arena: str
    runs: tuple[SoakRun, ...]
    arena: ArenaInfo | None = None

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The first failures of those runs that had one, the earliest first."""
        found = [run.failure for run in self.runs if run.failure is not None]
        return tuple(sorted(found, key=lambda failure: failure.time_s))

    @property
    def worst(self) -> SoakRun | None:
        """The run that failed first, or came closest to it."""
        return min(self.runs, key=_badness, default=None)

    @property
    def median_s(self) -> float:
        """The median of the times that the runs came to."""
        return statistics.median(run.simulated_s for run in self.runs)


def _badness(run: SoakRun) -> tuple[bool, float, int]:
    return run.failure is None, run.simulated_s, run.least_largest_request_bytes


def to_json(soak: Soak, version: str) -> dict[str, object]:
    """The JSON document as Python objects."""
    return {"schema": SCHEMA, "mcusim_version": version, **dataclasses.asdict(soak)}


def load_heap(name: str) -> Heap:
    """An allocator by its name; UnsupportedError, with the known ones, for another."""
    if name not in HEAPS:
        guess = documents.nearest(name, list(HEAPS))
        hint = f"did you mean {guess!r}? " if guess else ""
        raise UnsupportedError(f"unknown heap {quoted(name)}; {hint}known: {', '.join(HEAPS)}")
    return HEAPS[name]


def expected_operations(workload: Workload, seconds: float) -> float:
    """About how many mallocs and frees a workload does in a time."""
    rates = (
        rate_per_second(workload, one) * (one.blocks + (one.most_blocks or one.blocks)) for one in workload.sources
    )
    log = len(workload.trace) / workload.trace_every_s if workload.trace_every_s else 0.0
    return (sum(rates) + log) * seconds


def soak(
    workload: Workload,
    seconds: float,
    seeds: Sequence[int] = (1,),
    heap: str | None = None,
    heap_bytes: int | None = None,
    base_address: int = BASE_ADDRESS,
    command: str = "",
    progress: Step | None = None,
) -> Soak:
    """Run a workload on a heap, by default its own, up to the first malloc that fails or a time.

    `progress` is called with (done, total, what) as the simulated time goes on. Raises UnsupportedError for an
    unknown heap and for more operations than can be simulated; BadInputError for a size that the heap cannot have.
    """
    allocator = load_heap(heap or workload.heap)
    size = heap_bytes if heap_bytes is not None else workload.heap_bytes
    allocator.start(size, base_address)  # refuses what cannot be, even where the workload has no use for it
    expected = expected_operations(workload, seconds) * len(seeds)
    if expected > MOST_OPERATIONS:
        raise UnsupportedError(
            f"{workload.name} for {seconds / 86400:g} days is about {expected:,.0f} mallocs and frees; at most "
            f"{MOST_OPERATIONS:,} are simulated: give fewer --days or --seeds"
        )
    runs: list[SoakRun] = []
    if workload.uses_heap:
        for seed in seeds:
            words = f"{workload.name}, seed {seed} ({len(runs) + 1} of {len(seeds)})"
            place = _Place(allocator, size, base_address)
            run = _run(workload, place, seconds, seed, _step(progress, words))
            if run.failure is not None and 0 < len(run.samples) <= SAMPLES // 2:
                # The same again, as it must be, with samples that lie closer.
                run = _run(workload, place, run.simulated_s, seed, _step(None, words))
            runs.append(run)
    return Soak(
        command=command,
        workload=WorkloadInfo(workload.name, workload.title, workload.uses_heap, workload.notes),
        heap=HeapInfo(allocator.name, allocator.title, allocator.source, size, base_address),
        asked_s=seconds,
        static_arena=STATIC_ARENA,
        runs=tuple(runs),
    )


def _step(progress: Step | None, words: str) -> Callable[[float, float], None]:
    """Progress in whole days, or in hours of short runs."""

    def step(done_s: float, all_s: float) -> None:
        if progress is not None:
            unit, name = (86400.0, "days") if all_s >= 10 * 86400 else (3600.0, "hours")
            progress(int(done_s / unit), max(1, int(all_s / unit)), f"{name} of {words}")

    return step


@dataclass(frozen=True, slots=True)
class _Place:
    """An allocator and the memory it has."""

    allocator: Heap
    bytes: int
    base_address: int


class _Bench:
    """A heap under a stream of operations, with the blocks that are alive in it."""

    def __init__(self, place: _Place, made: Stream) -> None:
        self.allocator = place.allocator
        self.state = place.allocator.start(place.bytes, place.base_address)
        self.blocks = np.zeros((made.block_count, heap_replay.BLOCK_COLUMNS), np.int64)
        self.sums = np.zeros(heap_replay.SUMS, np.int64)
        self.look()

    def survey(self) -> Survey:
        """The heap now."""
        return Survey(*(int(value) for value in self.allocator.survey(self.state)))

    def look(self) -> None:
        """Begin anew with the least that could be allocated."""
        self.sums[heap_replay.LEAST_LARGEST] = self.survey().largest_request_bytes

    def carry_out(self, operations: NDArray[np.int64]) -> int:
        """Operations up to the first malloc that fails; how many were carried out."""
        done = heap_replay.replay(self.allocator, self.state, operations, self.blocks, self.sums)
        if done < 0:
            raise McusimError(f"{self.allocator.title} refused to free a block that it had allocated")
        return done

    def sample(self, time_s: float) -> Sample:
        """The heap now, and what was the least since `look`."""
        now, overhead_bytes = self.survey(), self.allocator.overhead_bytes
        available = now.free_bytes + now.untouched_bytes
        contiguous = max(now.largest_free_block_bytes, now.untouched_bytes)
        if now.largest_request_bytes:
            contiguous = min(available, max(contiguous, now.largest_request_bytes + overhead_bytes))
        asked = int(self.sums[heap_replay.ASKED])
        least = int(self.sums[heap_replay.LEAST_LARGEST])
        return Sample(
            time_s=time_s,
            free_bytes=now.free_bytes,
            untouched_bytes=now.untouched_bytes,
            contiguous_bytes=contiguous,
            free_blocks=now.free_blocks,
            fragmentation=round(1 - contiguous / available, 6) if available else 0.0,
            largest_request_bytes=now.largest_request_bytes,
            least_largest_request_bytes=min(least, now.largest_request_bytes),
            used_bytes=now.used_bytes,
            asked_bytes=asked,
            waste_bytes=now.used_bytes - asked,
            live_blocks=int(self.sums[heap_replay.LIVE]),
        )

    def live(self, owners: Sequence[str]) -> tuple[Live, ...]:
        """Live blocks by who asked for them, the most bytes first."""
        words = self.blocks[self.blocks[:, ADDRESS] != 0, OPERATION]
        whose = words >> heap_operations.OWNER_SHIFT & heap_operations.OWNER_MASK
        blocks = np.bincount(whose, minlength=len(owners))
        asked = np.bincount(whose, words >> heap_operations.BYTES_SHIFT, minlength=len(owners))
        found = [
            Live(what, int(count), int(size)) for what, count, size in zip(owners, blocks, asked, strict=True) if count
        ]
        return tuple(sorted(found, key=lambda one: -one.asked_bytes))


def _run(workload: Workload, place: _Place, seconds: float, seed: int, step: Callable[[float, float], None]) -> SoakRun:
    made = stream(workload, seed, place.bytes)
    bench = _Bench(place, made)
    failed = bench.carry_out(made.started)
    samples: list[Sample] = []
    failure = None
    if failed < len(made.started):
        failure = _failure(bench, made, int(made.started[failed]), 0)
        samples.append(failure.heap)
    ends_s = [seconds * number / SAMPLES for number in range(SAMPLES + 1)]
    with closing(_ahead(_chunks(made, ends_s if failure is None else []))) as chunks:
        for until_s, chunk in chunks:
            failure = _carry_out(bench, made, chunk)
            if failure is not None:
                samples.append(failure.heap)
                break
            if chunk.is_all:
                samples.append(bench.sample(until_s))
                bench.look()
                step(until_s, seconds)
    sums = bench.sums.tolist()
    headers_bytes = place.allocator.overhead_bytes * sums[heap_replay.LIVE]
    own_bytes = samples[-1].used_bytes - sums[heap_replay.GRANTED] - headers_bytes
    return SoakRun(
        seed=seed,
        simulated_s=samples[-1].time_s,
        mallocs=sums[heap_replay.MALLOCS],
        frees=sums[heap_replay.FREES],
        skipped_events=made.skipped_events,
        most_asked_bytes=sums[heap_replay.MOST_ASKED],
        most_used_bytes=sums[heap_replay.MOST_TAKEN] + own_bytes,
        most_live_blocks=sums[heap_replay.MOST_LIVE],
        samples=tuple(samples),
        failure=failure,
    )


def _chunks(made: Stream, ends_s: Sequence[float]) -> Iterator[tuple[float, Chunk]]:
    """The operations up to each time, with what happens at that very time, in the two buffers by turns."""
    buffer = 0
    for until_s in ends_s:
        is_all = False
        while not is_all:
            chunk = made.fill(round(until_s * SECOND_US) + 1, buffer)
            is_all, buffer = chunk.is_all, 1 - buffer
            yield until_s, chunk


def _ahead(items: Iterator[_Item]) -> Generator[_Item, None, None]:
    """The same, each item being made on another core while the one before it is used."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, items, None)
        while (item := following.result()) is not None:
            following = pool.submit(next, items, None)
            yield item


def _carry_out(bench: _Bench, made: Stream, chunk: Chunk) -> Failure | None:
    """Carry operations out; the first malloc that fails, if one does."""
    done = bench.carry_out(chunk.operations)
    if done < len(chunk.operations):
        return _failure(bench, made, int(chunk.operations[done]), int(chunk.times_us[done]))
    if not done and not chunk.is_all:
        raise McusimError("more blocks are alive than the heap can hold")
    return None


def _failure(bench: _Bench, made: Stream, word: int, time_us: int) -> Failure:
    time_s = time_us / SECOND_US
    heap = bench.sample(time_s)
    request_bytes = word >> heap_operations.BYTES_SHIFT
    return Failure(
        time_s=time_s,
        operation=int(bench.sums[heap_replay.MALLOCS] + bench.sums[heap_replay.FREES]),
        what=made.owners[word >> heap_operations.OWNER_SHIFT & heap_operations.OWNER_MASK],
        request_bytes=request_bytes,
        enough_free=heap.free_bytes + heap.untouched_bytes >= request_bytes + bench.allocator.overhead_bytes,
        heap=heap,
        live=bench.live(made.owners),
    )
