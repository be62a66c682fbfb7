"""Two runs + a policy → their Delta: what they rest on first, then what differs, then what the policy says of it."""

from __future__ import annotations

import dataclasses

from mcusim.basis import attribution, basis_changes, refusals
from mcusim.byte_changes import buffer_changes, owner_changes, renames
from mcusim.delta import BasisChange, Delta, MetricChange, NamedChange, Side
from mcusim.judgement import LAYER_CYCLES, findings
from mcusim.layer_changes import layer_changes
from mcusim.loop_changes import named_changes
from mcusim.policy import ComparePolicy, Policy
from mcusim.record import Run

TIMED = ("cycles", "latency_s", "instructions", LAYER_CYCLES)
EXECUTED = (*TIMED, "stack_bytes", "ram_bytes")  # what only an execution tells


def compare(before: Run, after: Run, policy: Policy | None = None, names: tuple[str, str] | None = None) -> Delta:
    """How `after` differs from `before`, and whether the policy (None: its defaults) lets it pass: `Delta.failures`.

    `names` are what the runs are called in reports. Layers are aligned also across models that differ; the changes of
    layers, causes, functions and owners sum to those of the whole (asserted by tests as `delta.sums`).
    """
    rules = (policy or Policy()).compare
    basis = basis_changes(before, after)
    refused, clouded = refusals(basis, rules)
    not_judged, reason = _not_judged(clouded)
    layers = layer_changes(before, after)
    renamed = renames(before, after, layers)
    delta = Delta(
        before=_side(before, names[0] if names else "before"),
        after=_side(after, names[1] if names else "after"),
        basis=basis,
        attribution=(),
        not_judged=not_judged,
        not_judged_because=reason,
        metrics=_metrics(before, after, not_judged, rules),
        causes=_causes(before, after),
        layers=layers,
        functions=_functions(before, after),
        ram=owner_changes(before.memory.owners, after.memory.owners, renamed),
        flash=owner_changes(before.flash.owners, after.flash.owners, renamed),
        buffers=buffer_changes(before.memory.buffers, after.memory.buffers, renamed),
        findings=(),
    )
    libraries = [run.provenance.library for run in (before, after)]
    is_told = all(one is None or one.flags is not None for one in libraries)
    sentences = attribution(basis, delta.has_same_figures, is_told)
    return dataclasses.replace(delta, attribution=sentences, findings=findings(delta, refused, rules))


def _not_judged(clouded: list[BasisChange]) -> tuple[tuple[str, ...], str]:
    """The metrics that the policy says nothing of, and why."""
    if not clouded:
        return (), ""
    what = ", ".join(dict.fromkeys(one.what for one in clouded))
    metrics = EXECUTED if any(one.part == "engine" for one in clouded) else TIMED
    return metrics, f"{what} changed: these differ without any change of the code"


def _side(run: Run, name: str) -> Side:
    executed = any(layer.bit_exact is not None for layer in run.layers)
    totals = run.totals
    return Side(
        name=name,
        model=run.model.name,
        model_sha256=run.model.sha256,
        board=run.board.name,
        core=run.board.core,
        clock_hz=run.board.clock_hz,
        engine=run.provenance.engine,
        mcusim_version=run.mcusim_version,
        fits=run.fits,
        reasons=run.verdict.reasons,
        layers=len(run.layers),
        exact_layers=sum(bool(layer.bit_exact) for layer in run.layers) if executed else None,
        error_percent=totals.error_percent,
        error_percent_reason=totals.error_percent_reason,
        error_source=totals.error_source,
        least_cycles=totals.least_cycles,
        most_cycles=totals.most_cycles,
        range_over=totals.range_over,
        cycles_reason=totals.cycles_reason,
    )


def _metrics(before: Run, after: Run, not_judged: tuple[str, ...], rules: ComparePolicy) -> tuple[MetricChange, ...]:
    """The figures of the whole, those with a tolerance first."""
    one, other = before.totals, after.totals
    rows: list[MetricChange] = [
        MetricChange("cycles", "cycles", one.cycles, other.cycles, True),
        MetricChange("latency_s", "s", one.latency_s, other.latency_s, True),
        MetricChange("instructions", "instructions", one.instructions, other.instructions, True),
        MetricChange(
            "arena_bytes", "bytes", before.memory.smallest_arena_bytes, after.memory.smallest_arena_bytes, True
        ),
        MetricChange("ram_bytes", "bytes", before.verdict.ram.used_bytes, after.verdict.ram.used_bytes, True),
        MetricChange("flash_bytes", "bytes", before.verdict.flash.used_bytes, after.verdict.flash.used_bytes, True),
        MetricChange("stack_bytes", "bytes", _stack_bytes(before), _stack_bytes(after), True),
        MetricChange("macs", "MACs", one.macs, other.macs, False),
        MetricChange("scratch_bytes", "bytes", before.memory.scratch_bytes, after.memory.scratch_bytes, False),
        MetricChange(
            "holes_bytes", "bytes", before.memory.holes.wasted_bytes, after.memory.holes.wasted_bytes, False
        ),
    ]  # fmt: skip
    return tuple(dataclasses.replace(row, judged=row.judged and row.metric not in not_judged) for row in rows)


def _stack_bytes(run: Run) -> int | None:
    """The stack of the kernels, which only an execution tells."""
    return None if run.totals.instructions is None else run.memory.stack_bytes


def _causes(before: Run, after: Run) -> tuple[NamedChange, ...]:
    one, other = before.totals.cycles_by_cause, after.totals.cycles_by_cause
    return () if one is None or other is None else named_changes(one, other)


def _functions(before: Run, after: Run) -> tuple[NamedChange, ...]:
    """Changes of cycles by function, over all layers."""
    if before.totals.instructions is None or after.totals.instructions is None:
        return ()
    counts: list[dict[str, int]] = []
    for run in (before, after):
        found: dict[str, int] = {}
        for layer in run.layers:
            for function in layer.functions:
                found[function.name] = found.get(function.name, 0) + function.cycles
        counts.append(found)
    return named_changes(counts[0], counts[1])
