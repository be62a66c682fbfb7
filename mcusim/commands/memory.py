"""A model → what planners make of its arena, what would make it smaller, and the best plan written into a copy."""

from __future__ import annotations

import dataclasses
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from mcusim import delivery, hardware
from mcusim.command_line import (
    MEMORY_FORMATS,
    AppProfileOption,
    ArenaSizeOption,
    FirmwareOption,
    FormatOption,
    JsonOption,
    OutputOption,
    QuietOption,
    Setup,
    board_files,
    json_of,
    judge_memory,
    memory_renders,
    progress,
)
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.soak_command import SoakOptions, soak_memory

if TYPE_CHECKING:
    from mcusim.hardware import Board
    from mcusim.model import Model
    from mcusim.plan import Plan
    from mcusim.record import Run


def memory(
    model: Annotated[
        str | None, typer.Argument(help="A .tflite file, or a C array of one; may be left out with --soak.")
    ] = None,
    board: Annotated[
        str | None,
        typer.Option("--board", "-b", help="The board: its core, and what it leaves; else a Cortex-M with DSP."),
    ] = None,
    write_plan: Annotated[
        str | None,
        typer.Option("--write-plan", metavar="OUT.tflite", help="Write a copy of the model that has the best plan."),
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="MODEL", help="Another model in the same arena; may be given again."),
    ] = None,
    planner: Annotated[
        list[str] | None, typer.Option("--planner", metavar="NAME", help="Draw this planner's plan too: optimum, …")
    ] = None,
    app_profile: AppProfileOption = None,
    firmware: FirmwareOption = None,
    arena_size: ArenaSizeOption = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Execute the model on the board: what it really writes.")
    ] = False,
    soak: Annotated[bool, typer.Option("--soak", help="Run a workload on a heap for simulated days instead.")] = False,
    workload: Annotated[
        str | None, typer.Option(metavar="NAME", help="… this one, or a TOML file of your own.")
    ] = None,
    heap: Annotated[
        str | None, typer.Option(metavar="NAME", help="… on heap_4, newlib_nano, newlib, tlsf; else the workload's.")
    ] = None,
    heap_bytes: Annotated[int | None, typer.Option(metavar="N", help="… of so many bytes.")] = None,
    days: Annotated[float | None, typer.Option(metavar="N", help="… for so many days; 30.")] = None,
    hours: Annotated[float | None, typer.Option(metavar="N", help="… or hours.")] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="… with these random numbers.")] = 1,
    seeds: Annotated[int, typer.Option(metavar="N", help="… and again with so many seeds in all.")] = 1,
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show the arena over time, planners side by side, what would make it smaller, and what a board leaves for it.

    Exit status 1 if it does not fit the board, or --arena-size. With --with, the arena that several models share; with
    --soak, a heap over simulated days: exit status 1 if a malloc fails.
    """
    options = SoakOptions(workload, heap, heap_bytes, days, hours, seed, seeds)
    setup = Setup(None, None, None, None, False, app_profile or (), firmware, arena_size)
    asked = _Asked(setup, tuple(planner or ()), write_plan, watch)
    if asked.words and (soak or beside):
        raise UnsupportedError(f"{asked.words[0]} is about one model's arena; leave it out with --soak and --with")
    if soak:
        soak_memory(model, board, options, json_path, format_name, output, quiet)
        return
    if options != SoakOptions():
        raise UnsupportedError(f"{options.words[1]} says something about a heap over time; give --soak with it")
    if model is None:
        raise UnsupportedError("a model is missing: mcusim memory MODEL, or mcusim memory --soak --workload NAME")
    if beside:
        _shared([model, *beside], board, json_path, format_name, output, quiet)
        return
    _report(model, board, asked, json_path, format_name, output, quiet)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the options ask for beside model and board."""

    setup: Setup
    planners: tuple[str, ...]
    write_plan: str | None
    watch: bool

    @property
    def words(self) -> list[str]:
        """The options again."""
        planners = [word for name in self.planners for word in ("--planner", name)]
        copy = [] if self.write_plan is None else ["--write-plan", self.write_plan]
        return [*self.setup.words, *planners, *copy, *["--watch"] * self.watch]


