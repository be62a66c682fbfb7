"""CONV_2D: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.convolution import (
    Convolution,
    convolution,
    convolution_invocation,
    convolution_memory,
    convolution_reason,
    convolve_wrapper_s8_bytes,
    convolve_wrapper_s16_bytes,
    weighted_arguments,
    window_arguments,
)
from mcusim.model import Model, Op
from mcusim.nn.convolve import convolve_s8
from mcusim.operands import Array, bad, rank_4
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("arm_convolve_wrapper_s8",)


def _layer(model: Model, op: Op) -> Convolution:
    """Filter [output_c, h, w, input_c / groups]."""
    layer = convolution(model, op, channel_axis=0)
    input_c, group_c = layer.input.shape[3], layer.filter.shape[3]
    if input_c % group_c or layer.channels % (input_c // group_c):
        raise bad(op, f"has filters of {group_c} channels for {input_c} input and {layer.channels} output channels")
    return layer


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    return convolution_reason(model, _layer(model, op))


def macs(model: Model, op: Op) -> int:
    """Multiply-accumulates: one a filter element and output position, those on padding included."""
    layer = _layer(model, op)
    return layer.output.elements * layer.filter.elements // layer.channels


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates for the layer."""
    layer = _layer(model, op)
    _, h, _, c = rank_4(op, layer.input, "input")
    scratch_bytes = 0
    if layer.input.dtype == "int16":
        scratch_bytes = convolve_wrapper_s16_bytes(layer.window, c, runtime.mve)
    elif layer.input.dtype == "int8":
        scratch_bytes = convolve_wrapper_s8_bytes(layer.window, h, c, layer.filter.shape[3], runtime.mve)
    return convolution_memory(layer, runtime, scratch_bytes)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The int8 output [n, h, w, c] for the operands in the operator's order."""
    layer = _layer(model, op)
    output = np.empty(layer.output.shape, np.int8)
    convolve_s8(*weighted_arguments(model, layer, inputs), *window_arguments(layer), output)
    return (output,)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_convolve_wrapper_s8 with the multipliers and shifts that Prepare computes."""
    layer = _layer(model, op)
    stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, *offsets, least, greatest = window_arguments(layer)
    params = abi.conv_params(
        offsets[0], offsets[1], (stride_h, stride_w), (pad_h, pad_w), (dilation_h, dilation_w), (least, greatest)
    )
    scratch_bytes = memory(model, op, runtime).scratch_bytes
    return convolution_invocation(model, layer, "arm_convolve_wrapper_s8", params, scratch_bytes)
