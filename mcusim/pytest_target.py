"""A target as tests use it → results that have kept their budgets, or an AssertionError that says why not."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcusim import documents
from mcusim.call_arguments import returned_kind
from mcusim.call_budgets import over_call, over_run
from mcusim.call_result import CallResult, loop_listing
from mcusim.cross_compiler import DEFAULT_FLAGS
from mcusim.errors import BadInputError, McusimError
from mcusim.kernel_calls import MOST_INSTRUCTIONS, Hardware, Machines
from mcusim.policy import Budgets, Policy
from mcusim.program import Program
from mcusim.structures import Structure
from mcusim.target import OWN, Target
from mcusim.twins import EXAMPLES, Twin, assert_twins

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from mcusim.record import Run

OPTIONS = ("core", "board", "elf", "source", "cflags", "compiler", *(one.name for one in fields(Budgets)))


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
        kept: Path,
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
        self.target = Target(_text(options, "core"), self._board(_text(options, "board")), machines=machines, kept=kept)
        elf = _text(options, "elf")
        if elf is not None:
            self.load(elf)
        sources = _texts(options, "source")
        if sources:
            flags = _texts(options, "cflags") if "cflags" in options else DEFAULT_FLAGS
            self.compile(*sources, flags=flags, compiler=_text(options, "compiler"))

    def load(self, path: str | os.PathLike[str]) -> None:
        """Take in the functions of an ELF file, an object or an archive, or with "own" those of mcusim's kernels."""
        __tracebackhide__ = True
        try:
            self.target.load(path if path == OWN else self._found(path))
        except McusimError as error:
            raise error.with_traceback(None) from None

    def compile(
        self,
        *sources: str | os.PathLike[str],
        flags: str | Sequence[str] = DEFAULT_FLAGS,
        compiler: str | None = None,
    ) -> None:
        """Compile files beside the test, or C code as text, and take in their functions; see Target.compile."""
        __tracebackhide__ = True
        try:
            self.target.compile(*sources, flags=flags, compiler=compiler, folder=self._folders[0])
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
        if self.session is not None:
            self.session.record(result, self.target.hardware, self.target.program_of(result.function))
            listing = loop_listing(result.hot_loops[0]) if result.hot_loops else ()
            _hold(self._over(result.function, lambda budgets: over_call(result, budgets)), listing)

    def _over(self, name: str, over: Callable[[Budgets], tuple[str, ...]]) -> tuple[str, ...]:
        """What a function or a model is over of the marker's budgets, and of those that mcusim.toml has for it."""
        if self.session is None:
            return ()
        found = [*over(self.budgets)]
        named = self.session.policy.budgets_of(self.session.test, name, self.target.hardware.core.id)
        for key, budgets in named.items():
            found += [f"{words} (mcusim.toml, budgets.{key})" for words in over(budgets)]
        return tuple(found)

    def assert_twin(
        self,
        function: str,
        reference: Callable[..., object],
        given: Sequence[object] | SearchStrategy[Any],
        *,
        returns: object = "int32",
        out: int | None = None,
        examples: int = EXAMPLES,
    ) -> CallResult:
        """Hold a function to its reference in Python, bit by bit, over inputs that hypothesis makes.

        `given`: a strategy or a constant for each argument, or one strategy for all; `out`: the place of an argument
        that the function writes and the reference returns instead. The call that took most cycles counts, and is what
        this returns; see twins.assert_twins.
        """
        __tracebackhide__ = True
        twin = Twin(function, reference, returned_kind(returns), out)
        try:
            result = assert_twins(self.target.call, twin, given, examples)
        except McusimError as error:
            raise error.with_traceback(None) from None
        self.results.append(result)
        self._held(result)
        return result

    def profile(self, model: str | os.PathLike[str], *, link_orders: bool = False) -> Run:
        """Simulate one inference of a model, and hold it to the budgets; see mcusim.run."""
        __tracebackhide__ = True
        try:
            run = self.target.profile(self._found(model), link_orders=link_orders)
        except McusimError as error:
            raise error.with_traceback(None) from None
        self.runs.append(run)
        _hold(self._over(run.model.name, lambda budgets: over_run(run, budgets)), ())
        return run

    def struct(self, *members: object, **named: object) -> Structure:
        """A structure to be passed by its address; see Target.struct."""
        return self.target.struct(*members, **named)

    def _board(self, name: str | None) -> str | os.PathLike[str] | None:
        return self._found(name) if name is not None and name.endswith(".toml") else name

    def _found(self, path: str | os.PathLike[str]) -> Path:
        """A file in the first folder that has it."""
        for folder in self._folders:
            if (folder / path).exists():
                return folder / path
        places = " or ".join(dict.fromkeys(map(str, self._folders)))
        raise BadInputError(f"there is no {os.fspath(path)} in {places}")


def check_options(options: Mapping[str, object]) -> None:
    """Refuse options of the marker that there are not, with BadInputError."""
    for name in options:
        if name not in OPTIONS:
            guess = documents.nearest(name, OPTIONS)
            hint = f"; did you mean {guess!r}?" if guess else ""
            raise BadInputError(f"the marker mcu has no {name!r}{hint}; it has {', '.join(OPTIONS)}")


def _hold(over: Sequence[str], listing: Sequence[str]) -> None:
    """Raise what is over a budget, with the instructions of the hottest loop."""
    __tracebackhide__ = True
    if over:
        raise AssertionError("\n".join((*over, *listing)))


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


def _texts(options: Mapping[str, object], name: str) -> tuple[str, ...]:
    """One text, whose words are meant where it is of flags, or a list of texts."""
    value = options.get(name, ())
    if isinstance(value, str) and name == "cflags":
        try:
            return tuple(shlex.split(value))
        except ValueError as error:
            raise BadInputError(f"the marker's {name}={value!r}: {str(error).lower()}") from None
    given = [value] if isinstance(value, str | os.PathLike) else value
    if not isinstance(given, Sequence) or not all(isinstance(one, str | os.PathLike) for one in given):
        raise BadInputError(f"the marker's {name}={value!r} is neither a text nor a list of them")
    return tuple(map(str, given))
