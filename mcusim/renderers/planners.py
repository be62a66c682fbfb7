"""Report on a model's arena → its text: map, planners side by side, what holds the peak, order, aliases, the board."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from mcusim import figures, tables
from mcusim.memory_record import MemoryReport, RuntimeInfo, WrittenInfo
from mcusim.record import Touched
from mcusim.renderers.arena_map import arena_map
from mcusim.renderers.budget import budget_text, linked_text

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


def text(report: MemoryReport, width: int = 80, colour: bool = False) -> str:
    """The report, for people: each section where it says something."""
    parts = [_folded(_head(report), width)]
    for planner in report.maps:
        parts.append(f"Arena over time, planned by {planner}\n{arena_map(report, planner, width, colour)}")
    parts += [
        _planners(report, width),
        _folded(_peak(report), width),
        _folded(_order(report), width),
        _aliases(report, width),
    ]
    if report.written is not None:
        parts.append(_folded(_written(report.written), width))
    if report.touched is not None:
        parts.append(_touched(report.touched, width))
    if report.budget is not None:
        parts.append(f"The arena from both sides\n{budget_text(report.budget, width)}")
    if report.linked_flash is not None:
        parts.append(f"Flash as linked\n{linked_text(report.linked_flash, width)}")
    if report.board is not None and report.budget is None:
        parts.append(_folded([f"What {tables.safe(report.board)} leaves is not known: {report.budget_reason}"], width))
    return "\n".join(part for part in parts if part)


def runtime_words(runtime: RuntimeInfo) -> str:
    """Kernels and core of a runtime."""
    core = (
        "with Helium (MVE)" if runtime.mve else "with DSP instructions" if runtime.dsp else "without DSP instructions"
    )
    return f"{LIBRARIES[runtime.kernels]} kernels on a Cortex-M {core}"


def _head(report: MemoryReport) -> list[str]:
    best = report.plan(report.best)
    scratch = sum(buffer.kind == "scratch" for buffer in report.buffers)
    told = f"as on {report.board}" if report.board else "no board was named, --board names one"
    saved = report.smallest_arena_bytes - best.smallest_arena_bytes
    own = " with the plan in its metadata" if report.in_use == "offline" else ""
    gain = f", {saved:,} less with the plan of {report.best}" if saved > 0 else ""
    return [
        f"{tables.safe(report.model.name)}: the smallest arena is {report.smallest_arena_bytes:,} bytes{own}{gain}",
        *_verdict(report),
        f"TensorFlow Lite Micro, {runtime_words(report.runtime)} ({tables.safe(told)}); {len(report.buffers)} buffers "
        f"in the head, {scratch} of them scratch, over {len(report.model.layers)} layers",
    ]


def _verdict(report: MemoryReport) -> list[str]:
    """Whether it fits, where a board or a size was given."""
    if report.fits is None:
        return []
    reasons = [tables.safe(f"DOES NOT FIT {reason}") for reason in report.reasons]
    budget = report.budget
    if reasons or budget is None:
        return reasons or ["FITS the arena that was given"]
    unknown = any(one.bytes is None for one in budget.items)
    stack = "; the stack of the kernels is not counted, --watch does" if unknown else ""
    return [
        f"FITS {tables.safe(report.board or '')}: {budget.bank} leaves an arena of up to {budget.most_arena_bytes:,} "
        f"bytes, {budget.headroom_bytes:,} more than it needs{stack}"
    ]


def _planners(report: MemoryReport, width: int) -> str:
    headers = ["planner", ">head", ">wasted", ">above bound", ">smallest arena", "made"]
    rows = [
        [
            plan.planner,
            f"{plan.head_bytes:,}",
            f"{plan.wasted_bytes:,}",
            "optimal" if plan.head_bytes == plan.bound_bytes else f"{plan.head_bytes - plan.bound_bytes:,}",
            f"{plan.smallest_arena_bytes:,}",
            PLANNERS.get(plan.planner, ""),
        ]
        for plan in report.plans
    ]
    missing = [tables.safe(f"{one.planner}: {one.reason}") for one in report.missing]
    return "Planners of the head, in bytes\n" + tables.grid(headers, rows, width) + _folded(missing, width)


def _peak(report: MemoryReport) -> list[str]:
    """What is alive at the fullest moment, and what holds up the plan in use and the best one."""
    moment, others = report.fullest[0], len(report.fullest) - 1
    more = f" and as much at {others} other moment{'s' * (others > 1)}" if others else ""
    bound = f"; no plan takes less than {report.bound_bytes:,}" if report.bound_bytes > report.live_bound_bytes else ""
    where = f"{report.moment_words(moment)}{more}{bound}"
    lines = [
        "What holds the peak",
        f"  alive at once: {report.live_bound_bytes:,} bytes {where}: {_names(report, report.alive(moment))}",
    ]
    shown = [report.plan(name) for name in dict.fromkeys((report.in_use, report.best))]
    return lines + [f"  {one.planner} to its top at {one.head_bytes:,}: {_names(report, one.pins)}" for one in shown]


def _names(report: MemoryReport, indices: Sequence[int]) -> str:
    """Buffers with their sizes, the largest first, the rest as a number."""
    ordered = sorted(indices, key=lambda index: -report.buffers[index].planned_bytes)
    named = [
        f"{tables.safe(figures.short(report.buffers[index].name, NAME_CELLS))} {report.buffers[index].planned_bytes:,}"
        for index in ordered[:MOST_NAMES]
    ]
    return ", ".join(named) + (f", {len(ordered) - MOST_NAMES} more" if len(ordered) > MOST_NAMES else "")


def _order(report: MemoryReport) -> list[str]:
    order = report.order
    least = f"every order has {order.bound_bytes:,} bytes alive at some moment"
    if not order.changed:
        return [f"Order of the layers\n  no better order was found: {least}, this one {order.live_before_bytes:,}"]
    return [
        "Order of the layers",
        f"  greedy head {order.head_before_bytes:,} → {order.head_bytes:,} bytes, alive at once "
        f"{order.live_before_bytes:,} → {order.live_bytes:,}; {least}{', so that this is the optimum' * order.proven}",
        f"  {' '.join(map(str, order.ops))}",
    ]


def _aliases(report: MemoryReport, width: int) -> str:
    found = report.aliases
    saving = [one for one in found.aliases if one.head_saved_bytes > 0 or one.live_saved_bytes > 0]
    title = "Tensors that could share bytes; TensorFlow Lite Micro gives each its own"
    if not saving:
        count = len(found.aliases)
        there = f"{count} place{'s' * (count > 1)}, none" if count else "none"
        return _folded([title, f"  {there} where that would make the head smaller"], width)
    headers = [">layer", "operator", "how", "tensor", "in", ">least", ">greedy"]
    rows = [
        [
            str(one.layer),
            report.model.layers[one.layer].op,
            one.kind,
            figures.short(one.tensor, NAME_CELLS),
            figures.short(one.into, NAME_CELLS),
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


def _written(written: WrittenInfo) -> list[str]:
    change = written.before_bytes - written.after_bytes
    gain = f"{change:,} bytes less than without" if change else "as without: the greedy plan is the best one found"
    planner = f"the plan of {written.planner}"
    lines = [
        f"{tables.safe(written.path)} has {planner}: smallest arena {written.after_bytes:,} bytes, {gain}; the file is "
        f"{written.larger_bytes:,} bytes larger, and differs from the model in that metadata only"
    ]
    return lines + [
        f"with {runtime_words(one.runtime)}, whose scratch is another, it takes {one.after_bytes:,} bytes instead of "
        f"{one.before_bytes:,}"
        for one in written.worse
    ]


def _touched(touched: Touched, width: int) -> str:
    """What an inference wrote beside what was planned, and who has what it never did."""
    rows = [
        ["arena", f"{touched.arena_bytes:,}", f"{touched.arena_touched_bytes:,}"],
        ["scratch of all layers", f"{touched.scratch_bytes:,}", f"{touched.scratch_touched_bytes:,}"],
        ["stack of the kernels", f"{touched.stack_bytes:,}", f"{touched.stack_touched_bytes:,}"],
    ]
    never = [
        f"{tables.safe(figures.short(owner.name, NAME_CELLS))} {owner.bytes:,}"
        for owner in touched.untouched[:MOST_NAMES]
    ]
    rest = len(touched.untouched) - len(never)
    more = [f"{rest} more"] * (rest > 0)
    words = [f"never written: {', '.join([*never, *more])}"] if never else []
    headers = ["Watched while it ran", ">planned", ">written"]
    return tables.grid(headers, rows, width) + _folded(words, width)


def _folded(lines: Sequence[str], width: int) -> str:
    """Each line within the width, what goes on indented."""
    folded = []
    for line in lines:
        for part in line.split("\n"):
            indent = "    " if part.startswith(" ") else "  "
            folded += textwrap.wrap(part, width, subsequent_indent=indent, break_long_words=False)
    return "".join(f"{line}\n" for line in folded)
