"""A run → one of 60 layers with long names, each with three hot loops as long as real ones: the largest usual page."""

import dataclasses

LINES, SHORT = 150, 40  # instructions of a long loop, and of one that a report shows whole


def sixty_layers(run):
    """Cycles are those of nothing that could run; of every four lines one is hot."""
    layers = [dataclasses.replace(one, name=f"{one.name}/{'x' * 400}") for one in run.layers]
    code = run.hot_code[0]
    lines = tuple(dataclasses.replace(code.lines[0], offset=2 * index) for index in range(LINES))
    codes = (dataclasses.replace(code, lines=lines), dataclasses.replace(code, lines=lines[:SHORT]))
    counts = tuple(9_000_000 if index % 4 == 0 else 1_000_000 + index for index in range(LINES))
    long = _loop(run.layers[0].loops[0], 0, counts)
    short = _loop(long, 1, counts[:SHORT])
    many = (layers * 60)[:60]
    return dataclasses.replace(
        run,
        hot_code=codes,
        layers=tuple(
            dataclasses.replace(one, index=index, loops=(long, short, short)) for index, one in enumerate(many)
        ),
    )


def _loop(loop, code, cycles):
    return dataclasses.replace(loop, code=code, line_counts=cycles, line_cycles=cycles, cycles=sum(cycles))
