"""A layer of a convolution → what all of them have in common: shapes, memory, arguments of the kernels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim import abi
from mcusim.geometry import Window, window
from mcusim.model import Model, Op, Tensor
from mcusim.operands import (
    Array,
    bad,
    expect_shape,
    operand,
    quantization,
    quantized_reason,
    rank_4,
    result,
    weights_reason,
)
from mcusim.requantization import (
    LARGEST_SHIFT_S64,
    activation_range,
    activation_reason,
    channel_multipliers,
    ratio_reason,
    scale_ratios,
)
from mcusim.runtime import OpMemory, Runtime


@dataclass(frozen=True, slots=True)
class Convolution:
    """A layer whose shapes agree; `channel_axis` is the filter's dimension of output channels."""

    op: Op
    input: Tensor
    filter: Tensor
    bias: Tensor | None
    output: Tensor
    channel_axis: int
    window: Window

    @property
    def channels(self) -> int:
        """Output channels."""
        return self.filter.shape[self.channel_axis]


def convolution(model: Model, op: Op, channel_axis: int) -> Convolution:
    """The layer of an operator; BadModelError where its shapes and options disagree."""
    source, filters, output = operand(model, op, 0, "input"), operand(model, op, 1, "filter"), result(model, op)
    n, h, w, _ = rank_4(op, source, "input")
    _, filter_h, filter_w, _ = rank_4(op, filters, "filter")
    channels, bias = filters.shape[channel_axis], model.operand(op, 2)
    reach = window(op, h, w, filter_h, filter_w, dilated=True)
    expect_shape(op, output, "output", (n, reach.output_h, reach.output_w, channels))
    if bias is not None and bias.elements != channels:
        raise bad(op, f"has a bias of {bias.elements} elements for {channels} output channels")
    return Convolution(op, source, filters, bias, output, channel_axis, reach)


def convolution_reason(model: Model, layer: Convolution, int16_bias_dtypes: Sequence[str]) -> str | None:
    """Why mcusim cannot run the layer, None if it can; int16 activations take a bias of one of the given types."""
    is_int16 = layer.input.dtype == "int16"
    return (
        quantized_reason(("int8", "int16"), layer.input, layer.output)
        or weights_reason(
            model,
            layer.op,
            layer.channel_axis,
            ("int8",) if is_int16 else ("int8", "int4"),
            int16_bias_dtypes if is_int16 else ("int32",),
        )
        or activation_reason(layer.op)
        or scaling_reason(layer)
    )


def scaling_reason(layer: Convolution) -> str | None:
    """Why the layer's scales have no multiplier that its accumulators survive; None if they have."""
    ratios = _ratios(layer)
    return ratio_reason(ratios, LARGEST_SHIFT_S64) if accumulates_in_64_bits(layer) else ratio_reason(ratios)


def _ratios(layer: Convolution) -> tuple[float, ...]:
    return scale_ratios(layer.op, layer.input, layer.filter, layer.output)


def accumulates_in_64_bits(layer: Convolution) -> bool:
    """Whether outputs are requantized from 64 bits: int16 activations do with an int64 bias.

    Without a bias it is 32 bits for CONV_2D, as for an int32 bias, and 64 for the others (TFLM, CMSIS-NN).
    """
    if layer.input.dtype != "int16":
        return False
    return layer.op.name != "CONV_2D" or (layer.bias is not None and layer.bias.dtype == "int64")


def convolution_memory(layer: Convolution, runtime: Runtime, cmsis_scratch_bytes: int) -> OpMemory:
    """What TFLM allocates; sizes of OpData and of the builtin options as measured on GCC builds.

    Both arrays, multiplier and shift, are there also when quantization is per tensor. The reference kernels ask
    for scratch only to unpack int4 weights.
    """
    cmsis = runtime.kernels == "cmsis_nn"
    unpacked = layer.filter.elements if layer.filter.dtype == "int4" else 0
    scratch = cmsis_scratch_bytes if cmsis else unpacked
    has_arrays = not cmsis or layer.input.dtype in ("int8", "int16")
    return OpMemory(
        builtin_data_bytes=28,
        init_bytes=60 if cmsis else 56,
        prepare_bytes=(4 * layer.channels,) * 2 if has_arrays else (),
        scratch_bytes=(scratch,) if scratch else (),
    )


def weighted_arguments(
    layer: Convolution, source: Array | None, weights: Array | None, bias: Array | None
) -> tuple[NDArray[Any], NDArray[np.int8], NDArray[Any], NDArray[np.int32], NDArray[np.int32]]:
    """input, filter, bias, multiplier and shift of the Numba kernels; the bias is int64 with int16 activations."""
    multiplier, shift = channel_multipliers(_ratios(layer), layer.channels)
    wide = layer.input.dtype == "int16"
    return (
        _values(source, np.int16 if wide else np.int8),
        _values(weights, np.int8),
        _bias(bias, layer.channels, np.int64 if wide else np.int32),
        multiplier,
        shift,
    )


def _values(value: Array | None, dtype: type[np.generic]) -> NDArray[Any]:
    """An operand that `check` has found to be of a type and present, contiguous."""
    assert value is not None and value.dtype == dtype
    return np.ascontiguousarray(value)


def _bias(value: Array | None, channels: int, dtype: type[np.generic]) -> NDArray[Any]:
    """The bias as the Numba kernels take it: zeros for a missing one."""
    return np.zeros(channels, dtype) if value is None else np.ascontiguousarray(value, dtype).reshape(-1)


def window_arguments(layer: Convolution) -> tuple[int, int, int, int, int, int]:
    """stride_h … dilation_w of the Numba kernels."""
    reach = layer.window
    return (reach.stride_h, reach.stride_w, reach.pad_h, reach.pad_w, reach.dilation_h, reach.dilation_w)


