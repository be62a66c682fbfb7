"""SUM: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.operands import Array
from mcusim.reduction import mean_call, mean_reason, mean_reference, reduction_memory
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_mean_s8", "mcusim_mean_s16")


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    return mean_reason(model, op)


def macs(model: Model, op: Op) -> int:
    """None: sums are no multiply-accumulates."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates."""
    return reduction_memory(model, op, sums=True)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The sums over the axes, in the output tensor's shape."""
    return mean_reference(model, op, inputs[0], divides=False)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_mean_s8 or mcusim_mean_s16, which with an undivided scale give the sums."""
    return mean_call(model, op, divides=False)
