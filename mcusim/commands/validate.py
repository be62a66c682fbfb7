"""A model and a board → whether reference, plan and executed code agree."""

from __future__ import annotations

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
    simulate,
)


def validate(
    model: ModelArgument,
    board: BoardOption,
    clock: ClockOption = None,
    weights: WeightsOption = None,
    arena: ArenaOption = None,
    kernels: KernelsOption = None,
    json_path: JsonOption = None,
    format_name: RunFormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Compare reference, plan and executed target code, layer by layer and bit by bit."""
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
    )
