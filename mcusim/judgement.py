"""A difference of two runs + a policy → what fails and what improves, each in a sentence with its explanation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcusim import figures
from mcusim.byte_changes import buffer_words
from mcusim.delta import (
    BasisChange,
    BufferChange,
    Delta,
    Finding,
    LayerChange,
    LayerFigures,
    MetricChange,
    OwnerChange,
    percent,
)
from mcusim.layer_changes import changes_words
from mcusim.policy import ComparePolicy, Tolerance

NAMED = 3  # layers, owners or buffers that a sentence names
NAME = 48  # cells of a name in a sentence
LAYER_CYCLES = "layer_cycles"
IN_ARENA = ("tensor", "scratch", "persistent", "alignment", "hole")  # kinds of owners


def findings(delta: Delta, refused: Sequence[BasisChange], policy: ComparePolicy) -> tuple[Finding, ...]:
    """What the policy says: failures of the whole run, of its layers, then improvements, all in a fixed order."""
    found = [*_refusals(refused), *_verdicts(delta)]
    for metric in delta.metrics:
        if metric.judged:
            found += _of_metric(delta, metric, policy)
    if LAYER_CYCLES not in delta.not_judged:
        for layer in delta.layers:
            found += _of_layer(layer, policy)
    return (*(one for one in found if one.kind == "failure"), *(one for one in found if one.kind == "improvement"))


def _refusals(refused: Sequence[BasisChange]) -> Iterator[Finding]:
    """One failure for the engine, one for the model of time, one for the board."""
    for key, parts in (("engine", ("engine",)), ("timing", ("timing",)), ("board", ("board", "placement"))):
        rows = [one for one in refused if one.part in parts]
        if rows:
            words = ", ".join(f"{one.what} {one.before} → {one.after}" for one in rows)
            sentence = (
                f"{key} changed, so that cycles tell nothing of the code: {words} (save a new baseline, or set "
                f"changed_{key} in mcusim.toml)"
            )
            yield Finding("failure", key, None, None, None, None, None, sentence)


def _verdicts(delta: Delta) -> Iterator[Finding]:
    """What was right before and is wrong now, whatever the tolerances."""
    if delta.before.fits and not delta.after.fits:
        sentence = f"does not fit {delta.after.board} any more: {'; '.join(delta.after.reasons)}"
        yield Finding("failure", "fits", None, None, None, None, None, sentence)
    for layer in delta.layers:
        now, was = layer.after, layer.before
        if now is not None and now.bit_exact is False and (was is None or was.bit_exact is not False):
            sentence = f"{layer_words(now)} is not bit-exact{' any more' if was else ''}"
            yield Finding("failure", "bit_exact", now.index, None, None, None, None, sentence)


def _of_metric(delta: Delta, metric: MetricChange, policy: ComparePolicy) -> Iterator[Finding]:
    before, after, change = metric.before, metric.after, metric.change
    tolerance: Tolerance = getattr(policy, metric.metric)
    if change is None or before is None or after is None:
        if before is not None and after is None:
            sentence = f"{metric.metric} is not known any more: {delta.after.cycles_reason or 'nothing was executed'}"
            yield Finding("failure", metric.metric, None, before, None, None, None, sentence)
    elif not tolerance.allows(before, change):
        told = f"{metric.metric} {figure(before, metric.unit)} → {figure(after, metric.unit)}"
        because = _explained(delta, metric.metric, change)
        judged = _Judged(metric.metric, None, metric.unit, before, after, told, because)
        yield _finding(judged, tolerance, policy)


def _of_layer(layer: LayerChange, policy: ComparePolicy) -> Iterator[Finding]:
    one, other = layer.before, layer.after
    if one is None or other is None or one.cycles is None or other.cycles is None:
        return
    if not policy.layer_cycles.allows(one.cycles, other.cycles - one.cycles):
        told = f"{layer_words(other)}: {one.cycles:,} → {other.cycles:,} cycles"
        judged = _Judged(LAYER_CYCLES, other.index, "cycles", one.cycles, other.cycles, told, layer.why)
        yield _finding(judged, policy.layer_cycles, policy)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A change beyond its tolerance: `told` in words, and what it comes from."""

    metric: str
    layer: int | None
    unit: str
    before: float
    after: float
    told: str
    because: str


def _finding(judged: _Judged, tolerance: Tolerance, policy: ComparePolicy) -> Finding:
    """Growth fails; what becomes smaller only where the policy says so."""
    change = judged.after - judged.before
    fails = change > 0 or policy.fails == "any change"
    share = percent(judged.before, change)
    words = signed(change, judged.unit)
    words += f", {growth(share)}" if share is not None else ""
    words += f"; {allowed_words(tolerance, judged.unit)}" if fails else ""
    return Finding(
        kind="failure" if fails else "improvement",
        metric=judged.metric,
        layer=judged.layer,
        before=judged.before,
        after=judged.after,
        allowed_percent=tolerance.percent if fails else None,
        allowed_absolute=tolerance.absolute if fails else None,
        sentence=f"{judged.told} ({words})" + (f": {judged.because}" if judged.because else ""),
    )


