"""Calls of two sessions + tolerances → what their figures rest on that changed, what grew too much, and where."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from mcusim import documents
from mcusim.errors import BadInputError
from mcusim.saved_calls import Call, Labelled, Loop, Origin, SavedCalls, labelled
from mcusim.trace import CAUSES

BY_CAUSE = "cycles_by_cause."
METRICS = (
    *("cycles", "least_cycles", "most_cycles", "instructions", "stack_bytes", "read_bytes", "written_bytes"),
    *(f"{BY_CAUSE}{cause}" for cause in CAUSES),
)
TOLERANCE = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(%?)")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much a metric may grow: by so many of its units, or by so many percent of what it was."""

    metric: str
    amount: Fraction
    is_percent: bool

    @property
    def words(self) -> str:
        """As it is written on the command line."""
        return f"{float(self.amount):g}%" if self.is_percent else f"{float(self.amount):g}"

    def holds(self, before: int, after: int) -> bool:
        """Whether the metric did not grow by more."""
        return after - before <= (self.amount * before / 100 if self.is_percent else self.amount)


@dataclass(frozen=True, slots=True)
class Pair:
    """A call in both sessions."""

    before: Labelled
    after: Labelled

    @property
    def same_arguments(self) -> bool:
        """Whether both were given the same."""
        return self.before.call.arguments_id == self.after.call.arguments_id


@dataclass(frozen=True, slots=True)
class Failure:
    """A metric of a call that grew by more than is tolerated."""

    pair: Pair
    tolerance: Tolerance
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Change:
    """Something that figures rest on and that is not the same as before: what, in words, and for how many calls."""

    what: str
    calls: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sessions side by side. Calls of tests that were not run again are only counted, as `not_run`."""

    changes: tuple[Change, ...]
    pairs: tuple[Pair, ...]
    new: tuple[Labelled, ...]
    vanished: tuple[Labelled, ...]
    not_run: int
    failures: tuple[Failure, ...]


def parse_tolerance(text: str) -> Tolerance:
    """METRIC:TOLERANCE, like cycles:1%, stack_bytes:16 or cycles_by_cause.fetch:5%; BadInputError for another text."""
    metric, colon, amount = text.strip().rpartition(":")
    if not colon:
        raise BadInputError(f"{text!r} is no tolerance; METRIC:PERCENT% or METRIC:COUNT is expected, like cycles:1%")
    if metric not in METRICS:
        guess = documents.nearest(metric, METRICS)
        hint = f"did you mean {guess!r}? " if guess else ""
        raise BadInputError(f"unknown metric {metric!r} in {text!r}; {hint}known: {', '.join(METRICS)}")
    found = TOLERANCE.fullmatch(amount)
    if found is None:
        raise BadInputError(f"{amount!r} in {text!r} is no tolerance; a percentage like 1% or a count is expected")
    return Tolerance(metric, Fraction(found[1]), bool(found[2]))


def metric_of(call: Call, metric: str) -> int:
    """A metric's value; causes that took nothing are 0."""
    if metric.startswith(BY_CAUSE):
        return call.cycles_by_cause.get(metric.removeprefix(BY_CAUSE), 0)
    if metric in ("least_cycles", "most_cycles"):
        return call.possible_cycles[metric == "most_cycles"]
    value = getattr(call, metric)
    assert isinstance(value, int)
    return value


def compare(
    before: SavedCalls, after: SavedCalls, tolerances: Sequence[Tolerance], known: Collection[str] = ()
) -> Comparison:
    """The sessions side by side, calls matched by test, function and order.

    `known` are the tests that there were to run, whether they did or not: a test of a file that had any of these, but
    that is not among them itself, has vanished; one of another file was not run.
    """
    old = {(one.test, one.label): one for one in labelled(before)}
    new = {(one.test, one.label): one for one in labelled(after)}
    ran = {one.test for one in after.tests}
    files = {_file(test) for test in known}
    missing = [one for key, one in old.items() if key not in new]
    vanished = [one for one in missing if one.test in ran or (one.test not in known and _file(one.test) in files)]
    pairs = tuple(Pair(old[key], one) for key, one in new.items() if key in old)
    return Comparison(
        changes=tuple(_changes(before, after, pairs)),
        pairs=pairs,
        new=tuple(one for key, one in new.items() if key not in old),
        vanished=tuple(vanished),
        not_run=len(missing) - len(vanished),
        failures=tuple(failure for pair in pairs for failure in _failures(pair, tolerances)),
    )


def _file(test: str) -> str:
    return test.partition("::")[0]


def _failures(pair: Pair, tolerances: Sequence[Tolerance]) -> Iterator[Failure]:
    for tolerance in tolerances:
        before = metric_of(pair.before.call, tolerance.metric)
        after = metric_of(pair.after.call, tolerance.metric)
        if not tolerance.holds(before, after):
            yield Failure(pair, tolerance, before, after)