def _report(
    model: str,
    board: str | None,
    asked: _Asked,
    json_path: str | None,
    format_name: str | None,
    output: str | None,
    quiet: bool,
) -> None:
    """Everything about a model's arena; exit status 1, and why in a line, where it does not fit."""
    named = _board(board, asked)
    inputs = [model, *board_files(board, named), *asked.setup.files]
    target = delivery.arrange(MEMORY_FORMATS, inputs, json_path, format_name, output, quiet)
    _check_copy(asked.write_plan, inputs, target)
    from mcusim import memory_study
    from mcusim.application import read_arena_bytes
    from mcusim.memory_report import report
    from mcusim.runtime import runtime_on
    from mcusim.tflite import load

    size = None if asked.setup.arena_size is None else read_arena_bytes(asked.setup.arena_size)
    loaded = load(model)
    planned, no_plan = _plan(loaded, named, asked)
    study = memory_study.study(loaded, runtime_on(named), None if named is None else named.id)
    written = None if asked.write_plan is None else memory_study.write_plan(study, asked.write_plan)
    words = ["mcusim", "memory", model, *(["--board", board] if board else []), *asked.words]
    found = report(
        study,
        plan=planned,
        no_plan=no_plan,
        given_arena_bytes=size,
        maps=asked.planners,
        written=written,
        watched=_watched(planned, no_plan, quiet) if asked.watch else None,
        command=shlex.join(words),
    )
    target.deliver(memory_renders(found))
    judge_memory(found)


def _board(board: str | None, asked: _Asked) -> Board | None:
    """The board; UnsupportedError for options that say nothing without one."""
    if board is not None:
        return hardware.load_board(board)
    if asked.watch:
        raise UnsupportedError("--watch executes the model on a board; name it with --board")
    for word in asked.setup.words:
        if word in ("--app-profile", "--firmware"):
            raise UnsupportedError(f"{word} is about a board's RAM; name the board with --board")
    return None


def _plan(model: Model, board: Board | None, asked: _Asked) -> tuple[Plan | None, str]:
    """The model on the board, None where it cannot run there, and why: its arena is known all the same."""
    from mcusim.memory_report import NO_BOARD
    from mcusim.plan import check

    if board is None:
        return None, NO_BOARD
    try:
        check(model)
    except UnsupportedError as error:
        if asked.setup.words or asked.watch:
            raise
        return None, str(error)
    return asked.setup.plan(model, board), ""


def _watched(plan: Plan | None, no_plan: str, quiet: bool) -> Run:
    """An inference, for what it writes."""
    from mcusim.run import run

    if plan is None:
        raise UnsupportedError(no_plan)
    if plan.core.not_simulated is not None:
        raise UnsupportedError(f"{plan.board.id}: nothing can be executed: {plan.core.not_simulated}")
    with progress(quiet) as step:
        return run(plan, progress=step, link_orders=False)


def _shared(
    models: Sequence[str],
    board: str | None,
    json_path: str | None,
    format_name: str | None,
    output: str | None,
    quiet: bool,
) -> None:
    """The arena that several models share."""
    named = None if board is None else hardware.load_board(board)
    inputs = [*models, *board_files(board, named)]
    target = delivery.arrange(["text", "json"], inputs, json_path, format_name, output, quiet)
    from mcusim.renderers.shared_arena import text
    from mcusim.runtime import runtime_on
    from mcusim.shared_arena import share
    from mcusim.tflite import load

    result = share([load(one) for one in models], runtime_on(named))
    target.deliver({"text": lambda columns, colour: text(result, columns), "json": json_of(dataclasses.asdict(result))})


def _check_copy(write_plan: str | None, inputs: Sequence[str], target: delivery.Delivery) -> None:
    """BadInputError where the copy would overwrite what is read, or what else is written."""
    if write_plan is None:
        return
    place = os.path.realpath(write_plan)
    if place in map(os.path.realpath, inputs):
        raise BadInputError(f"{write_plan} is an input and would be overwritten; give the copy another path")
    if place in (os.path.realpath(path) for _, path in target.writes if path != delivery.STANDARD_OUTPUT):
        raise BadInputError(f"{write_plan} is where the report goes; give the copy another path")
