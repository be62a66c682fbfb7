"""SUB: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.elementwise import Binary, binary, binary_reason, broadcast_call, repeated
from mcusim.model import Model, Op
from mcusim.nn.elementwise import sub
from mcusim.operands import SUFFIXES, Array, quantization
from mcusim.requantization import (
    ADD_LEFT_SHIFT,
    activation_range,
    activation_reason,
    add_ratios,
    add_reason,
    add_scaling,
)
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_sub_s8", "mcusim_sub_s16")

_BeforeOutput = tuple[int, int, int, int, int, int, int]
_AfterOutput = tuple[int, int, int, int, int]


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    layer = binary(model, op)
    reason = binary_reason(layer) or activation_reason(op)
    return reason or add_reason(_ratios(op, layer), layer.output.dtype)


def macs(model: Model, op: Op) -> int:
    """None: differences are no multiply-accumulates."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the same with both kernel libraries."""
    binary(model, op)
    return OpMemory(builtin_data_bytes=2, builtin_data_alignment=1, init_bytes=52)


def _ratios(op: Op, layer: Binary) -> tuple[float, float, float]:
    """Those of ADD, but computed in float32."""
    one, other, output = (quantization(op, tensor) for tensor in (layer.input_1, layer.input_2, layer.output))
    with np.errstate(over="ignore", under="ignore"):
        return add_ratios(one, other, output, layer.output.dtype, np.float32)


def _scalars(op: Op, layer: Binary) -> tuple[_BeforeOutput, _AfterOutput]:
    """What mcusim_sub_s8 and _s16 take before and after their output pointer."""
    one, other, output = (quantization(op, tensor) for tensor in (layer.input_1, layer.input_2, layer.output))
    mult_1, shift_1, mult_2, shift_2, out_mult, out_shift = dataclasses.astuple(add_scaling(_ratios(op, layer)))
    left_shift = ADD_LEFT_SHIFT[layer.output.dtype]
    before = (-one.zero_point, mult_1, shift_1, -other.zero_point, mult_2, shift_2, left_shift)
    return before, (output.zero_point, out_mult, out_shift, *activation_range(op, output, layer.output.dtype))


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output, in the output tensor's shape, for the two operands."""
    layer = binary(model, op)
    output = np.empty(layer.output.shape, layer.output.dtype)
    before, after = _scalars(op, layer)
    sub(*repeated(layer, inputs), *before, *after, output)
    return (output,)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_sub_s8 or _s16."""
    layer = binary(model, op)
    return broadcast_call(layer, f"mcusim_sub_{SUFFIXES[layer.output.dtype]}", *_scalars(op, layer))
