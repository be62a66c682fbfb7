"""A layer that works element by element → shapes, arrays and calls of its one or two operands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim import abi
from mcusim.model import Model, Op, Tensor
from mcusim.operands import (
    Array,
    bad,
    expect_shape,
    four_dimensions,
    int8_reason,
    int8_values,
    operand,
    result,
    same_shape,
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


def binary_reason(layer: Binary) -> str | None:
    """Why the operands cannot be added or multiplied as int8, None if they can."""
    if layer.repeats and len(layer.output.shape) > 4:
        return f"broadcasting over {len(layer.output.shape)} dimensions is not supported"
    return int8_reason(layer.input_1, layer.input_2, layer.output)


def repeated(layer: Binary, inputs: Sequence[Array | None]) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Both operands as contiguous arrays of the output's shape."""
    one, other = (np.ascontiguousarray(np.broadcast_to(int8_values(value), layer.output.shape)) for value in inputs[:2])
    return one, other


def binary_call(
    layer: Binary, symbol: str, before_output: tuple[int, ...], after_output: tuple[int, ...]
) -> abi.Invocation:
    """arm_elementwise_{symbol}_s8, or mcusim_broadcast_{symbol}_s8 where an operand repeats.

    The scalars around the output pointer are the same; dimensions stand beside the pointers in place of the
    number of elements at the end.
    """
    first, second = abi.TensorPointer(layer.input_1.index), abi.TensorPointer(layer.input_2.index)
    scalars: tuple[abi.Argument, ...] = (*before_output, abi.TensorPointer(layer.output.index), *after_output)
    if not layer.repeats:
        call = abi.Call(f"arm_elementwise_{symbol}_s8", (first, second, *scalars, layer.output.elements))
        return abi.Invocation((), (call,))
    shapes = [abi.dims(*four_dimensions(tensor.shape)) for tensor in (layer.input_1, layer.input_2, layer.output)]
    call = abi.Call(f"mcusim_broadcast_{symbol}_s8", (shapes[0], first, shapes[1], second, *scalars, shapes[2]))
    return abi.Invocation((), (call,))


def unary_reference(
    kernel: Callable[..., None], value: Array | None, scalars: tuple[int, ...]
) -> tuple[NDArray[np.int8]]:
    """A Numba kernel of flat int8 arrays, kernel(input, *scalars, output), applied to an array of any shape."""
    values = int8_values(value)
    output = np.empty(values.shape, np.int8)
    kernel(values.reshape(-1), *scalars, output.reshape(-1))
    return (output,)


def unary_call(model: Model, op: Op, symbol: str, scalars: tuple[int, ...]) -> abi.Invocation:
    """A call of a C function (input, *scalars, number of elements, output) that returns no status."""
    source, output = same_shape(model, op)
    arguments: tuple[abi.Argument, ...] = (
        abi.TensorPointer(source.index),
        *scalars,
        source.elements,
        abi.TensorPointer(output.index),
    )
    return abi.Invocation((), (abi.Call(symbol, arguments, checks_status=False),))
