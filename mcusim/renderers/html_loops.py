"""Hot loops of a layer → their code with executions and cycles a line, lines shaded by their share of the cycles."""

from __future__ import annotations

from collections.abc import Iterator

from mcusim import figures
from mcusim.record import CodeLine, HotCode, HotLoop, Layer, Run
from mcusim.renderers.html_cycles import causes_bar
from mcusim.renderers.html_parts import error_mark, share, text

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
    for line, executed, cycles in zip(code.lines, loop.line_counts, loop.line_cycles, strict=True):
        yield _line(line, executed, cycles, loop.cycles)


def _line(line: CodeLine, executed: int, cycles: int, total: int) -> str:
    part = cycles / max(total, 1)
    shade = sum(part >= least for least in SHADES)
    classed = f' class="h{shade}"' if shade else ""
    return (
        f"<tr{classed}><td>{line.offset:x}</td><td>{text(line.text)}</td><td>{executed:,}</td><td>{cycles:,}</td>"
        f"<td>{figures.percent(part)}</td></tr>\n"
    )
