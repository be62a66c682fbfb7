"""Parts of a run → BadInputError where they contradict each other: what a report rolls up must add up."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from mcusim.errors import BadInputError, shown
from mcusim.layer_parts import Against, HotCode, HotLoop, Layer, Totals
from mcusim.memory_parts import ArenaBuffer, Budget, Flash, LinkedFlash, Memory, Touched, Verdict
from mcusim.trace import CAUSES

# Figures that may be negative.
SIGNED: tuple[str, ...] = (".headroom_bytes", ".zero_point", ".error_percent", ".first_moment", ".last_moment")
SIGNED += (".difference.target", ".difference.reference")
SIGNED += tuple(
    f".accumulation.{name}" for name in ("accumulator", "bias", "shift", "exact", "high", "rounded", "offset")
)
SIGNED += (".accumulation.least", ".accumulation.most")

_Sum = tuple[str, int, str, int]  # key, found, what it is to be, expected


def check_counts(record: object, file: str) -> None:
    """Of a dataclass and all within, only SIGNED figures may be negative."""
    for name, count in _counts(record):
        if count < 0:
            raise BadInputError(f"{file}: {name}: expected 0 or more, found {count}")


def check_cycles(totals: Totals, layers: Sequence[Layer], hot_code: Sequence[HotCode], file: str) -> None:
    """Cycles add up over layers, causes, functions, and the lines of loops."""
    _check_causes(totals.cycles_by_cause, f"{file}: totals")
    sums = _sums_of_totals(totals, layers, file)
    for index, layer in enumerate(layers):
        _check_causes(layer.cycles_by_cause, f"{file}: layers[{index}]")
        sums += _sums_of_layer(layer, index, file)
    _check_sums(sums, file)
    for index, layer in enumerate(layers):
        _check_loops(layer, hot_code, f"{file}: layers[{index}]")


def check_differences(layers: Sequence[Layer], against: Against | None, file: str) -> None:
    """A layer has a difference exactly where it is not bit-exact, and no more elements differ than there are."""
    for index, layer in enumerate(layers):
        key = f"{file}: layers[{index}]"
        if (layer.difference is None) != (layer.bit_exact is not False):
            raise BadInputError(f"{key}.difference: expected one exactly where bit_exact is false")
        if (layer.differing_inputs is None) != (layer.bit_exact is None):
            raise BadInputError(f"{key}.differing_inputs: expected a figure exactly of layers that were executed")
        if layer.difference is not None and not 0 < layer.difference.wrong_elements <= layer.difference.elements:
            raise BadInputError(f"{key}.difference.wrong_elements: expected 1 to {layer.difference.elements:,}")
    for index, one in enumerate(against.layers if against else ()):
        key = f"{file}: against.layers[{index}]"
        if not one.harmless_elements <= one.wrong_elements <= one.elements or one.apart_elements > one.elements:
            raise BadInputError(f"{key}: expected harmless_elements ≤ wrong_elements, and no more than elements")
        if (one.difference is None) != (one.wrong_elements == 0):
            raise BadInputError(f"{key}.difference: expected one exactly where elements differ")


def check_memory(verdict: Verdict, memory: Memory, flash: Flash, layers: Sequence[Layer], file: str) -> None:
    """Memories are the sums of their owners, the arena's head that of its buffers; `layers` are empty if unknown."""
    sums: list[_Sum] = []
    for kind, one, owners in (("ram", verdict.ram, memory.owners), ("flash", verdict.flash, flash.owners)):
        left = one.available_bytes - one.used_bytes
        owned = sum(owner.bytes for owner in owners if owner.kind not in ("reserved", "free", "apart"))
        kept = sum(owner.bytes for owner in owners if owner.kind == "reserved")
        sums += [
            (f"verdict.{kind}.headroom_bytes", one.headroom_bytes, "available − used", left),
            (f"verdict.{kind}.used_bytes", one.used_bytes, "the sum of its owners", owned),
            (f"verdict.{kind}.reserved_bytes", one.reserved_bytes, "the sum of its owners", kept),
        ]
    _check_sums(sums, file)
    holes = memory.holes
    if holes.wasted_bytes != holes.peak_bytes - holes.live_lower_bound_bytes:
        raise BadInputError(f"{file}: memory.holes.wasted_bytes: expected peak_bytes − live_lower_bound_bytes")
    _check_buffers(memory, layers, file)
    if memory.touched is not None:
        _check_touched(memory.touched, file)


