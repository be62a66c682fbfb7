"""Traces and timings of a layer → its hottest loops as a run records them, and the code of each loop once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mcusim import record
from mcusim.loops import HotLoop, Line, hot_loops
from mcusim.trace import CAUSES, Instruction, Timing, Trace

MOST_LOOPS = 3  # of a layer
LEAST_SHARE = 0.01  # of a layer's cycles, for a loop to be recorded
_TARGET = re.compile(r"#(0x[0-9a-f]+)$")

# The name of the function that an address of code lies in, and where it begins; None where that is not known.
FunctionAt = Callable[[int], tuple[str, int] | None]


@dataclass(slots=True)
class HotCode:
    """The code of loops so far, each once, by its number."""

    function_at: FunctionAt
    numbers: dict[record.HotCode, int] = field(default_factory=dict)

    @property
    def code(self) -> tuple[record.HotCode, ...]:
        """All code, in order of its numbers."""
        return tuple(self.numbers)

    def loops(self, traces: Sequence[Trace], timings: Sequence[Timing]) -> tuple[record.HotLoop, ...]:
        """The hottest loops of a layer, out of the traces of its calls; their code becomes known."""
        found: dict[int, HotLoop] = {}
        for trace, timing in zip(traces, timings, strict=True):
            for loop in hot_loops(trace, timing):
                found[loop.address] = _together(found[loop.address], loop) if loop.address in found else loop
        least = LEAST_SHARE * sum(one.cycles for one in timings)
        ranked = sorted(found.values(), key=lambda loop: (-loop.cycles, loop.address))[:MOST_LOOPS]
        return tuple(self._recorded(loop) for loop in ranked if loop.cycles >= least)

    def _recorded(self, loop: HotLoop) -> record.HotLoop:
        name, start = self.function_at(loop.address) or (loop.function, loop.address)
        lines = tuple(
            record.CodeLine(line.instruction.address - start, self._text(line.instruction, start))
            for line in loop.lines
        )
        code = record.HotCode(name, loop.address - start, loop.bytes, lines)
        return record.HotLoop(
            code=self.numbers.setdefault(code, len(self.numbers)),
            iterations=loop.iterations,
            cycles=loop.cycles,
            cycles_by_cause=dict(zip(CAUSES, loop.by_cause, strict=True)),
            line_counts=tuple(line.count for line in loop.lines),
            line_cycles=tuple(line.cycles for line in loop.lines),
        )

    def _text(self, one: Instruction, start: int) -> str:
        """An instruction that reads the same wherever its function lies: branches go to places in functions."""
        target = _TARGET.search(one.text) if one.branch in ("b", "conditional", "cbz", "bl", "blx") else None
        if target is None:
            return one.text
        address = int(target[1], 16)
        name, begin = self.function_at(address) or ("", address)
        if not name:
            return one.text
        place = "" if begin == start else name
        offset = f"+{address - begin:#x}" if begin == start or address != begin else ""
        return one.text[: target.start()] + place + offset


def _together(one: HotLoop, other: HotLoop) -> HotLoop:
    """A loop of two traces."""
    lines = {line.instruction.address: line for line in one.lines}
    for line in other.lines:
        same = lines.get(line.instruction.address)
        more = Line(line.instruction, same.count + line.count, same.cycles + line.cycles) if same else line
        lines[line.instruction.address] = more
    return HotLoop(
        one.function,
        one.address,
        max(one.bytes, other.bytes),
        one.iterations + other.iterations,
        tuple(mine + its for mine, its in zip(one.by_cause, other.by_cause, strict=True)),
        tuple(lines[address] for address in sorted(lines)),
    )
