"""A workload's TOML file → Workload: what an application allocates from its heap, how large, how often, how long."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcusim import documents
from mcusim.errors import BadInputError, UnsupportedError, quoted

PACKAGE = Path(__file__).parent / "workloads"
FILE_LIMIT_BYTES = 16 << 20

MOST_BLOCK_BYTES = 64 << 20  # larger than any bank of memory
MOST_HEAP_BYTES = 64 << 20
LEAST_HEAP_BYTES = 128
MOST_ROWS = 200
MOST_CHOICES = 64
MOST_BLOCKS = 1024  # of one event
MOST_START_BLOCKS = 100_000
MOST_KEPT = 100_000
MOST_LOG_ROWS = 200_000
MOST_PER_SECOND = 1e6
LONGEST_S = 100 * 366 * 86400.0
# More blocks than this alive at a time, by rate and lifetime: no heap of 64 MiB has room for them.
MOST_LIVE_BLOCKS = MOST_HEAP_BYTES // 8

Spread = Literal["uniform", "log_uniform"]
LifetimeSpread = Literal["uniform", "log_uniform", "exponential"]


@dataclass(frozen=True, slots=True)
class SizeChoice:
    """One of several sizes; it comes with a probability of its weight over the sum of all."""

    bytes: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Size:
    """What a block's size is: `bytes`, or from `least_bytes` to `most_bytes`, or one of `choices`."""

    bytes: int | None = None
    least_bytes: int | None = None
    most_bytes: int | None = None
    spread: Spread = "uniform"
    choices: tuple[SizeChoice, ...] = ()


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long the blocks of an event live.

    `seconds` (the mean, where `spread` is exponential), or from `least_s` to `most_s`; or `events`: the blocks of so
    many events of the source are kept, and the next event frees those of one, which `order` picks; or `forever`.
    """

    seconds: float | None = None
    least_s: float | None = None
    most_s: float | None = None
    spread: LifetimeSpread = "uniform"
    events: int | None = None
    order: Literal["oldest", "newest", "random"] = "oldest"
    forever: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """Something that allocates again and again.

    An event comes `per_second`, `per_inference` or `every_s`: in regular intervals that differ by up to `jitter_s`, or
    at random (Poisson). It allocates `blocks` (to `most_blocks`) blocks, which are freed together, the first or the
    last one first. While the blocks of `most_in_flight` events are alive, further events allocate nothing. With
    `allocate_first`, an event allocates before it frees what it replaces.
    """

    what: str
    size: Size
    lifetime: Lifetime
    source: str | None = None
    per_second: float | None = None
    per_inference: float | None = None
    every_s: float | None = None
    timing: Literal["regular", "random"] = "regular"
    jitter_s: float = 0.0
    blocks: int = 1
    most_blocks: int | None = None
    free_order: Literal["first", "last"] = "first"
    most_in_flight: int | None = None
    allocate_first: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """What is allocated once, when the application starts, and never freed."""

    what: str
    bytes: int
    count: int = 1
    source: str | None = None


@dataclass(frozen=True, slots=True)
class LogRow:
    """A row of a recorded log: at `at_s` seconds, `malloc` (of `bytes`) or `free` of the block of this name."""

    at_s: float
    malloc: str | None = None
    bytes: int | None = None
    free: str | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """What an application does with its heap.

    `heap` and `heap_bytes` are what it uses unless told otherwise; `trace` is replayed once, or every
    `trace_every_s`. `file` names the workload in messages.
    """

    name: str
    title: str
    heap: str
    heap_bytes: int
    heap_source: str | None = None
    inferences_per_second: float | None = None
    start: tuple[Start, ...] = ()
    sources: tuple[Source, ...] = ()
    trace: tuple[LogRow, ...] = ()
    trace_every_s: float | None = None
    notes: str = ""

    @property
    def uses_heap(self) -> bool:
        """Whether it allocates anything at all."""
        return bool(self.start or self.sources or self.trace)


def workload_names() -> tuple[str, ...]:
    """The workloads that come with mcusim, sorted."""
    return tuple(sorted(path.stem for path in PACKAGE.glob("*.toml")))


def load_workload(name_or_path: str | os.PathLike[str]) -> Workload:
    """A workload by its name, or out of a TOML file of the user's.

    Raises UnsupportedError for a name that is neither, with the known ones; BadInputError, naming file, table and key,
    for a file with anything wrong, missing or unknown in it.
    """
    given = os.fspath(name_or_path)
    names = workload_names()
    if given in names:
        return parse_workload((PACKAGE / f"{given}.toml").read_text(encoding="utf-8"), f"workloads/{given}.toml")
    if not given.endswith(".toml"):
        guess = documents.nearest(given, names)
        hint = f"did you mean {guess!r}? " if guess else ""
        raise UnsupportedError(
            f"unknown workload {quoted(given)}; {hint}known: {', '.join(names)}; or give the path of a .toml file"
        )
    return parse_workload(documents.read_text(given, FILE_LIMIT_BYTES, "a workload's TOML file"), given)


def parse_workload(text: str, file: str) -> Workload:
    """`load_workload` of a file's text; `file` names it in refusals."""
    workload = documents.build(Workload, documents.parse_toml(text, file, "a workload's TOML file"), file)
    _check(workload, _Checks(file))
    return workload


