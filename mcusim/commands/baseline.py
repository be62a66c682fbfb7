"""Saved runs → the baseline of a project that `mcusim compare` holds others against, and what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from mcusim import delivery, documents, figures
from mcusim.command_line import (
    ROWS,
    FormatOption,
    JsonOption,
    OutputOption,
    PolicyOption,
    QuietOption,
    listing,
)
from mcusim.delivery import Render
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.policy import Policy, load_policy
from mcusim.record import Run

if TYPE_CHECKING:
    from mcusim.baseline import Saved, Update

UPDATE, SHOW = "update", "show"
HEADERS = ("model", "board", ">cycles", ">latency", ">error", ">arena", ">RAM", ">flash")


def baseline(
    action: Annotated[str, typer.Argument(help="update: keep runs as baselines; show: list them.")],
    runs: Annotated[list[str] | None, typer.Argument(help="Saved runs, or directories.")] = None,
    policy: PolicyOption = None,
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Keep saved runs as the baseline that `mcusim compare RUN.json` uses, or list what is kept.

    The folder is that of [baseline] in mcusim.toml, .mcusim/baseline without one: model@board.json each. Commit it.
    """
    if action not in (UPDATE, SHOW):
        guess = documents.nearest(action, (UPDATE, SHOW))
        hint = f"did you mean {guess!r}? " if guess else ""
        raise UnsupportedError(f"unknown action {action!r}; {hint}known: {UPDATE}, {SHOW}")
    if bool(runs) != (action == UPDATE):
        raise UnsupportedError(f"baseline {action} takes {'runs saved with --json' if action == UPDATE else 'no runs'}")
    from mcusim import baseline as stage

    rules = load_policy(policy)
    given = [one for path in runs or [] for one in stage.read_runs(path)[0]]
    kept = [str(rules.baseline_directory / stage.file_name(one.run)) for one in given]
    inputs = [*(one.path for one in given), *kept, *([rules.file] if rules.file else [])]
    if action == SHOW:
        saved = _kept(rules)
        inputs += [one.path for one in saved]
    target = delivery.arrange(ROWS, inputs, json_path, format_name, output, quiet)
    target.deliver(_updated(given, rules) if action == UPDATE else _listed(saved))


def _kept(rules: Policy) -> Sequence[Saved]:
    """The baselines; BadInputError where there are none."""
    from mcusim import baseline as stage

    directory = rules.baseline_directory
    if not documents.is_folder(directory):
        raise BadInputError(f"there is no folder {directory}; mcusim baseline update RUN.json makes it")
    return stage.read_runs(directory)[0]


def _updated(given: Sequence[Saved], rules: Policy) -> dict[str, Render]:
    """Write baselines; a row each says what changed."""
    from mcusim import baseline as stage

    updates = stage.update(given, rules.baseline_directory)
    rows = [[one.file, "kept" if not one.written else "new" if one.delta is None else "changed", _words(one)]
            for one in updates]  # fmt: skip
    facts = [
        {"file": one.file, "written": one.written, "is_new": one.delta is None, **_facts(one.run)} for one in updates
    ]
    return listing(("baseline", "", "what changed"), rows, facts)


def _words(one: Update) -> str:
    """What a baseline says that the one before it did not."""
    if one.delta is None:
        return f"{_cycles(one.run)} cycles ({_error(one.run)})"
    from mcusim.baseline import change_words

    words = change_words(one.delta)
    return f"{words} ({_error(one.run)})" if one.delta.metric("cycles").change else words


def _listed(saved: Sequence[Saved]) -> dict[str, Render]:
    rows = []
    for one in saved:
        run = one.run
        latency = run.totals.latency_s
        rows.append(
            [
                run.model.name,
                run.board.name,
                _cycles(run),
                "–" if latency is None else figures.seconds(latency),
                _error(run),
                f"{run.memory.smallest_arena_bytes:,}",
                f"{run.verdict.ram.used_bytes:,}",
                f"{run.verdict.flash.used_bytes:,}",
            ]
        )
    return listing(HEADERS, rows, [{"file": one.name, **_facts(one.run)} for one in saved])


def _cycles(run: Run) -> str:
    return "–" if run.totals.cycles is None else f"{run.totals.cycles:,}"


def _error(run: Run) -> str:
    """The error to expect of the cycles."""
    estimated = "estimated, " if run.provenance.engine == "estimate" else ""
    error = run.totals.error_percent
    return estimated + ("not validated" if error is None else f"±{error:.2g}%")


def _facts(run: Run) -> dict[str, object]:
    totals = run.totals
    return {
        "model": run.model.name,
        "board": run.board.name,
        "cycles": totals.cycles,
        "latency_s": totals.latency_s,
        "error_percent": totals.error_percent,
        "error_percent_reason": totals.error_percent_reason,
        "arena_bytes": run.memory.smallest_arena_bytes,
        "ram_bytes": run.verdict.ram.used_bytes,
        "flash_bytes": run.verdict.flash.used_bytes,
        "created": run.created,
    }
