"""Scales and zero points of a model → the multipliers, shifts and clamps that the int8 kernels take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import INT32_MAX, quantize_multiplier
from mcusim.model import Model, Op, Quantization
from mcusim.operands import operand, quantization, result, word

INT8_MIN, INT8_MAX = -128, 127
STORED_RANGE: Mapping[str, tuple[int, int]] = {"int8": (INT8_MIN, INT8_MAX), "int16": (-32768, 32767)}
ADD_LEFT_SHIFT = 20  # headroom of an int8 ADD before its inputs are rescaled (TFLM, CalculateOpDataAdd)
LARGEST_SHIFT = 30  # a left shift beyond it leaves nothing of an int32
LARGEST_SHIFT_S64 = 7  # of sums of 64 bits, by TFLM's own check

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
    """Why scale ratios have no multiplier that an int32 survives; None if all have one."""
    for ratio in ratios:
        if not math.isfinite(ratio) or quantize_multiplier(ratio)[1] > largest_shift:
            return f"scales with a ratio of {ratio:.3g} are not supported"
    return None


def weighted_ratios(model: Model, op: Op) -> tuple[float, ...]:
    """input scale · weight scale / output scale in double precision, one or one an output channel."""
    source = quantization(op, operand(model, op, 0, "input"))
    weights = quantization(op, operand(model, op, 1, "weights"))
    output = quantization(op, result(model, op))
    return tuple(source.scale * scale / output.scale for scale in weights.scales)


def channel_multipliers(ratios: tuple[float, ...], channels: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Multipliers and shifts, int32 one an output channel; a single ratio serves all channels."""
    pairs = [quantize_multiplier(ratio) for ratio in ratios] * (channels // len(ratios))
    return np.array([pair[0] for pair in pairs], np.int32), np.array([pair[1] for pair in pairs], np.int32)


@dataclass(frozen=True, slots=True)
class AddScaling:
    """The three multipliers of an int8 ADD, in the argument order of arm_elementwise_add_s8."""

    input_1_mult: int
    input_1_shift: int
    input_2_mult: int
    input_2_shift: int
    out_mult: int
    out_shift: int


def add_ratios(first: Quantization, second: Quantization, output: Quantization) -> tuple[float, float, float]:
    """Input scales over twice the larger one, and that over 2**20 output scales: TFLM wants all three below 1."""
    twice_largest = 2 * max(first.scale, second.scale)
    return (
        first.scale / twice_largest,
        second.scale / twice_largest,
        twice_largest / (2**ADD_LEFT_SHIFT * output.scale),
    )


def add_scaling(first: Quantization, second: Quantization, output: Quantization) -> AddScaling:
    """The multipliers and shifts of an int8 ADD."""
    one, other, out = (quantize_multiplier(ratio) for ratio in add_ratios(first, second, output))
    return AddScaling(*one, *other, *out)
