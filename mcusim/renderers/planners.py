"""Study of the arena's head → its text: planners side by side, what holds the peak, order of operators, aliases."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from mcusim import figures, tables
from mcusim.head_plans import HeadPlan, HeadPlans
from mcusim.memory_study import Study, Written
from mcusim.runtime import Runtime

NAME_CELLS = 28
MOST_NAMES, MOST_ALIASES = 6, 8

PLANNERS = {
    "greedy": "TFLM's own",
    "linear": "TFLM's, nothing shared",
    "offline": "in the model",
    "best_fit": "in the order of time",
    "hill_climb": "search over orders",
    "optimum": "OR-Tools CP-SAT",
}
LIBRARIES = {"cmsis_nn": "CMSIS-NN", "reference": "reference"}


def text(study: Study, written: Written | None = None, width: int = 80) -> str:
    """The report, for people."""
    parts = [
        _folded(_head(study), width),
        _planners(study.plans, width),
        _folded(_peak(study), width),
        _folded(_order(study), width),
        _aliases(study, width),
    ]
    if written is not None:
        parts.append(_folded(_written(written), width))
    return "\n".join(part for part in parts if part)


def runtime_words(runtime: Runtime) -> str:
    """Kernels and core of a runtime."""
    core = (
        "with Helium (MVE)" if runtime.mve else "with DSP instructions" if runtime.dsp else "without DSP instructions"
    )
    return f"{LIBRARIES[runtime.kernels]} kernels on a Cortex-M {core}"


def _head(study: Study) -> list[str]:
    buffers, best = study.plans.buffers, study.plans.best
    scratch = sum(buffer.scratch is not None for buffer in buffers)
    told = f"as on {study.board}" if study.board else "no board was named, --board names one"
    plans = study.plans.plans
    present = plans.get("offline", plans["greedy"])
    saved = present.arena.smallest_bytes - best.arena.smallest_bytes
    own = " with the plan in its metadata" if present.planner == "offline" else ""
    gain = f", {saved:,} less with the plan of {best.planner}" if saved > 0 else ""
    return [
        f"{tables.safe(study.model.name)}: the smallest arena is {present.arena.smallest_bytes:,} bytes{own}{gain}",
        f"TensorFlow Lite Micro, {runtime_words(study.runtime)} ({told}); {len(buffers)} buffers in the head, "
        f"{scratch} of them scratch, over {len(study.model.ops)} layers",
    ]


def _planners(plans: HeadPlans, width: int) -> str:
    headers = ["planner", ">head", ">wasted", ">above bound", ">smallest arena", "made"]
    rows = [
        [
            name,
            f"{plan.peak_bytes:,}",
            f"{plan.wasted_bytes:,}",
            "optimal" if plan.optimal else f"{plan.peak_bytes - plan.bound_bytes:,}",
            f"{plan.arena.smallest_bytes:,}",
            PLANNERS[name],
        ]
        for name, plan in plans.plans.items()
    ]
    missing = [f"{name}: {reason}" for name, reason in plans.missing.items()]
    return "Planners of the head, in bytes\n" + tables.grid(headers, rows, width) + _folded(missing, width)


def _peak(study: Study) -> list[str]:
    """What is alive at the fullest moment, and what holds up the plan in use and the best one."""
    plans = study.plans
    moment = plans.fullest[0]
    where = f"in layer {moment - 1} ({study.model.ops[moment - 1].name})" if moment else "before the first layer"
    others = len(plans.fullest) - 1
    more = f" and as much at {others} other moment{'s' * (others > 1)}" if others else ""
    bound = f"; no plan takes less than {plans.bound_bytes:,}" if plans.bound_bytes > plans.live_bound_bytes else ""
    lines = [
        "What holds the peak",
        f"  alive at once: {plans.live_bound_bytes:,} bytes {where}{more}{bound}: {_names(plans, plans.alive(moment))}",
    ]
    shown = [plans.plans["greedy"]] + [plans.best] * (plans.best.planner != "greedy")
    return lines + [f"  {one.planner} to its top at {one.peak_bytes:,}: {_tower(plans, one)}" for one in shown]


def _tower(plans: HeadPlans, plan: HeadPlan) -> str:
    return _names(plans, plan.pins)


def _names(plans: HeadPlans, indices: Sequence[int]) -> str:
    """Buffers with their sizes, the largest first, the rest as a number."""
    ordered = sorted(indices, key=lambda index: -plans.buffers[index].planned_bytes)
    named = [
        f"{tables.safe(figures.short(plans.buffers[index].name, NAME_CELLS))} {plans.buffers[index].planned_bytes:,}"
        for index in ordered[:MOST_NAMES]
    ]
    return ", ".join(named) + (f", {len(ordered) - MOST_NAMES} more" if len(ordered) > MOST_NAMES else "")


def _order(study: Study) -> list[str]:
    order = study.order
    least = f"every order has {order.bound_bytes:,} bytes alive at some moment"
    if not order.changed:
        return [f"Order of the layers\n  no better order was found: {least}, this one {order.live_before_bytes:,}"]
    moved = [str(op) for op in order.ops]
    return [
        "Order of the layers",
        f"  greedy head {order.head_before_bytes:,} → {order.head_bytes:,} bytes, alive at once "
        f"{order.live_before_bytes:,} → {order.live_bytes:,}; {least}{', so that this is the optimum' * order.proven}",
        f"  {' '.join(moved)}",
    ]


def _aliases(study: Study, width: int) -> str:
    found = study.aliases
    saving = [one for one in found.aliases if one.head_saved_bytes > 0 or one.live_saved_bytes > 0]
    title = "Tensors that could share bytes; TensorFlow Lite Micro gives each its own"
    if not saving:
        count = len(found.aliases)
        there = f"{count} place{'s' * (count > 1)}, none" if count else "none"
        return _folded([title, f"  {there} where that would make the head smaller"], width)
    headers = [">layer", "operator", "how", "tensor", "in", ">least", ">greedy"]
    tensors = study.model.tensors
    rows = [
        [
            str(one.op),
            study.model.ops[one.op].name,
            one.kind,
            figures.short(tensors[one.tensor].name, NAME_CELLS),
            figures.short(tensors[one.into].name, NAME_CELLS),
            f"{-one.live_saved_bytes:+,}" if one.live_saved_bytes else "0",
            f"{-one.head_saved_bytes:+,}" if one.head_saved_bytes else "0",
        ]
        for one in saving[:MOST_ALIASES]
    ]
    rest = len(saving) - len(rows)
    others = [f"{rest} more of them"] * (rest > 0) + [f"{found.left_out} small tensors not looked at"] * bool(
        found.left_out
    )
    together = [
        f"all that go together: greedy head {found.head_before_bytes:,} → {found.head_bytes:,} bytes, alive at once "
        f"{found.live_before_bytes:,} → {found.live_bytes:,}"
    ]
    return f"{title}\n" + tables.grid(headers, rows, width) + _folded(others + together, width)


def _written(written: Written) -> list[str]:
    change = written.before_bytes - written.after_bytes
    gain = f"{change:,} bytes less than without" if change else "as without: the greedy plan is the best one found"
    planner = f"the plan of {written.planner}"
    lines = [
        f"{tables.safe(written.path)} has {planner}: smallest arena {written.after_bytes:,} bytes, {gain}; the file is "
        f"{written.larger_bytes:,} bytes larger, and differs from the model in that metadata only"
    ]
    return lines + [
        f"with {runtime_words(runtime)}, whose scratch is another, it takes {after:,} bytes instead of {before:,}"
        for runtime, before, after in written.worse
    ]


def _folded(lines: Sequence[str], width: int) -> str:
    """Each line within the width, what goes on indented."""
    folded = []
    for line in lines:
        for part in line.split("\n"):
            indent = "    " if part.startswith(" ") else "  "
            folded += textwrap.wrap(part, width, subsequent_indent=indent, break_long_words=False)
    return "".join(f"{line}\n" for line in folded)
