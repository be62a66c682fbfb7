"""LEAKY_RELU: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.elementwise import unary_call, unary_reference
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op
from mcusim.nn.activation import leaky_relu
from mcusim.operands import SUFFIXES, Array, number, quantization, quantized_reason, same_shape
from mcusim.requantization import STORED_RANGE, ratio_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_leaky_relu_s8", "mcusim_leaky_relu_s16")


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    reason = quantized_reason(("int8", "int16"), source, output)
    if reason is None and number(op, "alpha") < 0:
        return f"an alpha of {number(op, 'alpha'):.3g}, which is negative, is not supported"
    return reason or ratio_reason(_ratios(model, op))


def macs(model: Model, op: Op) -> int:
    """None: LEAKY_RELU works element by element."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates."""
    same_shape(model, op)
    return OpMemory(builtin_data_bytes=4, init_bytes=24)


def _ratios(model: Model, op: Op) -> tuple[float, float]:
    """Of the identity and of alpha, computed in float32 as TFLM does."""
    source, output = (np.float32(quantization(op, tensor).scale) for tensor in same_shape(model, op))
    with np.errstate(over="ignore", under="ignore"):
        return float(source / output), float(source * np.float32(number(op, "alpha")) / output)


def _scalars(model: Model, op: Op) -> tuple[int, int, int, int, int, int, int, int]:
    """input_offset, output_offset, multiplier and shift of the identity and of alpha, and the type's limits."""
    limits = STORED_RANGE[same_shape(model, op)[1].dtype]
    source, output = (quantization(op, tensor) for tensor in same_shape(model, op))
    identity, alpha = (quantize_multiplier(ratio) for ratio in _ratios(model, op))
    return -source.zero_point, output.zero_point, *identity, *alpha, *limits


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output, in the input's shape, requantized to the output's scale."""
    return unary_reference(leaky_relu, model, op, inputs[0], _scalars(model, op))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_leaky_relu_s8 or _s16."""
    suffix = SUFFIXES[same_shape(model, op)[1].dtype]
    return unary_call(model, op, f"mcusim_leaky_relu_{suffix}", _scalars(model, op))