def check_budget(budget: Budget, linked: LinkedFlash, file: str) -> None:
    """The arena from both sides, and flash as linked, are what they are made of."""
    between = budget.most_arena_bytes - budget.least_arena_bytes
    least, most = (sum(size or 0 for size in sizes) for sizes in zip(*_sizes(linked), strict=True))
    sums = [
        ("budget.headroom_bytes", budget.headroom_bytes, "most − least", between),
        ("linked_flash.least_bytes", linked.least_bytes, "the sum of its parts", least),
        ("linked_flash.most_bytes", linked.most_bytes, "the sum of its parts", most),
    ]
    _check_sums(sums, file)


def _check_sums(sums: Iterable[_Sum], file: str) -> None:
    for key, value, what, expected in sums:
        if value != expected:
            raise BadInputError(f"{file}: {key}: expected {what}, {expected:,}, found {value:,}")


def _check_causes(cycles_by_cause: Mapping[str, int] | None, place: str) -> None:
    unknown = sorted(set(cycles_by_cause or ()) - set(CAUSES))
    if unknown:
        raise BadInputError(f"{place}.cycles_by_cause: {shown(unknown[0])} is no cause; there are {', '.join(CAUSES)}")


def _check_loops(layer: Layer, hot_code: Sequence[HotCode], key: str) -> None:
    """A layer's loops are of code that is there, and take no more than the layer."""
    for position, loop in enumerate(layer.loops):
        place = f"{key}.loops[{position}]"
        if loop.code >= len(hot_code):
            raise BadInputError(f"{place}.code: expected a place in hot_code, which has {len(hot_code)}")
        lines = len(hot_code[loop.code].lines)
        if lines != len(loop.line_counts) or lines != len(loop.line_cycles):
            raise BadInputError(f"{place}: expected line_counts and line_cycles of {lines} lines, as its code has")
        _check_loop_cycles(loop, place)
    taken = sum(loop.cycles for loop in layer.loops)
    if taken > (layer.cycles or 0):
        raise BadInputError(f"{key}.loops: expected at most the layer's cycles, {layer.cycles:,}, found {taken:,}")


def _check_loop_cycles(loop: HotLoop, place: str) -> None:
    _check_causes(loop.cycles_by_cause, place)
    sums = {"its causes": sum(loop.cycles_by_cause.values()), "its lines": sum(loop.line_cycles)}
    for what, expected in sums.items():
        if loop.cycles != expected:
            raise BadInputError(f"{place}.cycles: expected the sum of {what}, {expected:,}, found {loop.cycles:,}")


def _check_buffers(memory: Memory, layers: Sequence[Layer], file: str) -> None:
    """Buffers lie in the head and live for moments that there are; layers know what is alive while they run."""
    for index, one in enumerate(memory.buffers):
        key = f"{file}: memory.buffers[{index}]"
        if one.bytes > one.planned_bytes or one.offset + one.planned_bytes > memory.head_bytes:
            raise BadInputError(f"{key}: expected bytes up to planned_bytes, all within memory.head_bytes")
        unused = one.first_moment == one.last_moment == -1
        if not unused and not 0 <= one.first_moment <= one.last_moment:
            raise BadInputError(f"{key}: expected moments from 0 on in order, or −1 twice")
        if layers and one.last_moment > len(layers):
            raise BadInputError(f"{key}.last_moment: expected at most {len(layers)}, that of the last layer")
    alive = _alive_bytes(memory.buffers, len(layers))
    _check_sums(
        (
            (f"layers[{index}].live_bytes", layer.live_bytes, "the sum of the buffers that live then", alive[index])
            for index, layer in enumerate(layers)
        ),
        file,
    )


def _alive_bytes(buffers: Sequence[ArenaBuffer], layers: int) -> list[int]:
    """Planned bytes that are alive in each layer; buffers live within the moments of the layers."""
    changes = [0] * (layers + 2)
    for one in buffers if layers else ():
        if one.first_moment >= 0:
            changes[one.first_moment] += one.planned_bytes
            changes[one.last_moment + 1] -= one.planned_bytes
    return list(accumulate(changes))[1:-1]


def _check_touched(touched: Touched, file: str) -> None:
    """What was touched and what was not are the arena; no scratch is touched beyond what was asked for."""
    if touched.arena_touched_bytes + sum(owner.bytes for owner in touched.untouched) != touched.arena_bytes:
        raise BadInputError(f"{file}: memory.touched: expected arena_touched_bytes and untouched to sum to arena_bytes")
    if touched.scratch_touched_bytes > touched.scratch_bytes or touched.stack_touched_bytes > touched.stack_bytes:
        raise BadInputError(f"{file}: memory.touched: expected touched bytes of scratch and stack among those planned")


