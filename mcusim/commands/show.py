"""A saved run or report → any of its texts, without simulating."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mcusim import delivery, documents
from mcusim.command_line import (
    COMPARISON_FORMATS,
    MEMORY_FORMATS,
    JsonOption,
    OutputOption,
    QuietOption,
    RunFormatOption,
    comparison_renders,
    execution_renders,
    judge,
    judge_comparison,
    judge_execution,
    judge_memory,
    memory_renders,
    run_renders,
)
from mcusim.delivery import Render
from mcusim.errors import UnsupportedError
from mcusim.evaluation_command import EVALUATION_FORMATS, evaluation_renders, judge_evaluation
from mcusim.record import SCHEMA as RUN_SCHEMA
from mcusim.soak_command import SOAK_FORMATS, judge_soak, soak_renders

if TYPE_CHECKING:
    from mcusim.soak import Soak


@dataclass(frozen=True, slots=True)
class _Kind:
    """Saved documents of a kind: the command that makes them, how they are read, rendered and judged."""

    made_by: str
    formats: tuple[str, ...]
    load: Callable[[str], Any]
    renders: Callable[[Any], dict[str, Render]]
    judge: Callable[[Any], None]


def show(
    run_file: Annotated[str, typer.Argument(help="What another command saved with --json.")],
    json_path: JsonOption = None,
    format_name: RunFormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show a saved run, or a saved report of another command, again: in any of its formats and without simulating."""
    kinds = _kinds()
    kind = kinds.get(documents.schema_of(run_file) or "", kinds[RUN_SCHEMA])
    others = {name for one in kinds.values() for name in one.formats}
    if format_name in others and format_name not in kind.formats:
        raise UnsupportedError(
            f"{run_file} is of the {kind.made_by}, which have no format {format_name!r}; theirs are "
            f"{', '.join(kind.formats)}"
        )
    target = delivery.arrange(kind.formats, [run_file], json_path, format_name, output, quiet)
    saved = kind.load(run_file)
    target.deliver(kind.renders(saved))
    kind.judge(saved)


def _kinds() -> Mapping[str, _Kind]:
    """The kinds by their schemas."""
    from mcusim import delta, evaluation, execution, memory_record, record
    from mcusim.renderers import RENDERERS
    from mcusim.renderers.execution import FORMATS

    runs = _Kind("runs of mcusim profile", tuple(RENDERERS), record.load_run, run_renders, judge)
    executed = execution.load_execution, execution_renders, judge_execution
    memory = memory_record.load_report, memory_renders, judge_memory
    evaluated = evaluation.load_evaluation, evaluation_renders, judge_evaluation
    compared = delta.load_comparison, comparison_renders, judge_comparison
    soaked = _load_soak, soak_renders, judge_soak
    return {
        RUN_SCHEMA: runs,
        execution.SCHEMA: _Kind("runs of mcusim exec", tuple(FORMATS), *executed),
        memory_record.SCHEMA: _Kind("reports of mcusim memory", MEMORY_FORMATS, *memory),
        evaluation.SCHEMA: _Kind("reports of mcusim evaluate", EVALUATION_FORMATS, *evaluated),
        delta.SCHEMA: _Kind("reports of mcusim compare", COMPARISON_FORMATS, *compared),
        memory_record.SOAK_SCHEMA: _Kind("reports of mcusim memory --soak", SOAK_FORMATS, *soaked),
    }


def _load_soak(path: str) -> Soak:
    """A saved soak, for which the heaps are imported and with them Numba."""
    from mcusim import saved_soak

    return saved_soak.load_soak(path)
