"""MUL: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mcusim import abi
from mcusim.elementwise import Binary, binary, binary_call, binary_reason, repeated
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op
from mcusim.nn.elementwise import elementwise_mul_s8, elementwise_mul_s16
from mcusim.operands import Array, quantization
from mcusim.requantization import activation_range, activation_reason, ratio_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = (
    "arm_elementwise_mul_s8",
    "arm_elementwise_mul_s16",
    "mcusim_broadcast_mul_s8",
    "mcusim_broadcast_mul_s16",
)
_NUMBA: Mapping[str, Callable[..., None]] = {"int8": elementwise_mul_s8, "int16": elementwise_mul_s16}


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    layer = binary(model, op)
    return binary_reason(layer) or activation_reason(op) or ratio_reason([_ratio(op, layer)])


def macs(model: Model, op: Op) -> int:
    """None: products without sums are no multiply-accumulates."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the same with both kernel libraries."""
    binary(model, op)
    return OpMemory(builtin_data_bytes=1, builtin_data_alignment=1, init_bytes=36)


def _ratio(op: Op, layer: Binary) -> float:
    one, other, output = (quantization(op, tensor) for tensor in (layer.input_1, layer.input_2, layer.output))
    return one.scale * other.scale / output.scale


def _scalars(op: Op, layer: Binary) -> tuple[tuple[int, int], tuple[int, int, int, int, int]]:
    """What arm_elementwise_mul_s8 and _s16 take before and after its output pointer."""
    one, other, output = (quantization(op, tensor) for tensor in (layer.input_1, layer.input_2, layer.output))
    scaling = quantize_multiplier(_ratio(op, layer))
    return (-one.zero_point, -other.zero_point), (
        output.zero_point,
        *scaling,
        *activation_range(op, output, layer.output.dtype),
    )


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output, in the output tensor's shape, for the two operands."""
    layer = binary(model, op)
    output = np.empty(layer.output.shape, layer.output.dtype)
    before, after = _scalars(op, layer)
    _NUMBA[layer.output.dtype](*repeated(layer, inputs), *before, *after, output)
    return (output,)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_elementwise_mul_s8 or _s16, or mcusim_broadcast_mul_s8 or _s16 where an operand repeats."""
    layer = binary(model, op)
    return binary_call(layer, "mul", *_scalars(op, layer))
