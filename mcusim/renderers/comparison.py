"""Comparison → the report for people: what changed, what fails and why, then figures, layers, owners and buffers."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from mcusim import figures, tables
from mcusim.byte_changes import buffer_words
from mcusim.delta import BufferChange, Comparison, Delta, LayerChange, MetricChange, NamedChange, OwnerChange, percent
from mcusim.judgement import figure, growth, signed

NARROWEST, WIDEST = 70, 160
NAME = 32  # cells of a name
SHORTEST_NAME = 12  # a name that is cut to less says nothing
NOTABLE = 0.005  # of a layer's cycles, whose change gets a line
ROWS = 12  # rows of a list; the JSON has all of them
UNKNOWN = "–"
LABELS = {
    "latency_s": "latency",
    "arena_bytes": "least arena, bytes",
    "ram_bytes": "RAM used, bytes",
    "flash_bytes": "flash used, bytes",
    "stack_bytes": "stack of kernels, bytes",
    "macs": "MACs",
    "scratch_bytes": "scratch, bytes",
    "holes_bytes": "holes in the arena, bytes",
}


def text(comparison: Comparison, width: int = 80) -> str:
    """The report, `width` columns wide; of several pairs an overview, then those that differ."""
    width = max(NARROWEST, min(width, WIDEST))
    parts = []
    if len(comparison.deltas) > 1:
        parts.append(tables.grid(OVERVIEW, [overview_row(delta) for delta in comparison.deltas], width))
    shown = [delta for delta in comparison.deltas if not delta.is_same or len(comparison.deltas) == 1]
    parts += [_delta(delta, width) for delta in shown]
    parts += [_titled("Fails", finding_lines(comparison, "failure"), width)] if comparison.findings else []
    parts += [_wrapped([line], width) for line in lone_lines(comparison)]
    return "\n".join(parts)


OVERVIEW = ("model", "board", ">cycles", ">error", ">arena", ">RAM", ">flash", "verdict")


def overview_row(delta: Delta) -> list[str]:
    """One pair of runs in a line."""
    changes = [_short_change(delta.metric(name)) for name in ("cycles", "arena_bytes", "ram_bytes", "flash_bytes")]
    where = delta.after.board
    return [delta.after.model, where, changes[0], error_words(delta, True), *changes[1:], verdict_words(delta)]


def verdict_words(delta: Delta) -> str:
    """What the policy says, in a word or two."""
    if delta.failures:
        return f"FAILS ({len(delta.failures)})"
    if delta.is_same:
        return "no difference"
    return "improves" if delta.findings else "passes"


def lone_lines(comparison: Comparison) -> list[str]:
    """Files without a counterpart, and those that are no runs."""
    lines = [("Only before", comparison.only_before), ("Only after", comparison.only_after)]
    lines.append(("No runs of mcusim profile, left out", comparison.skipped))
    return [f"{what}: {', '.join(names)}." for what, names in lines if names]


def error_words(delta: Delta, short: bool = False) -> str:
    """The error to expect of the cycles of either run; in short, that of an estimate is named as one of emulation."""
    sides = (delta.before, delta.after)
    words = []
    for side in sides:
        estimated = "estimated, " if side.engine == "estimate" else ""
        reason = "none known" if short else side.error_percent_reason or side.cycles_reason
        source = side.error_source if estimated and not short else None  # what an estimate's error is taken against
        error = figures.expected_error(side.error_percent, reason, source)
        is_brief = bool(short and estimated and side.error_percent is not None)
        words.append(f"{error} of emulation" if is_brief else estimated + error)
    return words[0] if words[0] == words[1] else " → ".join(words)


def _delta(delta: Delta, width: int) -> str:
    sections = [_head(delta, width)]
    if not delta.is_same:
        sections += [section for section in _sections(delta, width) if section]
    return "\n".join(sections)


def _head(delta: Delta, width: int) -> str:
    one, other = delta.before, delta.after
    where = f"{other.model} on {other.board}"
    if (one.model, one.board) != (other.model, other.board):
        where = f"{one.model} on {one.board} → {where}"
    lines = [f"{where}: {one.name} → {other.name}"]
    if delta.is_same:
        return _wrapped([*lines, "no difference"], width)
    verdict = "passes" if not delta.failures else "FAILS"
    if delta.has_same_figures and not delta.failures:
        verdict = "no figure differs"
    return _wrapped([*lines, verdict, *delta.attribution], width)


def _sections(delta: Delta, width: int) -> Iterable[str]:
    yield _titled("What the runs rest on", [basis_words(delta, index) for index in range(len(delta.basis))], width)
    yield _titled("Fails", finding_lines(delta, "failure"), width)
    yield _titled("Improves", finding_lines(delta, "improvement"), width)
    if delta.not_judged and not delta.failures:
        yield _wrapped([f"Not judged: {', '.join(delta.not_judged)} ({delta.not_judged_because})."], width)
    yield _metrics(delta, width)
    yield _named("Cycles by cause", "cause", delta.causes, width)
    yield _layers(delta, width)
    yield _named("Cycles by function", "function", delta.functions, width)
    yield _owners("RAM by owner", delta.ram, width)
    yield _buffers(delta.buffers, width)
    yield _owners("Flash by owner", delta.flash, width)


def finding_lines(found: Delta | Comparison, kind: str) -> list[str]:
    """The sentences of what fails or improves, and how many more there are than a report has room for."""
    lines = [one.sentence for one in found.findings if one.kind == kind]
    return lines if len(lines) <= ROWS else [*lines[:ROWS], f"{len(lines) - ROWS} more"]


def basis_words(delta: Delta, index: int) -> str:
    """One of the things that the runs rest on and that differs."""
    one = delta.basis[index]
    return f"{one.what}: {one.before} → {one.after}"


def _metrics(delta: Delta, width: int) -> str:
    rows = [[label(one), *metric_cells(one)] for one in delta.metrics if one.judged or one.change or one.before is None]
    table = tables.grid(["", ">before", ">after", ">change", ">"], rows, width)
    return table + _wrapped([f"error of the cycles: {error_words(delta)}", *range_lines(delta)], width)


def label(metric: MetricChange) -> str:
    """A metric in words."""
    return LABELS.get(metric.metric, metric.metric)


def metric_cells(metric: MetricChange) -> list[str]:
    """Before, after, change and percentage."""
    figures_of = [UNKNOWN if value is None else figure(value, metric.unit) for value in (metric.before, metric.after)]
    if metric.change is None or metric.before is None:
        return [*figures_of, UNKNOWN, ""]
    share = percent(metric.before, metric.change)
    return [*figures_of, signed(metric.change, metric.unit), growth(share) if share else ""]


def range_lines(delta: Delta) -> list[str]:
    """The range of the cycles of a run that has more than one figure."""
    lines = []
    for side in (delta.before, delta.after):
        if side.least_cycles != side.most_cycles and side.least_cycles is not None and side.most_cycles is not None:
            lines.append(
                f"{side.name}: {side.least_cycles:,} to {side.most_cycles:,} cycles over {side.range_over or 'a range'}"
            )
    return lines


def _short_change(metric: MetricChange) -> str:
    if metric.change is None or metric.before is None:
        return UNKNOWN
    share = percent(metric.before, metric.change)
    small = metric.unit == "bytes" or share is None
    return "=" if not metric.change else signed(metric.change, metric.unit) if small else growth(share or 0.0)


def _named(title: str, what: str, changes: Sequence[NamedChange], width: int) -> str:
    if not changes:
        return ""
    ranked = sorted(changes, key=lambda one: (-abs(one.change), one.name))
    rows = [
        [figures.short(one.name, 44), f"{one.before:,}", f"{one.after:,}", f"{one.change:+,}"] for one in ranked[:ROWS]
    ]
    rows += _rest([one.change for one in ranked[ROWS:]], 2)
    return _table(title, [what, ">before", ">after", ">change"], rows, width)


def _rest(changes: Sequence[int], between: int) -> list[list[str]]:
    """What a list leaves out, as its last row."""
    return [[f"{len(changes)} more", *[""] * between, f"{sum(changes):+,}"]] if changes else []


def _layers(delta: Delta, width: int) -> str:
    """The layers that differ, the largest changes first where there are too many, and why."""
    differing = [one for one in delta.layers if one.state != "unchanged"]
    if not differing:
        return ""
    shown = shown_layers(differing)
    headers = ["# operator", "layer", "state", ">before", ">after", ">change", ">"]
    cells = [layer_cells(one) for one in shown]
    room = max(len(row[0]) for row in cells)
    rows = [[f"{row[0]:>{room}} {row[1]}", *row[2:]] for row in cells]
    rest = sum(one.change or 0 for one in differing) - sum(one.change or 0 for one in shown)
    more = len(differing) - len(shown)
    rows += [[f"{more} more", "", "", "", "", f"{rest:+,}", ""]] if more else []
    if _room_for_names(headers, rows, width - 2) < SHORTEST_NAME:
        headers, rows = ["# operator", *headers[2:]], [[row[0], *row[2:]] for row in rows]
    told = {finding.layer for finding in delta.findings if finding.layer is not None}
    left = [one for one in shown if _is_notable(one) and not (one.after and one.after.index in told)]
    reasons = [f"{layer_number(one)}: {one.why}" for one in left]
    title = f"Layers: {layer_counts(delta)}"
    return _table(title, headers, rows, width) + _bullets(reasons, width)


def _room_for_names(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> int:
    """What the other columns leave for the second one."""
    widths = [max(tables.cells(line[column]) for line in [headers, *rows]) for column in range(len(headers))]
    return width - sum(widths) + widths[1] - len(tables.GAP) * (len(headers) - 1)


def _is_notable(layer: LayerChange) -> bool:
    """Whether a layer that both runs have has changed by so much, or in such a way, that its reason is worth a line."""
    if layer.before is None or layer.after is None or not layer.why:
        return False
    return layer.state == "moved" or abs(layer.change or 0) >= NOTABLE * (layer.before.cycles or 0)


def shown_layers(differing: Sequence[LayerChange]) -> list[LayerChange]:
    """As many layers as a report has rows for, in their order: those whose cycles differ most."""
    ranked = sorted(range(len(differing)), key=lambda index: (-abs(differing[index].change or 0), index))
    return [differing[index] for index in sorted(ranked[:ROWS])]


def layer_counts(delta: Delta) -> str:
    """How many layers became what."""
    states = [one.state for one in delta.layers]
    return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(sorted(states, key=_STATES.index)))


_STATES = ["changed", "moved", "added", "removed", "fused", "split", "unchanged"]


def layer_number(layer: LayerChange) -> str:
    """The number after, or the one before in parentheses."""
    if layer.after is not None:
        return str(layer.after.index)
    assert layer.before is not None
    return f"({layer.before.index})"


def layer_cells(layer: LayerChange) -> list[str]:
    """A row of the table of layers."""
    shown = layer.after or layer.before
    assert shown is not None
    cycles = [None if side is None else side.cycles for side in (layer.before, layer.after)]
    share = percent(cycles[0], layer.change) if cycles[0] and cycles[1] and layer.change else None
    return [
        layer_number(layer),
        shown.op,
        figures.short(shown.name, NAME),
        layer.state,
        *(UNKNOWN if count is None else f"{count:,}" for count in cycles),
        UNKNOWN if layer.change is None else f"{layer.change:+,}" if layer.change else "=",
        growth(share) if share else "",
    ]


def _owners(title: str, owners: Sequence[OwnerChange], width: int) -> str:
    if not owners:
        return ""
    rows = [
        [figures.short(one.name, 44), one.kind, f"{one.before:,}", f"{one.after:,}", f"{one.change:+,}"]
        for one in owners[:ROWS]
    ]
    rows += _rest([one.change for one in owners[ROWS:]], 3)
    return _table(title, ["owner", "kind", ">before", ">after", ">change"], rows, width)


def _buffers(buffers: Sequence[BufferChange], width: int) -> str:
    lines = [buffer_words(one) + (", alive at the peak" if one.at_peak else "") for one in buffers[:ROWS]]
    lines += [f"{len(buffers) - ROWS} more"] if len(buffers) > ROWS else []
    return _titled("Buffers of the arena", lines, width)


def _table(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    return f"{title}\n{textwrap.indent(tables.grid(headers, rows, width - 2), '  ')}"


def _titled(title: str, lines: Sequence[str], width: int) -> str:
    return f"{title}\n{_bullets(lines, width)}" if lines else ""


def _bullets(lines: Sequence[str], width: int) -> str:
    folded = [
        textwrap.wrap(tables.safe(line), width, initial_indent="  • ", subsequent_indent="    ", break_on_hyphens=False)
        for line in lines
    ]
    return "".join(f"{line}\n" for lines_of in folded for line in lines_of)


def _wrapped(lines: Sequence[str], width: int) -> str:
    folded = [textwrap.wrap(tables.safe(line), width, break_on_hyphens=False) for line in lines]
    return "".join(f"{line}\n" for lines_of in folded for line in lines_of)
