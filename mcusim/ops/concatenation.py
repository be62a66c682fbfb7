"""CONCATENATION: one model layer → its checks, MACs, memory, reference result and C calls."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.copies import element_bytes, moved_reason
from mcusim.model import Model, Op, Tensor
from mcusim.nn.concatenation import concatenation_s8
from mcusim.operands import (
    Array,
    bad,
    expect_shape,
    four_dimensions,
    integer,
    operand,
    quantized_reason,
    result,
    same_quantization_reason,
    values,
    word,
)
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = (
    "arm_concatenation_s8_w",
    "arm_concatenation_s8_x",
    "arm_concatenation_s8_y",
    "arm_concatenation_s8_z",
)

DTYPES = ("int32", "int64", "float32", "bool")  # beside int8 and int16
MAX_INPUTS = 10  # kMaxInputNum of TFLM's kernel
LARGEST_DIMENSION = 0xFFFF  # arm_concatenation_s8_* take dimensions as uint16_t


def _tensors(model: Model, op: Op) -> tuple[tuple[Tensor, ...], Tensor, int]:
    """Inputs, output and the axis counted from the front; BadModelError where shapes disagree."""
    inputs = tuple(operand(model, op, position, f"input {position}") for position in range(len(op.inputs)))
    output, axis = result(model, op), integer(op, "axis")
    if not inputs:
        raise bad(op, "has no inputs")
    first = inputs[0].shape
    if not -len(first) <= axis < len(first):
        raise bad(op, f"joins along axis {axis} of {len(first)} dimensions")
    axis %= len(first)
    for tensor in inputs:
        if len(tensor.shape) != len(first) or _others(tensor, axis) != _others(inputs[0], axis):
            raise bad(op, f"joins shapes {list(first)} and {list(tensor.shape)} along axis {axis}")
    total = sum(tensor.shape[axis] for tensor in inputs)
    expect_shape(op, output, "output", (*first[:axis], total, *first[axis + 1 :]))
    return inputs, output, axis


def _others(tensor: Tensor, axis: int) -> tuple[int, ...]:
    return tensor.shape[:axis] + tensor.shape[axis + 1 :]


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    inputs, output, _ = _tensors(model, op)
    if word(op, "fused_activation_function") != "NONE":
        return f"the fused activation {word(op, 'fused_activation_function')} is not supported"
    if len(inputs) > MAX_INPUTS:
        return f"{len(inputs)} inputs are not supported; TensorFlow Lite Micro joins up to {MAX_INPUTS}"
    reason = _types_reason(*inputs, output)
    if reason:
        return reason
    innermost = output.shape[-1] * element_bytes(output)
    if len(output.shape) > 4 or max(*output.shape, innermost) > LARGEST_DIMENSION:
        return f"an output of shape {list(output.shape)} is not supported"
    return None


def _types_reason(*tensors: Tensor) -> str | None:
    """Why the elements cannot stand in one tensor, None if they can; int8 needs one quantization."""
    output = tensors[-1]
    if output.dtype not in ("int8", "int16"):
        return moved_reason(DTYPES, *tensors)
    reason = quantized_reason(("int8", "int16"), *tensors)
    if reason or output.dtype == "int16":
        return reason
    return next(filter(None, (same_quantization_reason(tensor, output) for tensor in tensors)), None)


def macs(model: Model, op: Op) -> int:
    """None: CONCATENATION copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates; since its kernel wants one quantization of all (2024), nothing in Prepare."""
    _tensors(model, op)
    return OpMemory(builtin_data_bytes=8, init_bytes=24)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The operands behind each other along the axis."""
    _, output, axis = _tensors(model, op)
    rows = math.prod(output.shape[:axis])
    joined = np.empty((rows, output.bytes // rows), np.int8)
    offset = 0
    for value in inputs:
        part = values(value).reshape(rows, -1).view(np.int8)
        concatenation_s8(part, offset, joined)
        offset += part.shape[1]
    return (joined.view(np.dtype(output.dtype)).reshape(output.shape),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """One call of arm_concatenation_s8_w, _z, _y or _x an input; CMSIS-NN counts dimensions from the innermost, x.

    Elements of several bytes are so many elements along x.
    """
    inputs, output, axis = _tensors(model, op)
    axis_of_4 = axis + 4 - len(output.shape)
    size = element_bytes(output)
    bytes_of = size if axis_of_4 == 3 else 1  # one element along the joined axis
    calls, offset = [], 0
    for tensor in inputs:
        w, z, y, x = four_dimensions(tensor.shape)
        pointers = abi.TensorPointer(tensor.index), abi.TensorPointer(output.index)
        # The outermost axis needs no size of the output: its parts simply follow each other.
        total = () if axis_of_4 == 0 else (output.shape[axis] * bytes_of,)
        arguments = (pointers[0], x * size, y, z, w, pointers[1], *total, offset)
        calls.append(abi.Call(f"arm_concatenation_s8_{'wzyx'[axis_of_4]}", arguments, checks_status=False))
        offset += tensor.shape[axis] * bytes_of
    return abi.Invocation((), tuple(calls))
