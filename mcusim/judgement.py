"""A difference of two runs + a policy → what fails and what improves, each in a sentence with its explanation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcusim import figures
from mcusim.byte_changes import buffer_words
from mcusim.delta import BasisChange, Delta, Finding, LayerChange, LayerFigures, MetricChange, OwnerChange, percent
from mcusim.layer_changes import changes_words
from mcusim.policy import ComparePolicy, Tolerance

NAMED = 3  # layers, owners or buffers that a sentence names
NAME = 48  # cells of a name in a sentence
LAYER_CYCLES = "layer_cycles"
UNITS = {"instructions": "instructions", "macs": "MACs", "cycles": "cycles", LAYER_CYCLES: "cycles"}


def findings(delta: Delta, refused: Sequence[BasisChange], policy: ComparePolicy) -> tuple[Finding, ...]:
    """What the policy says: failures of the whole run, of its layers, then improvements, all in a fixed order."""
    found = [_refusal(one) for one in refused]
    found += _verdicts(delta)
    for metric in delta.metrics:
        if metric.judged:
            found += _of_metric(delta, metric, getattr(policy, metric.metric), policy)
    if LAYER_CYCLES not in delta.not_judged:
        for layer in delta.layers:
            found += _of_layer(layer, policy)
    return (*(one for one in found if one.kind == "failure"), *(one for one in found if one.kind == "improvement"))


def _refusal(change: BasisChange) -> Finding:
    key = "engine" if change.part == "engine" else "timing" if change.part == "timing" else "board"
    sentence = (
        f"{change.what} changed ({change.before} → {change.after}), so that cycles tell nothing of the code: save a new "
        f"baseline, or set changed_{key} in mcusim.toml"
    )
    return Finding("failure", change.part, None, None, None, None, None, sentence)


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


def _of_metric(delta: Delta, metric: MetricChange, tolerance: Tolerance, policy: ComparePolicy) -> Iterator[Finding]:
    before, after, change = metric.before, metric.after, metric.change
    if change is None or before is None or after is None:
        if before is not None and after is None:
            sentence = f"{metric.metric} is not known any more: {delta.after.cycles_reason or 'nothing was executed'}"
            yield Finding("failure", metric.metric, None, before, None, None, None, sentence)
        return
    if tolerance.allows(before, change):
        return
    told = f"{metric.metric} {figure(before, metric.unit)} → {figure(after, metric.unit)}"
    because = _explained(delta, metric.metric, change)
    yield _finding(metric.metric, None, before, after, tolerance, policy, told, metric.unit, because)


def _of_layer(layer: LayerChange, policy: ComparePolicy) -> Iterator[Finding]:
    one, other = layer.before, layer.after
    if one is None or other is None or one.cycles is None or other.cycles is None:
        return
    if policy.layer_cycles.allows(one.cycles, other.cycles - one.cycles):
        return
    told = f"{layer_words(other)}: {one.cycles:,} → {other.cycles:,} cycles"
    index, tolerance = other.index, policy.layer_cycles
    yield _finding(LAYER_CYCLES, index, one.cycles, other.cycles, tolerance, policy, told, "cycles", layer.why)


def _finding(
    metric: str,
    layer: int | None,
    before: float,
    after: float,
    tolerance: Tolerance,
    policy: ComparePolicy,
    told: str,
    unit: str,
    because: str,
) -> Finding:
    """A change beyond its tolerance: growth fails; what becomes smaller only where the policy says so."""
    change = after - before
    fails = change > 0 or policy.fails == "any change"
    share = percent(before, change)
    parts = [f"{'+' if change > 0 else '−'}{figure(abs(change), unit)}"]
    parts += [growth(share)] if share is not None else []
    words = ", ".join(parts) + (f"; {allowed_words(tolerance, unit)}" if fails else "")
    sentence = f"{told} ({words})" + (f": {because}" if because else "")
    kind = "failure" if fails else "improvement"
    limits = (tolerance.percent, tolerance.absolute) if fails else (None, None)
    return Finding("failure" if kind == "failure" else "improvement", metric, layer, before, after, *limits, sentence)


def _explained(delta: Delta, metric: str, change: float) -> str:
    """What of layers, buffers or owners a change of the whole comes from, the largest first."""
    if metric in ("cycles", "latency_s"):
        return "; ".join([*_layers(delta, change), *_clock(delta, metric)])
    if metric == "instructions":
        return "; ".join(_instructions(delta, change))
    if metric == "flash_bytes":
        return _owners(delta.flash, change)
    if metric == "stack_bytes":
        return _deepest(delta, change)
    grown = [buffer_words(one) for one in delta.buffers if one.change * change > 0 and one.at_peak]
    grown = grown or [buffer_words(one) for one in delta.buffers if one.change * change > 0]
    longer = [one for one in delta.buffers if (one.lifetime_after - one.lifetime_before) * change > 0]
    grown = grown or [buffer_words(one) for one in longer if one.at_peak]
    of_owners = _owners(delta.ram, change)
    return "; ".join([", ".join(grown[:NAMED])] * bool(grown) + [f"by owner {of_owners}"] * bool(of_owners))


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


def growth(share: float) -> str:
    """A percentage with its sign, with as many digits as it takes to be none that is 0."""
    return f"{share:+.1f}%" if abs(share) >= 0.1 or not share else f"{share:+.1g}%"


def allowed_words(tolerance: Tolerance, unit: str) -> str:
    """What a tolerance allows."""
    parts = [f"{tolerance.percent:g}%"] if tolerance.percent else []
    if tolerance.absolute:
        parts.append(f"{tolerance.absolute:g} s" if unit == "s" else f"{tolerance.absolute:,g} {unit}")
    return f"{' or '.join(parts)} allowed" if parts else "none allowed"
