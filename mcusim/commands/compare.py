"""Two saved runs, directories of them, or runs and the baseline → what differs, why, and whether it passes."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from mcusim import delivery, documents
from mcusim.command_line import (
    COMPARISON_FORMATS,
    FormatOption,
    JsonOption,
    OutputOption,
    PolicyOption,
    QuietOption,
    comparison_renders,
    judge_comparison,
)
from mcusim.policy import load_policy


def compare(
    before: Annotated[str, typer.Argument(help="A saved run, or a directory of runs.")],
    after: Annotated[
        str | None,
        typer.Argument(help="The same, newer. Without it, BEFORE is compared with the baseline."),
    ] = None,
    policy: PolicyOption = None,
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Say what differs between saved runs, layer by layer, and why; exit status 1 where the policy fails.

    Runs are saved with `mcusim profile … --json RUN.json`, baselines with `mcusim baseline update RUN.json`. The policy
    is mcusim.toml: what cycles and bytes may grow by.
    """
    from mcusim import baseline

    rules = load_policy(policy)
    newer, left_out = baseline.read_runs(before if after is None else after)
    if after is None:
        older = tuple(baseline.baseline_of(one.run, rules.baseline_directory) for one in newer)
        found = baseline.Matched(tuple(zip(older, newer, strict=True)), (), ())
    else:
        older, others = baseline.read_runs(before)
        found, left_out = baseline.match(older, newer), (*others, *left_out)
    inputs = [*(one.path for one in (*older, *newer)), *([rules.file] if rules.file else [])]
    target = delivery.arrange(COMPARISON_FORMATS, inputs, json_path, format_name, output, quiet)
    words = ["mcusim", "compare", before, *([after] if after else []), *(["--policy", policy] if policy else [])]
    complete = after is None or documents.is_folder(after)  # a single file is a choice: the others are not missing
    comparison = baseline.compared(found, left_out, rules, shlex.join(words), complete)
    target.deliver(comparison_renders(comparison))
    judge_comparison(comparison)