def rate_per_second(workload: Workload, source: Source) -> float:
    """How many events of a source come in a second."""
    if source.every_s is not None:
        return 1 / source.every_s
    if source.per_inference is not None:
        return source.per_inference * (workload.inferences_per_second or 0.0)
    return source.per_second or 0.0


def mean_lifetime_s(lifetime: Lifetime) -> float | None:
    """The mean of a lifetime in seconds, of a logarithmic spread its middle; None for one that is no time."""
    if lifetime.seconds is not None:
        return lifetime.seconds
    if lifetime.least_s is None or lifetime.most_s is None:
        return None
    return (lifetime.least_s + lifetime.most_s) / 2


@dataclass(frozen=True, slots=True)
class _Checks:
    """Refusals that name the file and the key."""

    file: str

    def refuse(self, key: str, text: str) -> BadInputError:
        return BadInputError(f"{self.file}: {key}: {text}")

    def between(self, key: str, value: float, low: float, high: float) -> None:
        if not low <= value <= high:
            found = f"{value:,}" if isinstance(value, int) else f"{value:g}"
            limits = (f"{bound:,}" if isinstance(bound, int) else f"{bound:g}" for bound in (low, high))
            raise self.refuse(key, f"expected {' to '.join(limits)}, found {found}")

    def one_of(self, key: str, names: Sequence[str], given: Sequence[object]) -> None:
        found = [
            name
            for name, value in zip(names, given, strict=True)
            if value is not None and value is not False and value != ()
        ]
        if len(found) != 1:
            words = f"found {' and '.join(found)}" if found else "found none"
            raise self.refuse(key, f"expected one of {', '.join(names)}, {words}")


def _check(workload: Workload, checks: _Checks) -> None:
    for key in ("name", "title", "heap"):
        if not getattr(workload, key).strip():
            raise checks.refuse(key, "expected words, found an empty text")
    checks.between("heap_bytes", workload.heap_bytes, LEAST_HEAP_BYTES, MOST_HEAP_BYTES)
    if workload.inferences_per_second is not None:
        checks.between("inferences_per_second", workload.inferences_per_second, 1e-9, MOST_PER_SECOND)
    for kind, count in (("start", len(workload.start)), ("sources", len(workload.sources))):
        if count > MOST_ROWS:
            raise checks.refuse(kind, f"expected at most {MOST_ROWS} tables, found {count:,}")
    seen: dict[str, str] = {}
    for place, what in _names(workload):
        if not what.strip():
            raise checks.refuse(place, "expected words, found an empty text")
        if what in seen:
            raise checks.refuse(place, f"{quoted(what)} is also {seen[what]}; expected each name once")
        seen[what] = place
    for index, start in enumerate(workload.start):
        checks.between(f"start[{index}].bytes", start.bytes, 1, MOST_BLOCK_BYTES)
        checks.between(f"start[{index}].count", start.count, 1, MOST_START_BLOCKS)
    if sum(start.count for start in workload.start) > MOST_START_BLOCKS:
        raise checks.refuse("start", f"expected at most {MOST_START_BLOCKS:,} blocks in all")
    for index, source in enumerate(workload.sources):
        _check_source(workload, source, f"sources[{index}]", checks)
    _check_log(workload, checks)


