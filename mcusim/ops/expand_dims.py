"""EXPAND_DIMS: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.copies import reshape_call, reshape_reason, reshape_reference, same_elements
from mcusim.model import Model, Op
from mcusim.operands import Array
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("arm_reshape_s8",)

DTYPES = ("int8", "int16", "float32")


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    return reshape_reason(model, op, DTYPES)


def macs(model: Model, op: Op) -> int:
    """None: EXPAND_DIMS copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: nothing."""
    same_elements(model, op)
    return OpMemory()


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The same values in the output tensor's shape."""
    return reshape_reference(model, op, inputs[0])


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_reshape_s8 over the bytes, whatever their type."""
    return reshape_call(model, op)
