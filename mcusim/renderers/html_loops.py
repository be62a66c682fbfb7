"""Hot loops of a layer → their code with executions and cycles a line, lines shaded by their share of the cycles."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from mcusim import figures
from mcusim.record import CodeLine, HotCode, HotLoop, Layer, Run
from mcusim.renderers.html_cycles import causes_bar
from mcusim.renderers.html_parts import error_mark, share, text

# A loop of more instructions shows those that take most: some in any case, more as far as each is worth its line. A
# report of 60 layers is to stay below 2 MB.
MOST_LINES, FEWEST_LINES, WORTH_A_LINE = 40, 10, 0.01
# The share of a loop's cycles from which on a line has the next shade; the figure stands beside it.
SHADES = (0.02, 0.05, 0.1, 0.2)


def loops(run: Run, layer: Layer) -> str:
    """Each loop with its cycles and code, as markup; nothing for a layer without."""
    parts = [_loop(run, layer, number, one) for number, one in enumerate(layer.loops, 1)]
    if not parts:
        return ""
    return f'<h4>Hot loops</h4><div class="loops">{"".join(parts)}</div>'


def _loop(run: Run, layer: Layer, number: int, loop: HotLoop) -> str:
    code = run.hot_code[loop.code]
    each = figures.ratio(loop.cycles, loop.iterations)
    part = share(loop.cycles, layer.cycles)
    words = (
        f"Loop {number}: {loop.cycles:,} cycles ({error_mark(run.totals)}), {part} of the layer; "
        f"{loop.iterations:,} iterations of {each} cycles"
    )
    rows = "".join(_lines(code, loop))
    return (
        f'<div class="loop"><p><code><bdi>{text(code.function)}</bdi>+0x{code.offset:x}</code> '
        f'<span class="faint">{code.bytes:,} bytes</span></p>{causes_bar(loop.cycles_by_cause, loop.cycles)}'
        f'<table class="code"><caption>{words}</caption><thead><tr><th scope="col">offset</th>'
        '<th scope="col">instruction</th><th scope="col" class="n">executed</th><th scope="col" class="n">cycles</th>'
        f'<th scope="col" class="n">share</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _lines(code: HotCode, loop: HotLoop) -> Iterator[str]:
    """A row an instruction; of a long loop those that take most, with what the others between them take together."""
    lines = list(zip(code.lines, loop.line_counts, loop.line_cycles, strict=True))
    shown = set(_shown(loop))
    for is_shown, run in itertools.groupby(range(len(lines)), lambda index: index in shown):
        indices = list(run)
        if is_shown or len(indices) == 1:
            yield from (_line(*lines[index], loop.cycles) for index in indices)
        else:
            together = sum(loop.line_cycles[index] for index in indices)
            yield _left_out(code.lines[indices[0]], together, loop, len(indices))


def _shown(loop: HotLoop) -> list[int]:
    """The lines that are shown one by one."""
    every = range(len(loop.line_cycles))
    if len(every) <= MOST_LINES:
        return list(every)
    ranked = sorted(every, key=lambda index: (-loop.line_cycles[index], index))
    worth = sum(cycles >= WORTH_A_LINE * loop.cycles for cycles in loop.line_cycles)
    return ranked[: min(max(worth, FEWEST_LINES), MOST_LINES)]


def _line(line: CodeLine, executed: int, cycles: int, total: int) -> str:
    part = cycles / max(total, 1)
    shade = sum(part >= least for least in SHADES)
    classed = f' class="h{shade}"' if shade else ""
    return (
        f"<tr{classed}><td>{line.offset:x}</td><td>{text(line.text)}</td><td>{executed:,}</td><td>{cycles:,}</td>"
        f"<td>{figures.percent(part)}</td></tr>\n"
    )


def _left_out(first: CodeLine, cycles: int, loop: HotLoop, lines: int) -> str:
    part = figures.percent(cycles / max(loop.cycles, 1))
    return (
        f'<tr class="faint"><td>{first.offset:x}</td><td>… {lines} instructions</td><td></td><td>{cycles:,}</td>'
        f"<td>{part}</td></tr>\n"
    )
