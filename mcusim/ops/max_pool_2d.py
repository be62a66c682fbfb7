"""MAX_POOL_2D: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.nn.pooling import max_pool_s8, max_pool_s16
from mcusim.operands import Array, result
from mcusim.pooling import pool_invocation, pool_memory, pool_reason, pool_reference
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("arm_max_pool_s8", "arm_max_pool_s16")

KERNEL: Mapping[str, Callable[..., None]] = {"int8": max_pool_s8, "int16": max_pool_s16}


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    return pool_reason(model, op)


def macs(model: Model, op: Op) -> int:
    """None: pooling multiplies nothing."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates for the layer."""
    return pool_memory(model, op, runtime, cmsis_scratch_bytes=0)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output [n, h, w, c] for the one operand."""
    return pool_reference(model, op, KERNEL[result(model, op).dtype], inputs)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_max_pool_s8 or arm_max_pool_s16."""
    return pool_invocation(model, op, "arm_max_pool", memory(model, op, runtime).scratch_bytes)
