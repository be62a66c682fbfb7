"""What the commands of the command line share → options, texts of results, progress, and the exit status."""

from __future__ import annotations

import dataclasses
import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from mcusim import delivery, hardware, tables
from mcusim.clock import parse_clock
from mcusim.delivery import Render
from mcusim.errors import UnsupportedError

if TYPE_CHECKING:
    from mcusim.delta import Comparison
    from mcusim.execution import Execution
    from mcusim.hardware import Board
    from mcusim.memory_record import MemoryReport
    from mcusim.model import Model
    from mcusim.plan import Plan
    from mcusim.record import Run
    from mcusim.run import Progress as Progressed

PROGRESS_AFTER_S = 1.0
EXIT_NOT_FIT = 1
EMULATION, ESTIMATE = "emulation", "estimate"  # how cycles are found
ROWS = ("text", "json")  # the formats of a list
MEMORY_FORMATS = ("text", "json", "svg")
COMPARISON_FORMATS = ("text", "json", "markdown", "junit", "github", "comment", "benchmark")
MOST_REASONS = 10  # lines of why a comparison fails; the report has all of them

ModelArgument = Annotated[str, typer.Argument(help="A .tflite file, or a C array of one.")]
BoardOption = Annotated[str, typer.Option("--board", "-b", help="A board's name (see `mcusim boards`) or TOML file.")]
JsonOption = Annotated[
    str | None, typer.Option("--json", metavar="[PATH]", help="Write JSON to PATH too; without PATH, print it alone.")
]
FormatOption = Annotated[str | None, typer.Option("--format", metavar="NAME", help="text, json, …")]
RunFormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="text, validation, json, html, csv, markdown, svg, perfetto, speedscope, collapsed, model-explorer; "
        "for CI: junit, github, comment, benchmark.",
    ),
]
OutputOption = Annotated[
    str | None,
    typer.Option("-o", metavar="PATH", help="Write to PATH instead of printing; its ending may name the format."),
]
ClockOption = Annotated[
    str | None, typer.Option("--clock", metavar="CLOCK", help="Run the board at 80MHz, 16.5MHz, 80e6, …")
]
WeightsOption = Annotated[
    str | None, typer.Option("--weights", metavar="MEMORY", help="Where the model lies: flash, sram, qspi, dtcm, …")
]
ArenaOption = Annotated[
    str | None, typer.Option("--arena", metavar="MEMORY", help="Where the arena lies: sram, dtcm, ccm, SRAM1, …")
]
KernelsOption = Annotated[
    str | None,
    typer.Option("--kernels", metavar="LIB", help="Run the CMSIS-NN functions of LIB: an ELF file, .a or .o."),
]
AppProfileOption = Annotated[
    list[str] | None,
    typer.Option("--app-profile", metavar="NAME", help="What else runs: bare, freertos, ble_sensor, … or a TOML file."),
]
FirmwareOption = Annotated[
    str | None,
    typer.Option("--firmware", metavar="FILE", help="Your firmware's ELF or GNU ld map: its real .data, .bss, stack."),
]
ArenaSizeOption = Annotated[
    str | None, typer.Option("--arena-size", metavar="BYTES", help="The arena's size, given by hand: 24576, 24KB.")
]
WhyOption = Annotated[bool, typer.Option("--why", help="Simulate what faster variants of the kernels would gain, too.")]
EngineOption = Annotated[
    str, typer.Option("--engine", metavar="NAME", help="emulation, or estimate: cycles by formula, nothing executes.")
]
PolicyOption = Annotated[
    str | None, typer.Option("--policy", metavar="FILE", help="What may change; mcusim.toml here, else the defaults.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print no report and no progress.")]


@dataclasses.dataclass(frozen=True, slots=True)
class Setup:
    """What the options change about a board's run, None where not given; --why."""

    clock: str | None
    weights: str | None
    arena: str | None
    kernels: str | None = None
    why: bool = False
    app_profiles: Sequence[str] = ()
    firmware: str | None = None
    arena_size: str | None = None

    @property
    def words(self) -> list[str]:
        """The options again."""
        named = {
            "--clock": self.clock,
            "--weights": self.weights,
            "--arena": self.arena,
            "--kernels": self.kernels,
            "--firmware": self.firmware,
            "--arena-size": self.arena_size,
        }
        given = [(option, value) for option, value in named.items() if value is not None]
        given += [("--app-profile", name) for name in self.app_profiles]
        return ["--why"] * self.why + [word for pair in given for word in pair]

    @property
    def files(self) -> list[str]:
        """What the options name to be read, which no output may overwrite; some may be names of what is bundled."""
        return [one for one in (self.kernels, self.firmware, *self.app_profiles) if one is not None]

    @property
    def places(self) -> bool:
        """Whether weights or arena lie elsewhere than by default."""
        return self.weights is not None or self.arena is not None

    def board(self, name: str) -> Board:
        """The board at its clock."""
        board = hardware.load_board(name)
        return board if self.clock is None else board.at_clock(parse_clock(self.clock))

    def plan(self, model: Model, board: Board) -> Plan:
        """The model on the board with everything that the options say of memory."""
        from mcusim.app_profile import application_of, load_profile
        from mcusim.application import read_arena_bytes
        from mcusim.plan import plan

        application = application_of([load_profile(name) for name in self.app_profiles])
        if self.firmware is not None:
            from mcusim.firmware_application import with_firmware
            from mcusim.firmware_memory import load_firmware_memory

            application = with_firmware(load_firmware_memory(self.firmware), board, model, application)
        size = None if self.arena_size is None else read_arena_bytes(self.arena_size)
        weights = self.weights or "flash"
        return plan(model, board, weights=weights, arena=self.arena, application=application, arena_bytes=size)


