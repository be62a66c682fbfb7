"""SOFTMAX: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.fixedpoint import softmax_scaling
from mcusim.model import Model, Op
from mcusim.nn.softmax import softmax_s8
from mcusim.operands import Array, int8_reason, int8_values, number, probability_reason, quantization, same_shape
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("arm_softmax_s8",)

# Exponentials are summed as int32 with 12 integer bits, and each is at most 1.
MOST_ELEMENTS = 4_095
LUT_ENTRIES = 513  # of each of the two int16 tables that int16 inputs need (TFLM, kInt16LUTArraySize)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    if not source.shape:
        return "an input without dimensions is not supported"
    reason = int8_reason(source, output) or probability_reason(output)
    if reason:
        return reason
    if source.shape[-1] > MOST_ELEMENTS:
        return f"rows of more than {MOST_ELEMENTS:,} elements, whose sum of exponentials overflows, are not supported"
    try:
        _scaling(model, op)
    except ValueError as error:
        return str(error)
    return None


def macs(model: Model, op: Op) -> int:
    """None: SOFTMAX has no dot products."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: tables of exp and 1 / (1 + x) for int16 inputs only."""
    source, _ = same_shape(model, op)
    return OpMemory(
        builtin_data_bytes=4,
        init_bytes=64 if runtime.kernels == "cmsis_nn" else 56,
        prepare_bytes=(2 * LUT_ENTRIES,) * 2 if source.dtype == "int16" else (),
    )


def _scaling(model: Model, op: Op) -> tuple[int, int, int]:
    source, _ = same_shape(model, op)
    return softmax_scaling(number(op, "beta"), quantization(op, source).scale)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The int8 output, in the input's shape; rows are along the last dimension."""
    source, _ = same_shape(model, op)
    output = np.empty(source.shape, np.int8)
    rows = (-1, source.shape[-1])
    softmax_s8(int8_values(inputs[0]).reshape(rows), *_scaling(model, op), output.reshape(rows))
    return (output,)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_softmax_s8."""
    source, output = same_shape(model, op)
    row_size = source.shape[-1]
    pointers = abi.TensorPointer(source.index), abi.TensorPointer(output.index)
    arguments = (pointers[0], source.elements // row_size, row_size, *_scaling(model, op), pointers[1])
    return abi.Invocation((), (abi.Call("arm_softmax_s8", arguments, checks_status=False),))
