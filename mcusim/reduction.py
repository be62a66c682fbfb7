"""A layer that reduces some axes of its input → those axes, its memory, and what its kernels take."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from mcusim import abi
from mcusim.fixedpoint import fold_count, quantize_multiplier
from mcusim.model import Model, Op, Tensor
from mcusim.nn.reduce import mean_s8, mean_s16
from mcusim.operands import (
    Array,
    bad,
    constant,
    expect_shape,
    four_dimensions,
    integer,
    operand,
    quantization,
    quantized_reason,
    result,
    values,
)
from mcusim.requantization import ratio_reason
from mcusim.runtime import OpMemory

MEAN: Mapping[str, Callable[..., None]] = {"int8": mean_s8, "int16": mean_s16}

Four = tuple[int, int, int, int]


def reduced_tensors(model: Model, op: Op) -> tuple[Tensor, Tensor, Tensor]:
    """Input, axes and output."""
    return operand(model, op, 0, "input"), operand(model, op, 1, "axes"), result(model, op)


def reduced_axes(model: Model, op: Op) -> frozenset[int]:
    """The reduced dimensions of the input; BadModelError where they do not exist or the output's shape differs."""
    source, _, output = reduced_tensors(model, op)
    axes = constant(model, op, 1, "axes")
    assert axes is not None
    rank = len(source.shape)
    given = axes.tolist()
    if any(not -rank <= axis < rank for axis in given):
        raise bad(op, f"reduces axes {given} of {rank} dimensions")
    reduced = frozenset(axis % rank for axis in given)
    kept = enumerate(source.shape)
    if integer(op, "keep_dims"):
        expect_shape(op, output, "output", tuple(1 if axis in reduced else size for axis, size in kept))
    else:
        expect_shape(op, output, "output", tuple(size for axis, size in kept if axis not in reduced))
    return reduced


def axes_reason(model: Model, op: Op) -> str | None:
    """Why the axes cannot be reduced, None if they can; BadModelError where shapes disagree."""
    source, _, _ = reduced_tensors(model, op)
    if constant(model, op, 1, "axes") is None:
        return "axes other than constant int32 are not supported"
    reduced_axes(model, op)
    return f"{len(source.shape)} dimensions are not supported" if len(source.shape) > 4 else None


def reduced_of_4(model: Model, op: Op) -> Four:
    """1 for each reduced one of four dimensions; those added in front are not."""
    source, _, _ = reduced_tensors(model, op)
    axes = reduced_axes(model, op)
    n, h, w, c = (0,) * (4 - len(source.shape)) + tuple(int(axis in axes) for axis in range(len(source.shape)))
    return n, h, w, c


def reduced_arguments(model: Model, op: Op) -> tuple[abi.TensorPointer, abi.Struct, abi.Struct]:
    """What all kernels begin with: the input, its dimensions, and those that are reduced."""
    source, _, _ = reduced_tensors(model, op)
    dims = abi.dims(*four_dimensions(source.shape))
    return abi.TensorPointer(source.index), dims, abi.dims(*reduced_of_4(model, op))


def reduction_memory(model: Model, op: Op, *, sums: bool) -> OpMemory:
    """What TFLM allocates: int32 sums where it adds integers up, an index and the resolved axes as scratch."""
    source, axes, output = reduced_tensors(model, op)
    added = (4 * output.elements,) if sums and source.dtype in ("int8", "int16") else ()
    return OpMemory(
        builtin_data_bytes=1,
        builtin_data_alignment=1,
        init_bytes=44,
        scratch_bytes=(*added, 4 * len(source.shape), 4 * axes.elements),
    )


def mean_reason(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run MEAN or SUM, None if it can; BadModelError where the shapes disagree."""
    source, _, output = reduced_tensors(model, op)
    reason = axes_reason(model, op) or quantized_reason(("int8", "int16"), source, output)
    return reason or ratio_reason([quantization(op, source).scale / quantization(op, output).scale])


def _scalars(model: Model, op: Op, divides: bool) -> tuple[int, int, int, int]:
    """input_zero_point, multiplier, shift and output_zero_point; MEAN's division is folded into the scale."""
    source, _, output = reduced_tensors(model, op)
    one, other = quantization(op, source), quantization(op, output)
    multiplier, shift = quantize_multiplier(one.scale / other.scale)
    if divides:
        count = math.prod(source.shape[axis] for axis in reduced_axes(model, op))
        multiplier, shift = fold_count(multiplier, shift, count)
    return one.zero_point, multiplier, shift, other.zero_point


def mean_reference(model: Model, op: Op, value: Array | None, *, divides: bool) -> tuple[Array, ...]:
    """The means, or the sums, in the output tensor's type and shape."""
    source, _, output = reduced_tensors(model, op)
    means = np.empty(output.elements, np.dtype(output.dtype))
    elements = values(value).reshape(four_dimensions(source.shape))
    reduced = np.array(reduced_of_4(model, op), np.int32)
    MEAN[output.dtype](elements, reduced, *_scalars(model, op, divides), means)
    return (means.reshape(output.shape),)


def mean_call(model: Model, op: Op, *, divides: bool) -> abi.Invocation:
    """mcusim_mean_s8 or mcusim_mean_s16 with its sums in the first scratch request."""
    _, _, output = reduced_tensors(model, op)
    arguments = (
        *reduced_arguments(model, op),
        abi.ScratchPointer(0),
        *_scalars(model, op, divides),
        abi.TensorPointer(output.index),
    )
    symbol = f"mcusim_mean_{'s8' if output.dtype == 'int8' else 's16'}"
    return abi.Invocation((), (abi.Call(symbol, arguments, checks_status=False),))
