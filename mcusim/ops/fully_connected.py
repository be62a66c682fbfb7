"""FULLY_CONNECTED: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim import abi
from mcusim.model import Model, Op, Tensor
from mcusim.nn.fully_connected import fully_connected_per_channel_s8, fully_connected_s8, fully_connected_s16
from mcusim.operands import (
    Array,
    bad,
    bias_or_zeros,
    int8_values,
    int16_values,
    long_bias_or_zeros,
    operand,
    quantization,
    quantized_reason,
    result,
    weights_reason,
    word,
)
from mcusim.requantization import (
    LARGEST_SHIFT,
    LARGEST_SHIFT_S64,
    activation_range,
    activation_reason,
    channel_multipliers,
    ratio_reason,
    weighted_ratios,
)
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = (
    "arm_convolve_1x1_s8_fast",
    "arm_fully_connected_per_channel_s8",
    "arm_fully_connected_s16",
    "arm_fully_connected_s4",
    "arm_fully_connected_s8",
    "mcusim_repeat_scale",
)


@dataclass(frozen=True, slots=True)
class _Layer:
    """Shapes that agree: `batches` rows of `depth` inputs, weights [channels, depth]."""

    input: Tensor
    weights: Tensor
    bias: Tensor | None
    output: Tensor
    batches: int
    depth: int
    channels: int

    @property
    def per_channel(self) -> bool:
        """Whether each output channel has a scale of its own."""
        return self.weights.quantization is not None and self.weights.quantization.per_channel

    @property
    def is_1x1(self) -> bool:
        """Whether TFLM runs the layer as a 1 × 1 convolution with CMSIS-NN."""
        return self.kind == "s8" and len(self.output.shape) > 2 and self.depth % 4 == 0

    @property
    def kind(self) -> str:
        """What the names of the kernels end with: the type of the activations, or of int4 weights."""
        return "s4" if self.weights.dtype == "int4" else "s16" if self.input.dtype == "int16" else "s8"


def _layer(model: Model, op: Op) -> _Layer:
    source, weights, output = operand(model, op, 0, "input"), operand(model, op, 1, "weights"), result(model, op)
    if len(weights.shape) != 2 or 0 in weights.shape:
        raise bad(op, f"has weights of shape {list(weights.shape)}; two dimensions of 1 or more are expected")
    channels, depth = weights.shape
    batches, rest = divmod(source.elements, depth)
    if rest or output.shape[-1:] != (channels,) or output.elements != batches * channels:
        raise bad(
            op,
            f"has an input of shape {list(source.shape)} and an output of shape {list(output.shape)}, which do not "
            f"go with weights of shape {list(weights.shape)}",
        )
    bias = model.operand(op, 2)
    if bias is not None and bias.elements != channels:
        raise bad(op, f"has a bias of {bias.elements} elements for {channels} output channels")
    return _Layer(source, weights, bias, output, batches, depth, channels)


# Types of weights and bias by the activations'.
_TYPES = {"int8": (("int8", "int4"), ("int32",)), "int16": (("int8",), ("int64",))}


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    layer = _layer(model, op)
    if not 2 <= len(layer.output.shape) <= 4:
        return f"an output of {len(layer.output.shape)} dimensions is not supported"
    if word(op, "weights_format") != "DEFAULT":
        return f"weights in the format {word(op, 'weights_format')} are not supported"
    is_long = layer.kind == "s16"
    return (
        quantized_reason(("int8", "int16"), layer.input, layer.output)
        or weights_reason(model, op, 0, *_TYPES[layer.input.dtype], symmetric=False)
        or _variant_reason(layer)
        or activation_reason(op)
        or ratio_reason(weighted_ratios(model, op), LARGEST_SHIFT_S64 if is_long else LARGEST_SHIFT)
    )


def _variant_reason(layer: _Layer) -> str | None:
    """Why TFLM has no kernel for such weights: scales per channel and zero points are for int8 alone."""
    if layer.per_channel and layer.kind != "s8":
        return f"{layer.weights.dtype} weights per channel for {layer.input.dtype} activations are not supported"
    has_zero_point = layer.weights.quantization is not None and any(layer.weights.quantization.zero_points)
    if has_zero_point and (layer.per_channel or layer.kind != "s8" or layer.is_1x1):
        return "weights with a zero point other than 0 are supported for one scale, int8 and two dimensions only"
    return None


def macs(model: Model, op: Op) -> int:
    """Multiply-accumulates: one a weight and batch."""
    layer = _layer(model, op)
    return layer.batches * layer.weights.elements


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: arrays of multipliers only per channel, kernel sums for MVE.

    As a 1 × 1 convolution the layer needs multipliers per channel, and takes scratch for them if it has only one.
    """
    layer = _layer(model, op)
    cmsis = runtime.kernels == "cmsis_nn"
    arrays = (4 * layer.channels,) * 2 if layer.per_channel else ()
    int8 = cmsis and layer.input.dtype == "int8"
    sums = (4 * layer.channels,) if cmsis and _has_kernel_sums(layer, runtime) else ()
    as_1x1 = len(layer.output.shape) > 2 and layer.depth % 4 == 0  # asked for int4 weights too
    scratch = (8 * layer.channels,) if int8 and as_1x1 and not layer.per_channel else ()
    if not cmsis and layer.weights.dtype == "int4":
        scratch = (layer.weights.elements,)
    return OpMemory(
        builtin_data_bytes=5,
        builtin_data_alignment=1,
        init_bytes=72 if cmsis else 48,
        prepare_bytes=arrays + sums,
        scratch_bytes=scratch,
    )


