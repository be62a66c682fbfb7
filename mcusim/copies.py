"""A layer that only moves elements → its types, its walk over the input, its reference result and its C call."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim import abi
from mcusim.model import Model, Op, Tensor
from mcusim.nn.reshape import reshape_s8
from mcusim.nn.strided import copy_blocks, strided_copy
from mcusim.operands import Array, bad, operand, result

DIMS = 5  # of the walks here
COPIED = ("int8", "uint8", "int16", "int32", "int64", "float32", "bool")  # types whose elements are whole bytes
_BITS: Mapping[int, type[np.generic]] = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}


def moved_reason(dtypes: Sequence[str], *tensors: Tensor) -> str | None:
    """Why elements cannot be moved between tensors as they are; None if all have one of the types, the same one."""
    for tensor in tensors:
        if tensor.dtype not in dtypes:
            return f"{tensor.dtype} is not supported"
        if tensor.dtype != tensors[0].dtype:
            return f"{tensors[0].dtype} and {tensor.dtype} together are not supported"
        if tensor.elements == 0:
            return f"tensor {tensor.name!r} is empty"
    return None


def element_bytes(tensor: Tensor) -> int:
    """Bytes of an element of a tensor that `moved_reason` lets through."""
    return tensor.bytes // tensor.elements


def bits(value: Array | None) -> NDArray[Any]:
    """An operand's elements in one dimension, as integers of their size: what they mean does not matter."""
    assert value is not None
    return np.ascontiguousarray(value).reshape(-1).view(_BITS[value.dtype.itemsize])


def like(tensor: Tensor, elements: NDArray[Any]) -> Array:
    """Elements as `bits` gives them, in a tensor's type and shape."""
    found: Array = elements.view(np.dtype(tensor.dtype)).reshape(tensor.shape)
    return found


def empty(tensor: Tensor) -> NDArray[Any]:
    """Room for a tensor's elements, as `bits` gives them."""
    return np.empty(tensor.elements, _BITS[element_bytes(tensor)])


