"""A layer of PAD, PADV2 or MIRROR_PAD → its shapes, the elements added to each dimension, and what they are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim import abi
from mcusim.copies import bits, element_bytes, in_front
from mcusim.model import Model, Op, Tensor
from mcusim.operands import Array, bad, expect_shape, operand, quantization, result


def pad_tensors(model: Model, op: Op) -> tuple[Tensor, Tensor, Tensor]:
    """Input, paddings and output; BadModelError where their shapes disagree."""
    source, paddings, output = operand(model, op, 0, "input"), operand(model, op, 1, "paddings"), result(model, op)
    if paddings.shape != (len(source.shape), 2):
        raise bad(op, f"has paddings of shape {list(paddings.shape)} for {len(source.shape)} dimensions")
    if paddings.data is not None and paddings.dtype == "int32":
        if paddings.data.min(initial=0) < 0:
            raise bad(op, "has a negative padding")
        sizes = zip(paddings.data[:, 0], source.shape, paddings.data[:, 1], strict=True)
        expect_shape(op, output, "output", tuple(int(a) + size + int(b) for a, size, b in sizes))
    return source, paddings, output


def before_and_after(paddings: Tensor) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Elements added before and after each dimension, of constant paddings."""
    assert paddings.data is not None
    return tuple(paddings.data[:, 0].tolist()), tuple(paddings.data[:, 1].tolist())


def pad_value(model: Model, op: Op) -> int:
    """The bits of the elements that are added: PADV2's own value, or a quantized 0."""
    source = operand(model, op, 0, "input")
    value: Array
    if len(op.inputs) > 2:
        given = operand(model, op, 2, "padding value").data
        assert given is not None
        value = given
    else:
        quantized = source.dtype in ("int8", "int16")
        value = np.array([quantization(op, source).zero_point if quantized else 0], np.dtype(source.dtype))
    return int(bits(value)[0])


def five_dimensions(value: Array | None, shape: tuple[int, ...]) -> NDArray[Any]:
    """An operand's elements, as integers of their size, in five dimensions."""
    return bits(value).reshape(in_front(shape))


def pad_arguments(model: Model, op: Op, border: abi.Argument) -> tuple[abi.Argument, ...]:
    """What mcusim_pad and mcusim_mirror_pad take; `border` says what is added."""
    source, paddings, output = pad_tensors(model, op)
    return (
        abi.TensorPointer(source.index),
        abi.Struct(in_front(source.shape)),
        abi.Struct(in_front(before_and_after(paddings)[0], 0)),
        abi.Struct(in_front(output.shape)),
        border,
        element_bytes(source),
        abi.TensorPointer(output.index),
    )
