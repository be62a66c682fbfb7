"""ASSIGN_VARIABLE: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.operands import Array, bad, operand, values
from mcusim.runtime import OpMemory, Runtime
from mcusim.variables import value_reason, variables

KERNELS: tuple[str, ...] = ("arm_reshape_s8",)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    if op.outputs:
        raise bad(op, f"has {len(op.outputs)} outputs; none is expected")
    return value_reason(model, op, operand(model, op, 1, "value"))


def macs(model: Model, op: Op) -> int:
    """None: ASSIGN_VARIABLE copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the first operator that assigns a variable allocates it."""
    value = operand(model, op, 1, "value")
    firsts = {(variable.subgraph, variable.op) for variable in variables(model).values()}
    return OpMemory(prepare_bytes=(value.bytes,) if (model.subgraphs[0].index, op.index) in firsts else ())


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The value that the variable has from now on."""
    return (values(inputs[1]),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_reshape_s8: a copy, as TFLM's memcpy."""
    value = operand(model, op, 1, "value")
    arguments = (
        abi.TensorPointer(value.index),
        abi.TensorPointer(operand(model, op, 0, "variable").index),
        value.bytes,
    )
    return abi.Invocation((), (abi.Call("arm_reshape_s8", arguments, checks_status=False),))