def _has_kernel_sums(layer: _Layer, runtime: Runtime) -> bool:
    constant = layer.weights.is_constant and (layer.bias is None or layer.bias.is_constant)
    return runtime.mve and layer.input.dtype == "int8" and constant and not layer.is_1x1


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output, in the output tensor's shape, for the operands in the operator's order."""
    layer = _layer(model, op)
    if layer.kind == "s16":
        return (_reference_s16(model, op, layer, inputs).reshape(layer.output.shape),)
    output = np.empty((layer.batches, layer.channels), np.int8)
    rows = int8_values(inputs[0]).reshape(layer.batches, layer.depth)
    weights = int8_values(inputs[1])
    bias = bias_or_zeros(inputs[2] if len(inputs) > 2 else None, layer.channels)
    offsets = _offsets(op, layer)
    clamp = activation_range(op, quantization(op, layer.output))
    multiplier, shift = channel_multipliers(weighted_ratios(model, op), layer.channels)
    if layer.per_channel:
        fully_connected_per_channel_s8(rows, weights, bias, multiplier, shift, *offsets, *clamp, output)
    else:
        fully_connected_s8(rows, weights, bias, int(multiplier[0]), int(shift[0]), *offsets, *clamp, output)
    return (output.reshape(layer.output.shape),)


def _reference_s16(model: Model, op: Op, layer: _Layer, inputs: Sequence[Array | None]) -> NDArray[np.int16]:
    output = np.empty((layer.batches, layer.channels), np.int16)
    multiplier, shift = channel_multipliers(weighted_ratios(model, op), 1)
    fully_connected_s16(
        int16_values(inputs[0]).reshape(layer.batches, layer.depth),
        int8_values(inputs[1]),
        long_bias_or_zeros(inputs[2] if len(inputs) > 2 else None, layer.channels),
        int(multiplier[0]),
        int(shift[0]),
        *activation_range(op, quantization(op, layer.output), "int16"),
        output,
    )
    return output


def _offsets(op: Op, layer: _Layer) -> tuple[int, int, int]:
    """What is added to inputs, weights and outputs."""
    source, weights, output = (quantization(op, tensor) for tensor in (layer.input, layer.weights, layer.output))
    return -source.zero_point, -weights.zero_point, output.zero_point


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_fully_connected_s8, _per_channel_s8, _s4 or _s16; int8 with more than two dimensions the 1 × 1 convolution.

    That takes a scale a channel: TFLM's Eval fills its scratch with the one there is, multipliers then shifts.
    """
    layer = _layer(model, op)
    multiplier, shift = channel_multipliers(weighted_ratios(model, op), layer.channels)
    arrays: tuple[bytes, ...] = (multiplier.tobytes(), shift.tobytes()) if layer.per_channel else ()
    sums = abi.PreparedPointer(len(arrays)) if _has_kernel_sums(layer, runtime) else None
    if layer.is_1x1:
        calls = _convolve_1x1(op, layer, int(multiplier[0]), int(shift[0]))
    else:
        context = abi.context(sums, 4 * layer.channels if sums else 0)
        calls = (_fully_connected(op, layer, context, int(multiplier[0]), int(shift[0])),)
    if sums:
        arrays += (_kernel_sums(op, layer).tobytes(),)
    return abi.Invocation(arrays, calls)


