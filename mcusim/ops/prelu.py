"""PRELU: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.elementwise import Binary, binary, broadcast_call, broadcast_reason, repeated
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op
from mcusim.nn.activation import prelu
from mcusim.operands import SUFFIXES, Array, int8_reason, quantization, quantized_reason
from mcusim.requantization import STORED_RANGE, ratio_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_prelu_s8", "mcusim_prelu_s16")

_BeforeOutput = tuple[int, int, int, int, int, int]


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    layer = binary(model, op)
    reason = broadcast_reason(layer) or quantized_reason(("int8", "int16"), layer.input_1, layer.output)
    return reason or int8_reason(layer.input_2) or ratio_reason(_ratios(op, layer))


def macs(model: Model, op: Op) -> int:
    """None: PRELU works element by element."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates; PRELU has no options to parse."""
    binary(model, op)
    return OpMemory(init_bytes=28)


def _ratios(op: Op, layer: Binary) -> tuple[float, float]:
    """Of the identity and of alpha."""
    tensors = (layer.input_1, layer.input_2, layer.output)
    source, alpha, output = (quantization(op, tensor).scale for tensor in tensors)
    return source / output, source * alpha / output


def _scalars(op: Op, layer: Binary) -> tuple[_BeforeOutput, tuple[int]]:
    """What mcusim_prelu_s8 and _s16 take before and after their output pointer."""
    source, alpha, output = (quantization(op, tensor) for tensor in (layer.input_1, layer.input_2, layer.output))
    scalings = [quantize_multiplier(ratio) for ratio in _ratios(op, layer)]
    return (-source.zero_point, -alpha.zero_point, *scalings[0], *scalings[1]), (output.zero_point,)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output, in the output tensor's shape, for the input and alpha."""
    layer = binary(model, op)
    output = np.empty(layer.output.shape, layer.output.dtype)
    before, after = _scalars(op, layer)
    prelu(*repeated(layer, inputs), *before, *after, *STORED_RANGE[layer.output.dtype], output)
    return (output,)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_prelu_s8 or _s16."""
    layer = binary(model, op)
    return broadcast_call(layer, f"mcusim_prelu_{SUFFIXES[layer.output.dtype]}", *_scalars(op, layer))
