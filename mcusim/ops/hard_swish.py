"""HARD_SWISH: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.elementwise import unary_call, unary_reference
from mcusim.fixedpoint import quantize_multiplier, reduced_multiplier
from mcusim.model import Model, Op
from mcusim.nn.activation import hard_swish_s8
from mcusim.operands import Array, int8_reason, quantization, same_shape
from mcusim.requantization import ratio_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_hard_swish_s8",)

FRACTIONAL_BITS = 7  # of the input in int16
LEAST_SHIFT = -15  # the last at which something is left of an int16


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    if reason := int8_reason(*same_shape(model, op)) or ratio_reason(_ratios(model, op)):
        return reason
    to_output, to_relu = (quantize_multiplier(ratio)[1] for ratio in _ratios(model, op))
    if not LEAST_SHIFT <= to_output <= 0 or to_relu < LEAST_SHIFT:
        source, output = (quantization(op, tensor).scale for tensor in same_shape(model, op))
        return f"an input scale of {source:.3g} with an output scale of {output:.3g} is not supported"
    return None


def macs(model: Model, op: Op) -> int:
    """None: HARD_SWISH works element by element."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates; HARD_SWISH has no options to parse."""
    same_shape(model, op)
    return OpMemory(init_bytes=20)


def _ratios(model: Model, op: Op) -> tuple[float, float]:
    """From the input's int16 to the output's scale, and to one where 3 is 32768; in float32 as TFLM computes them."""
    source, output = (np.float32(quantization(op, tensor).scale) for tensor in same_shape(model, op))
    with np.errstate(over="ignore", under="ignore"):
        fine = source / np.float32(2**FRACTIONAL_BITS)
        return float(fine / output), float(fine / (np.float32(3) / np.float32(32768)))


def _scalars(model: Model, op: Op) -> tuple[int, int, int, int, int, int]:
    """The offsets, and Q15 multiplier and exponent to the output's scale and to that of RELU."""
    source, output = (quantization(op, tensor) for tensor in same_shape(model, op))
    (to_output, exponent), (to_relu, relu_exponent) = (quantize_multiplier(ratio) for ratio in _ratios(model, op))
    multipliers = reduced_multiplier(to_output), exponent, reduced_multiplier(to_relu), relu_exponent
    return -source.zero_point, output.zero_point, *multipliers


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The int8 output, in the input's shape."""
    return unary_reference(hard_swish_s8, model, op, inputs[0], _scalars(model, op))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_hard_swish_s8."""
    return unary_call(model, op, "mcusim_hard_swish_s8", _scalars(model, op))
