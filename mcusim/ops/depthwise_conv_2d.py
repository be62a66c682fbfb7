"""DEPTHWISE_CONV_2D: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.convolution import (
    Convolution,
    activation_arguments,
    bias_pointer,
    convolution,
    convolution_invocation,
    convolution_memory,
    convolution_reason,
    convolve_wrapper_s8_bytes,
    offset_arguments,
    sizing_call,
    weighted_arguments,
    window_arguments,
)
from mcusim.errors import UnsupportedError
from mcusim.model import Model, Op
from mcusim.nn.depthwise_conv import depthwise_conv_s8, depthwise_conv_s16
from mcusim.operands import Array, bad, integer, layer_name, rank_4
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = (
    "arm_depthwise_conv_wrapper_s8",
    "arm_depthwise_conv_wrapper_s4",
    "arm_depthwise_conv_s16",
)

CH_IN_BLOCK_MVE = 124  # channels that CMSIS-NN's MVE kernel buffers at a time


def _layer(model: Model, op: Op) -> Convolution:
    """Filter [1, h, w, output_c], output_c = input_c · depth_multiplier."""
    layer = convolution(model, op, channel_axis=3)
    input_c = layer.input.shape[3]
    if layer.filter.shape[0] != 1 or layer.channels % input_c:
        raise bad(op, f"has filters of shape {list(layer.filter.shape)} for {input_c} input channels")
    # The option only repeats what the shapes say; 0 is how converters leave it out.
    if integer(op, "depth_multiplier") not in (0, _ch_mult(layer)):
        raise bad(op, f"has a depth_multiplier of {integer(op, 'depth_multiplier')}; its shapes give {_ch_mult(layer)}")
    return layer


def _ch_mult(layer: Convolution) -> int:
    return layer.channels // layer.input.shape[3]


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    return convolution_reason(model, _layer(model, op), int16_bias_dtypes=("int64",))


def macs(model: Model, op: Op) -> int:
    """Multiply-accumulates: one a filter element and output position, those on padding included."""
    layer = _layer(model, op)
    return layer.output.elements * layer.window.filter_h * layer.window.filter_w


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates for the layer; it asks for no scratch with int16 activations."""
    layer = _layer(model, op)
    scratch_bytes = 0
    if layer.filter.dtype == "int4" and runtime.kernels == "cmsis_nn":
        scratch_bytes = _wrapper_s4_bytes(layer, runtime)
    elif layer.input.dtype == "int8":
        scratch_bytes = _wrapper_s8_bytes(layer, runtime)
    return convolution_memory(layer, runtime, scratch_bytes)


def _wrapper_s4_bytes(layer: Convolution, runtime: Runtime) -> int:
    """Room for one column of int16, with and without DSP, as of arm_depthwise_conv_wrapper_s4_get_buffer_size."""
    n, _, _, c = rank_4(layer.op, layer.input, "input")
    reach = layer.window
    if layer.channels != c or n != 1 or (reach.dilation_h, reach.dilation_w) != (1, 1):
        return 0
    if runtime.mve:
        raise UnsupportedError(f"{layer_name(layer.op)}: the scratch of int4 weights with MVE is not known")
    return 2 * c * reach.filter_h * reach.filter_w


def _wrapper_s8_bytes(layer: Convolution, runtime: Runtime) -> int:
    """Room for one column, as of arm_depthwise_conv_wrapper_s8_get_buffer_size.

    With MVE a layer of one input channel runs as a convolution with a transposed copy of its filter; that this
    begins with two output channels is so in GCC builds (armclang: nine).
    """
    n, _, _, c = rank_4(layer.op, layer.input, "input")
    reach = layer.window
    if runtime.mve and c == 1 and layer.channels > 1:
        return convolve_wrapper_s8_bytes(layer, 1, mve=True) + layer.filter.elements
    if layer.channels != c or n != 1 or (reach.dilation_h, reach.dilation_w) != (1, 1):
        return 0
    elements = reach.filter_h * reach.filter_w
    if runtime.mve:
        return 4 * CH_IN_BLOCK_MVE * elements
    is_3x3 = (reach.filter_h, reach.filter_w) == (3, 3) and max(reach.pad_h, reach.pad_w) <= 1
    return 2 * c * elements if runtime.dsp and not is_3x3 else 0


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output [n, h, w, c] for the operands in the operator's order."""
    layer = _layer(model, op)
    output = np.empty(layer.output.shape, np.dtype(layer.output.dtype))
    bias = inputs[2] if len(inputs) > 2 else None
    tensors = weighted_arguments(layer, inputs[0], inputs[1], bias)
    arguments = (*tensors, _ch_mult(layer), *window_arguments(layer))
    if layer.input.dtype == "int16":
        depthwise_conv_s16(*arguments, *activation_arguments(layer), output)
    else:
        depthwise_conv_s8(*arguments, *offset_arguments(layer), *activation_arguments(layer), output)
    return (output,)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """The wrapper for the layer's types, with the multipliers and shifts that Prepare computes.

    For int16 TFLM calls the general function: it does not ask for the scratch that the wrapper's choice may need.
    """
    layer = _layer(model, op)
    stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w = window_arguments(layer)
    params = abi.dw_conv_params(
        *offset_arguments(layer),
        _ch_mult(layer),
        (stride_h, stride_w),
        (pad_h, pad_w),
        (dilation_h, dilation_w),
        activation_arguments(layer),
    )
    scratch_bytes, bias = memory(model, op, runtime).scratch_bytes, bias_pointer(layer)
    if layer.input.dtype == "int16":
        return convolution_invocation(layer, "arm_depthwise_conv_s16", params, bias, scratch_bytes)
    symbol = "arm_depthwise_conv_wrapper_s4" if layer.filter.dtype == "int4" else "arm_depthwise_conv_wrapper_s8"
    sizing = sizing_call(layer, f"{symbol}_get_buffer_size", params)
    return convolution_invocation(layer, symbol, params, bias, scratch_bytes, (sizing,))
