"""The difference of two runs as data, its attributes named as in the mcusim.compare/1 JSON."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mcusim import documents
from mcusim.errors import BadInputError

SCHEMA = "mcusim.compare/1"
EXPECTED = f"a comparison saved with mcusim compare --json ({SCHEMA})"
FILE_LIMIT_BYTES = 256 << 20

# What a run rests on, in the order in which it is told. "timing" is mcusim's model of time: instruction timings of the
# core, pipeline rules and memory models.
Part = Literal[
    "engine", "timing", "board", "placement", "model", "kernels", "compiler", "compiler flags", "runtime",
    "application", "input", "mcusim",
]  # fmt: skip
State = Literal["unchanged", "changed", "moved", "added", "removed", "fused", "split"]
Response = Literal["refuse", "tell", "judge"]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs: what ran where, and what its cycles are worth.

    `exact_layers` of `layers` are bit-exact, None where nothing was executed.
    """

    name: str
    model: str
    model_sha256: str
    board: str
    core: str
    clock_hz: int
    engine: str
    mcusim_version: str
    fits: bool
    reasons: tuple[str, ...]
    layers: int
    exact_layers: int | None
    error_percent: float | None
    error_percent_reason: str | None
    error_source: str | None
    least_cycles: int | None
    most_cycles: int | None
    range_over: str | None
    cycles_reason: str | None


