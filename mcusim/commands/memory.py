"""A model → what planners make of its arena, what would make it smaller, and the best plan written into a copy."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import Annotated

import typer

from mcusim import delivery, hardware
from mcusim.command_line import FormatOption, JsonOption, OutputOption, QuietOption, json_of
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.soak_command import SoakOptions, runtime_of, soak_memory


def memory(
    model: Annotated[
        str | None, typer.Argument(help="A .tflite file, or a C array of one; may be left out with --soak.")
    ] = None,
    board: Annotated[
        str | None, typer.Option("--board", "-b", help="The board whose core it is for; else a Cortex-M with DSP.")
    ] = None,
    write_plan: Annotated[
        str | None,
        typer.Option("--write-plan", metavar="OUT.tflite", help="Write a copy of the model that has the best plan."),
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="MODEL", help="Another model in the same arena; may be given again."),
    ] = None,
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
    """Compare planners of the arena: peak, waste, lower bound; layer order and aliases that would save RAM.

    With --with, the arena that several models share; with --soak, a heap over simulated days: exit status 1 if a
    malloc fails.
    """
    options = SoakOptions(workload, heap, heap_bytes, days, hours, seed, seeds)
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
    if json_path is not None:
        raise UnsupportedError("--json goes with --soak and --with; the planners have a text only")
    named = hardware.load_board(board) if board is not None else None
    target = delivery.arrange(["text"], [model, *([board] if board else [])], None, format_name, output, quiet)
    _check_copy(model, output, write_plan)
    from mcusim import memory_study
    from mcusim.renderers import planners
    from mcusim.runtime import Runtime
    from mcusim.tflite import load

    loaded = load(model)
    if named is None:
        study = memory_study.study(loaded)
    else:
        core = hardware.board_core(named)
        study = memory_study.study(loaded, Runtime("cmsis_nn", core.dsp, core.mve), named.id)
    written = None if write_plan is None else memory_study.write_plan(study, write_plan)
    target.deliver({"text": lambda columns, colour: planners.text(study, written, columns)})


def _shared(
    models: Sequence[str],
    board: str | None,
    json_path: str | None,
    format_name: str | None,
    output: str | None,
    quiet: bool,
) -> None:
    """The arena that several models share."""
    runtime = runtime_of(board)
    inputs = [*models, *([board] if board else [])]
    target = delivery.arrange(["text", "json"], inputs, json_path, format_name, output, quiet)
    from mcusim.renderers.shared_arena import text
    from mcusim.shared_arena import share
    from mcusim.tflite import load

    result = share([load(one) for one in models], runtime)
    target.deliver({"text": lambda columns, colour: text(result, columns), "json": json_of(dataclasses.asdict(result))})


def _check_copy(model: str, output: str | None, write_plan: str | None) -> None:
    """BadInputError where the copy would overwrite the model or the report."""
    if write_plan is None:
        return
    place = os.path.realpath(write_plan)
    if place == os.path.realpath(model):
        raise BadInputError(f"{write_plan} is the model and would be overwritten; give the copy another path")
    if output is not None and place == os.path.realpath(output):
        raise BadInputError(f"{write_plan} is where the report goes; give the copy another path")
