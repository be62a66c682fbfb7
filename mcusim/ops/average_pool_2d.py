"""AVERAGE_POOL_2D: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.nn.pooling import avgpool_s8, avgpool_s16
from mcusim.operands import Array, rank_4, result
from mcusim.pooling import pool_invocation, pool_memory, pool_reason, pool_reference
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("arm_avgpool_s8", "arm_avgpool_s16")

KERNEL: Mapping[str, Callable[..., None]] = {"int8": avgpool_s8, "int16": avgpool_s16}


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
    """The output [n, h, w, c] for the one operand."""
    return pool_reference(model, op, KERNEL[result(model, op).dtype], inputs)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_avgpool_s8 or arm_avgpool_s16."""
    _, _, width, channels = rank_4(op, result(model, op), "output")
    kind = "s16" if result(model, op).dtype == "int16" else "s8"
    sizing = abi.Call(f"arm_avgpool_{kind}_get_buffer_size", (width, channels), checks_status=False)
    return pool_invocation(model, op, "arm_avgpool", memory(model, op, runtime).scratch_bytes, (sizing,))
