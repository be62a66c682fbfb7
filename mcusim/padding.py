"""A layer of PAD, PADV2 or MIRROR_PAD → its shapes, the elements added to each dimension, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim import abi
from mcusim.copies import DIMS, bits, element_bytes, empty, in_front, like, moved_reason
from mcusim.model import Model, Op, Tensor
from mcusim.nn.pad import pad
from mcusim.operands import (
    Array,
    bad,
    expect_shape,
    four_dimensions,
    operand,
    quantization,
    quantized_reason,
    result,
    same_quantization_reason,
)

DTYPES = ("int8", "int16", "int32", "float32")
MOST_DIMS_S8 = 4  # of arm_pad_s8


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


def bordered(model: Model, op: Op, value: Array | None, kernel: Callable[..., None], border: int) -> tuple[Array, ...]:
    """The output of kernel(input, pre_pad, border, output), a Numba function over five dimensions."""
    source, paddings, output = pad_tensors(model, op)
    padded: NDArray[Any] = empty(output).reshape(in_front(output.shape))
    before = np.array(in_front(before_and_after(paddings)[0], 0), np.int32)
    kernel(bits(value).reshape(in_front(source.shape)), before, border, padded)
    return (like(output, padded.reshape(-1)),)


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


def pad_reason(model: Model, op: Op) -> str | None:
    """Why mcusim cannot add a border of one value; None if it can. BadModelError where the shapes disagree."""
    source, paddings, output = pad_tensors(model, op)
    if not paddings.is_constant or paddings.dtype != "int32":
        return "paddings other than constant int32 are not supported"
    if len(source.shape) > (MOST_DIMS_S8 if source.dtype == "int8" else DIMS):
        return f"{len(source.shape)} dimensions of {source.dtype} are not supported"
    reason = moved_reason(DTYPES, source, output)
    if reason or source.dtype not in ("int8", "int16"):
        return reason
    reason = quantized_reason(("int8", "int16"), source, output)
    if reason or source.dtype == "int16":
        return reason
    return same_quantization_reason(source, output)


def pad_reference(model: Model, op: Op, value: Array | None) -> tuple[Array, ...]:
    """The input with a border of its zero point, or of PADV2's value."""
    return bordered(model, op, value, pad, pad_value(model, op))


def pad_call(model: Model, op: Op) -> abi.Invocation:
    """arm_pad_s8, or mcusim_pad for other types."""
    source, paddings, output = pad_tensors(model, op)
    value = pad_value(model, op)
    if source.dtype != "int8":
        border = abi.Struct((value,))  # as many bytes of it as an element has
        return abi.Invocation((), (abi.Call("mcusim_pad", pad_arguments(model, op, border), checks_status=False),))
    before, after = ((0,) * (4 - len(source.shape)) + sizes for sizes in before_and_after(paddings))
    arguments = (
        abi.TensorPointer(source.index),
        abi.TensorPointer(output.index),
        value,
        abi.dims(*four_dimensions(source.shape)),
        abi.Struct(before),
        abi.Struct(after),
    )
    return abi.Invocation((), (abi.Call("arm_pad_s8", arguments),))
