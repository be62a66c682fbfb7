"""Run → its cycles as a tree: layers, in each the kernel that was called, in it functions, in these hot loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mcusim.errors import UnsupportedError
from mcusim.record import HotCode, HotLoop, Layer, Run


@dataclass(frozen=True, slots=True)
class Span:
    """Cycles of something with what is in it, most cycles first; `own_cycles` are in none of its `parts`.

    `loop` is what a span of that kind is of.
    """

    kind: Literal["layer", "kernel", "function", "loop"]
    name: str
    cycles: int
    parts: tuple[Span, ...]
    loop: HotLoop | None = None

    @property
    def own_cycles(self) -> int:
        """Cycles that are in no part: never below 0."""
        return self.cycles - sum(part.cycles for part in self.parts)


def layer_spans(run: Run, use: str) -> tuple[Span, ...]:
    """A span a layer, in the run's order; they sum to the run's cycles.

    An estimated layer has no parts. Raises UnsupportedError, which names the `use`, where the cycles are not known.
    """
    if run.totals.cycles is None:
        raise UnsupportedError(
            f"{run.model.name} on {run.board.name}: {use} needs cycles, which are not known: "
            f"{run.totals.cycles_reason or 'none were simulated'}"
        )
    return tuple(_layer(layer, run) for layer in run.layers)


def stacks(spans: tuple[Span, ...], root: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Chains of names from a root on, each with the cycles of its last name itself, where there are any."""
    for span in spans:
        yield from _stacks(span, (root,))


def _stacks(span: Span, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    names = (*above, span.name)
    for part in span.parts:
        yield from _stacks(part, names)
    if span.own_cycles:
        yield names, span.own_cycles


def _layer(layer: Layer, run: Run) -> Span:
    cycles = layer.cycles or 0
    estimated = "" if layer.instructions is not None else " (estimated)"
    parts = (_kernel(layer, run.hot_code),) if layer.functions else ()
    return Span("layer", f"{layer.index} {layer.op}{estimated}", cycles, parts)


def _kernel(layer: Layer, codes: tuple[HotCode, ...]) -> Span:
    """The kernel with all cycles of its layer: its own function's loops are its parts, as the other functions are."""
    functions = [(one.name, one.cycles, _loops(layer, one.name, one.cycles, codes)) for one in layer.functions]
    own = [loop for name, _, loops in functions if name == layer.kernel for loop in loops]
    others = [Span("function", name, cycles, loops) for name, cycles, loops in functions if name != layer.kernel]
    return Span("kernel", layer.kernel, layer.cycles or 0, _ranked([*others, *own]))


def _loops(layer: Layer, function: str, cycles: int, codes: tuple[HotCode, ...]) -> tuple[Span, ...]:
    """The hot loops of a function, as far as its cycles go."""
    spans = []
    left = cycles
    for loop in layer.loops:
        code = codes[loop.code]
        if code.function != function:
            continue
        taken = min(loop.cycles, left)
        left -= taken
        spans.append(Span("loop", f"loop at {function}+{code.offset:#x}", taken, (), loop))
    return _ranked(spans)


def _ranked(spans: list[Span]) -> tuple[Span, ...]:
    return tuple(sorted(spans, key=lambda span: (-span.cycles, span.name)))
