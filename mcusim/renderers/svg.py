"""Parts of a picture → an SVG document that stands alone: light and dark, and readable without colour.

Nothing in it is fetched from anywhere, and every text is escaped: names come from untrusted files.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence

from mcusim import tables

WIDTH = 960
LEFT, RIGHT = 84, 24  # beside a plot
CHARACTER = 6.3  # about the width of one in the small type

Fill = tuple[str, str, str, str, str]
Choose = Callable[[str, str], str]  # (a colour on light paper, the one on dark paper) → what the style sheet says

# A name → its pattern's ground, its lines, both again for dark screens, and the lines' path in a square of 8.
FILLS: Mapping[str, Fill] = {
    "in_out": ("#cfe3f7", "#3b78b4", "#1d3a57", "#79b4ea", "M0 4H8"),
    "intermediate": ("#c4e3c8", "#c4e3c8", "#24502c", "#24502c", ""),
    "scratch": ("#fbe5b0", "#b07d00", "#574414", "#e8bd4c", "M2 2h1v1h-1zM6 6h1v1h-1z"),
    "hole": ("#ffffff", "#d0433a", "#15181c", "#f0766d", "M0 8L8 0M-2 2L2 -2M6 10L10 6"),
    "used": ("#9cc3e8", "#9cc3e8", "#27527c", "#27527c", ""),
    "pieces": ("#fbe5b0", "#b07d00", "#574414", "#e8bd4c", "M0 8L8 0M-2 2L2 -2M6 10L10 6"),
    "free": ("#f4f6f8", "#c3cad2", "#1d2228", "#3d464f", "M4 4h1v1h-1z"),
}
_SHAPES = (
    "svg.mcusim text{font:12px ui-sans-serif,system-ui,Helvetica,Arial,sans-serif;stroke:none}"
    "svg.mcusim .title{font-size:17px;font-weight:600}"
    "svg.mcusim .small,svg.mcusim text.alarm{paint-order:stroke;stroke-width:3px;stroke-linejoin:round}"
    "svg.mcusim .small{font-size:11px;pointer-events:none}"
    "svg.mcusim .grid{stroke-width:.6;stroke-opacity:.35}"
    "svg.mcusim .mark{stroke-width:1.6;stroke-dasharray:6 3}"
    "svg.mcusim .alarm{font-weight:600}"
    "svg.mcusim .band{fill:none;stroke-width:1.6;pointer-events:none}"
    "svg.mcusim .hover{fill-opacity:0;stroke:none}"
    "svg.mcusim .frame{fill:none}"
)
PAPER, INK, FAINT, ALARM = (
    ("#ffffff", "#15181c"),
    ("#1b1f24", "#e6e9ec"),
    ("#6a737d", "#98a2ac"),
    ("#c0281d", "#ff8a80"),
)


def document(height: float, title: str, body: Sequence[str]) -> str:
    """The document of a title, which a screen reader says too, and what is drawn below it."""
    words = escaped(title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="mcusim" viewBox="0 0 {WIDTH} {number(height)}" '
        f'width="{WIDTH}" height="{number(height)}" role="img" aria-label="{words}">\n'
        f"<title>{words}</title>\n<style>{_style()}</style>\n<defs>{patterns(FILLS)}</defs>\n"
        f'<rect class="paper" width="{WIDTH}" height="{number(height)}"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def picture(height: float, title: str, body: Sequence[str]) -> str:
    """The same within an HTML page, which has the style sheet and the patterns itself."""
    return (
        f'<svg class="mcusim" viewBox="0 0 {WIDTH} {number(height)}" width="{WIDTH}" height="{number(height)}" '
        f'role="img" aria-label="{escaped(title)}">\n' + "\n".join(body) + "\n</svg>\n"
    )


def escaped(text: str) -> str:
    """A text for XML, of one or more lines: without markup and characters that XML does not have."""
    return "\n".join(html.escape(tables.safe(one)) for one in text.split("\n"))


def number(value: float) -> str:
    """A coordinate, to a hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def rectangle(kind: str, x: float, y: float, width: float, height: float, hover: str = "") -> str:
    """A rectangle filled by a name of FILLS, or of another class, with a text to show where the mouse is."""
    shape = f'<rect class="{kind}" x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
    return f"{shape}><title>{escaped(hover)}</title></rect>" if hover else f"{shape}/>"


def label(x: float, y: float, text: str, classes: str = "", anchor: str = "start") -> str:
    """A line of text."""
    where = f'x="{number(x)}" y="{number(y)}"'
    anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
    classed = f' class="{classes}"' if classes else ""
    return f"<text {where}{classed}{anchored}>{escaped(text)}</text>"


