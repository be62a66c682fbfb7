"""Plan → its layers as estimated by formulas, alone or beside those that were executed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from mcusim import record
from mcusim.estimate import Estimate, LayerEstimate, estimate, not_estimated
from mcusim.layer_tensors import layer_tensors
from mcusim.ops import OPERATORS
from mcusim.plan import Plan

NOT_EXECUTED = "estimated by a formula, not executed"
NOT_DEFAULT = "cost formulas hold for the default placement of weights and arena"


def plan_estimate(plan: Plan) -> Estimate:
    """The estimate of a plan; where there is none, every layer has the reason."""
    if not plan.placement().is_default:
        return not_estimated(plan.model, NOT_DEFAULT)
    return estimate(plan.model, plan.board)


def beside(plan: Plan, layers: Sequence[record.Layer]) -> tuple[record.Layer, ...]:
    """Executed layers with the estimates of their cycles."""
    return tuple(
        dataclasses.replace(layer, estimated_cycles=one.cycles, estimated_cycles_reason=one.reason)
        for layer, one in zip(layers, plan_estimate(plan).layers, strict=True)
    )


def estimated_layers(plan: Plan, estimates: Sequence[LayerEstimate]) -> tuple[record.Layer, ...]:
    """Layers of which only execution tells more than their cycles."""
    found = []
    for op, one in zip(plan.model.ops, estimates, strict=True):
        output = plan.model.tensors[op.outputs[0]] if op.outputs else None
        found.append(
            record.Layer(
                index=op.index,
                op=op.name,
                name=output.name if output else "",
                kernel=one.kernel or "",
                shape=output.shape if output else (),
                inputs=layer_tensors(plan.model, op.inputs),
                outputs=layer_tensors(plan.model, op.outputs),
                macs=OPERATORS[op.name].macs(plan.model, op),
                instructions=None,
                cycles=one.cycles,
                least_cycles=one.least_cycles,
                most_cycles=one.most_cycles,
                cycles_by_cause=None,
                estimated_cycles=one.cycles,
                estimated_cycles_reason=one.reason,
                live_bytes=plan.arena.live_bytes[op.index + 1],
                scratch_bytes=sum(plan.arena.memory[op.index].scratch_bytes),
                scratch_touched_bytes=None,
                stack_bytes=None,
                stack_touched_bytes=None,
                bit_exact=None,
                bit_exact_reason=NOT_EXECUTED,
                difference=None,
                functions=(),
                loops=(),
                why=one.reason or f"a formula of {one.kernel}, median error {one.error_percent:.1f}%",
                variant=one.kernel or "",
                faster=(),
                own_cycles=None,
                own_cycles_reason=NOT_EXECUTED,
                differing_inputs=None,
            )
        )
    return tuple(found)
