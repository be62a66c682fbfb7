"""SQUARED_DIFFERENCE: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mcusim import abi
from mcusim.elementwise import Binary, binary, binary_reason, broadcast_call, repeated
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op
from mcusim.nn.elementwise import squared_difference
from mcusim.operands import SUFFIXES, Array, quantization
from mcusim.requantization import STORED_RANGE, ratio_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_squared_difference_s8", "mcusim_squared_difference_s16")

LEFT_SHIFT: Mapping[str, int] = {"int8": 7, "int16": 0}  # so that the square is an int32 (SquaredDifferencePrepare)

_BeforeOutput = tuple[int, int, int, int, int, int, int]


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    layer = binary(model, op)
    return binary_reason(layer) or ratio_reason(_ratios(op, layer))


def macs(model: Model, op: Op) -> int:
    """None: a square an element is no multiply-accumulate."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the same with both kernel libraries, and no options to parse."""
    binary(model, op)
    return OpMemory(init_bytes=112)


def _ratios(op: Op, layer: Binary) -> tuple[float, float, float]:
    """Input scales over twice the larger one, and its square over 4**left_shift output scales."""
    one, other, output = (quantization(op, tensor).scale for tensor in (layer.input_1, layer.input_2, layer.output))
    twice_largest = 2 * max(one, other)
    return one / twice_largest, other / twice_largest, twice_largest**2 / (4 ** LEFT_SHIFT[layer.output.dtype] * output)


def _scalars(op: Op, layer: Binary) -> tuple[_BeforeOutput, tuple[int, int, int, int, int]]:
    """What mcusim_squared_difference_s8 and _s16 take before and after their output pointer."""
    one, other, output = (quantization(op, tensor) for tensor in (layer.input_1, layer.input_2, layer.output))
    scaling_1, scaling_2, scaling = (quantize_multiplier(ratio) for ratio in _ratios(op, layer))
    dtype = layer.output.dtype
    before = (-one.zero_point, *scaling_1, -other.zero_point, *scaling_2, LEFT_SHIFT[dtype])
    return before, (output.zero_point, *scaling, *STORED_RANGE[dtype])


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output, in the output tensor's shape, for the two operands."""
    layer = binary(model, op)
    output = np.empty(layer.output.shape, layer.output.dtype)
    before, after = _scalars(op, layer)
    squared_difference(*repeated(layer, inputs), *before, *after, output)
    return (output,)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_squared_difference_s8 or _s16."""
    layer = binary(model, op)
    return broadcast_call(layer, f"mcusim_squared_difference_{SUFFIXES[layer.output.dtype]}", *_scalars(op, layer))
