"""READ_VARIABLE: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.operands import Array, operand, result, values
from mcusim.runtime import OpMemory, Runtime
from mcusim.variables import value_reason

KERNELS: tuple[str, ...] = ("arm_reshape_s8",)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    return value_reason(model, op, result(model, op))


def macs(model: Model, op: Op) -> int:
    """None: READ_VARIABLE copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: nothing."""
    result(model, op)
    return OpMemory()


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The variable's value, which is what its handle holds here."""
    return (values(inputs[0]),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_reshape_s8: a copy, as TFLM's memcpy."""
    output = result(model, op)
    arguments = (
        abi.TensorPointer(operand(model, op, 0, "variable").index),
        abi.TensorPointer(output.index),
        output.bytes,
    )
    return abi.Invocation((), (abi.Call("arm_reshape_s8", arguments, checks_status=False),))
