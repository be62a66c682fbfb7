"""Run → a report in GitHub-flavoured Markdown: for pull requests, step summaries and documentation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcusim import figures
from mcusim.advice import advice, kept_from_faster, main_cause
from mcusim.markdown_text import code, escaped, folded, table
from mcusim.record import Layer, Owner, Run
from mcusim.renderers import words

MOST_ROWS = 20  # a longer table of layers is folded
NAME = 60  # characters of a name
OWNERS = 12  # rows of the table of a memory's owners


def render(run: Run) -> str:
    """Verdict, memory, totals with the error to expect, causes, a row a layer, owners, what would help, notes.

    What is not known is a dash, and said in words. Names are in the type of code, so that nothing in them is markup,
    a mention or a link.
    """
    return "\n".join(_sections(run))


def _sections(run: Run) -> Iterator[str]:
    board = run.board
    yield f"# {code(run.model.name)} on {code(board.name)}\n"
    yield escaped(f"{board.mcu}, {board.core}, {board.clock_hz / 1e6:g} MHz, mcusim {run.mcusim_version}") + "\n"
    yield _verdict(run)
    yield _memories(run)
    yield _titled("Totals", _totals(run))
    if run.totals.cycles_by_cause is not None:
        yield _titled("Cycles by cause", _causes(run))
    if run.layers:
        layers, estimated = _layers(run), _estimated(run)
        count = f"{len(run.layers)} layer{'s' * (len(run.layers) != 1)}"
        yield _titled(f"Layers{estimated}", folded(count, layers) if len(run.layers) > MOST_ROWS else layers)
    wrong = [
        f"layer {one.index} {one.op}: {one.difference or 'differs'}" for one in run.layers if one.bit_exact is False
    ]
    yield from _listed("Differences between target and reference", wrong)
    yield from _listed("Kept from faster functions", kept_from_faster(run))
    yield _titled("Arena", _arena(run))
    for name, owners in (("RAM", run.memory.owners), ("Flash", run.flash.owners)):
        yield _titled(f"{name}, an owner for every byte", folded(f"{len(owners)} owners", _owners(owners)))
    yield from _listed("What would help", advice(run))
    yield from _listed("Notes", (*run.notes, *words.provenance_sentences(run)))


def _titled(title: str, body: str) -> str:
    return f"## {title}\n\n{body}"


def _listed(title: str, sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        yield _titled(title, "".join(f"- {escaped(sentence)}\n" for sentence in sentences))


def _estimated(run: Run) -> str:
    return ", estimated and not executed" if run.totals.instructions is None else ""


def _verdict(run: Run) -> str:
    text = "**FITS**" if run.fits else "**DOES NOT FIT**"
    if run.totals.latency_s is None:
        text += f": memory only. {escaped(run.totals.cycles_reason or '')}"
    else:
        text += f": {figures.seconds(run.totals.latency_s)} in the kernels per inference, "
        exact = sum(bool(layer.bit_exact) for layer in run.layers)
        text += _estimated(run).removeprefix(", ") or f"{exact} of {len(run.layers)} layers bit-exact"
    return f"{text}\n" + "".join(f"- {escaped(reason)}\n" for reason in run.verdict.reasons)


def _memories(run: Run) -> str:
    rows = []
    for name, one in (("RAM", run.verdict.ram), ("flash", run.verdict.flash)):
        total = one.available_bytes + one.reserved_bytes
        counts = [one.used_bytes, one.reserved_bytes, one.headroom_bytes, total]
        rows.append([name, *(f"{count:,}" for count in counts), figures.percent(one.used_bytes / max(total, 1))])
    return table(["bytes", ">used", ">reserved", ">free", ">total", ">used of total"], rows)


def _totals(run: Run) -> str:
    totals = run.totals
    known = [(label, text) for label, text in _figures(run) if text is not None]
    lines = [f"error of the cycles: {words.expected_error(totals)}"] if totals.cycles is not None else []
    if (span := words.range_words(run)) is not None:
        lines.append(span)
    if totals.energy_j_reason:
        lines.append(f"energy unknown: {totals.energy_j_reason}")
    return table(["", ">total"], known) + "\n" + "".join(f"- {escaped(line)}\n" for line in lines)


def _figures(run: Run) -> Iterator[tuple[str, str | None]]:
    """What the totals are, None for those that are not known."""
    totals, cycles = run.totals, run.totals.cycles
    yield "latency", None if totals.latency_s is None else figures.seconds(totals.latency_s)
    yield "cycles", _count(cycles)
    yield "MACs", f"{totals.macs:,}"
    yield "cycles/MAC", None if cycles is None else figures.ratio(cycles, totals.macs)
    yield "instructions", _count(totals.instructions)
    yield "energy", None if totals.energy_j is None else figures.joules(totals.energy_j)
    yield "arena, bytes", f"{run.memory.smallest_arena_bytes:,}"


def _count(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"


def _causes(run: Run) -> str:
    total = max(run.totals.cycles or 0, 1)
    ranked = sorted((run.totals.cycles_by_cause or {}).items(), key=lambda item: -item[1])
    return table(
        ["cause", ">cycles", ">share"],
        [[code(cause), f"{count:,}", figures.percent(count / total)] for cause, count in ranked if count],
    )


def _layers(run: Run) -> str:
    headers = [">#", "operator", "output", "kernel", ">MACs", ">cycles", ">share", ">cycles/MAC", "beyond issue"]
    headers += [">scratch", ">stack", "exact"]
    return table(headers, [_row(layer, run) for layer in run.layers])


def _row(layer: Layer, run: Run) -> list[str]:
    cycles, total = layer.cycles, run.totals.cycles
    cause, share = main_cause(layer)
    return [
        str(layer.index),
        code(layer.op),
        figures.extents(layer.shape),
        code(layer.variant.removeprefix("arm_")) or "–",
        f"{layer.macs:,}" if layer.macs else "–",
        _count(cycles) or "–",
        "–" if cycles is None or total is None else figures.percent(cycles / max(total, 1)),
        "–" if cycles is None else figures.ratio(cycles, layer.macs),
        f"{escaped(cause)} {share:.0%}" if cause else "–",
        f"{layer.scratch_bytes:,}",
        _count(layer.stack_bytes) or "–",
        "–" if layer.bit_exact is None else "✓" if layer.bit_exact else "✗",
    ]


def _arena(run: Run) -> str:
    memory, holes = run.memory, run.memory.holes
    labels = {
        "arena_used_bytes()": "arena_bytes",
        "smallest that AllocateTensors accepts": "smallest_arena_bytes",
        "head: tensors and scratch": "head_bytes",
        "tail: persistent": "tail_bytes",
        "scratch, all requests": "scratch_bytes",
    }
    kernels = memory.by_kernels
    rows = [
        [label, *(f"{getattr(arena, attribute):,}" for arena in kernels.values())]
        for label, attribute in labels.items()
    ]
    lines = [
        f"The head's peak is {holes.peak_bytes:,} bytes: {holes.live_lower_bound_bytes:,} are alive at one operator, "
        f"{holes.wasted_bytes:,} are holes."
    ]
    if memory.touched is not None:
        lines.append(words.touched_words(memory.touched, run.layers))
    grid = table(["bytes", *(f">{code(name)}" for name in kernels)], rows)
    return grid + "\n" + "".join(f"- {escaped(line)}\n" for line in lines)


def _owners(owners: Sequence[Owner]) -> str:
    ranked = sorted(owners, key=lambda one: (-one.bytes, one.name))
    rows = [[code(figures.short(one.name, NAME)), escaped(one.kind), f"{one.bytes:,}"] for one in ranked[:OWNERS]]
    if rest := ranked[OWNERS:]:
        rows.append([f"{len(rest)} more", "", f"{sum(one.bytes for one in rest):,}"])
    return table(["owner", "kind", ">bytes"], rows)
