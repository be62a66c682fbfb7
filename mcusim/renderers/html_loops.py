"""Hot loops of a layer → their code with executions and cycles a line, lines shaded by their share of the cycles."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcusim import figures, tables
from mcusim.record import HotCode, HotLoop, Layer, Run
from mcusim.renderers.html_cycles import causes_bar
from mcusim.renderers.html_parts import error_mark, text

# A loop of more instructions shows those that take most: some in any case, more as far as each is worth its line. A
# report of 60 layers is to stay below 2 MB.
MOST_LINES, FEWEST_LINES, WORTH_A_LINE = 40, 10, 0.01
# The share of a loop's cycles from which on a line has the next shade; the figure stands beside it.
SHADES = (0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True, slots=True)
class _Line:
    """Words of a line: offset, instruction, executions and cycles, share; and how dark it is."""

    offset: str
    instruction: str
    executed: str
    cycles: str
    share: str
    shade: int = 0


HEADER = _Line("at", "instruction", "executed", "cycles", "share")


def loops(run: Run, layer: Layer) -> str:
    """Each loop with its cycles and code, as markup; nothing for a layer without."""
    parts = [_loop(run, layer, number, one) for number, one in enumerate(layer.loops, 1)]
    if not parts:
        return ""
    return f'<h4>Hot loops</h4><div class="loops">{"".join(parts)}</div>'


def _loop(run: Run, layer: Layer, number: int, loop: HotLoop) -> str:
    code = run.hot_code[loop.code]
    each = figures.ratio(loop.cycles, loop.iterations)
    part = figures.percent(loop.cycles / max(layer.cycles or 0, 1))
    words = (
        f"Loop {number}: {loop.cycles:,} cycles ({error_mark(run.totals)}), {part} of the layer; "
        f"{loop.iterations:,} iterations of {each} cycles"
    )
    return (
        f"<figure><figcaption><code><bdi>{text(code.function)}</bdi>+0x{code.offset:x}</code>, {code.bytes:,} bytes"
        f'<span class="faint block">{words}</span></figcaption>{causes_bar(loop.cycles_by_cause, loop.cycles)}'
        f'<pre class="code" tabindex="0">{_listing([HEADER, *_lines(code, loop)])}</pre></figure>'
    )


def _listing(lines: Sequence[_Line]) -> str:
    """Lines in columns. They are no table: a page has thousands, which would take a browser most of its time."""
    words = [(line.offset, tables.safe(line.instruction), line.executed, line.cycles, line.share) for line in lines]
    widths = [max(map(tables.cells, column)) for column in zip(*words, strict=True)]
    found = []
    for line, cells in zip(lines, words, strict=True):
        gaps = [" " * (width - tables.cells(cell)) for width, cell in zip(widths, cells, strict=True)]
        left = "  ".join(cell + gap for cell, gap in zip(cells[:2], gaps[:2], strict=True))
        right = "  ".join(gap + cell for cell, gap in zip(cells[2:], gaps[2:], strict=True))
        row = text(f"{left}  {right}")
        found.append(f'<span class="h{line.shade}">{row}</span>' if line.shade else row)
    return "\n".join(found)


def _lines(code: HotCode, loop: HotLoop) -> Iterator[_Line]:
    """An instruction a line; of a long loop those that take most, with what the others between them take together."""
    shown = set(_shown(loop))
    for is_shown, run in itertools.groupby(range(len(code.lines)), lambda index: index in shown):
        indices = list(run)
        if is_shown or len(indices) == 1:
            yield from (_line(code, loop, index) for index in indices)
        else:
            cycles = sum(loop.line_cycles[index] for index in indices)
            part = figures.percent(cycles / max(loop.cycles, 1))
            yield _Line(f"{code.lines[indices[0]].offset:x}", f"… {len(indices)} instructions", "", f"{cycles:,}", part)


def _shown(loop: HotLoop) -> list[int]:
    """The lines that are shown one by one."""
    every = range(len(loop.line_cycles))
    if len(every) <= MOST_LINES:
        return list(every)
    ranked = sorted(every, key=lambda index: (-loop.line_cycles[index], index))
    worth = sum(cycles >= WORTH_A_LINE * loop.cycles for cycles in loop.line_cycles)
    return ranked[: min(max(worth, FEWEST_LINES), MOST_LINES)]


def _line(code: HotCode, loop: HotLoop, index: int) -> _Line:
    line, cycles = code.lines[index], loop.line_cycles[index]
    part = cycles / max(loop.cycles, 1)
    shade = sum(part >= least for least in SHADES)
    executed = f"{loop.line_counts[index]:,}"
    return _Line(f"{line.offset:x}", line.text, executed, f"{cycles:,}", figures.percent(part), shade)
