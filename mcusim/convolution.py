"""A layer of CONV_2D or DEPTHWISE_CONV_2D → what the two have in common: shapes, memory, arguments of the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim import abi
from mcusim.errors import UnsupportedError
from mcusim.geometry import Window, window
from mcusim.model import Model, Op, Tensor
from mcusim.operands import (
    Array,
    bad,
    bias_or_zeros,
    expect_shape,
    int8_reason,
    int8_values,
    layer_name,
    operand,
    quantization,
    rank_4,
    result,
    weights_reason,
)
from mcusim.requantization import (
    activation_range,
    activation_reason,
    channel_multipliers,
    ratio_reason,
    weighted_ratios,
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


def convolution_reason(model: Model, layer: Convolution) -> str | None:
    """Why mcusim cannot run the layer, None if it can."""
    return (
        int8_reason(layer.input, layer.output)
        or weights_reason(model, layer.op, layer.channel_axis)
        or activation_reason(layer.op)
        or ratio_reason(weighted_ratios(model, layer.op))
    )


def convolution_memory(layer: Convolution, runtime: Runtime, cmsis_scratch_bytes: int) -> OpMemory:
    """What TFLM allocates; sizes of OpData and of the builtin options as measured on GCC builds.

    Both arrays, multiplier and shift, are there also when quantization is per tensor. The reference kernels ask
    for scratch only to unpack int4 weights.
    """
    cmsis = runtime.kernels == "cmsis_nn"
    if layer.filter.dtype == "int4" and cmsis:
        raise UnsupportedError(f"{layer_name(layer.op)}: the scratch of int4 weights with CMSIS-NN is not known")
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
    model: Model, layer: Convolution, inputs: Sequence[Array | None]
) -> tuple[NDArray[np.int8], NDArray[np.int8], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """input, filter, bias, multiplier and shift of the Numba kernels."""
    bias = inputs[2] if len(inputs) > 2 else None
    multiplier, shift = channel_multipliers(weighted_ratios(model, layer.op), layer.channels)
    return int8_values(inputs[0]), int8_values(inputs[1]), bias_or_zeros(bias, layer.channels), multiplier, shift


def window_arguments(layer: Convolution) -> tuple[int, int, int, int, int, int, int, int, int, int]:
    """stride_h … dilation_w, input_offset, output_offset, activation_min, activation_max of the Numba kernels."""
    reach, output = layer.window, quantization(layer.op, layer.output)
    least, greatest = activation_range(layer.op, output)
    return (
        reach.stride_h,
        reach.stride_w,
        reach.pad_h,
        reach.pad_w,
        reach.dilation_h,
        reach.dilation_w,
        -quantization(layer.op, layer.input).zero_point,
        output.zero_point,
        least,
        greatest,
    )


def convolution_invocation(
    model: Model, layer: Convolution, symbol: str, params: abi.Struct, scratch_bytes: tuple[int, ...]
) -> abi.Invocation:
    """A call of one of CMSIS-NN's convolution wrappers, which take their arguments in the same order."""
    op = layer.op
    multiplier, shift = channel_multipliers(weighted_ratios(model, op), layer.channels)
    shapes = [abi.dims(*rank_4(op, one, what)) for one, what in _operands_of(layer)]
    call = abi.Call(
        symbol,
        (
            abi.context(abi.ScratchPointer(0), scratch_bytes[0]) if scratch_bytes else abi.context(None, 0),
            params,
            abi.per_channel_quant_params(abi.PreparedPointer(0), abi.PreparedPointer(1)),
            shapes[0],
            abi.TensorPointer(layer.input.index),
            shapes[1],
            abi.TensorPointer(layer.filter.index),
            abi.dims(1, 1, 1, layer.channels),
            abi.TensorPointer(layer.bias.index) if layer.bias else None,
            shapes[2],
            abi.TensorPointer(layer.output.index),
        ),
        sizing=(abi.Call(f"{symbol}_get_buffer_size", (params, *shapes), checks_status=False),),
    )
    return abi.Invocation((multiplier.tobytes(), shift.tobytes()), (call,))


def _operands_of(layer: Convolution) -> tuple[tuple[Tensor, str], ...]:
    return (layer.input, "input"), (layer.filter, "filter"), (layer.output, "output")


def convolve_wrapper_s8_bytes(window: Window, input_h: int, input_c: int, group_c: int, mve: bool) -> int:
    """What arm_convolve_wrapper_s8_get_buffer_size asks for, in bytes; `group_c`: channels of a filter.

    Nothing for 1 × 1 filters; else two columns of int16, each a multiple of 4 long; with MVE four columns of int8,
    each a multiple of 16 long. Raises UnsupportedError for one row of input and filter with MVE, whose size is not
    known. Sizes as tflite-micro asks for in GCC builds.
    """
    if window.is_1x1 and group_c == input_c:
        return 0
    column = window.filter_h * window.filter_w * input_c
    if not mve:
        return 4 * (-(-column // 4) * 4)
    if input_h == window.filter_h == 1:
        raise UnsupportedError("the scratch of a CONV_2D along one row is not known for kernels with MVE")
    return 4 * (-(-column // 16) * 16)


def convolve_wrapper_s16_bytes(window: Window, input_c: int, mve: bool) -> int:
    """The same for int16 activations: two columns of int16, with MVE four, each a multiple of 8 long."""
    column = window.filter_h * window.filter_w * input_c
    return 8 * (-(-column // 8) * 8) if mve else 4 * column
