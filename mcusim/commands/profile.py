"""A model and a board → its report: fit, memory, cycles, energy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from mcusim import delivery, hardware
from mcusim.command_line import (
    EMULATION,
    EXIT_NOT_FIT,
    ROWS,
    AppProfileOption,
    ArenaOption,
    ArenaSizeOption,
    BoardOption,
    ClockOption,
    EngineOption,
    FirmwareOption,
    JsonOption,
    KernelsOption,
    ModelArgument,
    OutputOption,
    QuietOption,
    RunFormatOption,
    Setup,
    WeightsOption,
    WhyOption,
    complain,
    json_of,
    progress,
    simulate,
)
from mcusim.errors import UnsupportedError

if TYPE_CHECKING:
    from mcusim.record import Run

EVERY_BOARD = "all"


def profile(
    model: ModelArgument,
    board: BoardOption,
    clock: ClockOption = None,
    weights: WeightsOption = None,
    arena: ArenaOption = None,
    arena_size: ArenaSizeOption = None,
    app_profile: AppProfileOption = None,
    firmware: FirmwareOption = None,
    kernels: KernelsOption = None,
    why: WhyOption = False,
    rate: Annotated[str | None, typer.Option(metavar="RATE", help="Inferences: 1Hz, 10/min, 4/h.")] = None,
    battery: Annotated[str | None, typer.Option(metavar="NAME", help="With --rate: CR2032, 1000mAh@3.7V, …")] = None,
    sleep: Annotated[str | None, typer.Option(metavar="CURRENT", help="With --rate: between inferences, 5uA.")] = None,
    json_path: JsonOption = None,
    format_name: RunFormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
    engine: EngineOption = EMULATION,
) -> None:
    """Simulate an inference: does it fit, how long does each layer take, and why.

    With --board all: one row for each known board; exit status 0 if the model fits, bit-exact, on one of them.
    """
    asked = _duty_cycle(rate, battery, sleep)
    setup = Setup(clock, weights, arena, kernels, why, app_profile or (), firmware, arena_size)
    if board == EVERY_BOARD:
        if rate is not None:
            raise UnsupportedError("--rate is for one board; name it with --board")
        if setup.words:
            raise UnsupportedError(f"{setup.words[0]} is for one board; name it with --board")
        if engine != EMULATION:
            raise UnsupportedError("--engine is for one board; name it with --board")
        _sweep(model, json_path, format_name, output, quiet)
    else:
        simulate("profile", "text", model, board, setup, json_path, format_name, output, quiet, asked, engine)


def _duty_cycle(rate: str | None, battery: str | None, sleep: str | None) -> Callable[[Run], Run] | None:
    """What --rate, --battery and --sleep add to a run; refused before anything runs where they make no sense."""
    from mcusim import energy

    if rate is None:
        if battery is not None or sleep is not None:
            raise UnsupportedError("--battery and --sleep need --rate, for example --rate 1Hz")
        return None
    rate_hz = energy.read_rate(rate)
    cell = None if battery is None else energy.read_battery(battery)
    sleep_a = None if sleep is None else energy.read_current(sleep)
    return lambda run: energy.with_duty_cycle(run, rate_hz, sleep_a, cell)


def _sweep(model: str, json_path: str | None, format_name: str | None, output: str | None, quiet: bool) -> None:
    """Profile a model on every board; exit status 1, and a line, unless it fits, bit-exact, on one."""
    target = delivery.arrange(ROWS, [model], json_path, format_name, output, quiet)
    from mcusim import sweep
    from mcusim.tflite import load

    loaded = load(model)
    known = [hardware.load_board(name) for name in hardware.board_names()]
    with progress(quiet) as step:
        rows = sweep.sweep(loaded, known, step, sweep.usable_processes())
    target.deliver(
        {
            "text": lambda columns, colour: sweep.text(loaded.name, rows, columns),
            "json": json_of([dataclasses.asdict(row) for row in rows]),
        }
    )
    if not sweep.holds(rows):
        complain(f"{loaded.name} fits on none of {len(rows)} boards")
        raise typer.Exit(EXIT_NOT_FIT)
