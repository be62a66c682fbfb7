"""Texts and figures → parts of an HTML page: texts escaped, no inline style, charts with their figures in words.

Parameters named `markup`, and cells of tables, are HTML already; every other text is escaped here, as names come from
untrusted files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mcusim import figures
from mcusim.record import Totals
from mcusim.renderers import svg
from mcusim.renderers.svg import Fill, number

NAME = 48  # characters of a name in a table
UNKNOWN = '<span class="faint" title="not known">–</span>'

_SLANT, _BACK = "M0 8L8 0M-2 2L2 -2M6 10L10 6", "M0 0L8 8M-2 6L2 10M6 -2L10 2"
_DOTS, _LEVEL, _UPRIGHT = "M2 2h1v1h-1zM6 6h1v1h-1z", "M0 4H8", "M4 0V8"
_GRID, _CHECK = "M4 0V8M0 4H8", "M0 0h4v4h-4zM4 4h4v4h-4z"

# Causes of cycles and owners of bytes; whoever sees no colour sees the lines. Grounds are light on light paper and dark
# on dark paper, so that words on them can be read.
FILLS: Mapping[str, Fill] = {
    "issue": ("#8fb4ee", "#8fb4ee", "#2f5fa8", "#2f5fa8", ""),
    "load_store": ("#7fd0c2", "#4aa898", "#17695d", "#3f9c8d", _SLANT),
    "branch": ("#f5cd6e", "#b98708", "#6d5108", "#c99a24", _DOTS),
    "multiply_divide": ("#c3acee", "#8e6fcf", "#553a91", "#8f74cc", _GRID),
    "hazard": ("#f29c8c", "#c9503b", "#873121", "#cf6552", _BACK),
    "fetch": ("#f7b98a", "#cf7a36", "#7d4415", "#c98248", _LEVEL),
    "flash_data": ("#eda3ce", "#c0599a", "#7f2c61", "#bd6a9e", _UPRIGHT),
    "cache": ("#c2cad4", "#7f8a97", "#4a535e", "#7f8a97", _CHECK),
    "tensor": ("#9cc3e8", "#9cc3e8", "#27527c", "#27527c", ""),
    "persistent": ("#c3acee", "#8e6fcf", "#553a91", "#8f74cc", _LEVEL),
    "stack": ("#f7b98a", "#cf7a36", "#7d4415", "#c98248", _UPRIGHT),
    "weights": ("#8fd6a9", "#8fd6a9", "#226b40", "#226b40", ""),
    "model": ("#cdeed8", "#57a878", "#1a4a2e", "#57a878", _DOTS),
    "code": ("#f5cd6e", "#b98708", "#6d5108", "#c99a24", _GRID),
    "reserved": ("#c2cad4", "#8a94a1", "#3f4852", "#6c7682", _SLANT),
    "other": ("#e3c5d6", "#a97792", "#5f3f50", "#96707f", _BACK),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column's title, and what its cells are: numbers are aligned to the right, terms stay on one line."""

    title: str
    kind: Literal["words", "number", "term"] = "words"


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: what fills it, its share of the bar's width, what it is, and what is written on it."""

    kind: str
    share: float
    words: str
    label: str = ""


def text(words: str) -> str:
    """Plain words as markup."""
    return svg.escaped(words)


def short(name: str) -> str:
    """A name for a table's cell, as markup: shortened, and unable to turn the text around it."""
    return f"<bdi>{text(figures.short(name, NAME))}</bdi>"


def whole(name: str) -> str:
    """A name in full, as markup."""
    return f'<bdi class="name">{text(name)}</bdi>'


def count(value: int | None) -> str:
    """A number with its thousands, a dash where it is not known."""
    return UNKNOWN if value is None else f"{value:,}"


def share(part: int | None, total: int | None) -> str:
    """A part of a whole in percent."""
    return UNKNOWN if part is None or not total else figures.percent(part / total)


def paragraph(words: str, classes: str = "") -> str:
    """A paragraph of plain text."""
    return f"<p{_classed(classes)}>{text(words)}</p>"


def bullets(sentences: Sequence[str], nothing: str = "Nothing stands out.") -> str:
    """Sentences as a list; `nothing` where there are none."""
    if not sentences:
        return paragraph(nothing, "faint")
    return f"<ul>{''.join(f'<li>{text(one)}</li>' for one in sentences)}</ul>"


