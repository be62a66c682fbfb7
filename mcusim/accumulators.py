"""A layer of dot products and its operands → the accumulators before requantization, and how they are rounded.

The sums are those of floating-point matrix products: whole numbers small enough to be exact, below 2**53 in double
precision. Nothing is shared with the reference kernels, so that each checks the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.convolution import (
    Convolution,
    accumulates_in_64_bits,
    activation_arguments,
    convolution,
    offset_arguments,
    window_arguments,
)
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op, Quantization
from mcusim.operands import Array, integer, operand, quantization, result
from mcusim.requantization import STORED_RANGE, activation_range, scale_ratios

Integers = NDArray[np.int64]
_Reals = NDArray[Any]
DOUBLE = np.dtype(np.float64)
LARGEST_EXACT = 2.0**53
# Products of int8 that float32, which is faster, sums exactly: 514 of at most 255 · 128 are less than 2**24.
MOST_IN_FLOAT32 = 514


@dataclass(frozen=True, slots=True, eq=False)
class Accumulators:
    """The accumulators of a layer in its output's shape, the last dimension that of the output channels.

    `bias`, `multipliers` and `shifts` (positive to the left) are one a channel; `scales` the products of the scales of
    both operands and `output_scale` what they are divided by. Results are rounded, `offset` is added, and they are
    held between `least` and `most`. Accumulators have 64 `bits` for int16 activations with an int64 bias, else 32.
    """

    values: Integers
    bias: Integers
    multipliers: Integers
    shifts: Integers
    input_scale: float
    weight_scales: tuple[float, ...]
    output_scale: float
    offset: int
    least: int
    most: int
    bits: int

    def rounded(self) -> Integers:
        """What TensorFlow Lite Micro and CMSIS-NN round them to, as fixedpoint.requantize and requantize_s64 do."""
        return _rounded_s64(self) if self.bits == 64 else _rounded_twice(self)


def accumulators(model: Model, op: Op, operands: Sequence[Array | None]) -> Accumulators | str:
    """The accumulators of a layer that `check` of its operator lets through, or why it has none, as a sentence."""
    compute = _COMPUTED.get(op.name)
    if compute is None:
        return NO_PRODUCTS.get(op.name, f"{op.name} sums no products of weights")
    found = compute(model, op, operands)
    return found if found is not None else f"the sums of {op.name} may be too large to be exact here"


def _finished(
    model: Model, op: Op, sums: _Reals, bias: Array | None, weights: Quantization, limits: tuple[int, int], bits: int
) -> Accumulators | None:
    """Sums without a bias as accumulators, None where they are not exact."""
    output = result(model, op)
    channels = output.shape[-1]
    ratios = scale_ratios(op, operand(model, op, 0, "input"), operand(model, op, 1, "weights"), output)
    pairs = [quantize_multiplier(ratio) for ratio in ratios] * (channels // len(ratios))
    added: Integers = np.zeros(channels, np.int64) if bias is None else np.asarray(bias).astype(np.int64).reshape(-1)
    if np.abs(sums).max(initial=0.0) >= LARGEST_EXACT:
        return None
    values: Integers = sums.astype(np.int64) + added
    return Accumulators(
        values=(as_int32(values) if bits == 32 else values).reshape(output.shape),
        bias=added,
        multipliers=np.array([pair[0] for pair in pairs], np.int64),
        shifts=np.array([pair[1] for pair in pairs], np.int64),
        input_scale=quantization(op, operand(model, op, 0, "input")).scale,
        weight_scales=weights.scales,
        output_scale=quantization(op, output).scale,
        offset=quantization(op, output).zero_point if output.dtype == "int8" else 0,
        least=limits[0],
        most=limits[1],
        bits=bits,
    )


def as_int32(values: Integers) -> Integers:
    """Values as an int32 register holds them: wrapped around."""
    return ((values + 2**31) & 0xFFFFFFFF) - 2**31


def _value(array: Array | None, kind: np.dtype[Any] = DOUBLE) -> _Reals:
    assert array is not None
    return array.astype(kind)


def _windows(layer: Convolution, source: Array | None) -> list[tuple[int, int, _Reals]]:
    """For each place (y, x) of the filter the input elements [n, oh, ow, c] under it, less the zero point."""
    stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w = window_arguments(layer)
    reach, (n, height, width, c) = layer.window, layer.input.shape
    is_int8 = layer.input.dtype == "int8"
    offset = offset_arguments(layer)[0] if is_int8 else 0
    few = is_int8 and layer.filter.elements // layer.channels <= MOST_IN_FLOAT32
    kind = np.dtype(np.float32 if few else np.float64)
    rows = max((reach.output_h - 1) * stride_h + (reach.filter_h - 1) * dilation_h + 1, pad_h + height)
    columns = max((reach.output_w - 1) * stride_w + (reach.filter_w - 1) * dilation_w + 1, pad_w + width)
    padded: _Reals = np.zeros((n, rows, columns, c), kind)
    padded[:, pad_h : pad_h + height, pad_w : pad_w + width] = _value(source, kind) + kind.type(offset)
    return [
        (
            y,
            x,
            padded[:, y * dilation_h :, x * dilation_w :][:, ::stride_h, ::stride_w][
                :, : reach.output_h, : reach.output_w
            ],
        )
        for y in range(reach.filter_h)
        for x in range(reach.filter_w)
    ]


def _conv_2d(model: Model, op: Op, operands: Sequence[Array | None]) -> Accumulators | None:
    layer = convolution(model, op, channel_axis=0)
    weights = _value(operands[1])
    channels, group_c = weights.shape[0], weights.shape[3]
    groups = layer.input.shape[3] // group_c
    each = channels // groups
    windows = _windows(layer, operands[0])
    weights, sums = _alike(windows, weights, layer)
    for y, x, under in windows:
        for group in range(groups):
            part = slice(group * each, (group + 1) * each)
            sums[..., part] += under[..., group * group_c : (group + 1) * group_c] @ weights[part, y, x].T
    return _convolved(model, layer, sums, operands)


def _depthwise_conv_2d(model: Model, op: Op, operands: Sequence[Array | None]) -> Accumulators | None:
    layer = convolution(model, op, channel_axis=3)
    weights = _value(operands[1])
    repeats = layer.channels // layer.input.shape[3]
    windows = _windows(layer, operands[0])
    weights, sums = _alike(windows, weights, layer)
    for y, x, under in windows:
        sums += np.repeat(under, repeats, axis=3) * weights[0, y, x]
    return _convolved(model, layer, sums, operands)


def _alike(windows: list[tuple[int, int, _Reals]], weights: _Reals, layer: Convolution) -> tuple[_Reals, _Reals]:
    """Weights in the windows' precision, and sums of none yet."""
    kind = windows[0][2].dtype
    sums: _Reals = np.zeros(layer.output.shape, kind)
    return weights.astype(kind), sums


