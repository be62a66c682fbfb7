"""Run → whether reference, plan and target agree, a row a layer."""

from __future__ import annotations

import textwrap

from mcusim import figures, tables
from mcusim.advice import against_own
from mcusim.record import Layer, Run
from mcusim.renderers import divergence
from mcusim.renderers.words import expected_error

LEGEND_COLUMNS = 11  # before the meanings
LEAST_COLUMNS = 40


def render(run: Run, width: int = 80) -> str:
    """The verdict, a row a layer, every first difference, the arena's figures, the cycles' error."""
    headers = [">#", "operator", "output", ">scratch", ">stack", ">cycles", ">estimate", "target"]
    rows = [
        [
            str(layer.index),
            layer.op,
            figures.extents(layer.shape),
            f"{layer.scratch_bytes:,}",
            f"{layer.stack_bytes or 0:,}",
            f"{layer.cycles or 0:,}",
            _estimate(layer),
            _agreement(layer),
        ]
        for layer in run.layers
    ]
    wrong = [layer for layer in run.layers if not layer.bit_exact]
    memory = run.memory
    own = against_own(run)
    legend = (
        ("reference", "the Numba kernel's result on the same input, compared bit by bit"),
        ("estimate", "how far the kernel's cost formula is from the executed cycles; a dash: there is none"),
        ("plan", "where inputs, output and scratch lie; a kernel that changes other RAM ends in an error"),
        (
            "arena",
            f"{memory.arena_bytes:,} bytes: head {memory.head_bytes:,}, tail {memory.tail_bytes:,}; "
            f"smallest accepted {memory.smallest_arena_bytes:,}",
        ),
    )
    paragraphs = [
        tables.safe(f"{run.model.name} on {run.board.name}: {_verdict(run, len(wrong))}") + "\n",
        tables.grid(headers, rows, width),
        divergence.first(run.layers, width),
        divergence.against(run.against, width) if run.against else "",
        tables.safe(own) + "\n" if own else "",
        "".join(_wrapped(f"{word:{LEGEND_COLUMNS}}{meaning}", width) for word, meaning in legend),
        _wrapped(tables.safe(f"error of the cycles: {expected_error(run.totals)}"), width),
    ]
    return "\n".join(paragraph for paragraph in paragraphs if paragraph)


def _wrapped(text: str, width: int) -> str:
    """A line of the legend in lines of at most `width` columns, the meanings below each other."""
    return textwrap.fill(text, max(width, LEAST_COLUMNS), subsequent_indent=" " * LEGEND_COLUMNS) + "\n"


def _agreement(layer: Layer) -> str:
    """Whether the target's output is the reference's on the same operands, and whether these are."""
    if not layer.bit_exact:
        return "DIFFERS"
    return "inputs differ" if layer.differing_inputs else "= reference"


def _estimate(layer: Layer) -> str:
    """How far the estimated cycles are from the executed ones, a dash where there are none."""
    if layer.estimated_cycles is None or not layer.cycles:
        return "–"
    return f"{layer.estimated_cycles / layer.cycles - 1:+.1%}"


def _verdict(run: Run, wrong: int) -> str:
    if len(run.layers) == 1:
        return "its layer DIFFERS" if wrong else "its layer is bit-exact"
    if wrong:
        return f"{wrong} of {len(run.layers)} layers {'DIFFERS' if wrong == 1 else 'DIFFER'}"
    return f"all {len(run.layers)} layers are bit-exact"