def board_files(name: str | None, board: Board | None) -> list[str]:
    """What a board is read from, which no output may overwrite; some may be names of what is bundled."""
    return [] if name is None or board is None else [name, board.core]


def simulate(
    verb: str,
    report: str,
    model: str,
    board: str,
    setup: Setup,
    json_path: str | None,
    format_name: str | None,
    output: str | None,
    quiet: bool,
    duty_cycle: Callable[[Run], Run] | None = None,
    engine: str = EMULATION,
    against: str | None = None,
) -> None:
    """Run a model on a board and deliver; exit status 1, and why in a line, unless it fits and is bit-exact.

    `duty_cycle` adds average power and battery life to the run; with the engine "estimate" nothing is executed. With
    `against` the reference is compared with LiteRT, or a file of tensors, too.
    """
    if engine not in (EMULATION, ESTIMATE):
        raise UnsupportedError(f"unknown engine {engine!r}; known: {EMULATION}, {ESTIMATE}")
    loaded_board = setup.board(board)
    # The stages take a second to import: only where they are needed, and after what fails at once.
    from mcusim.renderers import RENDERERS

    formats = [report, *(name for name in RENDERERS if name != report)]
    inputs = [model, *board_files(board, loaded_board), *setup.files, *([against] if against else [])]
    target = delivery.arrange(formats, inputs, json_path, format_name, output, quiet)
    from mcusim.tflite import load

    asked = [] if engine == EMULATION else ["--engine", engine]
    asked += ["--against", against] if against else []
    command = shlex.join(["mcusim", verb, model, "--board", board, *setup.words, *asked])
    other = {} if against is None else _beside(load(model), against)
    if engine == ESTIMATE:
        result = _estimate(load(model), loaded_board, setup, command)
    else:
        with progress(quiet) as step:
            result = _run(verb, load(model), loaded_board, setup, command, step)
    if duty_cycle is not None:
        result = duty_cycle(result)
    result = dataclasses.replace(result, **other)
    target.deliver(run_renders(result))
    judge(result)


def check_against(name: str) -> None:
    """UnsupportedError for what the reference cannot be compared with, before anything runs."""
    from mcusim.against import check_name

    check_name(name)


def _beside(model: Model, name: str) -> dict[str, Any]:
    """What a run has of another implementation beside the reference."""
    from mcusim.against import against

    return {"against": against(model, name), "against_reason": None}


def _estimate(model: Model, board: Board, setup: Setup, command: str) -> Run:
    """The run of the cost formulas, which are those of mcusim's own kernels."""
    from mcusim.run import estimate_only

    if setup.kernels is not None or setup.why:
        raise UnsupportedError("--engine estimate executes nothing, so that --kernels and --why say nothing beside it")
    return estimate_only(setup.plan(model, board), command)


def _run(verb: str, model: Model, board: Board, setup: Setup, command: str, step: Progressed | None) -> Run:
    """The run that the options ask for, beside the one without them where that says more."""
    from mcusim.plan import plan
    from mcusim.run import beside_default, beside_own, plan_only, run

    planned = setup.plan(model, board)
    if planned.core.not_simulated is not None:
        if verb != "profile" or setup.kernels is not None:
            raise UnsupportedError(f"{board.id}: nothing can be executed: {planned.core.not_simulated}")
        return plan_only(planned, command)
    if setup.kernels is not None:
        from mcusim.replaced_kernels import with_kernels

        replaced = with_kernels(planned, setup.kernels)
        own = run(planned, command=command, progress=step, link_orders=False)
        return beside_own(run(replaced, command=command, progress=step, why=setup.why), own)
    result = run(planned, command=command, progress=step, why=setup.why)
    if setup.places and verb == "profile":
        default = plan(model, board, application=planned.application, arena_bytes=planned.given_arena_bytes)
        result = beside_default(result, run(default, command=command, progress=step))
    return result


