"""A model and a board → whether reference, plan and executed code agree."""

from __future__ import annotations

from typing import Annotated

import typer

from mcusim.command_line import (
    ArenaOption,
    BoardOption,
    ClockOption,
    JsonOption,
    KernelsOption,
    ModelArgument,
    OutputOption,
    QuietOption,
    RunFormatOption,
    Setup,
    WeightsOption,
    check_against,
    simulate,
)


def validate(
    model: ModelArgument,
    board: BoardOption,
    clock: ClockOption = None,
    weights: WeightsOption = None,
    arena: ArenaOption = None,
    kernels: KernelsOption = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="NAME", help="Also litert, litert-xnnpack, or a .npz file of tensors."),
    ] = None,
    json_path: JsonOption = None,
    format_name: RunFormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Compare reference, plan and executed target code, layer by layer and bit by bit.

    With --against also the reference and LiteRT, or what you dumped of any other runtime, tensor by tensor: known ways
    of rounding are told from real divergences, which alone give exit status 1.
    """
    if against is not None:
        check_against(against)
    simulate(
        "validate",
        "validation",
        model,
        board,
        Setup(clock, weights, arena, kernels),
        json_path,
        format_name,
        output,
        quiet,
        against=against,
    )
