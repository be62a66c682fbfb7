"""ARG_MAX: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.extremes import arg_call, arg_reason, arg_reference
from mcusim.model import Model, Op
from mcusim.operands import Array
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_arg_max_s8",)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    return arg_reason(model, op)


def macs(model: Model, op: Op) -> int:
    """None: ARG_MAX compares."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the parsed options only."""
    return OpMemory(builtin_data_bytes=1, builtin_data_alignment=1)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """Where the greatest element stands along the axis."""
    return arg_reference(model, op, inputs[0], 1)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_arg_max_s8."""
    return arg_call(model, op, "mcusim_arg_max_s8")
