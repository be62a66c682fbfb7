"""Board → what may lie between its core and memories, and the observers that follow each possibility."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mcusim import documents
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.hardware import Board, MemorySystem
from mcusim.memories import MEMORIES
from mcusim.recording import Observer

# Possibilities that one run follows beside each other: each costs about as much as the emulation itself.
MOST_CHOICES = 16
NOTHING_KNOWN = MemorySystem("zero_wait", "no memory system is given for this board")


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of each parameter; `words` names those of which others are possible."""

    model: str
    parameters: Mapping[str, float]
    words: str


def memory_system(board: Board) -> MemorySystem:
    """What the board's file says; memory that never waits where it says nothing."""
    return board.memory or NOTHING_KNOWN


def choices(board: Board) -> tuple[Choice, ...]:
    """What the board's memory system may be, the first value of each parameter first.

    Raises UnsupportedError for a memory system that is not known, or of more than 16 possibilities; BadInputError
    for a parameter that it does not have or that is missing.
    """
    system = memory_system(board)
    module = MEMORIES.get(system.model)
    if module is None:
        raise UnsupportedError(f"{board.file}: memory.model: {system.model!r} is not one of {', '.join(MEMORIES)}")
    _check_names(system, module.PARAMETERS, module.DEFAULTS, board.file)
    given = {name: parameter.values for name, parameter in system.parameters.items()}
    known = {**{name: (value,) for name, value in module.DEFAULTS.items()}, **given}
    found = tuple(itertools.islice(itertools.product(*known.values()), MOST_CHOICES + 1))
    if len(found) > MOST_CHOICES:
        raise UnsupportedError(f"{board.file}: memory.parameters: more than {MOST_CHOICES} possibilities to simulate")
    return tuple(_choice(system.model, dict(zip(known, values, strict=True)), known) for values in found)


def memory_observer(board: Board, choice: Choice) -> Observer | None:
    """The observer of one possibility; None where no access ever waits."""
    observer: Observer | None = MEMORIES[choice.model].observer(board, choice.parameters)
    return observer


def possible_observers(
    board: Board, found: Sequence[Choice] | None = None, apart: str = ""
) -> tuple[Observer | None, ...]:
    """The observers of what a board's memory system may be, each with a name of its own, in order of `choices`.

    `found` are other choices than the board's own; `apart` goes behind each name.
    """
    observers = []
    for choice in choices(board) if found is None else found:
        one = memory_observer(board, choice)
        words = f" ({choice.words})" if choice.words else ""
        observers.append(one and replace(one, name=f"{one.name}{words}{apart}"))
    return tuple(observers)


def memory_timing(board: Board) -> str:
    """The name in MEMORIES of what a board's memory does at its clock: "zero_wait" where no access can ever wait."""
    observers = (memory_observer(board, choice) for choice in choices(board))
    waits = any(one is not None and any(event.cycles for event in one.events) for one in observers)
    return memory_system(board).model if waits else "zero_wait"


def place_matters(board: Board, waiting: float) -> bool:
    """Whether other link orders may take other cycles on a board, with the first of its possible memory systems.

    `waiting` is the share of the cycles in which one link order waits for its code.
    """
    first = choices(board)[0]
    matters: bool = MEMORIES[first.model].place_matters(first.parameters, waiting)
    return matters


def memory_caveats(board: Board) -> tuple[str, ...]:
    """Sentences on what a figure made with the board's memory system at its clock leaves out."""
    timing = memory_timing(board)
    if timing != memory_system(board).model:
        return ()  # nothing waits at this clock
    sentences: tuple[str, ...] = MEMORIES[timing].caveats(board)
    return sentences


def _choice(model: str, values: Mapping[str, float], known: Mapping[str, tuple[float, ...]]) -> Choice:
    open_ones = [f"{name} {values[name]:g}" for name, possible in known.items() if len(possible) > 1]
    return Choice(model, values, ", ".join(open_ones))


def _check_names(system: MemorySystem, parameters: Mapping[str, str], defaults: Mapping[str, float], file: str) -> None:
    for name, parameter in system.parameters.items():
        if name not in parameters:
            guess = documents.nearest(name, tuple(parameters))
            hint = f"did you mean {guess!r}? " if guess else ""
            known = ", ".join(parameters)
            raise BadInputError(
                f"{file}: memory.parameters: unknown parameter {name!r}; {hint}{system.model} has {known}"
            )
        if not parameter.values:
            raise BadInputError(f"{file}: memory.parameters.{name}.values: expected at least one value, found none")
    missing = [name for name in parameters if name not in system.parameters and name not in defaults]
    if missing:
        raise BadInputError(f"{file}: memory.parameters: {system.model} also needs {', '.join(missing)}")
