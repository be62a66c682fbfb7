"""Comparison → GitHub's Markdown, in which no name of a model or layer can act: for summaries and comments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcusim.byte_changes import buffer_words
from mcusim.delta import Comparison, Delta
from mcusim.markdown_text import escaped, folded, table
from mcusim.renderers.comparison import (
    OVERVIEW,
    ROWS,
    basis_words,
    error_words,
    finding_lines,
    label,
    layer_cells,
    layer_counts,
    lone_lines,
    metric_cells,
    overview_row,
    range_lines,
    shown_layers,
)


def render(comparison: Comparison) -> str:
    """The report; of several pairs an overview, then those that differ."""
    parts = ["## mcusim compare\n"]
    if len(comparison.deltas) > 1:
        parts.append(_grid(OVERVIEW, [overview_row(delta) for delta in comparison.deltas]))
    for delta in comparison.deltas:
        if not delta.is_same or len(comparison.deltas) == 1:
            parts += _delta(delta)
    parts.append(_bullets("Fails", finding_lines(comparison, "failure")))
    parts += [f"{escaped(line)}\n" for line in lone_lines(comparison)]
    return "\n".join(part for part in parts if part)


def _delta(delta: Delta) -> Iterable[str]:
    one, other = delta.before, delta.after
    where = f"{other.model} on {other.board}"
    if (one.model, one.board) != (other.model, other.board):
        where = f"{one.model} on {one.board} → {where}"
    yield f"### {escaped(where)}\n"
    if delta.is_same:
        yield f"{escaped(f'{one.name} → {other.name}')}: no difference\n"
        return
    verdict = f"**FAILS** ({len(delta.failures)})" if delta.failures else "passes"
    yield f"{escaped(f'{one.name} → {other.name}')}: {verdict}\n"
    yield "".join(f"{escaped(line)}\n" for line in delta.attribution)
    yield _bullets("What the runs rest on", [basis_words(delta, index) for index in range(len(delta.basis))])
    yield _bullets("Fails", finding_lines(delta, "failure"))
    yield _bullets("Improves", finding_lines(delta, "improvement"))
    yield _metrics(delta)
    yield from _details(delta)


def _metrics(delta: Delta) -> str:
    rows = [[label(one), *metric_cells(one)] for one in delta.metrics if one.judged or one.change or one.before is None]
    lines = [f"error of the cycles: {error_words(delta)}", *range_lines(delta)]
    grid = _grid(["", ">before", ">after", ">change", ">%"], rows)
    return grid + "".join(f"\n{escaped(line)}\n" for line in lines)


def _details(delta: Delta) -> Iterable[str]:
    """What is folded away at first."""
    differing = [one for one in delta.layers if one.state != "unchanged"]
    if differing:
        headers = [">#", "operator", "layer", "state", ">before", ">after", ">change", ">%", "why"]
        shown = shown_layers(differing)
        rows = [[*layer_cells(one), one.why] for one in shown]
        yield folded(f"Layers: {layer_counts(delta)}", _grid(headers, rows) + _more(len(differing) - len(shown)))
    for title, what, named in (("cause", "cause", delta.causes), ("function", "function", delta.functions)):
        ranked = sorted(named, key=lambda one: (-abs(one.change), one.name))
        rows = [[one.name, f"{one.before:,}", f"{one.after:,}", f"{one.change:+,}"] for one in ranked[:ROWS]]
        grid = _grid([what, ">before", ">after", ">change"], rows)
        yield folded(f"Cycles by {title}", grid + _more(len(ranked) - ROWS)) if rows else ""
    for title, owners in (("RAM", delta.ram), ("Flash", delta.flash)):
        rows = [[one.name, one.kind, f"{one.before:,}", f"{one.after:,}", f"{one.change:+,}"] for one in owners[:ROWS]]
        grid = _grid(["owner", "kind", ">before", ">after", ">change"], rows)
        yield folded(f"{title} by owner", grid + _more(len(owners) - ROWS)) if rows else ""
    buffers = [buffer_words(one) + (", alive at the peak" if one.at_peak else "") for one in delta.buffers[:ROWS]]
    lines = "".join(f"- {escaped(line)}\n" for line in buffers)
    yield folded("Buffers of the arena", lines + _more(len(delta.buffers) - ROWS)) if buffers else ""


def _more(count: int) -> str:
    return f"\n{count} more in the JSON.\n" if count > 0 else ""


def _bullets(title: str, lines: Sequence[str]) -> str:
    return f"**{title}**\n\n" + "".join(f"- {escaped(line)}\n" for line in lines) if lines else ""


def _grid(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts; figures, which have a ">" at their header, are mcusim's own and stay as they are."""
    figures = [header.startswith(">") for header in headers]
    cells = [[cell if plain else escaped(cell) for cell, plain in zip(row, figures, strict=True)] for row in rows]
    return table(headers, cells)
