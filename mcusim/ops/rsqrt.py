"""RSQRT: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mcusim import abi
from mcusim.elementwise import unary_call, unary_reference
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op
from mcusim.nn.roots import RSQRT_BITS, rsqrt
from mcusim.operands import SUFFIXES, Array, quantization, quantized_reason, same_shape
from mcusim.requantization import LARGEST_SHIFT, STORED_RANGE
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_rsqrt_s8", "mcusim_rsqrt_s16")


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    if reason := quantized_reason(("int8", "int16"), source, output):
        return reason
    multiplier, shift = quantize_multiplier(_ratio(model, op))
    if multiplier == 0 or not -31 <= shift - RSQRT_BITS <= LARGEST_SHIFT:
        return f"scales with a ratio of {_ratio(model, op):.3g} are not supported"
    return None


def macs(model: Model, op: Op) -> int:
    """None: RSQRT works element by element."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the same structure as for ABS."""
    same_shape(model, op)
    return OpMemory(init_bytes=20)


def _ratio(model: Model, op: Op) -> float:
    source, output = (quantization(op, tensor) for tensor in same_shape(model, op))
    return 1 / (math.sqrt(source.scale) * output.scale)


def _scalars(model: Model, op: Op) -> tuple[int, int, int, int, int, int]:
    """The offsets, multiplier and shift, and the limits of the type."""
    source, output = (quantization(op, tensor) for tensor in same_shape(model, op))
    limits = STORED_RANGE[same_shape(model, op)[1].dtype]
    return -source.zero_point, output.zero_point, *quantize_multiplier(_ratio(model, op)), *limits


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output, in the input's shape."""
    return unary_reference(rsqrt, model, op, inputs[0], _scalars(model, op))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_rsqrt_s8 or _s16, which reports an error at negative values as TFLM's Invoke does."""
    suffix = SUFFIXES[same_shape(model, op)[1].dtype]
    return unary_call(model, op, f"mcusim_rsqrt_{suffix}", _scalars(model, op), checks_status=True)
