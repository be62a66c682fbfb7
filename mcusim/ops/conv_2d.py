"""CONV_2D: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.convolution import (
    Convolution,
    accumulates_in_64_bits,
    activation_arguments,
    bias_pointer,
    convolution,
    convolution_invocation,
    convolution_memory,
    convolution_reason,
    convolve_wrapper_s8_bytes,
    convolve_wrapper_s16_bytes,
    offset_arguments,
    sizing_call,
    weighted_arguments,
    window_arguments,
)
from mcusim.model import Model, Op
from mcusim.nn.convolve import convolve_s8, convolve_s16
from mcusim.operands import Array, bad
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("arm_convolve_wrapper_s8", "arm_convolve_wrapper_s4", "arm_convolve_wrapper_s16")


def _layer(model: Model, op: Op) -> Convolution:
    """Filter [output_c, h, w, input_c / groups]."""
    layer = convolution(model, op, channel_axis=0)
    input_c, group_c = layer.input.shape[3], layer.filter.shape[3]
    if input_c % group_c or layer.channels % (input_c // group_c):
        raise bad(op, f"has filters of {group_c} channels for {input_c} input and {layer.channels} output channels")
    return layer


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    return convolution_reason(model, _layer(model, op), int16_bias_dtypes=("int64", "int32"))


def macs(model: Model, op: Op) -> int:
    """Multiply-accumulates: one a filter element and output position, those on padding included."""
    layer = _layer(model, op)
    return layer.output.elements * layer.filter.elements // layer.channels


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates for the layer; for int4 weights it asks for the scratch of int8 (cmsis_nn/conv.cc)."""
    layer = _layer(model, op)
    scratch_bytes = 0
    if layer.input.dtype == "int16":
        scratch_bytes = convolve_wrapper_s16_bytes(layer, runtime.mve)
    elif layer.input.dtype == "int8":
        scratch_bytes = convolve_wrapper_s8_bytes(layer, layer.filter.shape[3], runtime.mve)
    return convolution_memory(layer, runtime, scratch_bytes)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output [n, h, w, c] for the operands in the operator's order."""
    layer = _layer(model, op)
    bias = inputs[2] if len(inputs) > 2 else None
    tensors = weighted_arguments(layer, inputs[0], inputs[1], bias)
    steps, limits = window_arguments(layer), activation_arguments(layer)
    output = np.empty(layer.output.shape, np.dtype(layer.output.dtype))
    if layer.input.dtype == "int16":
        convolve_s16(*tensors, *steps, not accumulates_in_64_bits(layer), *limits, output)
    else:
        convolve_s8(*tensors, *steps, *offset_arguments(layer), *limits, output)
    return (output,)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """The wrapper for the layer's types, with the multipliers and shifts that Prepare computes."""
    layer = _layer(model, op)
    stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w = window_arguments(layer)
    params = abi.conv_params(
        *offset_arguments(layer),
        (stride_h, stride_w),
        (pad_h, pad_w),
        (dilation_h, dilation_w),
        activation_arguments(layer),
    )
    kind, bias = "s4" if layer.filter.dtype == "int4" else "s8", bias_pointer(layer)
    scratch_bytes = memory(model, op, runtime).scratch_bytes
    argument: abi.Argument = bias
    if layer.input.dtype == "int16":
        kind, argument = "s16", abi.bias_data(bias, is_int32=not accumulates_in_64_bits(layer))
    symbol = f"arm_convolve_wrapper_{kind}"
    sizing = sizing_call(layer, f"{symbol}_get_buffer_size", params)
    return convolution_invocation(layer, symbol, params, argument, scratch_bytes, (sizing,))