def in_front(shape: Sequence[int], fill: int = 1) -> tuple[int, ...]:
    """Five numbers, those in front `fill`."""
    return (fill,) * (DIMS - len(shape)) + tuple(shape)


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """Elements between neighbours along each axis."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


@dataclass(frozen=True, slots=True)
class Walk:
    """Elements of a tensor in another order: from element `offset`, sizes and steps of nested loops, outer first."""

    offset: int
    sizes: tuple[int, ...]
    steps: tuple[int, ...]


def walk_reference(walk: Walk, value: Array | None, output: Tensor) -> tuple[Array, ...]:
    """The output of a walk over an operand."""
    elements = empty(output)
    sizes, steps = np.array(in_front(walk.sizes), np.int32), np.array(in_front(walk.steps, 0), np.int32)
    strided_copy(bits(value), walk.offset, sizes, steps, elements)
    return (like(output, elements),)


def walk_call(
    symbol: str, walk: Walk, source: Tensor, output: Tensor, arrays: tuple[bytes, ...] = ()
) -> abi.Invocation:
    """mcusim_copy_rows or mcusim_strided_copy, and the arrays of the layer."""
    size = element_bytes(source)
    arguments = (
        abi.TensorPointer(source.index, walk.offset * size),
        abi.Struct(in_front(walk.sizes)),
        abi.Struct(in_front(walk.steps, 0)),
        size,
        abi.TensorPointer(output.index),
    )
    return abi.Invocation(arrays, (abi.Call(symbol, arguments, checks_status=False),))


@dataclass(frozen=True, slots=True)
class Slice:
    """The elements of a tensor from `begin` on in steps of `strides`, so many along each axis."""

    begin: tuple[int, ...]
    strides: tuple[int, ...]
    counts: tuple[int, ...]


def slice_reference(of: Slice, source: Tensor, value: Array | None, output: Tensor) -> tuple[Array, ...]:
    """The output of a slice of an operand."""
    steps = row_major(source.shape)
    offset = sum(start * step for start, step in zip(of.begin, steps, strict=True))
    walk = Walk(offset, of.counts, tuple(a * b for a, b in zip(of.strides, steps, strict=True)))
    return walk_reference(walk, value, output)


def slice_call(of: Slice, source: Tensor, output: Tensor) -> abi.Invocation:
    """mcusim_strided_slice."""
    ends = tuple(a + n * b for a, n, b in zip(of.begin, of.counts, of.strides, strict=True))
    arguments = (
        abi.TensorPointer(source.index),
        abi.Struct(in_front(source.shape)),
        abi.Struct(in_front(of.begin, 0)),
        abi.Struct(in_front(ends)),
        abi.Struct(in_front(of.strides)),
        element_bytes(source),
        abi.TensorPointer(output.index),
    )
    return abi.Invocation((), (abi.Call("mcusim_strided_slice", arguments, checks_status=False),))


@dataclass(frozen=True, slots=True)
class Blocks:
    """Runs of neighbouring elements at regular distances in an input and an output, from an offset in each."""

    block: int
    blocks: int
    input_offset: int
    input_step: int
    output_offset: int
    output_step: int


def blocks_reference(of: Blocks, elements: NDArray[Any], output: NDArray[Any]) -> None:
    """Copy the blocks between flat arrays."""
    copy_blocks(elements, of.input_offset, of.input_step, of.block, of.blocks, of.output_offset, of.output_step, output)


def blocks_call(of: Blocks, source: Tensor, output: Tensor) -> abi.Call:
    """mcusim_copy_blocks, which counts bytes."""
    size = element_bytes(source)
    arguments = (
        abi.TensorPointer(source.index, of.input_offset * size),
        of.input_step * size,
        of.block * size,
        of.blocks,
        of.output_step * size,
        abi.TensorPointer(output.index, of.output_offset * size),
    )
    return abi.Call("mcusim_copy_blocks", arguments, checks_status=False)


def dims_bytes(output: Tensor) -> bytes:
    """A TfLiteIntArray of a tensor's dimensions: the copy that a kernel makes in Prepare before it sets them."""
    return np.array((len(output.shape), *output.shape), np.int32).tobytes()


def axis_of(op: Op, axis: int, rank: int) -> int:
    """An axis counted from the front; BadModelError where there is none of that number."""
    if not -rank <= axis < rank:
        raise bad(op, f"has axis {axis} of {rank} dimensions")
    return axis % rank


def same_elements(model: Model, op: Op) -> tuple[Tensor, Tensor]:
    """Input and output of as many elements of one type; the output's own shape is what counts, as in TFLM."""
    source, output = operand(model, op, 0, "input"), result(model, op)
    if source.elements != output.elements or source.dtype != output.dtype:
        raise bad(
            op,
            f"turns {source.dtype} of shape {list(source.shape)} into {output.dtype} of shape {list(output.shape)}",
        )
    return source, output


def reshape_reason(model: Model, op: Op, dtypes: Sequence[str] = COPIED) -> str | None:
    """Why elements cannot be copied as they are, None if they can; BadModelError where the shapes disagree."""
    source, _ = same_elements(model, op)
    if source.dtype not in dtypes:
        return f"{source.dtype} is not supported"
    return f"tensor {source.name!r} is empty" if source.elements == 0 else None


def reshape_reference(model: Model, op: Op, value: Array | None) -> tuple[Array, ...]:
    """The same values in the output tensor's shape."""
    source, output = same_elements(model, op)
    assert value is not None
    copied = np.empty(source.bytes, np.int8)
    reshape_s8(np.ascontiguousarray(value).reshape(-1).view(np.int8), copied)
    return (copied.view(value.dtype).reshape(output.shape),)


def reshape_call(model: Model, op: Op) -> abi.Invocation:
    """arm_reshape_s8 over the bytes, whatever their type."""
    source, output = same_elements(model, op)
    arguments = (abi.TensorPointer(source.index), abi.TensorPointer(output.index), source.bytes)
    return abi.Invocation((), (abi.Call("arm_reshape_s8", arguments, checks_status=False),))