def judge(run: Run) -> None:
    """Exit status 1, and why in a line, unless a run fits, is bit-exact and keeps up with the rate asked for."""
    from mcusim import energy

    wrong = [layer for layer in run.layers if layer.bit_exact is False]
    problems = list(run.verdict.reasons)
    if run.duty_cycle is not None and run.duty_cycle.busy_share > 1:
        problems.append(f"it {energy.duty_words(run.duty_cycle)}")
    if wrong:
        problems.append(f"{_layers(len(wrong), len(run.layers))} not bit-exact, layer {wrong[0].index} first")
    if run.against is not None and run.against.diverging:
        first = run.against.diverging[0]
        problems.append(f"the reference and {run.against.name} diverge, in layer {first.index} ({first.op}) first")
    if problems:
        complain(f"{run.model.name} on {run.board.name}: {'; '.join(problems)}")
        raise typer.Exit(EXIT_NOT_FIT)


def _layers(wrong: int, layers: int) -> str:
    """How many layers of how many, with the verb."""
    return "its only layer is" if layers == 1 else f"{wrong} of {layers} layers are"


def run_renders(run: Run) -> dict[str, Render]:
    """The texts of a run; the report depends on the terminal."""
    from mcusim.renderers import RENDERERS, text, validation

    def fixed(render: Callable[[Run], str]) -> Render:
        return lambda columns, colour: render(run)

    return {
        **{name: fixed(render) for name, render in RENDERERS.items()},
        "text": lambda columns, colour: text.render(run, columns, colour),
        "validation": lambda columns, colour: validation.render(run, columns),
    }


def judge_execution(run: Execution) -> None:
    """Exit status 1, and why in a line, if a program did not end well."""
    from mcusim.execution import FAILURES

    if run.end.kind in FAILURES or run.end.status:
        complain(f"{run.firmware.name} on {run.board.name}: {run.end.text}")
        raise typer.Exit(EXIT_NOT_FIT)


def execution_renders(run: Execution) -> dict[str, Render]:
    """The texts of an execution; only the report depends on the terminal's width."""
    from mcusim.renderers.execution import FORMATS, text

    def fixed(render: Callable[[Execution], str]) -> Render:
        return lambda columns, colour: render(run)

    return {name: fixed(render) for name, render in FORMATS.items()} | {"text": lambda columns, _: text(run, columns)}


def comparison_renders(comparison: Comparison) -> dict[str, Render]:
    """The texts of a comparison; only the report depends on the terminal's width."""
    from mcusim import verdicts
    from mcusim.delta import json_text
    from mcusim.renderers import benchmark, comment, comparison_markdown, github, junit
    from mcusim.renderers import comparison as report

    return {
        "text": lambda columns, colour: report.text(comparison, columns),
        "json": lambda columns, colour: json_text(comparison),
        "markdown": lambda columns, colour: comparison_markdown.render(comparison),
        "junit": lambda columns, colour: junit.render(verdicts.of_comparison(comparison)),
        "github": lambda columns, colour: github.render(verdicts.of_comparison(comparison)),
        "comment": lambda columns, colour: comment.render(comparison_markdown.render(comparison)),
        "benchmark": lambda columns, colour: benchmark.of_comparison(comparison),
    }


def judge_comparison(comparison: Comparison) -> None:
    """Exit status 1, and each reason in a line, where the policy fails."""
    failing = [one.sentence for one in comparison.failures_of_no_pair]
    for delta in comparison.deltas:
        failing += [f"{delta.after.model} on {delta.after.board}: {one.sentence}" for one in delta.failures]
    for words in failing[:MOST_REASONS]:
        complain(words)
    if len(failing) > MOST_REASONS:
        complain(f"{len(failing) - MOST_REASONS} more reasons (the report has all of them)")
    if failing:
        raise typer.Exit(EXIT_NOT_FIT)


def memory_renders(report: MemoryReport) -> dict[str, Render]:
    """The texts of a report on a model's arena."""
    from mcusim.memory_record import json_text
    from mcusim.renderers import arena_svg, planners

    return {
        "text": lambda columns, colour: planners.text(report, columns, colour),
        "json": lambda columns, colour: json_text(report),
        "svg": lambda columns, colour: arena_svg.render(report),
    }


def judge_memory(report: MemoryReport) -> None:
    """Exit status 1, and why in a line, if an arena does not fit."""
    if report.reasons:
        where = f" on {report.board}" if report.board else ""
        complain(f"{report.model.name}{where}: {'; '.join(report.reasons)}")
        raise typer.Exit(EXIT_NOT_FIT)


def listing(headers: Sequence[str], rows: Sequence[Sequence[str]], facts: object) -> dict[str, Render]:
    """The texts of a list: a table for people, and its facts as JSON."""
    return {
        "text": lambda columns, colour: tables.grid(headers, rows, columns),
        "json": json_of(facts),
    }


def json_of(facts: object) -> Render:
    """Facts as a JSON document."""
    return lambda columns, colour: json.dumps(facts, indent=2) + "\n"


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[int, int, str], None] | None]:
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


def complain(text: str) -> None:
    """A line on the standard error, where there is one."""
    if sys.stderr is not None:  # None: the caller closed it
        print(f"mcusim: {tables.safe(' '.join(text.split()))}", file=sys.stderr)