def _kernel_sums(op: Op, layer: _Layer) -> NDArray[np.int32]:
    """What the MVE kernels expect: sum of a channel's weights · input offset + bias (arm_vector_sum_s8)."""
    assert layer.weights.data is not None
    offset = -quantization(op, layer.input).zero_point
    sums: NDArray[np.int32] = layer.weights.data.astype(np.int32).sum(axis=1, dtype=np.int32) * np.int32(offset)
    return sums + bias_or_zeros(layer.bias.data if layer.bias else None, layer.channels)


def _fully_connected(op: Op, layer: _Layer, context: abi.Struct, multiplier: int, shift: int) -> abi.Call:
    if layer.per_channel:
        symbol = "arm_fully_connected_per_channel_s8"
        quant_params = abi.per_channel_quant_params(abi.PreparedPointer(0), abi.PreparedPointer(1))
    else:
        symbol = f"arm_fully_connected_{layer.kind}"
        quant_params = abi.per_tensor_quant_params(multiplier, shift)
    clamp = activation_range(op, quantization(op, layer.output), layer.output.dtype)
    params = abi.fc_params(*_offsets(op, layer), clamp)
    filter_dims = abi.dims(layer.depth, 1, 1, layer.channels)
    size = "s16" if layer.kind == "s16" else "s8"  # int4 weights too, as TensorFlow Lite Micro asks
    sizing = abi.Call(f"arm_fully_connected_{size}_get_buffer_size", (filter_dims,), checks_status=False)
    return abi.Call(symbol, (context, params, quant_params, *_tensors(layer, filter_dims)), sizing=(sizing,))


def _convolve_1x1(op: Op, layer: _Layer, multiplier: int, shift: int) -> tuple[abi.Call, ...]:
    output = quantization(op, layer.output)
    params = abi.conv_params(
        -quantization(op, layer.input).zero_point,
        output.zero_point,
        (1, 1),
        (0, 0),
        (1, 1),
        activation_range(op, output),
    )
    repeat: tuple[abi.Call, ...] = ()
    scales: tuple[abi.Argument, abi.Argument] = abi.PreparedPointer(0), abi.PreparedPointer(1)
    if not layer.per_channel:
        scales = abi.ScratchPointer(0), abi.ScratchPointer(0, 4 * layer.channels)
        repeat = (abi.Call("mcusim_repeat_scale", (multiplier, shift, layer.channels, *scales), checks_status=False),)
    tensors = _tensors(layer, abi.dims(layer.channels, 1, 1, layer.depth))
    sizing = abi.Call("arm_convolve_1x1_s8_fast_get_buffer_size", tensors[:1], checks_status=False)
    arguments = (abi.context(None, 0), params, abi.Struct(scales), *tensors)
    return (*repeat, abi.Call("arm_convolve_1x1_s8_fast", arguments, sizing=(sizing,)))


def _tensors(layer: _Layer, filter_dims: abi.Struct) -> tuple[abi.Argument, ...]:
    """Dimensions and addresses of input, filter, bias and output, in the order that both calls take."""
    return (
        abi.dims(layer.batches, 1, 1, layer.depth),
        abi.TensorPointer(layer.input.index),
        filter_dims,
        abi.TensorPointer(layer.weights.index),
        abi.dims(1, 1, 1, layer.channels),
        abi.TensorPointer(layer.bias.index) if layer.bias else None,
        abi.dims(layer.batches, 1, 1, layer.channels),
        abi.TensorPointer(layer.output.index),
    )
