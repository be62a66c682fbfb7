"""Options of `mcusim memory --soak` → the soak, delivered, and the exit status."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from mcusim import delivery, hardware
from mcusim.command_line import EXIT_NOT_FIT, board_files, complain, progress
from mcusim.delivery import Render
from mcusim.errors import BadInputError, DoesNotFitError, UnsupportedError
from mcusim.regions import runs

if TYPE_CHECKING:
    from mcusim.hardware import Board
    from mcusim.soak import ArenaInfo, Soak

SOAK_FORMATS = ("text", "json", "csv", "svg")
DEFAULT_DAYS = 30.0
DAY_S, HOUR_S = 86400.0, 3600.0


@dataclass(frozen=True, slots=True)
class SoakOptions:
    """What the command line says about a soak; None where it says nothing."""

    workload: str | None = None
    heap: str | None = None
    heap_bytes: int | None = None
    days: float | None = None
    hours: float | None = None
    seed: int = 1
    seeds: int = 1

    @property
    def words(self) -> list[str]:
        """The options again."""
        named: Mapping[str, object] = {
            "--workload": self.workload,
            "--heap": self.heap,
            "--heap-bytes": self.heap_bytes,
            "--days": self.days,
            "--hours": self.hours,
            "--seed": self.seed,
            "--seeds": self.seeds if self.seeds > 1 else None,
        }
        return [
            "--soak",
            *(word for option, value in named.items() if value is not None for word in (option, f"{value}")),
        ]

    @property
    def seconds(self) -> float:
        """The simulated time; refuses what is none."""
        from mcusim.soak import LONGEST_DAYS

        if self.days is not None and self.hours is not None:
            raise UnsupportedError("--days and --hours are two ways to say the same; give one of them")
        seconds = self.hours * HOUR_S if self.hours is not None else (self.days or DEFAULT_DAYS) * DAY_S
        if self.days == 0 or not 0 < seconds <= LONGEST_DAYS * DAY_S:
            raise BadInputError(f"--days, --hours: expected more than 0 and at most {LONGEST_DAYS:,} days")
        return seconds


def soak_memory(
    model: str | None,
    board: str | None,
    options: SoakOptions,
    json_path: str | None,
    format_name: str | None,
    output: str | None,
    quiet: bool,
) -> None:
    """Run a workload on a heap and deliver; exit status 1, and why in a line, where a malloc fails.

    With a board, the heap lies in its largest bank; with a model too, beside its arena. Raises DoesNotFitError where
    they do not fit.
    """
    from mcusim.soak import BASE_ADDRESS, MOST_SEEDS, load_heap, soak
    from mcusim.workload import load_workload, workload_names

    if options.workload is None:
        raise UnsupportedError(
            f"--soak needs --workload NAME or FILE.toml: what is allocated beside the model; known: "
            f"{', '.join(workload_names())}"
        )
    if not 1 <= options.seeds <= MOST_SEEDS:
        raise BadInputError(f"--seeds {options.seeds}: expected 1 to {MOST_SEEDS}")
    seconds = options.seconds
    named = None if board is None else hardware.load_board(board)
    inputs = [*([model] if model else []), options.workload, *board_files(board, named)]
    target = delivery.arrange(SOAK_FORMATS, inputs, json_path, format_name, output, quiet)
    workload = load_workload(options.workload)
    heap = load_heap(options.heap or workload.heap)
    heap_bytes = workload.heap_bytes if options.heap_bytes is None else options.heap_bytes
    arena = None if model is None else _arena(model, named)
    taken = (arena.bytes if arena else 0, heap_bytes if workload.uses_heap else 0)
    base_address = BASE_ADDRESS if named is None else _place(named, *taken)
    words = [*([model] if model else []), *options.words, *(["--board", board] if board else [])]
    with progress(quiet) as step:
        result = soak(
            workload,
            seconds,
            range(options.seed, options.seed + options.seeds),
            heap.name,
            heap_bytes,
            base_address,
            shlex.join(["mcusim", "memory", *words]),
            step,
        )
    result = dataclasses.replace(result, arena=arena)
    target.deliver(soak_renders(result))
    judge_soak(result)


def soak_renders(run: Soak) -> dict[str, Render]:
    """The texts of a soak; only the report depends on the terminal's width."""
    from mcusim.renderers import soak_svg
    from mcusim.renderers.soak import csv_text, json_text, text

    return {
        "text": lambda columns, _: text(run, columns),
        "json": lambda columns, _: json_text(run),
        "csv": lambda columns, _: csv_text(run),
        "svg": lambda columns, _: soak_svg.render(run),
    }


def _arena(model: str, board: Board | None) -> ArenaInfo:
    """The smallest arena of a model."""
    from mcusim.arena import arena
    from mcusim.runtime import runtime_on
    from mcusim.soak import ArenaInfo
    from mcusim.tflite import load

    loaded, runtime = load(model), runtime_on(board)
    return ArenaInfo(loaded.name, arena(loaded, runtime).smallest_bytes)


def _place(board: Board, arena_bytes: int, heap_bytes: int) -> int:
    """Where a heap begins on a board: in its largest bank, behind the model's arena."""
    needed, there = heap_bytes + arena_bytes, board.largest_ram_bytes
    if needed > there:
        beside = f" beside an arena of {arena_bytes:,}" if arena_bytes else ""
        raise DoesNotFitError(
            f"a heap of {heap_bytes:,} bytes{beside} needs {needed - there:,} bytes more than {board.name} has in a "
            f"row, which is {there:,}"
        )
    bank = max(runs(board.main_regions("ram")), key=lambda run: sum(region.bytes for region in run))
    return bank[0].address + arena_bytes


def judge_soak(result: Soak) -> None:
    """Exit status 1, and why in a line, if a malloc failed."""
    if result.failures:
        from mcusim.renderers.soak import failure_words

        complain(f"{result.workload.name} on {result.heap.title}: {failure_words(result.failures[0])}")
        raise typer.Exit(EXIT_NOT_FIT)