def _changes(before: SavedCalls, after: SavedCalls, pairs: Sequence[Pair]) -> Iterator[Change]:
    """What the figures rest on: mcusim and its tables, the board, then what was executed."""
    if before.mcusim_version != after.mcusim_version:
        yield Change(f"mcusim {before.mcusim_version} → {after.mcusim_version}", len(pairs))
    counts: Counter[str] = Counter()
    for pair in pairs:
        counts.update(_origin_changes(pair.before.origin, pair.after.origin))
    yield from (Change(what, count) for what, count in sorted(counts.items(), key=lambda item: item[0]))
    other = sum(not pair.same_arguments for pair in pairs)
    if other:
        yield Change("arguments changed", other)


def _origin_changes(before: Origin, after: Origin) -> Iterator[str]:
    """In words; digests stand where names do not tell."""
    named = (
        ("core", before.core, after.core),
        ("board", before.board, after.board),
        ("memory timing", before.memory, after.memory),
    )
    for what, old, new in named:
        if old != new:
            yield f"{what} {old or 'none'} → {new or 'none'}"
    tables = [("timing rules changed", before.timing_rules_sha256, after.timing_rules_sha256)]
    if before.core == after.core:
        tables.append((f"timing table of {after.core} changed", before.core_table_sha256, after.core_table_sha256))
    if before.board == after.board and before.board_file_sha256 and after.board_file_sha256:
        tables.append((f"board file of {after.board} changed", before.board_file_sha256, after.board_file_sha256))
    for what, old, new in tables:
        if old != new:
            yield f"{what} ({old[:12]} → {new[:12]})"
    if before.image_sha256 != after.image_sha256 or before.image != after.image:
        name = after.image if before.image == after.image else f"{before.image} → {after.image}"
        yield f"code {name} changed ({before.image_sha256[:12]} → {after.image_sha256[:12]}){_built(before, after)}"


def _built(before: Origin, after: Origin) -> str:
    """What is known of how changed code was built."""
    unknown = "an unknown one"
    if before.compiler != after.compiler:
        return f", compiler {before.compiler or unknown} → {after.compiler or unknown}"
    if before.flags != after.flags:
        return f", flags {_apart(before.flags, after.flags)}"
    return ""


def _apart(before: str | None, after: str | None) -> str:
    """The flags that only one of two has."""
    old, new = (before or "").split(), (after or "").split()
    gone = [f"−{flag}" for flag in old if flag not in new]
    come = [f"+{flag}" for flag in new if flag not in old]
    return " ".join(gone + come) or "in another order"


def grown_cause(before: Call, after: Call) -> tuple[str, int]:
    """The cause of cycles that grew most, and by how many."""
    grown = {cause: metric_of(after, BY_CAUSE + cause) - metric_of(before, BY_CAUSE + cause) for cause in CAUSES}
    return max(grown.items(), key=lambda item: (item[1], -CAUSES.index(item[0])))


@dataclass(frozen=True, slots=True)
class GrownLoop:
    """A loop and what it was before, None for one that was not among the hottest."""

    before: Loop | None
    after: Loop

    @property
    def cycles(self) -> int:
        """By how many cycles it grew."""
        return self.after.cycles - (self.before.cycles if self.before else 0)


def grown_loop(before: Call, after: Call) -> GrownLoop | None:
    """The loop that grew most; None where none grew of those that are kept."""
    grown = [one for one in _matched(before.loops, after.loops) if one.cycles > 0]
    return max(grown, key=lambda one: one.cycles, default=None)


def _matched(before: Sequence[Loop], after: Sequence[Loop]) -> Iterator[GrownLoop]:
    """Loops of a function with those of it before: as often run ones first, then in order of their places."""
    left: Mapping[str, list[Loop]] = _by_function(before)
    unmatched = []
    for loop in after:
        alike = [one for one in left.get(loop.function, []) if one.iterations == loop.iterations]
        if alike:
            nearest = min(alike, key=lambda one: abs(one.offset - loop.offset))
            left[loop.function].remove(nearest)
            yield GrownLoop(nearest, loop)
        else:
            unmatched.append(loop)
    for loop in sorted(unmatched, key=lambda one: (one.function, one.offset)):
        rest = left.get(loop.function, [])
        yield GrownLoop(rest.pop(0) if rest else None, loop)


def _by_function(loops: Sequence[Loop]) -> dict[str, list[Loop]]:
    found: defaultdict[str, list[Loop]] = defaultdict(list)
    for loop in sorted(loops, key=lambda one: one.offset):
        found[loop.function].append(loop)
    return found