def _explained(delta: Delta, metric: str, change: float) -> str:
    """What of layers, buffers or owners a change of the whole comes from, the largest first."""
    if metric == "latency_s" and delta.before.clock_hz == delta.after.clock_hz:
        return "as the cycles"
    if metric in ("cycles", "latency_s"):
        return "; ".join([*_layers(delta, change), *_clock(delta, metric)])
    if metric == "instructions":
        return "; ".join(_instructions(delta, change))
    if metric == "flash_bytes":
        return _owners(delta.flash, change)
    if metric == "stack_bytes":
        return _deepest(delta, change)
    buffers = _at_peak(delta, change)[:NAMED]
    parts, told = [buffer_words(one) for one in buffers], {one.name for one in buffers}
    owners = [one for one in delta.ram if one.name not in told and (metric == "ram_bytes" or one.kind in IN_ARENA)]
    if of_owners := _owners(owners, change):
        parts.append(f"by owner {of_owners}")
    return "; ".join(parts)


def _at_peak(delta: Delta, change: float) -> list[BufferChange]:
    """The buffers that are alive when the arena is fullest and grew, or where none did, those that live longer."""
    there = [one for one in delta.buffers if one.at_peak]
    grown = [one for one in there if one.change * change > 0]
    longer = [one for one in there if (one.lifetime_after - one.lifetime_before) * change > 0]
    return grown or longer


def _clock(delta: Delta, metric: str) -> list[str]:
    one, other = delta.before.clock_hz, delta.after.clock_hz
    return [f"{one / 1e6:g} → {other / 1e6:g} MHz"] if metric == "latency_s" and one != other else []


def _layers(delta: Delta, change: float) -> list[str]:
    """The layers that changed most in the direction of the whole; of the first one why, if it is not one of many."""
    rows = [(one.change or 0, one) for one in delta.layers if (one.change or 0) * change > 0]
    rows.sort(key=lambda row: (-abs(row[0]), _index(row[1])))
    words = []
    for number, (cycles, layer) in enumerate(rows[:NAMED]):
        shown = layer.after or layer.before
        assert shown is not None
        why = f" ({layer.why})" if layer.why and number == 0 else ""
        gone = "" if layer.after else "former "
        words.append(f"{gone}{layer_words(shown)} {cycles:+,}{why}")
    if len(rows) > NAMED:
        words.append(f"{len(rows) - NAMED} more layers {sum(cycles for cycles, _ in rows[NAMED:]):+,}")
    if rows and (of_causes := changes_words(delta.causes, int(change) if abs(change) >= 1 else rows[0][0])):
        words.append(f"by cause {of_causes}")
    return words


def _index(layer: LayerChange) -> int:
    shown = layer.after or layer.before
    return shown.index if shown is not None else -1


def _instructions(delta: Delta, change: float) -> list[str]:
    rows = []
    for layer in delta.layers:
        shown = layer.after or layer.before
        assert shown is not None
        was, now = ((one.instructions or 0) if one else 0 for one in (layer.before, layer.after))
        if (now - was) * change > 0:
            rows.append((-abs(now - was), shown.index, f"{layer_words(shown)} {now - was:+,}"))
    return [words for _, _, words in sorted(rows)[:NAMED]]


def _owners(owners: Sequence[OwnerChange], change: float) -> str:
    grown = [one for one in owners if one.change * change > 0]
    return ", ".join(f"{figures.short(one.name, NAME)} {one.change:+,}" for one in grown[:NAMED])


def _deepest(delta: Delta, change: float) -> str:
    """The layer whose kernel needs the most stack: after growth that of the run after, else that of the one before."""
    sides = [one.after if change > 0 else one.before for one in delta.layers]
    deep = [(one.stack_bytes, -one.index, one) for one in sides if one is not None and one.stack_bytes is not None]
    if not deep:
        return ""
    layer = max(deep, key=lambda row: row[:2])[2]
    return f"the deepest is {layer_words(layer)}" + (f", {layer.variant}" if layer.variant else "")


def layer_words(layer: LayerFigures) -> str:
    """A layer as sentences name it."""
    return f"layer {layer.index} {layer.op} {figures.short(layer.name, NAME)}"


def figure(value: float, unit: str) -> str:
    """A figure with its unit where that is not clear from the metric's name."""
    return figures.seconds(value) if unit == "s" else f"{value:,.0f}"


def signed(change: float, unit: str) -> str:
    """A change with its sign; "=" where there is none."""
    return f"{'+' if change > 0 else '-'}{figure(abs(change), unit)}" if change else "="


def growth(share: float) -> str:
    """A percentage with its sign, with as many digits as it takes to be none that is 0."""
    return f"{share:+.1f}%" if abs(share) >= 0.1 or not share else f"{share:+.1g}%"


def allowed_words(tolerance: Tolerance, unit: str) -> str:
    """What a tolerance allows."""
    parts = [f"{tolerance.percent:g}%"] if tolerance.percent else []
    if tolerance.absolute:
        parts.append(f"{tolerance.absolute:g} s" if unit == "s" else f"{tolerance.absolute:,g} {unit}")
    return f"{' or '.join(parts)} allowed" if parts else "none allowed"
