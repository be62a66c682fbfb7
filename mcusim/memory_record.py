"""What is found about a model's arena as data, its attributes named as in the mcusim.memory/1 JSON."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from mcusim import documents
from mcusim.errors import BadInputError
from mcusim.record import VERSION, Budget, BufferKind, LinkedFlash, Touched

SCHEMA = "mcusim.memory/1"
SOAK_SCHEMA = "mcusim.soak/1"  # of a soak's report
EXPECTED = f"a report saved with mcusim memory --json ({SCHEMA})"
FILE_LIMIT_BYTES = 64 << 20
# Several times as many as are planned, so that drawing them takes seconds at most.
MOST_LAYERS, MOST_BUFFERS, MOST_PLANS = 10_000, 20_000, 16


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """An operator, and the name of what it makes."""

    op: str
    name: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model; `bytes` is the size of its flatbuffer."""

    name: str
    sha256: str
    bytes: int
    layers: tuple[LayerInfo, ...]


@dataclass(frozen=True, slots=True)
class RuntimeInfo:
    """The kernel library, and the extensions of the core that it is built for."""

    kernels: Literal["cmsis_nn", "reference"]
    dsp: bool
    mve: bool


@dataclass(frozen=True, slots=True)
class BufferInfo:
    """A buffer of the head: `bytes` as asked for, `planned_bytes` as placed.

    Moments: 0 before the first layer, i + 1 in layer i; −1 both for a tensor that nothing uses.
    """

    name: str
    kind: BufferKind
    bytes: int
    planned_bytes: int
    first_moment: int
    last_moment: int


@dataclass(frozen=True, slots=True)
class PlanInfo:
    """What a planner makes of the head: an offset for each buffer.

    `wasted_bytes` are those not alive at the fullest moment, `bound_bytes` what no plan gets below as far as is
    proven, `pins` the buffers that hold the top up, `smallest_arena_bytes` what AllocateTensors accepts with the plan.
    """

    planner: str
    offsets: tuple[int, ...]
    head_bytes: int
    wasted_bytes: int
    bound_bytes: int
    smallest_arena_bytes: int
    pins: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NoPlan:
    """A planner that has no plan."""

    planner: str
    reason: str


@dataclass(frozen=True, slots=True)
class TailPart:
    """Persistent data of one kind, with what aligns it."""

    kind: str
    bytes: int


@dataclass(frozen=True, slots=True)
class OrderInfo:
    """The best order of layers that was found, by their present numbers; the greedy plan's figures before and with it.

    `bound_bytes` are alive at some moment of every order, as far as is proven.
    """

    ops: tuple[int, ...]
    head_before_bytes: int
    head_bytes: int
    live_before_bytes: int
    live_bytes: int
    bound_bytes: int

    @property
    def changed(self) -> bool:
        """Whether it is another order than the model's."""
        return self.ops != tuple(range(len(self.ops)))

    @property
    def proven(self) -> bool:
        """Whether no order and no planner take less."""
        return self.head_bytes == self.bound_bytes


@dataclass(frozen=True, slots=True)
class AliasInfo:
    """A tensor that could lie in another's bytes, and what that alone saves: below 0 where the plan gets larger."""

    layer: int
    kind: str
    tensor: str
    into: str
    offset_bytes: int
    live_saved_bytes: int
    head_saved_bytes: int


@dataclass(frozen=True, slots=True)
class AliasesInfo:
    """All such tensors; `together` are those, by their place in `aliases`, that can be had at once."""

    aliases: tuple[AliasInfo, ...]
    left_out: int
    together: tuple[int, ...]
    head_before_bytes: int
    head_bytes: int
    live_before_bytes: int
    live_bytes: int


@dataclass(frozen=True, slots=True)
class WorseInfo:
    """A runtime whose arena a written plan makes larger."""

    runtime: RuntimeInfo
    before_bytes: int
    after_bytes: int


