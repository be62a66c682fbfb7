"""Scales and zero points of a model → the multipliers, shifts and clamps that the int8 kernels take."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import INT32_MAX, quantize_multiplier
from mcusim.model import Model, Op, Quantization, Tensor
from mcusim.operands import operand, quantization, result, word

INT8_MIN, INT8_MAX = -128, 127
STORED_RANGE: Mapping[str, tuple[int, int]] = {
    "int8": (INT8_MIN, INT8_MAX),
    "uint8": (0, 255),
    "int16": (-(2**15), 2**15 - 1),
    "int32": (-(2**31), 2**31 - 1),
}
# Headroom of ADD and SUB before their inputs are rescaled (TFLM, CalculateOpDataAdd).
ADD_LEFT_SHIFT: Mapping[str, int] = {"int8": 20, "int16": 15}
LARGEST_SHIFT = 30  # a left shift beyond it leaves nothing of an int32
LARGEST_SHIFT_S64 = 7  # TFLM's MultiplyByQuantizedMultiplier of an int64 takes no more

# Real limits of the fused activations that int8 can represent; the others act on real values beyond a clamp.
_LIMITS: dict[str, tuple[float | None, float | None]] = {
    "NONE": (None, None),
    "RELU": (0.0, None),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}


def activation_reason(op: Op) -> str | None:
    """Why a fused activation cannot be a clamp of int8 values; None if it can."""
    activation = word(op, "fused_activation_function")
    return None if activation in _LIMITS else f"the fused activation {activation} is not supported"


def stored(real: float, of: Quantization) -> int:
    """The stored value nearest to a real one: the quotient in float32, halves away from zero, not yet clamped."""
    with np.errstate(over="ignore"):
        quotient = float(np.float32(real) / np.float32(of.scale))
    magnitude = math.floor(min(abs(quotient), float(INT32_MAX)) + 0.5)
    return of.zero_point + (magnitude if quotient > 0 else -magnitude)


def activation_range(op: Op, output: Quantization, dtype: str = "int8") -> tuple[int, int]:
    """Least and greatest value that the fused activation lets through (CalculateActivationRangeQuantized)."""
    lowest, highest = STORED_RANGE[dtype]
    low, high = _LIMITS[word(op, "fused_activation_function")]
    least = lowest if low is None else max(lowest, stored(low, output))
    greatest = highest if high is None else min(highest, stored(high, output))
    return least, greatest


def ratio_reason(ratios: Iterable[float], largest_shift: int = LARGEST_SHIFT) -> str | None:
    """Why scale ratios have no multiplier that an accumulator survives; None if all have one."""
    for ratio in ratios:
        if not math.isfinite(ratio) or quantize_multiplier(ratio)[1] > largest_shift:
            return f"scales with a ratio of {ratio:.3g} are not supported"
    return None


def fixed_output_reason(output: Tensor, scale: float, zero_point: int, tolerance: float = 0.0) -> str | None:
    """Why a tensor cannot hold the results of an operator that has one output quantization; None if it can.

    `tolerance` is relative to the scale.
    """
    of = output.quantization
    assert of is not None
    if abs(of.scale - scale) <= tolerance * scale and of.zero_point == zero_point:
        return None
    return (
        f"an output of scale {of.scale:.6g} and zero point {of.zero_point} is not supported "
        f"(1/{1 / scale:.0f} and {zero_point} are)"
    )


def weighted_ratios(model: Model, op: Op) -> tuple[float, ...]:
    """input scale · weight scale / output scale in double precision, one or one an output channel."""
    return scale_ratios(op, operand(model, op, 0, "input"), operand(model, op, 1, "weights"), result(model, op))


def scale_ratios(op: Op, source: Tensor, weights: Tensor, output: Tensor) -> tuple[float, ...]:
    """The same for tensors of an operator, wherever it has them among its operands."""
    input_scale, output_scale = quantization(op, source).scale, quantization(op, output).scale
    return tuple(input_scale * scale / output_scale for scale in quantization(op, weights).scales)


def channel_multipliers(ratios: tuple[float, ...], channels: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Multipliers and shifts, int32 one an output channel; a single ratio serves all channels."""
    pairs = [quantize_multiplier(ratio) for ratio in ratios] * (channels // len(ratios))
    return np.array([pair[0] for pair in pairs], np.int32), np.array([pair[1] for pair in pairs], np.int32)


@dataclass(frozen=True, slots=True)
class AddScaling:
    """The three multipliers of ADD and SUB, in the argument order of arm_elementwise_add_s8."""

    input_1_mult: int
    input_1_shift: int
    input_2_mult: int
    input_2_shift: int
    out_mult: int
    out_shift: int


def add_ratios(
    first: Quantization,
    second: Quantization,
    output: Quantization,
    dtype: str = "int8",
    precision: Callable[[float], Any] = float,
) -> tuple[float, float, float]:
    """Input scales over twice the larger one, and that over 2**left_shift output scales.

    TFLM wants all three above 0 and the last below 1. It computes those of ADD in double precision, those of SUB in
    float32 (`precision`).
    """
    one, other, result = (precision(of.scale) for of in (first, second, output))
    twice_largest = 2 * max(one, other)
    return (
        float(one / twice_largest),
        float(other / twice_largest),
        float(twice_largest / (2 ** ADD_LEFT_SHIFT[dtype] * result)),
    )


def add_reason(ratios: tuple[float, float, float], dtype: str) -> str | None:
    """Why ADD or SUB cannot have these ratios; None if TFLM's QuantizeMultiplierSmallerThanOneExp takes them."""
    if min(ratios) > 0 and ratios[2] < 1:
        return None
    return f"input scales {ratios[2] * 2 ** ADD_LEFT_SHIFT[dtype]:.3g} times the output's are not supported"


def add_scaling(ratios: tuple[float, float, float]) -> AddScaling:
    """The multipliers and shifts of ADD and SUB."""
    one, other, out = (quantize_multiplier(ratio) for ratio in ratios)
    return AddScaling(*one, *other, *out)
