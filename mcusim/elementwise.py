"""A layer that works element by element → shapes, arrays and calls of its one or two operands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim import abi
from mcusim.model import Model, Op, Tensor
from mcusim.operands import (
    SUFFIXES,
    Array,
    bad,
    expect_shape,
    four_dimensions,
    operand,
    quantized_reason,
    result,
    same_shape,
    typed_values,
)


@dataclass(frozen=True, slots=True)
class Binary:
    """A layer whose shapes agree."""

    input_1: Tensor
    input_2: Tensor
    output: Tensor

    @property
    def repeats(self) -> bool:
        """Whether TFLM takes its broadcasting kernel: shapes that differ once extended with 1 in front."""
        rank = len(self.output.shape)
        return _extended(self.input_1, rank) != _extended(self.input_2, rank)


def _extended(tensor: Tensor, rank: int) -> tuple[int, ...]:
    return (1,) * (rank - len(tensor.shape)) + tensor.shape


def binary(model: Model, op: Op) -> Binary:
    """The layer of an operator of two operands; BadModelError where their shapes and the output's disagree."""
    one, other = operand(model, op, 0, "first input"), operand(model, op, 1, "second input")
    output = result(model, op)
    rank = max(len(one.shape), len(other.shape))
    sizes = []
    for a, b in zip(_extended(one, rank), _extended(other, rank), strict=True):
        if a != b and 1 not in (a, b):
            raise bad(op, f"has inputs of shapes {list(one.shape)} and {list(other.shape)}, which do not go together")
        sizes.append(b if a == 1 else a)
    expect_shape(op, output, "output", tuple(sizes))
    return Binary(one, other, output)


def binary_reason(layer: Binary, dtypes: Sequence[str] = ("int8", "int16")) -> str | None:
    """Why the operands cannot be combined as one of the types, None if they can."""
    return broadcast_reason(layer) or quantized_reason(dtypes, layer.input_1, layer.input_2, layer.output)


def broadcast_reason(layer: Binary) -> str | None:
    """Why the operands cannot be repeated along the output, None if they can."""
    if layer.repeats and len(layer.output.shape) > 4:
        return f"broadcasting over {len(layer.output.shape)} dimensions is not supported"
    return None


def repeated(layer: Binary, inputs: Sequence[Array | None]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both operands as contiguous arrays of the output's shape."""
    one, other = (
        np.ascontiguousarray(np.broadcast_to(typed_values(value, tensor.dtype), layer.output.shape))
        for value, tensor in zip(inputs[:2], (layer.input_1, layer.input_2), strict=True)
    )
    return one, other


def binary_call(
    layer: Binary, symbol: str, before_output: tuple[int, ...], after_output: tuple[int, ...]
) -> abi.Invocation:
    """arm_elementwise_{symbol}_s8 or _s16, or mcusim_broadcast_{symbol}_s8 or _s16 where an operand repeats.

    The scalars around the output pointer are the same; dimensions stand beside the pointers in place of the
    number of elements at the end.
    """
    first, second = abi.TensorPointer(layer.input_1.index), abi.TensorPointer(layer.input_2.index)
    scalars: tuple[abi.Argument, ...] = (*before_output, abi.TensorPointer(layer.output.index), *after_output)
    suffix = SUFFIXES[layer.output.dtype]
    if not layer.repeats:
        call = abi.Call(f"arm_elementwise_{symbol}_{suffix}", (first, second, *scalars, layer.output.elements))
        return abi.Invocation((), (call,))
    return broadcast_call(layer, f"mcusim_broadcast_{symbol}_{suffix}", before_output, after_output)


def broadcast_call(
    layer: Binary, symbol: str, before_output: tuple[int, ...] = (), after_output: tuple[int, ...] = ()
) -> abi.Invocation:
    """A C function (dims and data of both inputs, scalars, output, scalars, its dims), whether one repeats or not."""
    shapes = [abi.dims(*collapsed(layer, tensor)) for tensor in (layer.input_1, layer.input_2, layer.output)]
    inputs = (shapes[0], abi.TensorPointer(layer.input_1.index), shapes[1], abi.TensorPointer(layer.input_2.index))
    output = abi.TensorPointer(layer.output.index)
    return abi.Invocation((), (abi.Call(symbol, (*inputs, *before_output, output, *after_output, shapes[2])),))


def collapsed(layer: Binary, tensor: Tensor) -> tuple[int, int, int, int]:
    """Four dimensions of a layer's tensor: as they are, or one of all elements where nothing repeats along more."""
    if len(layer.output.shape) > 4:
        return 1, 1, 1, tensor.elements
    return four_dimensions(tensor.shape)


def unary_reference(
    kernel: Callable[..., None], model: Model, op: Op, value: Array | None, scalars: tuple[object, ...]
) -> tuple[Array]:
    """A Numba kernel of flat arrays, kernel(input, *scalars, output), applied to the operand of a layer."""
    source, output = same_shape(model, op)
    result = np.empty(output.shape, output.dtype)
    kernel(typed_values(value, source.dtype).reshape(-1), *scalars, result.reshape(-1))
    return (result,)


def unary_call(
    model: Model, op: Op, symbol: str, scalars: tuple[abi.Argument, ...], *, checks_status: bool = False
) -> abi.Invocation:
    """A call of a C function (input, *scalars, number of elements, output), which may return a status."""
    source, output = same_shape(model, op)
    arguments: tuple[abi.Argument, ...] = (
        abi.TensorPointer(source.index),
        *scalars,
        source.elements,
        abi.TensorPointer(output.index),
    )
    return abi.Invocation((), (abi.Call(symbol, arguments, checks_status=checks_status),))