def offset_arguments(layer: Convolution) -> tuple[int, int]:
    """input_offset and output_offset of the int8 kernels."""
    return -quantization(layer.op, layer.input).zero_point, quantization(layer.op, layer.output).zero_point


def activation_arguments(layer: Convolution) -> tuple[int, int]:
    """activation_min and activation_max."""
    return activation_range(layer.op, quantization(layer.op, layer.output), layer.output.dtype)


def convolution_invocation(
    layer: Convolution,
    symbol: str,
    params: abi.Struct,
    bias: abi.Argument,
    scratch_bytes: tuple[int, ...],
    sizing: Sequence[abi.Call] = (),
) -> abi.Invocation:
    """A call of one of the convolutions, which take their arguments in the same order; a context a scratch request."""
    op = layer.op
    multiplier, shift = channel_multipliers(_ratios(layer), layer.channels)
    contexts = [abi.context(abi.ScratchPointer(request), size) for request, size in enumerate(scratch_bytes)]
    call = abi.Call(
        symbol,
        (
            *(contexts or [abi.context(None, 0)]),
            params,
            abi.per_channel_quant_params(abi.PreparedPointer(0), abi.PreparedPointer(1)),
            abi.dims(*rank_4(op, layer.input, "input")),
            abi.TensorPointer(layer.input.index),
            abi.dims(*rank_4(op, layer.filter, "filter")),
            abi.TensorPointer(layer.filter.index),
            abi.dims(1, 1, 1, layer.channels),
            bias,
            abi.dims(*rank_4(op, layer.output, "output")),
            abi.TensorPointer(layer.output.index),
        ),
        sizing=tuple(sizing),
    )
    return abi.Invocation((multiplier.tobytes(), shift.tobytes()), (call,))


def sizing_call(layer: Convolution, symbol: str, params: abi.Struct, shapes: int = 3) -> abi.Call:
    """A call of a _get_buffer_size function: parameters, and the shapes of input, filter and output, or two of them."""
    operands = (layer.input, "input"), (layer.filter, "filter"), (layer.output, "output")
    dims = [abi.dims(*rank_4(layer.op, one, what)) for one, what in operands[:shapes]]
    return abi.Call(symbol, (params, *dims), checks_status=False)


def bias_pointer(layer: Convolution) -> abi.TensorPointer | None:
    """The bias, a null pointer where there is none."""
    return abi.TensorPointer(layer.bias.index) if layer.bias else None


def convolve_wrapper_s8_bytes(layer: Convolution, group_c: int, mve: bool) -> int:
    """What arm_convolve_wrapper_s8_get_buffer_size asks for, in bytes; `group_c`: channels of a filter.

    Nothing for 1 × 1 filters; else two columns of int16, each a multiple of 4 long; with MVE four columns of int8,
    each a multiple of 16 long, or along a row what `_convolve_1_x_n_s8_bytes_mve` says. Sizes as tflite-micro asks
    for in GCC builds.
    """
    reach = layer.window
    _, input_h, _, input_c = rank_4(layer.op, layer.input, "input")
    if reach.is_1x1 and group_c == input_c:
        return 0
    if not mve:
        return convolve_s8_bytes(layer)
    is_row = input_h == reach.filter_h == reach.dilation_w == 1
    if is_row and reach.stride_w * input_c % 4 == 0 and group_c == input_c:
        return _convolve_1_x_n_s8_bytes_mve(layer)
    return convolve_s8_bytes_mve(layer)


def convolve_s8_bytes(layer: Convolution) -> int:
    """What arm_convolve_s8_get_buffer_size asks for without MVE: two columns of int16, each a multiple of 4 long."""
    return 4 * -(-_column(layer) // 4) * 4


def convolve_s8_bytes_mve(layer: Convolution) -> int:
    """The same with MVE: four columns of int8, each a multiple of 16 long."""
    return 4 * -(-_column(layer) // 16) * 16


def _convolve_1_x_n_s8_bytes_mve(layer: Convolution) -> int:
    """What arm_convolve_1_x_n_s8_get_buffer_size asks for with MVE (CMSIS-NN's get_buffer_sizes_s8 2.3.0).

    The outputs are split into those that padding reaches on the left, on the right, and the others: where that covers
    them exactly, the larger of the padded ends; else what any convolution asks for.
    """
    reach = layer.window
    _, _, input_w, input_c = rank_4(layer.op, layer.input, "input")
    odd = int(math.fmod((reach.output_w - 1) * reach.stride_w + reach.filter_w - input_w, 2))
    left = max(1, -(-reach.pad_w // reach.stride_w)) if reach.pad_w else 0
    right = max(1, -(-(reach.pad_w + odd) // reach.stride_w)) if reach.pad_w + odd else 0
    if left + right + max(reach.output_w - left - right, 0) != reach.output_w:
        return convolve_s8_bytes_mve(layer)
    pad_left = reach.pad_w * input_c
    pad_right = right * input_c if odd else pad_left
    return max(reach.filter_w * input_c + pad_left, (reach.filter_w - 1) * input_c + pad_right)


def convolve_wrapper_s16_bytes(layer: Convolution, mve: bool) -> int:
    """The same for int16 activations: two columns of int16, with MVE four, each a multiple of 8 long."""
    column = _column(layer)
    return 8 * (-(-column // 8) * 8) if mve else 4 * column


def _column(layer: Convolution) -> int:
    """Elements of a window with all input channels."""
    return layer.window.filter_h * layer.window.filter_w * layer.input.shape[3]
