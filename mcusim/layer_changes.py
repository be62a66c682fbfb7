"""The layers of two runs → a row for each layer of either: unchanged, changed, moved, added, removed, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mcusim import figures
from mcusim.alignment import Alignment, Features, align
from mcusim.delta import LayerChange, LayerFigures, LoopChange, NamedChange, State
from mcusim.loop_changes import loop_changes, loop_words, named_changes
from mcusim.record import Layer, Run

SHOWN = 2  # loops, causes and functions named in a sentence
TELLING = 0.1  # of a layer's change, that a loop has to have to be named


def layer_changes(before: Run, after: Run) -> tuple[LayerChange, ...]:
    """Every layer of either run once, in the order of the run after; what was removed stands where it was."""
    aligned = align([_features(one) for one in before.layers], [_features(one) for one in after.layers])
    moved, pairs = set(aligned.moved), [*aligned.pairs, *aligned.moved]
    partner_of = {column: row for row, column in pairs}
    added = {one.index for one in after.layers if one.index not in partner_of}
    removed = {one.index for one in before.layers} - set(partner_of.values())
    merged = _merged(before, after, aligned, removed, added)
    rows: list[LayerChange] = []
    waiting = sorted(removed)
    for layer in after.layers:
        row = partner_of.get(layer.index)
        if row is None:
            partner = merged[1].get(layer.index)
            rows.append(_alone("added" if partner is None else "split", None, layer, partner))
            continue
        if (row, layer.index) not in moved:
            while waiting and waiting[0] < row:
                rows.append(_gone(before.layers[waiting.pop(0)], merged[0]))
        rows.append(_pair(before, after, before.layers[row], layer, (row, layer.index) in moved))
    return (*rows, *(_gone(before.layers[index], merged[0]) for index in waiting))


def _features(layer: Layer) -> Features:
    return Features(layer.op, layer.name, layer.shape, layer.macs)


def _merged(
    before: Run, after: Run, aligned: Alignment, removed: set[int], added: set[int]
) -> tuple[dict[int, int], dict[int, int]]:
    """Layers that became part of the one before them, or that came out of it: by number, that of the other, after.

    An activation that is fused gives its output to the layer that it is fused into, and its name with it.
    """
    fused: dict[int, int] = {}
    split: dict[int, int] = {}
    for row, column in aligned.pairs:
        one, other = before.layers[row], after.layers[column]
        if one.name == other.name:
            continue
        if row + 1 in removed and before.layers[row + 1].name == other.name:
            fused[row + 1] = column
        if column + 1 in added and after.layers[column + 1].name == one.name:
            split[column + 1] = column
    return fused, split


def _gone(layer: Layer, fused: Mapping[int, int]) -> LayerChange:
    partner = fused.get(layer.index)
    return _alone("removed" if partner is None else "fused", layer, None, partner)


def _alone(state: State, before: Layer | None, after: Layer | None, partner: int | None) -> LayerChange:
    """A layer that only one of the runs has: all of its cycles are the change."""
    layer, sign = (before, -1) if before is not None else (after, 1)
    assert layer is not None
    causes, functions = dict(layer.cycles_by_cause or {}), _functions(layer)
    change = None if layer.cycles is None else sign * layer.cycles
    words = {
        "added": "a new layer",
        "removed": "the layer is gone",
        "fused": f"now part of layer {partner}",
        "split": f"was part of layer {partner}",
    }
    return LayerChange(
        state=state,
        before=None if before is None else layer_figures(before),
        after=None if after is None else layer_figures(after),
        partner=partner,
        differs=(),
        change=change,
        causes=named_changes(causes, {}) if sign < 0 else named_changes({}, causes),
        functions=named_changes(functions, {}) if sign < 0 else named_changes({}, functions),
        loops=(),
        why=words[state],
    )


def _pair(before: Run, after: Run, one: Layer, other: Layer, moved: bool) -> LayerChange:
    """A layer that both runs have."""
    differs = _differs(one, other)
    change = None if one.cycles is None or other.cycles is None else other.cycles - one.cycles
    causes, functions = _parts(one, other)
    loops = loop_changes(one.loops, other.loops, before.hot_code, after.hot_code)
    state: State = "moved" if moved else "changed" if differs or causes or functions or loops else "unchanged"
    return LayerChange(
        state=state,
        before=layer_figures(one),
        after=layer_figures(other),
        partner=None,
        differs=differs,
        change=change,
        causes=causes,
        functions=functions,
        loops=loops,
        why=_why(one, other, change, causes, functions, loops, moved),
    )


def _parts(one: Layer, other: Layer) -> tuple[tuple[NamedChange, ...], tuple[NamedChange, ...]]:
    """Changes of cycles by cause and by function; none where one of the two was not executed."""
    if one.cycles_by_cause is None or other.cycles_by_cause is None:
        return (), ()
    causes = named_changes(one.cycles_by_cause, other.cycles_by_cause)
    return causes, named_changes(_functions(one), _functions(other))


def _functions(layer: Layer) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for function in layer.functions:
        counts[function.name] += function.cycles
    return dict(counts)


def layer_figures(layer: Layer) -> LayerFigures:
    """What a comparison keeps of a layer."""
    return LayerFigures(
        index=layer.index,
        op=layer.op,
        name=layer.name,
        shape=layer.shape,
        variant=layer.variant,
        macs=layer.macs,
        instructions=layer.instructions,
        cycles=layer.cycles,
        stack_bytes=layer.stack_bytes,
        scratch_bytes=layer.scratch_bytes,
        bit_exact=layer.bit_exact,
    )


def _differs(one: Layer, other: Layer) -> tuple[str, ...]:
    """In what the same layer is not the same, in words."""
    pairs = {
        "name": (one.name, other.name),
        "shape": (one.shape, other.shape),
        "MACs": (one.macs, other.macs),
        "kernel": (one.variant, other.variant),
        "instructions": (one.instructions, other.instructions),
        "cycles": (one.cycles, other.cycles),
        "stack": (one.stack_bytes, other.stack_bytes),
        "scratch": (one.scratch_bytes, other.scratch_bytes),
        "bit-exactness": (one.bit_exact, other.bit_exact),
    }
    return tuple(name for name, (before, after) in pairs.items() if before != after)


def _why(
    one: Layer,
    other: Layer,
    change: int | None,
    causes: Sequence[NamedChange],
    functions: Sequence[NamedChange],
    loops: Sequence[LoopChange],
    moved: bool,
) -> str:
    """What explains the change, the most telling first: another kernel or shape, the loops, functions and causes."""
    parts = []
    if moved:
        parts.append(f"stood at {one.index}, stands at {other.index}")
    if one.variant != other.variant and one.variant and other.variant:
        parts.append(f"{one.variant} → {other.variant}")
    if one.shape != other.shape:
        parts.append(f"output {figures.extents(one.shape)} → {figures.extents(other.shape)}")
    if one.macs != other.macs:
        parts.append(f"{one.macs:,} → {other.macs:,} MACs")
    if change:
        telling = [loop for loop in loops if loop.change * change > 0 and abs(loop.change) >= TELLING * abs(change)]
        parts += [loop_words(loop) for loop in telling[:SHOWN]]
        if not telling and (of_functions := changes_words(functions, change)):
            parts.append(of_functions)
        if one.instructions is not None and one.instructions == other.instructions:
            parts.append("as many instructions as before")
        if of_causes := changes_words(causes, change):
            parts.append(of_causes)
    elif one.name != other.name and not parts:
        parts.append(f"was {one.name}")
    return "; ".join(parts)


def changes_words(changes: Sequence[NamedChange], whole: int) -> str:
    """The largest changes in the direction of the whole."""
    largest = sorted((one for one in changes if one.change * whole > 0), key=lambda one: (-abs(one.change), one.name))
    return ", ".join(f"{one.name} {one.change:+,}" for one in largest[:SHOWN])