def section(identifier: str, title: str, *markup: str) -> str:
    """A part of the page that links lead to, and its title to it."""
    body = "\n".join(part for part in markup if part)
    return (
        f'<section id="{identifier}" aria-labelledby="{identifier}-title">\n<h2 id="{identifier}-title">{text(title)}'
        f"</h2>\n{body}\n</section>"
    )


def card(title: str, *markup: str, classes: str = "") -> str:
    """A framed part of a section."""
    return f'<div class="card{" " if classes else ""}{classes}"><h3>{text(title)}</h3>{"".join(markup)}</div>'


def cards(*markup: str) -> str:
    """Framed parts side by side where there is room."""
    return f'<div class="cards">{"".join(markup)}</div>'


def more(summary: str, *markup: str) -> str:
    """What is shown when asked for."""
    return f"<details><summary>{text(summary)}</summary>{''.join(markup)}</details>"


def definitions(pairs: Iterable[tuple[str, str]]) -> str:
    """Terms and what they are, the latter as markup."""
    return f"<dl>{''.join(f'<div><dt>{text(term)}</dt><dd>{markup}</dd></div>' for term, markup in pairs)}</dl>"


def table(caption: str, columns: Sequence[Column], rows: Iterable[Sequence[str]], classes: str = "") -> str:
    """A table; the first cell of a row names it. Cells are markup."""
    head = "".join(f'<th scope="col"{_kind(column)}>{text(column.title)}</th>' for column in columns)
    body = "".join(f"<tr>{''.join(map(_cell, range(len(columns)), columns, row))}</tr>\n" for row in rows)
    return (
        f"<table{_classed(classes)}><caption>{text(caption)}</caption><thead><tr>{head}</tr></thead>\n"
        f"<tbody>{body}</tbody></table>"
    )


def scrolling(label: str, markup: str) -> str:
    """A table or picture that scrolls alone where it is too wide, also by keyboard."""
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{text(label)}">{markup}</div>'


def bar(segments: Sequence[Segment], words: str | None, classes: str = "") -> str:
    """A stacked bar; `words` say it to whoever does not see it, None where the figures stand beside it."""
    parts, begin = [], 0.0
    for one in segments:
        if one.share > 0:
            parts.append(_rectangle(one, begin))
        begin += one.share
    said = 'aria-hidden="true"' if words is None else f'role="img" aria-label="{text(words)}"'
    return f'<svg class="mcusim bar{" " if classes else ""}{classes}" {said}>{"".join(parts)}</svg>'


def swatch(kind: str) -> str:
    """A square of a fill, for a legend."""
    return f'<svg class="mcusim swatch" aria-hidden="true"><rect class="{kind}" width="100%" height="100%"/></svg>'


def error_mark(totals: Totals) -> str:
    """What to think of cycles, in a few words: the error to expect or that none is known, and if they are estimated.

    The error of an estimate is that against emulation.
    """
    executed = totals.instructions is not None
    if totals.error_percent is None:
        return "not validated" if executed else "estimated, not validated"
    if executed:
        return f"expected error ±{totals.error_percent:.2g}%"
    return f"estimated, ±{totals.error_percent:.2g}% from emulation, whose own error comes on top"


def _rectangle(one: Segment, begin: float) -> str:
    hover = f"<title>{text(one.words)}</title>" if one.words else ""
    shape = (
        f'<rect class="{one.kind}" x="{number(100 * begin)}%" width="{number(100 * one.share)}%" height="100%">{hover}'
        "</rect>"
    )
    if not one.label:
        return shape
    size = "" if one.share >= 0.3 else ' class="tight"'
    return f'{shape}<text{size} x="{number(100 * (begin + one.share / 2))}%" y="50%">{text(one.label)}</text>'


def _cell(index: int, column: Column, markup: str) -> str:
    if index == 0:
        return f'<th scope="row"{_kind(column)}>{markup}</th>'
    return f"<td{_kind(column)}>{markup}</td>"


def _kind(column: Column) -> str:
    return _classed({"words": "", "number": "n", "term": "k"}[column.kind])


def _classed(classes: str) -> str:
    return f' class="{classes}"' if classes else ""