def _sizes(linked: LinkedFlash) -> list[tuple[int | None, int | None]]:
    return [(0, 0), *((part.least_bytes, part.most_bytes) for part in linked.parts)]


def _sums_of_layer(layer: Layer, index: int, file: str) -> list[_Sum]:
    """What a layer's figures add up to, or that it was estimated."""
    key = f"layers[{index}]"
    sums: list[_Sum] = [(f"{key}.index", layer.index, "its place", index)]
    if layer.bit_exact is None:
        figures = (layer.instructions, layer.cycles_by_cause, layer.stack_bytes)
        found = layer.functions or layer.loops
        if any(one is not None for one in figures) or layer.cycles != layer.estimated_cycles or found:
            raise BadInputError(f"{file}: {key}: expected estimated_cycles alone, as bit_exact is null")
        return sums
    figures_of_cycles = (layer.cycles, layer.least_cycles, layer.most_cycles, layer.instructions, layer.stack_bytes)
    if None in figures_of_cycles or layer.cycles is None or layer.cycles_by_cause is None:
        raise BadInputError(f"{file}: {key}: expected cycles, instructions, causes and stack of an executed layer")
    return [
        *sums,
        (f"{key}.cycles", layer.cycles, "the sum of its causes", sum(layer.cycles_by_cause.values())),
        (f"{key}.cycles", layer.cycles, "the sum of its functions", sum(one.cycles for one in layer.functions)),
    ]


def _sums_of_estimate(totals: Totals, layers: Sequence[Layer], file: str) -> list[_Sum]:
    """The totals of a run that was estimated: cycles, latency and range together, or a reason."""
    figures = (totals.cycles, totals.least_cycles, totals.most_cycles, totals.latency_s)
    missing = any(layer.cycles is None for layer in layers)
    executed = totals.instructions is not None or totals.cycles_by_cause is not None
    none = all(one is None for one in figures)
    if executed or (None in figures) != none or missing != (totals.cycles is None):
        raise BadInputError(f"{file}: totals: expected cycles, range and latency of estimated layers, or none of them")
    if totals.cycles is None:
        return []
    return [("totals.cycles", totals.cycles, "the sum over the layers", sum(one.cycles or 0 for one in layers))]


def _sums_of_totals(totals: Totals, layers: Sequence[Layer], file: str) -> list[_Sum]:
    """(key, found, what it is to be, expected) of the totals; nothing adds up to them where nothing was executed."""
    if layers and all(layer.bit_exact is None for layer in layers):
        return _sums_of_estimate(totals, layers, file)
    figures: tuple[object, ...] = (totals.cycles, totals.least_cycles, totals.most_cycles)
    figures += (totals.instructions, totals.cycles_by_cause, totals.latency_s)
    if None in figures:
        if any(one is not None for one in figures) or layers or totals.cycles_reason is None:
            raise BadInputError(
                f"{file}: totals: expected cycles, instructions, causes, latency and layers, or none and cycles_reason"
            )
        return []
    assert totals.cycles is not None and totals.instructions is not None and totals.cycles_by_cause is not None
    return [
        ("totals.cycles", totals.cycles, "the sum of its causes", sum(totals.cycles_by_cause.values())),
        ("totals.cycles", totals.cycles, "the sum over the layers", sum(layer.cycles or 0 for layer in layers)),
        ("totals.macs", totals.macs, "the sum over the layers", sum(layer.macs for layer in layers)),
        (
            "totals.instructions",
            totals.instructions,
            "the sum over the layers",
            sum(layer.instructions or 0 for layer in layers),
        ),
    ]


def _counts(record: object) -> list[tuple[str, int | float]]:
    """Every figure that cannot be negative, with its key."""
    found: list[tuple[str, int | float]] = []

    def walk(value: object, key: str) -> None:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            for item in dataclasses.fields(value):
                walk(getattr(value, item.name), f"{key}.{item.name}" if key else item.name)
        elif isinstance(value, Mapping):
            for name, item in value.items():
                walk(item, f"{key}.{name}")
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                walk(item, f"{key}[{index}]")
        elif isinstance(value, (int, float)) and not key.endswith(SIGNED):
            found.append((key, value))

    walk(record, "")
    return found