def _convolved(model: Model, layer: Convolution, sums: _Reals, operands: Sequence[Array | None]) -> Accumulators | None:
    bias, bits = operands[2] if len(operands) > 2 else None, 64 if accumulates_in_64_bits(layer) else 32
    weights = quantization(layer.op, layer.filter)
    return _finished(model, layer.op, sums, bias, weights, activation_arguments(layer), bits)


def _fully_connected(model: Model, op: Op, operands: Sequence[Array | None]) -> Accumulators | None:
    source, weights = operand(model, op, 0, "input"), operand(model, op, 1, "weights")
    of, wide = quantization(op, weights), source.dtype == "int16"
    rows = _value(operands[0]).reshape(-1, weights.shape[1]) - (0 if wide else quantization(op, source).zero_point)
    sums = rows @ (_value(operands[1]) - (0 if wide else of.zero_point)).T
    output = result(model, op)
    limits = activation_range(op, quantization(op, output), output.dtype)
    bias = operands[2] if len(operands) > 2 else None
    return _finished(model, op, sums, bias, of, limits, 64 if wide else 32)


def _batch_matmul(model: Model, op: Op, operands: Sequence[Array | None]) -> Accumulators | None:
    left, right = operand(model, op, 0, "left side"), operand(model, op, 1, "right side")
    wide = left.dtype == "int16"
    lhs, rhs = (
        _value(array) - (0 if wide else quantization(op, tensor).zero_point)
        for array, tensor in ((operands[0], left), (operands[1], right))
    )
    lhs = lhs.swapaxes(-1, -2) if integer(op, "adj_x") else lhs
    rhs = rhs.swapaxes(-1, -2) if integer(op, "adj_y") else rhs
    limits = STORED_RANGE[result(model, op).dtype]
    return _finished(model, op, lhs @ rhs, None, quantization(op, right), limits, 64 if wide else 32)


