"""REDUCE_MAX: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.extremes import reduce_call, reduce_reason, reduce_reference
from mcusim.model import Model, Op
from mcusim.operands import Array
from mcusim.reduction import reduction_memory
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_reduce_max_s8",)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    return reduce_reason(model, op)


def macs(model: Model, op: Op) -> int:
    """None: REDUCE_MAX compares."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates."""
    return reduction_memory(model, op, sums=False)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The greatest elements over the reduced axes."""
    return reduce_reference(model, op, inputs[0], 1)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_reduce_max_s8."""
    return reduce_call(model, op, "mcusim_reduce_max_s8")
