"""What a call of one function took, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mcusim import execution

MOST_SHOWN_LINES = 24


@dataclass(frozen=True, slots=True)
class CallResult:
    """One call of a function on a core.

    `value` is what it returned (None: it returns nothing). `least_cycles` and `most_cycles` span what the board's
    memory system may be; both are `cycles` where that is known. `read_bytes` and `written_bytes` are the bytes of RAM,
    the stack among them, that its loads and stores touched, each counted once. `code_bytes` is what of flash the
    function takes with everything that it needs, None where the file does not tell. `error_percent` is the error to
    expect of the cycles; where it is not validated, `error_percent_reason` says so. `board` is None where only a core
    is given: its memory never waits. `hot_loops` are the innermost loops of most cycles, with their instructions.
    `arguments_sha256` is of all that the function was given: registers, stack, and the arrays behind pointers.
    """

    function: str
    core: str
    board: str | None
    value: int | float | None = field(compare=True)
    cycles: int
    least_cycles: int
    most_cycles: int
    cycles_by_cause: Mapping[str, int]
    instructions: int
    stack_bytes: int
    read_bytes: int
    written_bytes: int
    code_bytes: int | None
    error_percent: float | None
    error_percent_reason: str | None
    error_source: str | None
    hot_loops: tuple[execution.Loop, ...]
    arguments_sha256: str

    def __repr__(self) -> str:
        """What an assertion shows: the figures, the causes, and where the cycles were spent."""
        causes = ", ".join(f"{cause} {cycles:,}" for cause, cycles in self.cycles_by_cause.items() if cycles)
        ranged = f" ({self.least_cycles:,} to {self.most_cycles:,})" if self.least_cycles < self.most_cycles else ""
        error = f"±{self.error_percent:g} %" if self.error_percent is not None else "not validated"
        figures = (
            f"{self.function} on {self.board or self.core}: {self.cycles:,} cycles{ranged}, {error}: {causes}; "
            f"{self.instructions:,} instructions, {self.stack_bytes:,} bytes of stack, "
            f"{self.read_bytes:,} read and {self.written_bytes:,} written"
        )
        hottest = f"; hottest {loop_words(self.hot_loops[0])}" if self.hot_loops else ""
        return f"<{figures}, value {self.value}{hottest}>"


def loop_words(loop: execution.Loop) -> str:
    """A loop in words: where it is, how often it went round, what it took."""
    places = loop_lines(loop)
    where = f" ({places})" if places else f" at {loop.address:#010x}"
    rounds = loop.iterations + 1
    return f"loop {loop.function}{where}: {loop.cycles:,} cycles, {rounds:,} rounds of {loop.cycles / rounds:.4g}"


def loop_listing(loop: execution.Loop) -> tuple[str, ...]:
    """The instructions of a loop, each with how often it executed and its source line; the first of a long one."""
    rows = [f"{line.executions:>10,} × {line.text:28} {line.source or ''}".rstrip() for line in loop.lines]
    more = [f"{'':>10}   … and {len(rows) - MOST_SHOWN_LINES} more"] if len(rows) > MOST_SHOWN_LINES else []
    return (*rows[:MOST_SHOWN_LINES], *more)


def loop_lines(loop: execution.Loop) -> str:
    """The source lines of a loop ("dot.c:12-15"), "" where they are not known."""
    found: dict[str, set[int]] = {}
    for line in loop.lines:
        file, _, number = (line.source or "").rpartition(":")
        if file and number.isdigit():
            found.setdefault(file, set()).add(int(number))
    return ", ".join(
        f"{file}:{min(numbers)}-{max(numbers)}" if len(numbers) > 1 else f"{file}:{min(numbers)}"
        for file, numbers in found.items()
    )