_Computed = Callable[[Model, Op, Sequence[Array | None]], Accumulators | None]
_COMPUTED: Mapping[str, _Computed] = {
    "BATCH_MATMUL": _batch_matmul,
    "CONV_2D": _conv_2d,
    "DEPTHWISE_CONV_2D": _depthwise_conv_2d,
    "FULLY_CONNECTED": _fully_connected,
}
NO_PRODUCTS: Mapping[str, str] = {
    "SVDF": "SVDF requantizes twice: there is no one accumulator",
    "TRANSPOSE_CONV": "the accumulators of TRANSPOSE_CONV are not recomputed",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "an LSTM requantizes at every gate: there is no one accumulator",
}


# -- Ways to round them ----------------------------------------------------------------------------------------------


def rounded_twice(found: Accumulators) -> Integers:
    """The results of TensorFlow Lite Micro and CMSIS-NN."""
    return clamped(found, found.rounded())


def high_products(found: Accumulators) -> Integers:
    """The first rounding of 32-bit accumulators: product over 2**31, halves up."""
    shifted = as_int32(found.values << np.maximum(found.shifts, 0))
    high: Integers = np.minimum((shifted * found.multipliers + (1 << 30)) >> 31, 2**31 - 1)
    return high


def _rounded_twice(found: Accumulators) -> Integers:
    high = high_products(found)
    right = np.maximum(-found.shifts, 0)
    half = np.where(right > 0, 1 << np.maximum(right - 1, 0), 0)
    rounded: Integers = (high + half - ((high < 0) & (right > 0))) >> right
    return rounded


def _rounded_s64(found: Accumulators) -> Integers:
    reduced = np.where(found.multipliers < 0x7FFF0000, (found.multipliers + (1 << 15)) >> 16, 0x7FFF)
    doubled = as_int32((found.values * reduced) >> (14 - found.shifts))
    halved: Integers = as_int32(doubled + 1) >> 1
    return halved


def rounded_once(found: Accumulators, multipliers: Integers, shifts: Integers) -> Integers:
    """The results of a single rounding, halves up, of the whole product: LiteRT's TFLITE_SINGLE_ROUNDING."""
    right = 31 - shifts
    half = np.where(right > 0, 1 << np.maximum(right - 1, 0), 0)
    return clamped(found, as_int32((found.values * multipliers + half) >> right))


def float_products(found: Accumulators) -> tuple[Integers, Integers]:
    """Multipliers and shifts of scales that are multiplied in float32 (LiteRT's FULLY_CONNECTED)."""
    source = np.float32(found.input_scale)
    pairs = [quantize_multiplier(float(source * np.float32(one)) / found.output_scale) for one in found.weight_scales]
    pairs *= found.bias.size // len(pairs)
    return np.array([pair[0] for pair in pairs], np.int64), np.array([pair[1] for pair in pairs], np.int64)


def float_scaled(found: Accumulators) -> Integers:
    """The results of a multiplication in float32, rounded half to even: XNNPACK's requantization."""
    source, output = np.float32(found.input_scale), np.float32(found.output_scale)
    scales: NDArray[Any] = np.array([source * np.float32(one) / output for one in found.weight_scales], np.float32)
    scaled = found.values.astype(np.float32) * scales
    return clamped(found, np.rint(np.clip(scaled, -(2.0**30), 2.0**30)).astype(np.int64))


def clamped(found: Accumulators, results: Integers) -> Integers:
    """Rounded results with the output's zero point, between the layer's limits."""
    held: Integers = np.clip(as_int32(results + found.offset), found.least, found.most)
    return held
