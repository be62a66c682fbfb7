"""Command line → one function a verb: call the stages, deliver the texts, give the exit status."""

from __future__ import annotations

import dataclasses
import io
import json
import shlex
import sys
import time
import tomllib
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from mcusim import delivery, documents, hardware, tables
from mcusim.delivery import PipeClosedError, Render
from mcusim.errors import BadInputError, DoesNotFitError, McusimError

if TYPE_CHECKING:
    from mcusim.record import Run

USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]  # Click's, wherever this Typer keeps it
PROGRESS_AFTER_S = 1.0
EXIT_NOT_FIT, EXIT_REFUSED, EXIT_INTERRUPTED, EXIT_PIPE_CLOSED = 1, 2, 130, 141
ROWS = ("text", "json")  # the formats of a list

app = typer.Typer(
    name="mcusim",
    help="Fit, cycles and bit-exactness of int8 TensorFlow Lite models on Cortex-M boards, without the board. "
    "Exit status: 0 fits and bit-exact; 1 does not fit or not bit-exact; 2 bad usage, bad input or unsupported. "
    "With any command, --debug shows the traceback of an error.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ModelArgument = Annotated[str, typer.Argument(help="A .tflite file, or a C array of one.")]
BoardOption = Annotated[str, typer.Option("--board", "-b", help="A board's name (see `mcusim boards`) or TOML file.")]
JsonOption = Annotated[
    str | None, typer.Option("--json", metavar="[PATH]", help="Write JSON to PATH too; without PATH, print it alone.")
]
FormatOption = Annotated[str | None, typer.Option("--format", metavar="NAME", help="text, json, …")]
OutputOption = Annotated[str | None, typer.Option("-o", metavar="PATH", help="Write to PATH instead of printing.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print no report and no progress.")]


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


@app.command()
def profile(
    model: ModelArgument,
    board: BoardOption,
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Simulate an inference: does it fit, how long does each layer take, and why."""
    _simulate("profile", "text", model, board, json_path, format_name, output, quiet)


@app.command()
def validate(
    model: ModelArgument,
    board: BoardOption,
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Compare reference, plan and executed target code, layer by layer and bit by bit."""
    _simulate("validate", "validation", model, board, json_path, format_name, output, quiet)


@app.command()
def show(
    run_file: Annotated[str, typer.Argument(help="A run saved with --json.")],
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show a saved run again, in any format and without simulating."""
    from mcusim.record import load_run
    from mcusim.renderers import RENDERERS

    target = delivery.arrange(list(RENDERERS), [run_file], json_path, format_name, output, quiet)
    run = load_run(run_file)
    target.deliver(_run_renders(run))
    _judge(run)


@app.command()
def boards(
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List the known boards: sizes in KiB, RAM also without gaps, wait states of flash."""
    target = delivery.arrange(ROWS, [], json_path, format_name, output, quiet)
    known = [hardware.load_board(name) for name in hardware.board_names()]
    rows = []
    for one in known:
        waits = one.flash_timing.wait_states
        sizes = (one.ram_bytes, one.largest_ram_bytes, one.flash_bytes)
        figures = [f"{one.clock_hz / 1e6:g}", *(f"{size // 1024}K" for size in sizes), "?" if waits is None else waits]
        rows.append([one.id, one.mcu, one.core, *map(str, figures)])
    headers = ["board", "MCU", "core", ">MHz", ">RAM", ">gapless", ">flash", ">waits"]
    target.deliver(_listing(headers, rows, [dataclasses.asdict(one) for one in known]))


@app.command()
def cores(
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List the known cores, with the number of instructions timed and of pipeline rules."""
    target = delivery.arrange(ROWS, [], json_path, format_name, output, quiet)
    known = [hardware.load_core(name) for name in hardware.core_names()]
    rows = []
    for one in known:
        extensions = ["yes" if flag else "no" for flag in (one.dsp, one.mve)]
        counts = [str(len(one.timings)), str(len(one.rules))]
        rows.append([one.id, one.name, one.isa, *extensions, one.fpu or "none", one.pipeline, *counts])
    headers = ["core", "name", "ISA", "DSP", "MVE", "FPU", "pipeline", ">instr.", ">rules"]
    target.deliver(_listing(headers, rows, [dataclasses.asdict(one) for one in known]))


@app.command()
def ops(
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List the operators that can be run."""
    target = delivery.arrange(ROWS, [], json_path, format_name, output, quiet)
    from mcusim.ops import OPERATORS

    facts = [{"op": name, "dtype": "int8", "kernels": list(op.KERNELS)} for name, op in OPERATORS.items()]
    rows = [
        [name, "int8", kernel, "CMSIS-NN" if kernel.startswith("arm_") else "reference"]
        for name, op in OPERATORS.items()
        for kernel in op.KERNELS
    ]
    target.deliver(_listing(["operator", "type", "kernel", "as in"], rows, facts))


@app.command()
def models(
    folder: Annotated[str, typer.Argument(help="The folder of MODELS.toml.")] = "models",
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List the models that come with mcusim's sources."""
    path = Path(folder) / "MODELS.toml"
    target = delivery.arrange(ROWS, [str(path)], json_path, format_name, output, quiet)
    expected = "the MODELS.toml of the folder models/ in mcusim's sources"
    keys = ("file", "bytes", "macs", "score", "metric", "title")
    try:
        listed = tomllib.loads(documents.read_text(path, hardware.FILE_LIMIT_BYTES, expected))
        facts = [{"name": name, **{key: row[key] for key in keys}} for name, row in listed.items()]
        rows = [[one["name"], f"{one['bytes']:,}", f"{one['macs']:,}", str(one["title"])] for one in facts]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadInputError(f"{path}: {type(error).__name__} {error}; {expected} is expected") from None
    target.deliver(_listing(["model", ">bytes", ">MACs", "what it does"], rows, facts))


def _simulate(
    verb: str,
    report: str,
    model: str,
    board: str,
    json_path: str | None,
    format_name: str | None,
    output: str | None,
    quiet: bool,
) -> None:
    """Run a model on a board and deliver; exit status 1, and why in a line, unless it fits and is bit-exact."""
    loaded_board = hardware.load_board(board)
    # The stages take a second to import: only where they are needed, and after what fails at once.
    from mcusim.renderers import RENDERERS

    formats = [report, *(name for name in RENDERERS if name != report)]
    target = delivery.arrange(formats, [model, board], json_path, format_name, output, quiet)
    from mcusim.plan import plan
    from mcusim.run import run
    from mcusim.tflite import load

    command = shlex.join(["mcusim", verb, model, "--board", board])
    with _progress(quiet) as step:
        result = run(plan(load(model), loaded_board), command=command, progress=step)
    target.deliver(_run_renders(result))
    _judge(result)


def _judge(run: Run) -> None:
    """Exit status 1, and why in a line, unless a run fits and is bit-exact."""
    wrong = [layer for layer in run.layers if not layer.bit_exact]
    problems = list(run.verdict.reasons)
    if wrong:
        problems.append(f"{len(wrong)} of {len(run.layers)} layers are not bit-exact, layer {wrong[0].index} first")
    if problems:
        _complain(f"{run.model.name} on {run.board.name}: {'; '.join(problems)}")
        raise typer.Exit(EXIT_NOT_FIT)


def _run_renders(run: Run) -> dict[str, Render]:
    from mcusim.renderers import RENDERERS, text, validation

    def fixed(render: Callable[[Run], str]) -> Render:
        return lambda columns, colour: render(run)

    return {
        **{name: fixed(render) for name, render in RENDERERS.items()},
        "text": lambda columns, colour: text.render(run, columns, colour),
        "validation": lambda columns, colour: validation.render(run, columns),
    }


def _listing(headers: Sequence[str], rows: Sequence[Sequence[str]], facts: object) -> dict[str, Render]:
    return {
        "text": lambda columns, colour: tables.grid(headers, rows, columns),
        "json": lambda columns, colour: json.dumps(facts, indent=2) + "\n",
    }


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[int, int, str], None] | None]:
    """A bar on the standard error, if that is a terminal, once the work has taken a second."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    begin = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task("", total=None)

    def step(done: int, total: int, what: str) -> None:
        bar.update(task, completed=done, total=total, description=what)
        if time.monotonic() - begin > PROGRESS_AFTER_S:
            bar.start()

    try:
        yield step
    finally:
        bar.stop()


def _complain(text: str) -> None:
    if sys.stderr is not None:  # None: the caller closed it
        print(f"mcusim: {tables.safe(' '.join(text.split()))}", file=sys.stderr)


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
        status = app(args=_arguments(given), prog_name="mcusim", standalone_mode=False)
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
        _complain(f"error: {message} (mcusim --help shows the usage)")
    elif isinstance(error, McusimError):
        _complain(f"error: {error}")
    else:
        _complain(f"error: this is a bug in mcusim: {type(error).__name__}: {error} (--debug shows where)")
    return EXIT_NOT_FIT if isinstance(error, DoesNotFitError) else EXIT_REFUSED