def line(x: float, y: float, to_x: float, to_y: float, classes: str) -> str:
    """A straight line."""
    return f'<line class="{classes}" x1="{number(x)}" y1="{number(y)}" x2="{number(to_x)}" y2="{number(to_y)}"/>'


def outline(kind: str, points: Sequence[tuple[float, float]], hover: str = "") -> str:
    """A polygon."""
    path = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    inner = f"<title>{escaped(hover)}</title>" if hover else ""
    return f'<polygon class="{kind}" points="{path}">{inner}</polygon>'


def legend(entries: Sequence[tuple[str, str]], x: float, y: float) -> list[str]:
    """Squares of kinds with their words, in a row."""
    parts = []
    for kind, words in entries:
        parts += [rectangle(kind, x, y - 11, 16, 14), label(x + 22, y, words)]
        x += 22 + CHARACTER * len(words) + 26
    return parts


def bytes_axis(most: int, top: float, height: float) -> list[str]:
    """Ticks at round numbers of bytes, 0 at the bottom, with faint lines over the plot."""
    step = 1 << max(0, (max(most, 1) // 5).bit_length() - 1)
    if most / step > 8:
        step *= 2
    parts = []
    for value in range(0, most + 1, step):
        y = top + height * (1 - value / max(most, 1))
        parts += [line(LEFT - 5, y, WIDTH - RIGHT, y, "grid"), label(LEFT - 9, y + 4, f"{value:,}", "faint", "end")]
    return parts


def shortened(text: str, width: float) -> str:
    """A text as far as it has room, "" where it has none worth having."""
    room = int(width / CHARACTER)
    if len(text) <= room:
        return text
    return f"{text[: room - 1]}…" if room >= 4 else ""


def patterns(fills: Mapping[str, Fill]) -> str:
    """The definitions that fills refer to."""
    return "".join(_pattern(name, fill[4]) for name, fill in fills.items())


def style(choose: Choose) -> str:
    """The style sheet of pictures on one kind of paper, or on both."""
    return _SHAPES + fills_style(FILLS) + colours(FILLS, choose) + _colours(choose)


def fills_style(fills: Mapping[str, Fill]) -> str:
    """What fills refer to: their patterns."""
    return "".join(f"svg.mcusim .{name}{{fill:url(#mcusim-{name});stroke-width:.8}}" for name in fills)


def colours(fills: Mapping[str, Fill], choose: Choose) -> str:
    """The colours of the patterns of fills."""
    rules = []
    for name, (ground, lines, dark_ground, dark_lines, _) in fills.items():
        rules.append(f"svg.mcusim .{name}-ground{{fill:{choose(ground, dark_ground)};stroke:none}}")
        rules.append(f"svg.mcusim .{name}-lines{{fill:none;stroke:{choose(lines, dark_lines)};stroke-width:1.2}}")
    return "".join(rules)


def _pattern(name: str, path: str) -> str:
    lines = f'<path class="{name}-lines" d="{path}"/>' if path else ""
    return (
        f'<pattern id="mcusim-{name}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect class="{name}-ground" width="8" height="8"/>{lines}</pattern>'
    )


def _style() -> str:
    """The style sheet of a document, which is as light or dark as the reader's screen."""

    def dark(_: str, colour: str) -> str:
        return colour

    dark_rules = colours(FILLS, dark) + _colours(dark)
    return f"{style(lambda colour, _: colour)}@media(prefers-color-scheme:dark){{{dark_rules}}}"


def _colours(choose: Choose) -> str:
    """Everything else that differs between light and dark."""
    kinds = ",".join(f"svg.mcusim .{name}" for name in FILLS)
    paper, ink, faint, alarm = choose(*PAPER), choose(*INK), choose(*FAINT), choose(*ALARM)
    return "".join(
        (
            f"svg.mcusim .paper{{fill:{paper}}}",
            f"svg.mcusim text{{fill:{ink}}}",
            f"svg.mcusim .faint{{fill:{faint}}}",
            f"svg.mcusim text.alarm{{fill:{alarm}}}",
            f"svg.mcusim text.small,svg.mcusim text.alarm{{stroke:{paper}}}",
            f"svg.mcusim .grid,svg.mcusim .frame{{stroke:{faint}}}",
            f"svg.mcusim .mark,svg.mcusim .band{{stroke:{alarm}}}",
            f"{kinds}{{stroke:{ink}}}",
        )
    )
