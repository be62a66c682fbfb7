"""A layer of REDUCE_MAX, REDUCE_MIN, ARG_MAX or ARG_MIN → what maxima and minima have in common."""

from __future__ import annotations

import math

import numpy as np

from mcusim import abi
from mcusim.copies import axis_of
from mcusim.model import Model, Op, Tensor
from mcusim.nn.reduce import arg_max_s8, reduce_max_s8
from mcusim.operands import (
    Array,
    bad,
    constant,
    expect_shape,
    four_dimensions,
    int8_reason,
    int8_values,
    operand,
    result,
    same_quantization_reason,
    word,
)
from mcusim.reduction import axes_reason, reduced_arguments, reduced_of_4, reduced_tensors


def reduce_reason(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run REDUCE_MAX or REDUCE_MIN; None if it can. TFLM wants one quantization."""
    source, _, output = reduced_tensors(model, op)
    return axes_reason(model, op) or int8_reason(source, output) or same_quantization_reason(source, output)


def reduce_reference(model: Model, op: Op, value: Array | None, sign: int) -> tuple[Array, ...]:
    """The greatest elements (sign 1) or the least (−1) over the reduced axes."""
    source, _, output = reduced_tensors(model, op)
    found = np.empty(output.elements, np.int8)
    elements = int8_values(value).reshape(four_dimensions(source.shape))
    reduce_max_s8(elements, np.array(reduced_of_4(model, op), np.int32), sign, found)
    return (found.reshape(output.shape),)


def reduce_call(model: Model, op: Op, symbol: str) -> abi.Invocation:
    """mcusim_reduce_max_s8 or mcusim_reduce_min_s8."""
    arguments = (*reduced_arguments(model, op), abi.TensorPointer(result(model, op).index))
    return abi.Invocation((), (abi.Call(symbol, arguments, checks_status=False),))


def _arg_tensors(model: Model, op: Op) -> tuple[Tensor, Tensor]:
    return operand(model, op, 0, "input"), result(model, op)


def _arg_sizes(model: Model, op: Op) -> tuple[int, int, int] | None:
    """outer, axis size and inner; None where the axis is computed at run time. BadModelError where shapes disagree."""
    source, output = _arg_tensors(model, op)
    given = constant(model, op, 1, "axis")
    if given is None or len(given) != 1:
        return None
    axis = axis_of(op, int(given[0]), len(source.shape))
    expect_shape(op, output, "output", source.shape[:axis] + source.shape[axis + 1 :])
    return math.prod(source.shape[:axis]), source.shape[axis], math.prod(source.shape[axis + 1 :])


def arg_reason(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run ARG_MAX or ARG_MIN; None if it can. BadModelError where shapes disagree."""
    source, output = _arg_tensors(model, op)
    if _arg_sizes(model, op) is None:
        return "an axis other than one constant int32 is not supported"
    if word(op, "output_type") != output.dtype.upper():
        raise bad(op, f"has an output of {output.dtype}, and the option output_type {word(op, 'output_type')}")
    if output.dtype != "int32":
        return f"an output of {output.dtype} is not supported"
    if source.dtype != "int8":
        return f"{source.dtype} is not supported"
    return f"tensor {source.name!r} is empty" if source.elements == 0 else None


def _checked_sizes(model: Model, op: Op) -> tuple[int, int, int]:
    sizes = _arg_sizes(model, op)
    assert sizes is not None
    return sizes


def arg_reference(model: Model, op: Op, value: Array | None, sign: int) -> tuple[Array, ...]:
    """Where the greatest element (sign 1) or the least (−1) stands along the axis."""
    outer, size, inner = _checked_sizes(model, op)
    found = np.empty((outer, inner), np.int32)
    arg_max_s8(int8_values(value).reshape(outer, size, inner), sign, found)
    return (found.reshape(result(model, op).shape),)


def arg_call(model: Model, op: Op, symbol: str) -> abi.Invocation:
    """mcusim_arg_max_s8 or mcusim_arg_min_s8."""
    source, output = _arg_tensors(model, op)
    arguments = (abi.TensorPointer(source.index), *_checked_sizes(model, op), abi.TensorPointer(output.index))
    return abi.Invocation((), (abi.Call(symbol, arguments, checks_status=False),))
