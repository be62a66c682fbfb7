"""ADD: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.elementwise import Binary, binary, binary_call, binary_reason, repeated
from mcusim.model import Model, Op
from mcusim.nn.elementwise import elementwise_add_s8
from mcusim.operands import Array, quantization
from mcusim.requantization import ADD_LEFT_SHIFT, activation_range, activation_reason, add_ratios, add_scaling
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("arm_elementwise_add_s8", "mcusim_broadcast_add_s8")

_BeforeOutput = tuple[int, int, int, int, int, int, int]
_AfterOutput = tuple[int, int, int, int, int]


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    layer = binary(model, op)
    reason = binary_reason(layer) or activation_reason(op)
    if reason:
        return reason
    tensors = (layer.input_1, layer.input_2, layer.output)
    ratio = add_ratios(*(quantization(op, tensor) for tensor in tensors))[2]
    # TFLM aborts in QuantizeMultiplierSmallerThanOneExp otherwise.
    return None if ratio < 1 else f"input scales {ratio * 2**ADD_LEFT_SHIFT:.3g} times the output's are not supported"


def macs(model: Model, op: Op) -> int:
    """None: sums are no multiply-accumulates."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the same with both kernel libraries."""
    binary(model, op)
    return OpMemory(builtin_data_bytes=2, builtin_data_alignment=1, init_bytes=60)


def _scalars(op: Op, layer: Binary) -> tuple[_BeforeOutput, _AfterOutput]:
    """What arm_elementwise_add_s8 takes before and after its output pointer."""
    one, other, output = (quantization(op, tensor) for tensor in (layer.input_1, layer.input_2, layer.output))
    mult_1, shift_1, mult_2, shift_2, out_mult, out_shift = dataclasses.astuple(add_scaling(one, other, output))
    before = (-one.zero_point, mult_1, shift_1, -other.zero_point, mult_2, shift_2, ADD_LEFT_SHIFT)
    return before, (output.zero_point, out_mult, out_shift, *activation_range(op, output))


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The int8 output, in the output tensor's shape, for the two operands."""
    layer = binary(model, op)
    output = np.empty(layer.output.shape, np.int8)
    before, after = _scalars(op, layer)
    elementwise_add_s8(*repeated(layer, inputs), *before, *after, output)
    return (output,)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_elementwise_add_s8, or mcusim_broadcast_add_s8 where an operand repeats."""
    layer = binary(model, op)
    return binary_call(layer, "add", *_scalars(op, layer))
