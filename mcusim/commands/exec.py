"""A bare-metal program and a board → its run, with the console, and its profile."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import typer

from mcusim import delivery, tables
from mcusim.command_line import (
    BoardOption,
    ClockOption,
    FormatOption,
    JsonOption,
    OutputOption,
    QuietOption,
    Setup,
    board_files,
    execution_renders,
    judge_execution,
)
from mcusim.errors import BadInputError

MOST_INSTRUCTIONS = 2_000_000_000  # unless it is said


def exec_firmware(
    firmware: Annotated[str, typer.Argument(help="An ELF, Intel HEX or raw binary file of a bare-metal program.")],
    board: BoardOption,
    clock: ClockOption = None,
    base: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Where a raw binary lies; flash.")] = None,
    chip: Annotated[str | None, typer.Option(metavar="NAME", help="Its peripherals: a name or TOML file.")] = None,
    entry: Annotated[str | None, typer.Option(metavar="SYMBOL", help="Run one function instead of from reset.")] = None,
    arguments: Annotated[
        str | None, typer.Option("--args", metavar="LIST", help="Its integers or symbols, commas between.")
    ] = None,
    vector_table: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Where the vector table is.")] = None,
    max_instructions: Annotated[int, typer.Option(metavar="N", min=1, help="Stop after so many.")] = MOST_INSTRUCTIONS,
    files: Annotated[str | None, typer.Option(metavar="DIR", help="Semihosting may use files in there.")] = None,
    input_file: Annotated[str | None, typer.Option("--input", metavar="FILE", help="Lines sent to the UART.")] = None,
    send: Annotated[list[str] | None, typer.Option(metavar="TEXT", help="Text sent to it; may be given again.")] = None,
    prompt: Annotated[str, typer.Option(metavar="TEXT", help="Send the next only once it has printed this.")] = "",
    until: Annotated[str, typer.Option(metavar="TEXT", help="End once it has printed this.")] = "",
    region: Annotated[
        str | None, typer.Option(metavar="WHAT", help="Count only calls of a function, 0x…:0x…, or timer.")
    ] = None,
    marker: Annotated[str | None, typer.Option(metavar="ADDRESS", help="… between two writes to a register.")] = None,
    region_text: Annotated[
        tuple[str, str] | None, typer.Option(metavar="START END", help="… between two texts that it prints.")
    ] = None,
    minus: Annotated[str | None, typer.Option(metavar="JSON", help="Subtract a run saved with --json.")] = None,
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Run any bare-metal firmware on a board: cycles by function and call site, stack, hot loops, its serial console.

    Exit status: 0 it ended by itself or waits for what never comes; 1 it fails, resets, or does not end.
    """
    options = {
        "--board": board,
        "--clock": clock,
        "--base": base,
        "--chip": chip,
        "--entry": entry,
        "--args": arguments,
        "--vector-table": vector_table,
        "--max-instructions": None if max_instructions == MOST_INSTRUCTIONS else str(max_instructions),
        "--files": files,
        "--input": input_file,
        "--prompt": prompt or None,
        "--until": until or None,
        "--region": region,
        "--marker": marker,
        "--minus": minus,
    }
    loaded_board = Setup(clock, None, None).board(board)
    from mcusim.renderers.execution import FORMATS

    given = [path for path in (firmware, chip, input_file, minus) if path is not None]
    inputs = [*given, *board_files(board, loaded_board)]
    target = delivery.arrange(list(FORMATS), inputs, json_path, format_name, output, quiet)
    from mcusim import chips, execute, execution, images, intervals, semihosting

    image = images.load_image(firmware, _address("--base", base) if base else execute.flash_address(loaded_board))
    interest = intervals.parse_interest(region, _address("--marker", marker), region_text, image)
    before = execution.load_execution(minus) if minus is not None else None
    pieces = (*(semihosting.read_input(input_file) if input_file is not None else ()), *map(str.encode, send or ()))
    show = None if quiet or target.prints_data else _show_console
    words = tuple(text.strip() for text in arguments.split(",")) if arguments else ()
    result = execute.execute(
        image,
        loaded_board,
        chips.load_chip(chip) if chip is not None else chips.chip_of(loaded_board.mcu),
        entry=execute.Entry(entry, words, _address("--vector-table", vector_table)),
        talk=execute.Talk(pieces, prompt, until, None if pieces else _terminal(), show, files),
        interest=interest,
        max_instructions=max_instructions,
        command=_command(firmware, options, send or (), region_text),
    )
    if show is not None and result.console and not result.console.endswith("\n"):
        delivery.print_text("\n")
    if before is not None:
        result = execution.minus(result, before)
    target.deliver(execution_renders(result))
    judge_execution(result)


def _command(
    firmware: str, options: Mapping[str, str | None], send: Sequence[str], region_text: tuple[str, str] | None
) -> str:
    """The command with everything that the result depends on, for a shell; `options` are None where not given."""
    words = ["mcusim", "exec", firmware]
    for option, value in options.items():
        words += [] if value is None else [option, value]
    for text in send:
        words += ["--send", text]
    return shlex.join(words if region_text is None else [*words, "--region-text", *region_text])


def _address(option: str, text: str | None) -> int | None:
    """An address as people write it."""
    if text is None:
        return None
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if not 0 <= value < 1 << 32:
        raise BadInputError(f"{option} {text}: expected an address of 32 bits, such as 0x08000000")
    return value


def _terminal() -> Callable[[], bytes | None] | None:
    """What asks the user for a line, where there is a terminal to ask at."""
    return _terminal_line if sys.stdin is not None and sys.stdin.isatty() else None


def _terminal_line() -> bytes | None:
    """A line that the user types, None at the end of input."""
    return sys.stdin.readline().encode() or None


def _show_console(data: bytes) -> None:
    """What the program prints, as it does, without anything that could act on the terminal."""
    text = data.decode("latin-1")
    delivery.print_text("".join(one if one in "\n\t" else tables.safe(one) for one in text if one != "\r"))
