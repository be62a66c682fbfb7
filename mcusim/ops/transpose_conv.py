"""TRANSPOSE_CONV: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.convolution import (
    Convolution,
    accumulates_in_64_bits,
    activation_arguments,
    bias_pointer,
    convolution_invocation,
    convolve_s8_bytes,
    convolve_s8_bytes_mve,
    offset_arguments,
    scaling_reason,
    sizing_call,
    weighted_arguments,
    window_arguments,
)
from mcusim.geometry import window
from mcusim.model import Model, Op
from mcusim.nn.transpose_conv import transpose_conv_s8, transpose_conv_s16
from mcusim.operands import Array, bad, expect_shape, operand, quantized_reason, rank_4, result, weights_reason, word
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("arm_transpose_conv_wrapper_s8", "mcusim_transpose_conv_s16")

# Operands: the output's shape, which TFLM does not read, the filter, the input, and the bias if there is one.
_INPUT, _BIAS = 2, 3

REVERSE_CONV_CHANNELS = 16  # with more CMSIS-NN convolves with the reversed filter, if strides are at most 2


def _layer(model: Model, op: Op) -> Convolution:
    """Filter [output_c, h, w, input_c]; the window is that of the convolution that this one is the reverse of."""
    source, filters = operand(model, op, _INPUT, "input"), operand(model, op, 1, "filter")
    output, bias = result(model, op), model.operand(op, _BIAS)
    n, _, _, input_c = rank_4(op, source, "input")
    channels, filter_h, filter_w, filter_c = rank_4(op, filters, "filter")
    _, output_h, output_w, _ = rank_4(op, output, "output")
    if filter_c != input_c:
        raise bad(op, f"has filters of {filter_c} channels for {input_c} input channels")
    reach = window(op, output_h, output_w, filter_h, filter_w, dilated=False)
    expect_shape(op, source, "input", (n, reach.output_h, reach.output_w, input_c))
    expect_shape(op, output, "output", (n, output_h, output_w, channels))
    if bias is not None and bias.elements != channels:
        raise bad(op, f"has a bias of {bias.elements} elements for {channels} output channels")
    return Convolution(op, source, filters, bias, output, 0, reach)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    layer = _layer(model, op)
    activation = word(op, "fused_activation_function")
    if activation != "NONE":
        return f"the fused activation {activation} is not supported, which TensorFlow Lite Micro would leave out"
    reason = quantized_reason(("int8", "int16"), layer.input, layer.output)
    if reason:
        return reason
    if layer.input.dtype == "int16" and layer.bias is None:
        return "int16 activations without a bias are not supported, as TensorFlow Lite Micro reads one"
    bias_dtypes = ("int64",) if layer.input.dtype == "int16" else ("int32",)
    return weights_reason(model, op, 0, ("int8",), bias_dtypes, _BIAS) or scaling_reason(layer)


def macs(model: Model, op: Op) -> int:
    """Multiply-accumulates: one a filter element and input position, those that are cropped included."""
    layer = _layer(model, op)
    return layer.input.elements // layer.input.shape[3] * layer.filter.elements


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates for the layer; sizes of OpData and of the builtin options as measured on GCC builds."""
    layer = _layer(model, op)
    return OpMemory(
        builtin_data_bytes=16,
        init_bytes=76 if runtime.kernels == "cmsis_nn" else 72,
        prepare_bytes=(4 * layer.channels,) * 2,
        scratch_bytes=_scratch_bytes(layer, runtime),
    )


def _scratch_bytes(layer: Convolution, runtime: Runtime) -> tuple[int, ...]:
    """The accumulators of all outputs, or what CMSIS-NN's two functions for int8 ask for.

    The second of those may ask for nothing, which is a request all the same (cmsis_nn/transpose_conv.cc). An int16
    bias takes a copy in int64.
    """
    if layer.input.dtype == "int16":
        bias = 8 * layer.channels if layer.bias is not None and layer.bias.dtype == "int16" else 0
        return (8 * layer.output.elements, *((bias,) if bias else ()))
    if layer.input.dtype != "int8":
        return ()
    if runtime.kernels != "cmsis_nn":
        return (4 * layer.output.elements,)
    reach = layer.window
    _, _, input_w, input_c = rank_4(layer.op, layer.input, "input")
    if max(reach.stride_h, reach.stride_w) <= 2 and input_c > REVERSE_CONV_CHANNELS:
        column_bytes = convolve_s8_bytes_mve(layer) if runtime.mve else convolve_s8_bytes(layer)
        return column_bytes, layer.filter.elements
    # The stride along h also in the width: CMSIS-NN has it so.
    width = (input_w - 1) * reach.stride_w + max(reach.filter_w, reach.stride_h)
    return 4 * width * layer.channels * max(reach.filter_h, reach.stride_h), 0


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output [n, h, w, c] for the operands in the operator's order."""
    layer = _layer(model, op)
    bias = inputs[_BIAS] if len(inputs) > _BIAS else None
    tensors, steps = weighted_arguments(layer, inputs[_INPUT], inputs[1], bias), window_arguments(layer)[:4]
    output = np.empty(layer.output.shape, np.dtype(layer.output.dtype))
    if accumulates_in_64_bits(layer):
        transpose_conv_s16(*tensors, *steps, *activation_arguments(layer), output)
    else:
        transpose_conv_s8(*tensors, *steps, *offset_arguments(layer), *activation_arguments(layer), output)
    return (output,)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """The kernel for the layer's type, with the multipliers and shifts that Prepare computes."""
    layer = _layer(model, op)
    reach = layer.window
    _, output_h, output_w, _ = rank_4(op, layer.output, "output")
    behind = (
        _padding_behind(output_h, reach.filter_h, reach.stride_h, reach.output_h, reach.pad_h),
        _padding_behind(output_w, reach.filter_w, reach.stride_w, reach.output_w, reach.pad_w),
    )
    params = abi.transpose_conv_params(
        *offset_arguments(layer),
        (reach.stride_h, reach.stride_w),
        (reach.pad_h, reach.pad_w),
        behind,
        activation_arguments(layer),
    )
    scratch_bytes, bias = memory(model, op, runtime).scratch_bytes, bias_pointer(layer)
    if layer.input.dtype == "int16":
        return convolution_invocation(layer, "mcusim_transpose_conv_s16", params, bias, scratch_bytes)
    sizing = (
        sizing_call(layer, "arm_transpose_conv_s8_get_buffer_size", params),
        sizing_call(layer, "arm_transpose_conv_s8_get_reverse_conv_buffer_size", params, shapes=2),
    )
    return convolution_invocation(layer, "arm_transpose_conv_wrapper_s8", params, bias, scratch_bytes, sizing)


def _padding_behind(size: int, filter_size: int, stride: int, positions: int, before: int) -> int:
    """What is cropped from the output's end, where SAME leaves the odd element; nothing for VALID."""
    return max((positions - 1) * stride + filter_size - size - before, 0)
