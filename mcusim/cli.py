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
from mcusim.clock import parse_clock
from mcusim.delivery import PipeClosedError, Render
from mcusim.errors import BadInputError, DoesNotFitError, McusimError, UnsupportedError

if TYPE_CHECKING:
    from mcusim.hardware import Board
    from mcusim.record import Run

USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]  # Click's, wherever this Typer keeps it
PROGRESS_AFTER_S = 1.0
EXIT_NOT_FIT, EXIT_REFUSED, EXIT_INTERRUPTED, EXIT_PIPE_CLOSED = 1, 2, 130, 141
ROWS = ("text", "json")  # the formats of a list
EVERY_BOARD = "all"

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
ClockOption = Annotated[
    str | None, typer.Option("--clock", metavar="CLOCK", help="Run the board at 80MHz, 16.5MHz, 80e6, …")
]
WeightsOption = Annotated[
    str | None, typer.Option("--weights", metavar="MEMORY", help="Where the model lies: flash, sram, qspi, dtcm, …")
]
ArenaOption = Annotated[
    str | None, typer.Option("--arena", metavar="MEMORY", help="Where the arena lies: sram, dtcm, ccm, SRAM1, …")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print no report and no progress.")]


@dataclasses.dataclass(frozen=True, slots=True)
class _Setup:
    """What --clock, --weights and --arena change about a board's run; None where not given."""

    clock: str | None
    weights: str | None
    arena: str | None

    @property
    def words(self) -> list[str]:
        """The options again."""
        named = {"--clock": self.clock, "--weights": self.weights, "--arena": self.arena}
        return [word for option, value in named.items() if value is not None for word in (option, value)]

    @property
    def places(self) -> bool:
        """Whether weights or arena lie elsewhere than by default."""
        return self.weights is not None or self.arena is not None

    def board(self, name: str) -> Board:
        """The board at its clock."""
        board = hardware.load_board(name)
        return board if self.clock is None else board.at_clock(parse_clock(self.clock))


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
    clock: ClockOption = None,
    weights: WeightsOption = None,
    arena: ArenaOption = None,
    rate: Annotated[str | None, typer.Option(metavar="RATE", help="Inferences: 1Hz, 10/min, 4/h.")] = None,
    battery: Annotated[str | None, typer.Option(metavar="NAME", help="With --rate: CR2032, 1000mAh@3.7V, …")] = None,
    sleep: Annotated[str | None, typer.Option(metavar="CURRENT", help="With --rate: between inferences, 5uA.")] = None,
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Simulate an inference: does it fit, how long does each layer take, and why.

    With --board all: one row for each known board; exit status 0 if the model fits, bit-exact, on one of them.
    """
    asked = _duty_cycle(rate, battery, sleep)
    setup = _Setup(clock, weights, arena)
    if board == EVERY_BOARD:
        if rate is not None:
            raise UnsupportedError("--rate is for one board; name it with --board")
        if setup.words:
            raise UnsupportedError(f"{setup.words[0]} is for one board; name it with --board")
        _sweep(model, json_path, format_name, output, quiet)
    else:
        _simulate("profile", "text", model, board, setup, json_path, format_name, output, quiet, asked)


@app.command()
def validate(
    model: ModelArgument,
    board: BoardOption,
    clock: ClockOption = None,
    weights: WeightsOption = None,
    arena: ArenaOption = None,
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Compare reference, plan and executed target code, layer by layer and bit by bit."""
    _simulate(
        "validate", "validation", model, board, _Setup(clock, weights, arena), json_path, format_name, output, quiet
    )


@app.command()
def accuracy(
    models_folders: Annotated[
        list[str] | None, typer.Option("--models", metavar="DIR", help="Where models are; may be given again.")
    ] = None,
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Predict published measurements: the error of each, by core and memory timing."""
    target = delivery.arrange(("text", "json", "markdown"), [], json_path, format_name, output, quiet)
    from mcusim import accuracy as stage

    with _progress(quiet) as step:
        result = stage.compare(stage.model_folders(models_folders or ()), step)
    target.deliver(
        {
            "text": lambda columns, colour: stage.text(result, columns),
            "markdown": lambda columns, colour: stage.markdown(result),
            "json": _json_of(dataclasses.asdict(result)),
        }
    )


@app.command()
def calibrate(
    board: BoardOption,
    log: Annotated[str, typer.Option("--from", metavar="CSV", help="Your measurements.")],
    output: Annotated[str, typer.Option("-o", metavar="TOML", help="The board's file that is written.")],
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    quiet: QuietOption = False,
) -> None:
    """Fit a board's open timing parameters to your own measurements and write a board file of it.

    The CSV has a line of column names and a row a measurement: model (path of the .tflite file, from the CSV's
    folder), layer (index of the operator; empty: the whole inference), cycles (of DWT.CYCCNT) and/or latency_us.
    Rows with both tell the clock. Open are the refill of conditional branches and every memory parameter of which
    the board's file has several values.
    """
    loaded_board, document = hardware.load_board(board), hardware.board_document(board)
    report = delivery.arrange(ROWS, [board, log], json_path, format_name, None, quiet)
    delivery.arrange(ROWS, [board, log, *(path for _, path in report.writes)], None, None, output, quiet)
    if not output.endswith(".toml"):
        raise UnsupportedError(f"{output}: a board's file ends in .toml")
    from mcusim import calibrate as stage
    from mcusim.measured_log import read_log
    from mcusim.toml_text import to_toml

    rows = read_log(log)
    with _progress(quiet) as step:
        result = stage.calibrate(loaded_board, rows, log, stage.predictor(), step)
    changed = stage.changed_document(document, stage.file_changes(result, loaded_board), board, output)
    documents.write_text(output, to_toml(changed))
    report.deliver(
        {"text": lambda columns, colour: stage.text(result, columns), "json": _json_of(dataclasses.asdict(result))}
    )


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
    """List the known boards: sizes in KiB, RAM of all banks; waits: wait states of flash at the clock."""
    target = delivery.arrange(ROWS, [], json_path, format_name, output, quiet)
    known = [hardware.load_board(name) for name in hardware.board_names()]
    rows, facts = [], []
    for one in known:
        core, waits = hardware.load_core(one.core), one.flash_timing.wait_states
        sizes = [f"{size // 1024}K" for size in (one.ram_bytes, one.flash_bytes)]
        system = one.memory.model if one.memory else "zero_wait"
        system, timed = ("–", "no") if core.not_simulated else (system, "yes")
        figures = [f"{one.clock_hz / 1e6:g}", *sizes, "?" if waits is None else str(waits)]
        rows.append([one.id, core.name.removeprefix("Cortex-"), *figures, system, timed, one.mcu])
        facts.append({**dataclasses.asdict(one), "cycles_reason": core.not_simulated})
    headers = ["board", "core", ">MHz", ">RAM", ">flash", ">waits", "memory", "cycles", "MCU"]
    target.deliver(_listing(headers, rows, facts))


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
        for kernel in op.KERNELS or ("none",)
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


@app.command("exec")
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
    max_instructions: Annotated[int, typer.Option(metavar="N", min=1, help="Stop after so many.")] = 2_000_000_000,
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
    loaded_board = _Setup(clock, None, None).board(board)
    from mcusim.renderers.execution import FORMATS

    inputs = [path for path in (firmware, board, input_file, minus) if path is not None]
    target = delivery.arrange(list(FORMATS), inputs, json_path, format_name, output, quiet)
    from mcusim import chips, execute, execution, images, intervals, semihosting

    image = images.load_image(firmware, _address("--base", base) if base else execute.flash_address(loaded_board))
    interest = intervals.parse_interest(region, _address("--marker", marker), region_text, image)
    before = execution.load_execution(minus) if minus is not None else None
    pieces = semihosting.read_input(input_file) if input_file is not None else ()
    talk = execute.Talk(
        pieces=(*pieces, *(text.encode() for text in send or ())),
        prompt=prompt,
        until=until,
        ask=_terminal_line if sys.stdin is not None and sys.stdin.isatty() and not (pieces or send) else None,
        show=None if quiet or target.prints_data else _show_console,
        files=files,
    )
    start = execute.Entry(
        entry,
        tuple(text.strip() for text in arguments.split(",")) if arguments else (),
        _address("--vector-table", vector_table),
    )
    result = execute.execute(
        image,
        loaded_board,
        hardware.board_core(loaded_board),
        chips.load_chip(chip) if chip is not None else chips.chip_of(loaded_board.mcu),
        entry=start,
        talk=talk,
        interest=interest,
        max_instructions=max_instructions,
        command=shlex.join(["mcusim", "exec", firmware, "--board", board]),
    )
    if talk.show is not None and result.console and not result.console.endswith("\n"):
        delivery.print_text("\n")
    if before is not None:
        result = execution.minus(result, before)
    target.deliver({name: _fixed(render, result, name) for name, render in FORMATS.items()})
    if result.end.kind in execution.FAILURES or result.end.status:
        _complain(f"{result.firmware.name} on {result.board.name}: {result.end.text}")
        raise typer.Exit(EXIT_NOT_FIT)


def _fixed(render: Callable[..., str], result: object, name: str) -> Render:
    """A text of an execution; only the report depends on the terminal's width."""
    return lambda columns, colour: render(result, columns) if name == "text" else render(result)


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


def _terminal_line() -> bytes | None:
    """A line that the user types, None at the end of input."""
    return sys.stdin.readline().encode() or None


def _show_console(data: bytes) -> None:
    """What the program prints, as it does, without anything that could act on the terminal."""
    text = data.decode("latin-1")
    delivery.print_text("".join(one if one in "\n\t" else tables.safe(one) for one in text if one != "\r"))


def _simulate(
    verb: str,
    report: str,
    model: str,
    board: str,
    setup: _Setup,
    json_path: str | None,
    format_name: str | None,
    output: str | None,
    quiet: bool,
    duty_cycle: Callable[[Run], Run] | None = None,
) -> None:
    """Run a model on a board and deliver; exit status 1, and why in a line, unless it fits and is bit-exact.

    `duty_cycle` adds average power and battery life to the run.
    """
    loaded_board = setup.board(board)
    # The stages take a second to import: only where they are needed, and after what fails at once.
    from mcusim.renderers import RENDERERS

    formats = [report, *(name for name in RENDERERS if name != report)]
    target = delivery.arrange(formats, [model, board], json_path, format_name, output, quiet)
    from mcusim.plan import plan
    from mcusim.run import beside_default, plan_only, run
    from mcusim.tflite import load

    command = shlex.join(["mcusim", verb, model, "--board", board, *setup.words])
    loaded = load(model)
    planned = plan(loaded, loaded_board, weights=setup.weights or "flash", arena=setup.arena)
    if planned.core.not_simulated is None:
        with _progress(quiet) as step:
            result = run(planned, command=command, progress=step)
        if setup.places and verb == "profile":
            with _progress(quiet) as step:
                default = run(plan(loaded, loaded_board), command=command, progress=step)
            result = beside_default(result, default)
    elif verb == "profile":
        result = plan_only(planned, command)
    else:
        raise UnsupportedError(f"{board}: nothing to compare with: {planned.core.not_simulated}")
    if duty_cycle is not None:
        result = duty_cycle(result)
    target.deliver(_run_renders(result))
    _judge(result)


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
    with _progress(quiet) as step:
        rows = sweep.sweep(loaded, known, step)
    target.deliver(
        {
            "text": lambda columns, colour: sweep.text(loaded.name, rows, columns),
            "json": _json_of([dataclasses.asdict(row) for row in rows]),
        }
    )
    if not sweep.holds(rows):
        _complain(f"{loaded.name} fits on none of {len(rows)} boards")
        raise typer.Exit(EXIT_NOT_FIT)


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
        "json": _json_of(facts),
    }


def _json_of(facts: object) -> Render:
    return lambda columns, colour: json.dumps(facts, indent=2) + "\n"


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