@dataclass(frozen=True, slots=True)
class WrittenInfo:
    """The copy of the model that has the best plan; the smallest arenas without and with it."""

    path: str
    planner: str
    before_bytes: int
    after_bytes: int
    larger_bytes: int
    worse: tuple[WorseInfo, ...]


@dataclass(frozen=True, slots=True)
class MemoryReport:
    """A model's arena: its head as each planner lays it out, its tail, and what would make it smaller.

    `in_use` is the planner whose plan TensorFlow Lite Micro takes, `best` the one with the smallest arena, `maps` those
    whose plans are drawn. `live_bytes` are alive at each moment, the most of them `live_bound_bytes`. With a board,
    `fits`, `budget` and `linked_flash` are about it; `touched` is what an inference wrote, where one was watched.
    """

    command: str
    model: ModelInfo
    runtime: RuntimeInfo
    board: str | None
    board_reason: str | None
    fits: bool | None
    fits_reason: str | None
    reasons: tuple[str, ...]
    arena_bytes: int
    smallest_arena_bytes: int
    head_bytes: int
    tail: tuple[TailPart, ...]
    live_bytes: tuple[int, ...]
    live_bound_bytes: int
    bound_bytes: int
    buffers: tuple[BufferInfo, ...]
    in_use: str
    best: str
    maps: tuple[str, ...]
    plans: tuple[PlanInfo, ...]
    missing: tuple[NoPlan, ...]
    order: OrderInfo
    aliases: AliasesInfo
    written: WrittenInfo | None
    budget: Budget | None
    budget_reason: str | None
    linked_flash: LinkedFlash | None
    linked_flash_reason: str | None
    touched: Touched | None
    touched_reason: str | None

    def plan(self, planner: str) -> PlanInfo:
        """A planner's plan; KeyError where it has none."""
        return {one.planner: one for one in self.plans}[planner]

    @property
    def tail_bytes(self) -> int:
        """All persistent data."""
        return sum(part.bytes for part in self.tail)

    @property
    def fullest(self) -> tuple[int, ...]:
        """The moments at which the most is alive."""
        most = max(self.live_bytes)
        return tuple(moment for moment, count in enumerate(self.live_bytes) if count == most)

    def alive(self, moment: int) -> tuple[int, ...]:
        """The buffers that live at a moment."""
        return tuple(index for index, one in enumerate(self.buffers) if one.first_moment <= moment <= one.last_moment)

    def moment_words(self, moment: int) -> str:
        """A moment in words."""
        return f"in layer {moment - 1} ({self.model.layers[moment - 1].op})" if moment else "before the first layer"


def to_json(report: MemoryReport) -> dict[str, object]:
    """The JSON document as Python objects."""
    return {"schema": SCHEMA, "mcusim_version": VERSION, **dataclasses.asdict(report)}


def from_json(document: object, file: str) -> MemoryReport:
    """The report of a JSON document.

    Raises BadInputError that names `file`, the key and what is expected for anything missing, unknown or of a wrong
    type, and for figures in contradiction to each other.
    """
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        raise BadInputError(f"{file}: schema: {EXPECTED} is expected")
    rest = {key: value for key, value in document.items() if key not in ("schema", "mcusim_version")}
    report = documents.build(MemoryReport, rest, file)
    for wrong, key, expected in _contradictions(report):
        if wrong:
            raise BadInputError(f"{file}: {key}: expected {expected}")
    return report


def load_report(path: str | os.PathLike[str]) -> MemoryReport:
    """The report that a file holds; BadInputError as `from_json`."""
    return from_json(documents.read_json(path, FILE_LIMIT_BYTES, EXPECTED), os.fspath(path))


_Check = tuple[bool, str, str]  # whether it is wrong, the key, what is expected