def _names(workload: Workload) -> Iterator[tuple[str, str]]:
    for index, start in enumerate(workload.start):
        yield f"start[{index}].what", start.what
    for index, source in enumerate(workload.sources):
        yield f"sources[{index}].what", source.what


def _check_source(workload: Workload, source: Source, key: str, checks: _Checks) -> None:
    rates = ("per_second", "per_inference", "every_s")
    checks.one_of(key, rates, [getattr(source, name) for name in rates])
    for name, value in ((name, getattr(source, name)) for name in rates):
        if value is not None and not value > 0:
            raise checks.refuse(f"{key}.{name}", f"expected more than 0, found {value:g}")
    if source.every_s is not None:
        checks.between(f"{key}.every_s", source.every_s, 1 / MOST_PER_SECOND, LONGEST_S)
    if source.per_inference is not None and workload.inferences_per_second is None:
        raise checks.refuse(f"{key}.per_inference", "inferences_per_second is missing at the top of the file")
    rate = rate_per_second(workload, source)
    checks.between(f"{key}, events a second", rate, 1 / LONGEST_S, MOST_PER_SECOND)
    if source.jitter_s and source.timing == "random":
        raise checks.refuse(f"{key}.jitter_s", 'random events have none; expected timing = "regular" beside it')
    checks.between(f"{key}.jitter_s", source.jitter_s, 0.0, 1 / rate)
    checks.between(f"{key}.blocks", source.blocks, 1, MOST_BLOCKS)
    if source.most_blocks is not None:
        checks.between(f"{key}.most_blocks", source.most_blocks, source.blocks, MOST_BLOCKS)
    if source.most_in_flight is not None:
        checks.between(f"{key}.most_in_flight", source.most_in_flight, 1, MOST_KEPT)
    _check_size(source.size, f"{key}.size", checks)
    _check_lifetime(source, f"{key}.lifetime", checks)
    lifetime = mean_lifetime_s(source.lifetime)
    if lifetime is not None and source.most_in_flight is None:
        live = rate * lifetime * source.blocks
        if live > MOST_LIVE_BLOCKS:
            raise checks.refuse(
                key, f"{rate:g} events a second that live {lifetime:g} s are {live:,.0f} live blocks, more than can be"
            )


def _check_size(size: Size, key: str, checks: _Checks) -> None:
    checks.one_of(key, ("bytes", "least_bytes … most_bytes", "choices"), (size.bytes, size.least_bytes, size.choices))
    if size.bytes is not None:
        checks.between(f"{key}.bytes", size.bytes, 1, MOST_BLOCK_BYTES)
    if (size.least_bytes is None) != (size.most_bytes is None):
        raise checks.refuse(key, "expected both least_bytes and most_bytes, found one of them")
    if size.least_bytes is not None and size.most_bytes is not None:
        checks.between(f"{key}.least_bytes", size.least_bytes, 1, MOST_BLOCK_BYTES)
        checks.between(f"{key}.most_bytes", size.most_bytes, size.least_bytes, MOST_BLOCK_BYTES)
    if len(size.choices) > MOST_CHOICES:
        raise checks.refuse(f"{key}.choices", f"expected at most {MOST_CHOICES}, found {len(size.choices):,}")
    for index, choice in enumerate(size.choices):
        checks.between(f"{key}.choices[{index}].bytes", choice.bytes, 1, MOST_BLOCK_BYTES)
        checks.between(f"{key}.choices[{index}].weight", choice.weight, 1e-9, 1e9)