@dataclass(frozen=True, slots=True)
class BasisChange:
    """Something that the figures rest on and that differs; `what` it is of the part, in words."""

    part: Part
    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class MetricChange:
    """A figure of the whole run, None where it is not known; `judged` against the policy, if it has a tolerance."""

    metric: str
    unit: Literal["cycles", "s", "instructions", "MACs", "bytes"]
    before: float | None
    after: float | None
    judged: bool

    @property
    def change(self) -> float | None:
        """Positive for growth; None where one of the figures is not known."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, slots=True)
class NamedChange:
    """Cycles of a cause, a function: how many before and after, 0 where there are none."""

    name: str
    before: int
    after: int

    @property
    def change(self) -> int:
        """Positive for growth."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class OwnerChange:
    """Bytes of an owner of a kind; 0 where it is not there."""

    name: str
    kind: str
    before: int
    after: int

    @property
    def change(self) -> int:
        """Positive for growth."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class BufferChange:
    """A buffer of the arena's head as placed, 0 bytes where it is not there.

    `lifetime_…` are moments that it is alive: layers, and the one before the first. `at_peak`: it is alive when the
    most bytes are (in the run before, of a buffer that the run after has not).
    """

    name: str
    kind: str
    before: int
    after: int
    lifetime_before: int
    lifetime_after: int
    at_peak: bool

    @property
    def change(self) -> int:
        """Bytes, positive for growth."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class LoopChange:
    """A hot loop that both runs have: cycles are those of all its iterations in the layer.

    `offset_…` are of its first instruction from the function's start; `added` and `removed` are instructions of its
    body as disassembled, `causes` where its cycles changed.
    """

    function: str
    offset_before: int
    offset_after: int
    iterations_before: int
    iterations_after: int
    cycles_before: int
    cycles_after: int
    causes: tuple[NamedChange, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def change(self) -> int:
        """Cycles, positive for growth."""
        return self.cycles_after - self.cycles_before


@dataclass(frozen=True, slots=True)
class LayerFigures:
    """A layer in one of the runs."""

    index: int
    op: str
    name: str
    shape: tuple[int, ...]
    variant: str
    macs: int
    instructions: int | None
    cycles: int | None
    stack_bytes: int | None
    scratch_bytes: int
    bit_exact: bool | None


@dataclass(frozen=True, slots=True)
class LayerChange:
    """A layer that both runs have, or one of them; `partner` is the layer after that it was fused into or split from.

    `differs` names what is not the same, `change` is of cycles (those of the layer itself where only one run has it).
    `causes` and `functions` are those whose cycles differ; `why` explains in words.
    """

    state: State
    before: LayerFigures | None
    after: LayerFigures | None
    partner: int | None
    differs: tuple[str, ...]
    change: int | None
    causes: tuple[NamedChange, ...]
    functions: tuple[NamedChange, ...]
    loops: tuple[LoopChange, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What the policy says of a change, in a sentence; of the whole run where there is no layer (its number after).

    Without figures it is of what runs rest on, or of a verdict that changed.
    """

    kind: Literal["failure", "improvement"]
    metric: str
    layer: int | None
    before: float | None
    after: float | None
    allowed_percent: float | None
    allowed_absolute: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Delta:
    """Two runs, what they rest on, what differs, and what the policy says of it.

    `not_judged` are metrics that differ for another reason than the code, and are not held against the policy; the
    reason is empty where there are none. Cycles by cause, owners of RAM and flash and buffers of the arena are only
    those that differ; layers are all.
    """

    before: Side
    after: Side
    basis: tuple[BasisChange, ...]
    attribution: tuple[str, ...]
    not_judged: tuple[str, ...]
    not_judged_because: str
    metrics: tuple[MetricChange, ...]
    causes: tuple[NamedChange, ...]
    layers: tuple[LayerChange, ...]
    functions: tuple[NamedChange, ...]
    ram: tuple[OwnerChange, ...]
    flash: tuple[OwnerChange, ...]
    buffers: tuple[BufferChange, ...]
    findings: tuple[Finding, ...]

    @property
    def failures(self) -> tuple[Finding, ...]:
        """What does not pass."""
        return tuple(one for one in self.findings if one.kind == "failure")

    @property
    def is_same(self) -> bool:
        """Whether nothing differs: neither a figure nor what the figures rest on."""
        return not self.basis and self.has_same_figures

    @property
    def has_same_figures(self) -> bool:
        """Whether no figure differs."""
        figures = (self.causes, self.functions, self.ram, self.flash, self.buffers, self.findings)
        moves = [one for one in self.layers if one.state != "unchanged"]
        return not any(figures) and not moves and all(one.before == one.after for one in self.metrics)

    def metric(self, name: str) -> MetricChange:
        """The change of a metric."""
        return next(one for one in self.metrics if one.metric == name)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences of one pair of runs or more.

    `only_…` name the files that have no counterpart, `skipped` those that are no runs of mcusim profile. `findings` are
    what the policy says of no pair: of runs that vanished.
    """

    schema: str
    mcusim_version: str
    created: str
    command: str
    deltas: tuple[Delta, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    skipped: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def failures(self) -> tuple[Finding, ...]:
        """What does not pass: in any of the pairs, then of no pair."""
        return (*(finding for delta in self.deltas for finding in delta.failures), *self.failures_of_no_pair)

    @property
    def failures_of_no_pair(self) -> tuple[Finding, ...]:
        """The failures that are not of a delta."""
        return tuple(one for one in self.findings if one.kind == "failure")


def percent(before: float, change: float) -> float | None:
    """A change in percent of what there was; None of nothing."""
    return 100 * change / before if before else None


def to_json(comparison: Comparison) -> dict[str, object]:
    """The comparison as a mcusim.compare/1 document; a figure without a fraction is an integer."""
    document = _plain(comparison)
    assert isinstance(document, dict)
    return document


def json_text(comparison: Comparison) -> str:
    """The document as text, in ASCII so that no name in it can act on a terminal."""
    return json.dumps(to_json(comparison), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def from_json(document: object, file: str = "comparison") -> Comparison:
    """The comparison of a document.

    Raises BadInputError that names `file`, the key and what is expected for anything missing, unknown or of a wrong
    type, and for changes that do not add up to those of the whole.
    """
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        raise BadInputError(f"{file}: schema: {EXPECTED} is expected")
    comparison = documents.build(Comparison, document, file)
    if not comparison.deltas:
        raise BadInputError(f"{file}: deltas: expected one or more, found none")
    for index, delta in enumerate(comparison.deltas):
        _check(delta, f"{file}: deltas[{index}]")
    return comparison


def load_comparison(path: str | os.PathLike[str]) -> Comparison:
    """The comparison that a file holds; BadInputError as `from_json`."""
    return from_json(documents.read_json(path, FILE_LIMIT_BYTES, EXPECTED), os.fspath(path))


def sums(delta: Delta) -> list[tuple[str, int, int]]:
    """(key, what the parts sum to, what they have to) of everything that has parts: no change is lost or counted twice.

    Cycles by layer and by cause; in each layer by cause and by function; used RAM and flash by owner.
    """
    found: list[tuple[str, int, int]] = []
    cycles = delta.metric("cycles").change
    of_layers = [one.change for one in delta.layers]
    if cycles is not None and None not in of_layers:
        found.append(("layers", sum(change or 0 for change in of_layers), int(cycles)))
    if delta.causes and cycles is not None:
        found.append(("causes", sum(one.change for one in delta.causes), int(cycles)))
    for index, layer in enumerate(delta.layers):
        for name, parts in (("causes", layer.causes), ("functions", layer.functions)):
            if parts and layer.change is not None:
                found.append((f"layers[{index}].{name}", sum(one.change for one in parts), layer.change))
    for name, owners in (("ram", delta.ram), ("flash", delta.flash)):
        used = delta.metric(f"{name}_bytes").change
        if used is not None:
            found.append((name, sum(one.change for one in owners if one.kind not in NOT_USED), int(used)))
    return found


NOT_USED = ("reserved", "free", "apart")  # kinds of owners that do not count as used


def _check(delta: Delta, key: str) -> None:
    metrics = [one.metric for one in delta.metrics]
    for name in ("cycles", "ram_bytes", "flash_bytes"):
        if metrics.count(name) != 1:
            raise BadInputError(f"{key}.metrics: expected {name} once")
    for index, layer in enumerate(delta.layers):
        both = layer.before is not None and layer.after is not None
        if (layer.before is None and layer.after is None) or both != (layer.state in ("unchanged", "changed", "moved")):
            raise BadInputError(f"{key}.layers[{index}]: expected before and after as its state {layer.state!r} has it")
    for name, found, expected in sums(delta):
        if found != expected:
            raise BadInputError(f"{key}.{name}: expected changes that sum to {expected:,}, found {found:,}")


def _plain(value: object) -> object:
    """Dataclasses as dicts, sequences as lists, floats without a fraction as integers."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