def _contradictions(report: MemoryReport) -> Iterator[_Check]:
    """What drawing and adding up rest on, in an order in which each check may rest on those before."""
    moments = len(report.model.layers) + 1
    yield moments > MOST_LAYERS, "model.layers", f"at most {MOST_LAYERS:,}"
    yield len(report.buffers) > MOST_BUFFERS, "buffers", f"at most {MOST_BUFFERS:,}"
    yield len(report.plans) > MOST_PLANS, "plans", f"at most {MOST_PLANS}"
    yield len(set(report.maps)) < len(report.maps), "maps", "each planner once"
    yield from _wrong_buffers(report, moments)
    yield len(report.live_bytes) != moments, "live_bytes", f"a figure for each of {moments} moments"
    alive = [0] * (moments + 1)
    for one in report.buffers:
        if one.first_moment >= 0:
            alive[one.first_moment] += one.planned_bytes
            alive[one.last_moment + 1] -= one.planned_bytes
    for moment in range(1, moments):
        alive[moment] += alive[moment - 1]
    yield list(report.live_bytes) != alive[:moments], "live_bytes", "what the buffers' lifetimes add up to"
    unused = sum(one.planned_bytes for one in report.buffers if one.first_moment < 0)
    most = max(*alive[:moments], unused)  # planners lay out what nothing uses as if it lived before everything else
    yield report.live_bound_bytes != most, "live_bound_bytes", f"the most that is alive at once, {most:,}"
    names = [one.planner for one in report.plans]
    yield len(set(names)) < len(names), "plans", "one plan a planner"
    for index, plan in enumerate(report.plans):
        yield from _wrong_plan(report, plan, f"plans[{index}]")
    for key, name in (("in_use", report.in_use), ("best", report.best), *(("maps", one) for one in report.maps)):
        yield name not in names, key, f"one of the planners with a plan: {', '.join(names)[:200]}"
    yield report.head_bytes != report.plan(report.in_use).head_bytes, "head_bytes", "that of the plan in use"
    yield any(part.bytes < 0 for part in report.tail), "tail", "sizes of 0 or more"
    yield report.arena_bytes != report.head_bytes + report.tail_bytes, "arena_bytes", "head_bytes and the tail"
    yield bool(report.reasons) != (report.fits is False), "fits", "false exactly where there are reasons"
    ops = report.order.ops
    yield sorted(ops) != list(range(moments - 1)), "order.ops", "each layer once"
    count = len(report.aliases.aliases)
    yield any(not 0 <= one < count for one in report.aliases.together), "aliases.together", "places in aliases"
    layers = [one.layer for one in report.aliases.aliases]
    yield any(not 0 <= one < moments - 1 for one in layers), "aliases.aliases", "layers of the model"


def _wrong_buffers(report: MemoryReport, moments: int) -> Iterator[_Check]:
    for index, one in enumerate(report.buffers):
        key = f"buffers[{index}]"
        yield not 0 <= one.bytes <= one.planned_bytes, key, "bytes of 0 or more, and at least as many planned_bytes"
        unused = one.first_moment == one.last_moment == -1
        lives = 0 <= one.first_moment <= one.last_moment < moments
        yield not (unused or lives), key, f"moments from 0 to {moments - 1} in order, or −1 twice"


def _wrong_plan(report: MemoryReport, plan: PlanInfo, key: str) -> Iterator[_Check]:
    count = len(report.buffers)
    yield len(plan.offsets) != count, f"{key}.offsets", f"an offset for each of {count} buffers"
    yield any(offset < 0 for offset in plan.offsets), f"{key}.offsets", "offsets of 0 or more"
    ends = (offset + one.planned_bytes for offset, one in zip(plan.offsets, report.buffers, strict=True))
    head = max(ends, default=0)
    yield plan.head_bytes != head, f"{key}.head_bytes", f"the end of the highest buffer, {head:,}"
    wasted = head - report.live_bound_bytes
    yield plan.wasted_bytes != wasted, f"{key}.wasted_bytes", f"head_bytes − live_bound_bytes, {wasted:,}"
    yield any(not 0 <= pin < count for pin in plan.pins), f"{key}.pins", "numbers of buffers"


def json_text(report: MemoryReport) -> str:
    """The mcusim.memory/1 document, in ASCII so that no name in it can act on a terminal."""
    return json.dumps(to_json(report), indent=2, ensure_ascii=True, allow_nan=False) + "\n"
