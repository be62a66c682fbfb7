"""A target as tests use it → results that have kept their budgets, or an AssertionError that says why not."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from mcusim import documents
from mcusim.call_budgets import over_call
from mcusim.call_result import CallResult
from mcusim.errors import BadInputError, McusimError
from mcusim.kernel_calls import MOST_INSTRUCTIONS, Hardware, Machines
from mcusim.policy import Budgets, Policy
from mcusim.program import Program
from mcusim.target import OWN, Target

if TYPE_CHECKING:
    from mcusim.record import Run

OPTIONS = ("core", "board", "elf", *(one.name for one in fields(Budgets)))


@dataclass(frozen=True, slots=True)
class Session:
    """What a test knows of the session it belongs to: its own id, the project's policy, and who keeps its calls."""

    test: str
    policy: Policy
    record: Callable[[CallResult, Hardware, Program], None]


class Mcu:
    """What the fixture `mcu` gives: a target, the budgets of the test's marker, and what was called so far."""

    def __init__(
        self,
        options: Mapping[str, object],
        folders: tuple[Path, ...],
        machines: Machines,
        session: Session | None = None,
    ) -> None:
        """`options` of the marker; relative paths are looked up in `folders`. Raises BadInputError for wrong ones.

        Without a session calls are for their results only: no budget is held, none is recorded.
        """
        self.session = session
        self._folders = folders
        self.budgets = Budgets(**_budgets(options))
        self.results: list[CallResult] = []
        self.runs: list[Run] = []
        self.target = Target(_text(options, "core"), self._board(_text(options, "board")), machines=machines)
        if "elf" in options:
            self.load(_text(options, "elf") or "")

    def load(self, path: str | os.PathLike[str]) -> Program:
        """Take in the functions of a linked ELF file, or with "own" those of mcusim's kernels."""
        __tracebackhide__ = True
        try:
            return self.target.load(path if path == OWN else self._found(path))
        except McusimError as error:
            raise error.with_traceback(None) from None

    def call(
        self,
        function: str,
        *arguments: object,
        returns: object = "int32",
        warm: bool = False,
        stack_bytes: int | None = None,
        most_instructions: int = MOST_INSTRUCTIONS,
    ) -> CallResult:
        """Call a function (see Target.call) and hold it to the budgets: AssertionError where it is over one."""
        __tracebackhide__ = True
        try:
            result = self.target.call(
                function,
                *arguments,
                returns=returns,
                warm=warm,
                stack_bytes=stack_bytes,
                most_instructions=most_instructions,
            )
        except McusimError as error:
            raise error.with_traceback(None) from None
        self.results.append(result)
        self._held(result)
        return result

    def _held(self, result: CallResult) -> None:
        """Tell of a call, and hold it to its budgets."""
        __tracebackhide__ = True
        if self.session is None:
            return
        self.session.record(result, self.target.hardware, self.target.program_of(result.function))
        over = [*over_call(result, self.budgets)]
        named = self.session.policy.budgets_of(self.session.test, result.function, self.target.hardware.core.id)
        for name, budgets in named.items():
            over += [f"{words} (mcusim.toml, budgets.{name})" for words in over_call(result, budgets)]
        _hold(tuple(over))

    def _board(self, name: str | None) -> str | os.PathLike[str] | None:
        return self._found(name) if name is not None and name.endswith(".toml") else name

    def _found(self, path: str | os.PathLike[str]) -> Path:
        """A file in the first folder that has it."""
        for folder in self._folders:
            if (folder / path).exists():
                return folder / path
        places = " or ".join(map(str, self._folders))
        raise BadInputError(f"there is no {os.fspath(path)} in {places}")


def check_options(options: Mapping[str, object]) -> None:
    """Refuse options of the marker that there are not, with BadInputError."""
    for name in options:
        if name not in OPTIONS:
            guess = documents.nearest(name, OPTIONS)
            hint = f"; did you mean {guess!r}?" if guess else ""
            raise BadInputError(f"the marker mcu has no {name!r}{hint}; it has {', '.join(OPTIONS)}")


def _hold(over: tuple[str, ...]) -> None:
    __tracebackhide__ = True
    if over:
        raise AssertionError("\n".join(over))


def _budgets(options: Mapping[str, object]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in fields(Budgets):
        value = options.get(one.name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise BadInputError(f"the marker's {one.name}={value!r} is no budget; give a whole number")
        found[one.name] = value
    return found


def _text(options: Mapping[str, object], name: str) -> str | None:
    value = options.get(name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, os.PathLike):
        return str(value)
    raise BadInputError(f"the marker's {name}={value!r} is no text")
