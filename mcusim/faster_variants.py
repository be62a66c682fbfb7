"""A plan and its layers as executed → the layers with what they would take on the faster paths they are kept from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from mcusim import record
from mcusim.buffer_sizes import buffer_sizes
from mcusim.changed_layer import changed_layer
from mcusim.errors import McusimError
from mcusim.inference import Machine
from mcusim.kernel_variants import Blocked, blocked
from mcusim.model import Model, Op
from mcusim.ops import OPERATORS
from mcusim.plan import Plan, check, lay_out
from mcusim.run_inputs import pseudo_random_inputs


@dataclasses.dataclass(frozen=True, slots=True)
class _Tried:
    """A changed layer as executed: its cycles and units of work, or why there are none."""

    cycles: int
    units: int
    reason: str | None


def with_gains(plan: Plan, layers: Sequence[record.Layer]) -> tuple[record.Layer, ...]:
    """The layers with the cycles of each `faster`, by simulating one changed layer for each of its kind."""
    tried: dict[str, _Tried] = {}
    found = []
    for op, layer in zip(plan.model.ops, layers, strict=True):
        of_layer = []
        for one, faster in zip(blocked(plan.model, op, layer.variant), layer.faster, strict=True):
            of_layer.append(_with_gain(plan, op, one, faster, tried))
        found.append(dataclasses.replace(layer, faster=tuple(of_layer)))
    return tuple(found)


def _with_gain(plan: Plan, op: Op, one: Blocked, faster: record.Faster, tried: dict[str, _Tried]) -> record.Faster:
    if one.change is None:
        return faster
    tensors = [plan.model.tensors[index] for index in (*op.inputs, *op.outputs) if index >= 0]
    kind = repr((op.name, op.options, one, [(tensor.shape, tensor.dtype) for tensor in tensors]))
    if kind not in tried:
        tried[kind] = _try(plan, op, one)
    result = tried[kind]
    if result.reason is not None:
        return dataclasses.replace(faster, cycles_reason=result.reason, changed_cycles_reason=result.reason)
    return dataclasses.replace(
        faster,
        cycles=round(result.cycles / result.units * _units(plan.model, op)),
        cycles_reason=None,
        changed_cycles=result.cycles,
        changed_cycles_reason=None,
    )


def _try(plan: Plan, op: Op, one: Blocked) -> _Tried:
    assert one.change is not None
    changed = changed_layer(plan.model, op, one.change)
    try:
        check(changed)
        alone = lay_out(changed, plan.board, plan.core, plan.firmware, plan.banks)
        if plan.library is not None:
            sizes = buffer_sizes(alone)
            alone = lay_out(changed, plan.board, plan.core, plan.firmware, plan.banks, scratch=sizes)
        cycles = Machine.start(alone, pseudo_random_inputs(changed)).cycles(changed.ops[0])[0]
    except McusimError as error:
        return _Tried(0, 0, f"the changed layer cannot be simulated: {error}")
    return _Tried(cycles, _units(changed, changed.ops[0]), None)


def _units(model: Model, op: Op) -> int:
    """Work that layers of a kind are compared by: multiply-accumulates, or output elements where there are none."""
    return OPERATORS[op.name].macs(model, op) or model.tensors[op.outputs[0]].elements
