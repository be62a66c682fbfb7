"""What a call or an inference took + what it may take → in words, what is over budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from mcusim.call_result import CallResult, loop_words
from mcusim.policy import Budgets
from mcusim.record import Run

KNOWN_BY = ": build it from source"


def over_call(result: CallResult, budgets: Budgets) -> tuple[str, ...]:
    """What a call is over, a sentence each; the arena is none of a call's."""
    figures = {
        "max_cycles": result.cycles,
        "max_instructions": result.instructions,
        "max_stack_bytes": result.stack_bytes,
        "max_flash_bytes": result.code_bytes,
    }
    hottest = f"; hottest {loop_words(result.hot_loops[0])}" if result.hot_loops else ""
    return tuple(
        f"{result.function}: {words}{'' if words.endswith(KNOWN_BY) else hottest}" for words in _over(figures, budgets)
    )


def over_run(run: Run, budgets: Budgets) -> tuple[str, ...]:
    """What an inference is over, a sentence each; flash is all that the verdict counts, the model among it."""
    figures = {
        "max_cycles": run.totals.cycles,
        "max_instructions": run.totals.instructions,
        "max_stack_bytes": run.memory.stack_bytes,
        "max_arena_bytes": run.memory.smallest_arena_bytes,
        "max_flash_bytes": run.verdict.flash.used_bytes,
    }
    ranked = sorted(run.layers, key=lambda layer: -(layer.cycles or 0))
    slowest = f"; slowest layer {ranked[0].index} {ranked[0].op}: {ranked[0].cycles:,} cycles" if ranked else ""
    return tuple(f"{run.model.name}: {words}{slowest}" for words in _over(figures, budgets))


def _over(figures: dict[str, int | None], budgets: Budgets) -> Iterator[str]:
    for one in fields(Budgets):
        figure, most = figures.get(one.name), getattr(budgets, one.name)
        if most is None or one.name not in figures:
            continue
        what = one.name.removeprefix("max_")
        unit = f"bytes of {what.removesuffix('_bytes')}" if what.endswith("_bytes") else what
        if figure is None:
            yield f"its {unit} are not known, so that the budget of {most:,} cannot be held{KNOWN_BY}"
        elif figure > most:
            percent = f", {figure / most - 1:.1%} over" if most else ""
            yield f"{figure:,} {unit}, the budget is {most:,}{percent}"
