"""Run → where its cycles go: by cause, by layer and by function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mcusim import figures
from mcusim.record import Layer, Run
from mcusim.renderers.html_parts import (
    Column,
    Segment,
    bar,
    card,
    cards,
    count,
    error_mark,
    paragraph,
    section,
    share,
    short,
    swatch,
    table,
    text,
)
from mcusim.trace import CAUSES

MEANINGS: Mapping[str, str] = {
    "issue": "one cycle an instruction",
    "load_store": "what loads and stores take beyond it",
    "branch": "refilling the pipeline",
    "multiply_divide": "what long multiplications and divisions take beyond it",
    "hazard": "waiting for a result",
    "fetch": "the next instruction is not there yet",
    "flash_data": "waiting for data out of flash",
    "cache": "cache misses",
}
FUNCTIONS, HOTTEST = 10, 10  # rows
WRITTEN_ON = 0.09  # the least share of a bar that is written on


def cycles(run: Run) -> str:
    """Cycles by cause for the whole run, its hottest layers and functions; or why there are none."""
    totals = run.totals
    if totals.cycles is None:
        return section("cycles", "Where the cycles go", paragraph(f"Cycles are not known: {totals.cycles_reason}."))
    by_cause = totals.cycles_by_cause
    if by_cause is None:
        missing = "Causes and functions are not known: cycles are estimated by formula, and only execution tells them."
        return section("cycles", "Where the cycles go", paragraph(missing), cards(_hottest(run)))
    return section(
        "cycles",
        "Where the cycles go",
        causes_bar(by_cause, totals.cycles, labelled=True),
        cards(
            card("By cause", causes_table(by_cause, totals.cycles, f"Cycles by cause, {error_mark(totals)}", True)),
            _hottest(run),
            card("Functions", functions_table(_functions(run.layers), totals.cycles, error_mark(totals), FUNCTIONS)),
        ),
    )


def causes_bar(by_cause: Mapping[str, int], total: int, labelled: bool = False) -> str:
    """Causes stacked over the whole width."""
    segments = []
    for cause in _ordered(by_cause):
        part = by_cause[cause] / max(total, 1)
        words = f"{cause} {figures.percent(part)}, {by_cause[cause]:,} cycles"
        label = f"{cause} {part:.0%}" if labelled and part >= WRITTEN_ON else ""
        segments.append(Segment(_kind(cause), part, words, label))
    said = ", ".join(one.words for one in segments if one.share > 0)
    return bar(segments, f"Cycles by cause: {said}", "tall" if labelled else "")


def layer_bar(layer: Layer, longest: int) -> str:
    """A layer's cycles as long as its share of the `longest` layer's, causes stacked; figures stand beside it."""
    cycles_in_all = layer.cycles or 0
    by_cause = layer.cycles_by_cause or {"estimated": cycles_in_all}
    segments = [Segment(_kind(cause), by_cause[cause] / max(longest, 1), "") for cause in _ordered(by_cause)]
    return bar(segments, None, "thin")


def causes_table(by_cause: Mapping[str, int], total: int, caption: str, explained: bool = False) -> str:
    """A row a cause that has cycles, the most first."""
    columns = [Column("cause"), Column("cycles", "number"), Column("share", "number")]
    rows = []
    for cause in sorted(_ordered(by_cause), key=lambda cause: -by_cause[cause]):
        if by_cause[cause]:
            meaning = MEANINGS.get(cause, "")
            words = f'<span class="faint block">{text(meaning)}</span>' if explained and meaning else ""
            name = f"{swatch(_kind(cause))} {text(cause)}{words}"
            rows.append([name, f"{by_cause[cause]:,}", share(by_cause[cause], total)])
    return table(caption, columns, rows)


def functions_table(functions: Sequence[tuple[str, int]], total: int, mark: str, most: int) -> str:
    """The functions with the most cycles, and what the others take together."""
    columns = [Column("function"), Column("cycles", "number"), Column("share", "number")]
    rows = [[f"<code>{short(name)}</code>", f"{taken:,}", share(taken, total)] for name, taken in functions[:most]]
    if rest := functions[most:]:
        left = sum(taken for _, taken in rest)
        rows.append([f"{len(rest)} more", f"{left:,}", share(left, total)])
    return table(f"Cycles by function, {mark}", columns, rows)


def _functions(layers: Sequence[Layer]) -> list[tuple[str, int]]:
    found: Counter[str] = Counter()
    for layer in layers:
        for function in layer.functions:
            found[function.name] += function.cycles
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def _hottest(run: Run) -> str:
    """The layers with the most cycles, each a link to its row."""
    ranked = sorted(run.layers, key=lambda layer: (-(layer.cycles or 0), layer.index))[:HOTTEST]
    rows = []
    together = 0
    for layer in ranked:
        together += layer.cycles or 0
        link = f'<a href="#layer-{layer.index}">{layer.index} {text(layer.op)}</a>'
        total = run.totals.cycles
        rows.append([link, count(layer.cycles), share(layer.cycles, total), share(together, total)])
    columns = [Column("layer"), Column("cycles", "number"), Column("share", "number"), Column("added up", "number")]
    return card("Hottest layers", table(f"Cycles of the hottest layers, {error_mark(run.totals)}", columns, rows))


def _ordered(by_cause: Mapping[str, int]) -> list[str]:
    """Causes as CAUSES has them, then any others."""
    return [*(cause for cause in CAUSES if cause in by_cause), *sorted(set(by_cause) - set(CAUSES))]


def _kind(cause: str) -> str:
    return cause if cause in MEANINGS else "other"
