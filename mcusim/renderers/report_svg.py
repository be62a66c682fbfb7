"""Run → the report for people as an SVG picture, for a README: light and dark, nothing in it fetched from anywhere."""

from __future__ import annotations

import html

from mcusim import tables
from mcusim.record import Run
from mcusim.renderers.text import styled_lines

COLUMNS = 100
FONT, CELL, LINE = 14, 8.4, 19  # px: the type's size, a cell's width and height
MARGIN = 18
FAMILY = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"

# What bars are drawn of, as shares of a cell, and their opacity: they become rectangles, as fonts leave gaps between.
EIGHTHS = {letter: (8 - number) / 8 for number, letter in enumerate("█▉▊▋▌▍▎▏")}
BLOCKS = {**EIGHTHS, "▒": 1.0, "░": 1.0}
FAINT = {"▒": 0.75, "░": 0.3}

# A word of a style → its colour on light and on dark paper; each has a contrast of 4.5 to 1 or more there.
COLOURS = {
    "ink": ("#1f2328", "#e6edf3"),
    "dim": ("#59636e", "#9198a1"),
    "red": ("#c0281d", "#ff8a80"),
    "green": ("#1a7f37", "#4cc267"),
    "yellow": ("#8a5a00", "#e3b341"),
    "cyan": ("#0a6c80", "#56c8dc"),
}
PAPER = ("#ffffff", "#0d1117")


def render(run: Run) -> str:
    """The picture of the report at 100 columns; the same run gives the same bytes."""
    lines = styled_lines(run, COLUMNS)
    width, height = COLUMNS * CELL + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    title = html.escape(tables.safe(f"{run.model.name} on {run.board.name}: report of mcusim {run.mcusim_version}"))
    body = [_piece(text, style, column, row) for row, line in enumerate(lines) for column, text, style in _placed(line)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="mcusim-report" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-label="{title}">\n'
        f"<title>{title}</title>\n<style>{_style()}</style>\n"
        f'<rect class="paper" width="{width:g}" height="{height:g}" rx="8"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _placed(line: list[tuple[str, str]]) -> list[tuple[int, str, str]]:
    """Runs of text and of each kind of bar with the column that they begin at, without those that are blank."""
    found: list[tuple[int, str, str]] = []
    column = 0
    for text, style in line:
        for part in _runs(text):
            if part.strip():
                indent = len(part) - len(part.lstrip())
                found.append((column + indent, part.strip(), style))
            column += tables.cells(part)
    return found


def _runs(text: str) -> list[str]:
    """A text cut where bars begin or end, and between different ones."""
    runs: list[str] = []
    for letter in text:
        if runs and _bar(runs[-1][0]) == _bar(letter):
            runs[-1] += letter
        else:
            runs.append(letter)
    return runs


def _bar(letter: str) -> str:
    """The kind of bar that a letter is of, "" for a text."""
    return "█" if letter in EIGHTHS else letter if letter in BLOCKS else ""


def _piece(text: str, style: str, column: int, row: int) -> str:
    """A run of text, or the rectangle that stands for a bar."""
    x, y = MARGIN + column * CELL, MARGIN + row * LINE
    words = style.split()
    colour = next((word for word in words if word in COLOURS), "ink")
    if text[0] in BLOCKS:
        width = sum(BLOCKS[letter] for letter in text) * CELL
        opacity = f' opacity="{FAINT[text[0]]:g}"' if text[0] in FAINT else ""
        return f'<rect class="{colour}" x="{x:g}" y="{y + 2:g}" width="{width:g}" height="{LINE - 5}"{opacity}/>'
    classes = f"{colour} bold" if "bold" in words else colour
    return (
        f'<text class="{classes}" x="{x:g}" y="{y + FONT:g}" textLength="{tables.cells(text) * CELL:g}" '
        f'lengthAdjust="spacingAndGlyphs">{html.escape(text)}</text>'
    )


def _style() -> str:
    rules = f".mcusim-report text{{font:{FONT}px {FAMILY};white-space:pre}}.mcusim-report .bold{{font-weight:700}}"
    return f"{rules}{_colours(0)}@media(prefers-color-scheme:dark){{{_colours(1)}}}"


def _colours(dark: int) -> str:
    fills = {"paper": PAPER[dark]} | {name: pair[dark] for name, pair in COLOURS.items()}
    return "".join(f".mcusim-report .{name}{{fill:{colour}}}" for name, colour in fills.items())
