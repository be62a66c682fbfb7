"""AVERAGE_POOL_2D: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.nn.pooling import avgpool_s8
from mcusim.operands import Array, int8_values, rank_4, result
from mcusim.pooling import pool_arguments, pool_invocation, pool_memory, pool_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("arm_avgpool_s8",)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    return pool_reason(model, op)


def macs(model: Model, op: Op) -> int:
    """None: pooling multiplies nothing."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates; with the DSP extension (and no MVE) CMSIS-NN sums a pixel's channels in int32 scratch."""
    output = result(model, op)
    sums = runtime.dsp and not runtime.mve and output.dtype in ("int8", "int16")
    return pool_memory(model, op, runtime, 4 * output.shape[-1] if sums and output.shape else 0)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The int8 output [n, h, w, c] for the one operand."""
    output = np.empty(result(model, op).shape, np.int8)
    avgpool_s8(int8_values(inputs[0]), *pool_arguments(model, op), output)
    return (output,)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_avgpool_s8."""
    _, _, width, channels = rank_4(op, result(model, op), "output")
    sizing = abi.Call("arm_avgpool_s8_get_buffer_size", (width, channels), checks_status=False)
    return pool_invocation(model, op, "arm_avgpool_s8", memory(model, op, runtime).scratch_bytes, (sizing,))
