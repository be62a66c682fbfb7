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


def show(
    run_file: Annotated[str, typer.Argument(help="A run saved with --json.")],
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show a saved run again, in any format and without simulating."""
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
        target = delivery.arrange(list(RENDERERS), [run_file], json_path, format_name, output, quiet)
        run = load_run(run_file)
        target.deliver(run_renders(run))
        judge(run)
