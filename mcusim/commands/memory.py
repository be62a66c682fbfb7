"""A model → what planners make of its arena, what would make it smaller, and the best plan written into a copy."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from mcusim import delivery, hardware
from mcusim.command_line import FormatOption, ModelArgument, OutputOption, QuietOption
from mcusim.errors import BadInputError


def memory(
    model: ModelArgument,
    board: Annotated[
        str | None, typer.Option("--board", "-b", help="The board whose core it is for; else a Cortex-M with DSP.")
    ] = None,
    write_plan: Annotated[
        str | None,
        typer.Option("--write-plan", metavar="OUT.tflite", help="Write a copy of the model that has the best plan."),
    ] = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Compare planners of the arena: peak, waste, lower bound; layer order and aliases that would save RAM."""
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


def _check_copy(model: str, output: str | None, write_plan: str | None) -> None:
    """BadInputError where the copy would overwrite the model or the report."""
    if write_plan is None:
        return
    place = os.path.realpath(write_plan)
    if place == os.path.realpath(model):
        raise BadInputError(f"{write_plan} is the model and would be overwritten; give the copy another path")
    if output is not None and place == os.path.realpath(output):
        raise BadInputError(f"{write_plan} is where the report goes; give the copy another path")