def _check_lifetime(source: Source, key: str, checks: _Checks) -> None:
    life = source.lifetime
    checks.one_of(
        key,
        ("seconds", "least_s … most_s", "events", "forever"),
        (life.seconds, life.least_s, life.events, life.forever),
    )
    if (life.least_s is None) != (life.most_s is None):
        raise checks.refuse(key, "expected both least_s and most_s, found one of them")
    if life.seconds is not None:
        checks.between(f"{key}.seconds", life.seconds, 0.0, LONGEST_S)
    if life.least_s is not None and life.most_s is not None:
        checks.between(f"{key}.least_s", life.least_s, 0.0, LONGEST_S)
        checks.between(f"{key}.most_s", life.most_s, life.least_s, LONGEST_S)
        if life.spread == "log_uniform" and not life.least_s >= 1e-6:
            raise checks.refuse(f"{key}.least_s", "expected at least a microsecond for a logarithmic spread")
        if life.spread == "exponential":
            raise checks.refuse(f"{key}.spread", "an exponential lifetime has its mean as seconds, and no bounds")
    if life.events is not None:
        checks.between(f"{key}.events", life.events, 1, MOST_KEPT)
        if source.most_in_flight is not None:
            raise checks.refuse(key, "events already says how many are in flight; expected no most_in_flight beside it")
    elif source.allocate_first:
        raise checks.refuse(key, "allocate_first needs events: only then an event replaces blocks of another")


def _check_log(workload: Workload, checks: _Checks) -> None:
    """The rows are in order, and free what is allocated, once."""
    if len(workload.trace) > MOST_LOG_ROWS:
        raise checks.refuse("trace", f"expected at most {MOST_LOG_ROWS:,} rows, found {len(workload.trace):,}")
    live: dict[str, int] = {}
    freed: dict[str, int] = {}
    before = 0.0
    for index, row in enumerate(workload.trace):
        key = f"trace[{index}]"
        checks.between(f"{key}.at_s", row.at_s, 0.0, LONGEST_S)
        if row.at_s < before:
            raise checks.refuse(f"{key}.at_s", f"expected rows in order of time, found {row.at_s:g} after {before:g}")
        before = row.at_s
        checks.one_of(key, ("malloc", "free"), (row.malloc, row.free))
        if row.malloc is not None:
            if row.bytes is None:
                raise checks.refuse(key, "bytes is missing; a malloc needs its size")
            checks.between(f"{key}.bytes", row.bytes, 1, MOST_BLOCK_BYTES)
            if row.malloc in live:
                other = f"trace[{live[row.malloc]}]"
                raise checks.refuse(key, f"allocates {quoted(row.malloc)} again, which {other} did and nothing freed")
            live[row.malloc] = index
        elif row.free is not None:
            if row.bytes is not None:
                raise checks.refuse(f"{key}.bytes", "a free has no size; expected none")
            if row.free not in live and row.free in freed:
                other = f"trace[{freed[row.free]}]"
                raise checks.refuse(key, f"frees {quoted(row.free)} a second time; {other} freed it before")
            if row.free not in live:
                raise checks.refuse(key, f"frees {quoted(row.free)}, which was never allocated")
            del live[row.free]
            freed[row.free] = index
    _check_repetition(workload, live, before, checks)


def _check_repetition(workload: Workload, live: dict[str, int], end_s: float, checks: _Checks) -> None:
    if workload.trace_every_s is None:
        return
    if not workload.trace:
        raise checks.refuse("trace_every_s", "there is no trace to repeat")
    checks.between("trace_every_s", workload.trace_every_s, max(end_s, 1e-6), LONGEST_S)
    for name, index in live.items():
        raise checks.refuse(
            f"trace[{index}]", f"allocates {quoted(name)}, which no row frees: a trace that repeats must free all"
        )
