"""LOGICAL_NOT: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.elementwise import unary_call, unary_reference
from mcusim.model import Model, Op
from mcusim.nn.comparison import logical_not
from mcusim.operands import Array, same_shape
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_logical_not_b8",)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    for tensor in same_shape(model, op):
        if tensor.dtype != "bool":
            return f"{tensor.dtype} is not supported"
        if tensor.elements == 0:
            return f"tensor {tensor.name!r} is empty"
    return None


def macs(model: Model, op: Op) -> int:
    """None: LOGICAL_NOT works element by element."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: nothing."""
    same_shape(model, op)
    return OpMemory()


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output, in the input's shape."""
    return unary_reference(logical_not, model, op, inputs[0], ())


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_logical_not_b8."""
    return unary_call(model, op, "mcusim_logical_not_b8", ())
