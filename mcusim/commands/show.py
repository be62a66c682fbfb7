"""A saved run → any of its texts, without simulating."""

from __future__ import annotations

from typing import Annotated

import typer

from mcusim import delivery
from mcusim.command_line import (
    FormatOption,
    JsonOption,
    OutputOption,
    QuietOption,
    execution_renders,
    judge,
    judge_execution,
    run_renders,
)
from mcusim.errors import UnsupportedError


def show(
    run_file: Annotated[str, typer.Argument(help="A run saved with --json, of mcusim exec too.")],
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show a saved run (mcusim.run/1 or mcusim.exec/1) again, in any format and without simulating."""
    from mcusim import execution
    from mcusim.record import load_run
    from mcusim.renderers import RENDERERS
    from mcusim.renderers.execution import FORMATS

    if execution.is_execution(run_file):
        target = delivery.arrange(list(FORMATS), [run_file], json_path, format_name, output, quiet)
        executed = execution.load_execution(run_file)
        target.deliver(execution_renders(executed))
        judge_execution(executed)
    else:
        if format_name in FORMATS and format_name not in RENDERERS:
            raise UnsupportedError(
                f"the format {format_name!r} is one of runs of mcusim exec; of {run_file}: {', '.join(RENDERERS)}"
            )
        target = delivery.arrange(list(RENDERERS), [run_file], json_path, format_name, output, quiet)
        run = load_run(run_file)
        target.deliver(run_renders(run))
        judge(run)
