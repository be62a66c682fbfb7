"""Command line → its command, and for an error one line and the exit status."""

from __future__ import annotations

import io
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from mcusim import delivery
from mcusim.command_line import EXIT_NOT_FIT, complain
from mcusim.commands import COMMANDS
from mcusim.delivery import PipeClosedError
from mcusim.errors import DoesNotFitError, McusimError
from mcusim.interpreter import unhindered

USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]  # Click's, wherever this Typer keeps it
EXIT_REFUSED, EXIT_INTERRUPTED, EXIT_PIPE_CLOSED = 2, 130, 141

app = typer.Typer(
    name="mcusim",
    help="Fit, cycles and bit-exactness of int8 and int16 TensorFlow Lite models on Cortex-M boards, without the "
    "board. Exit status: 0 fits and bit-exact; 1 does not fit or not bit-exact; 2 bad usage, bad input or unsupported. "
    "With any command, --debug shows the traceback of an error.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from mcusim.record import VERSION

        delivery.print_text(f"mcusim {VERSION}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(EXIT_REFUSED)


def _arguments(given: Sequence[str]) -> list[str]:
    """The arguments with --json's optional value filled in ("-"), and without --debug."""
    arguments: list[str] = []
    for index, argument in enumerate(given):
        if argument == "--debug":
            continue
        arguments.append(argument)
        following = given[index + 1] if index + 1 < len(given) else "--"
        if argument == "--json" and following.startswith("-") and following != "-":
            arguments.append("-")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status. An error is one line on the standard error."""
    given = sys.argv[1:] if argv is None else list(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without these characters is no reason to fail
    try:
        arguments = _arguments(given)
        status = unhindered(lambda: app(args=arguments, prog_name="mcusim", standalone_mode=False), argv is None)
        return status if isinstance(status, int) else 0
    except PipeClosedError:
        delivery.silence_standard_output()
        return EXIT_PIPE_CLOSED
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except Exception as error:
        if "--debug" in given:
            traceback.print_exc()
        return _refuse(error)


def _refuse(error: Exception) -> int:
    """One line about an error; returns the exit status."""
    if isinstance(error, USAGE_ERROR):
        message = str(getattr(error, "format_message", error.__str__)())
        complain(f"error: {message} (mcusim --help shows the usage)")
    elif isinstance(error, McusimError):
        complain(f"error: {error}")
    else:
        complain(f"error: this is a bug in mcusim: {type(error).__name__}: {error} (--debug shows where)")
    return EXIT_NOT_FIT if isinstance(error, DoesNotFitError) else EXIT_REFUSED
