"""A layer that reduces some axes of its input → those axes, its memory, and what its kernels take."""

from __future__ import annotations

from mcusim import abi
from mcusim.model import Model, Op, Tensor
from mcusim.operands import bad, constant, expect_shape, four_dimensions, integer, operand, result
from mcusim.runtime import OpMemory

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
