"""STRIDED_SLICE: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.copies import Slice, moved_reason, slice_call, slice_reference
from mcusim.model import Model, Op, Tensor
from mcusim.operands import Array, bad, constant, expect_shape, integer, operand, result
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_strided_slice",)

MOST_DIMS = 4  # kMaxDim of TFLM's kernel
DTYPES = ("int8", "int16", "int32", "float32", "bool")


def _tensors(model: Model, op: Op) -> tuple[Tensor, Tensor]:
    return operand(model, op, 0, "input"), result(model, op)


def _bounds(op: Op, axis: int, size: int, begin: int, end: int, stride: int) -> tuple[int, int]:
    """First index along an axis and the number of indices, by TFLite's StartForAxis and StopForAxis."""

    def inside(index: int) -> int:
        index += size if index < 0 else 0
        return min(max(index, 0), size) if stride > 0 else min(max(index, -1), size - 1)

    forward = stride > 0
    first = inside(begin) if not integer(op, "begin_mask") >> axis & 1 else (0 if forward else size - 1)
    if integer(op, "shrink_axis_mask") >> axis & 1:
        return first, 1
    last = inside(end) if not integer(op, "end_mask") >> axis & 1 else (size if forward else -1)
    return first, max(-((first - last) // stride), 0)


def _slice(model: Model, op: Op) -> Slice | None:
    """The slice of the input; None where the bounds are computed at run time. BadModelError where shapes disagree."""
    source, output = _tensors(model, op)
    begin, end, strides = (constant(model, op, 1 + i, role) for i, role in enumerate(("begin", "end", "strides")))
    rank = len(source.shape)
    if begin is None or end is None or strides is None:
        return None
    if not len(begin) == len(end) == len(strides) == rank:
        raise bad(op, f"has {len(begin)}, {len(end)} and {len(strides)} bounds for {rank} dimensions")
    if not strides.all():
        raise bad(op, "has a stride of 0")
    first, sizes = [], []
    for axis, size in enumerate(source.shape):
        start, count = _bounds(op, axis, size, int(begin[axis]), int(end[axis]), int(strides[axis]))
        if count and not 0 <= start < size:
            raise bad(op, f"reads index {start} of the {size} along axis {axis}")
        first.append(start)
        sizes.append(count)
    shrunk = integer(op, "shrink_axis_mask")
    expect_shape(op, output, "output", tuple(size for axis, size in enumerate(sizes) if not shrunk >> axis & 1))
    return Slice(tuple(first), tuple(int(stride) for stride in strides), tuple(sizes))


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = _tensors(model, op)
    if len(source.shape) > MOST_DIMS:
        return f"{len(source.shape)} dimensions are not supported"
    if integer(op, "ellipsis_mask") or integer(op, "new_axis_mask") or op.options.get("offset"):
        return "an ellipsis, a new axis or an end relative to the beginning is not supported"
    of = _slice(model, op)
    if of is None:
        return "bounds other than constant int32 are not supported"
    if any(stride < 0 and integer(op, "shrink_axis_mask") >> axis & 1 for axis, stride in enumerate(of.strides)):
        # TFLM's loop then ends before it begins.
        return "a negative stride along an axis that is shrunk is not supported"
    return moved_reason(DTYPES, source, output)


def macs(model: Model, op: Op) -> int:
    """None: STRIDED_SLICE copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates."""
    _tensors(model, op)
    return OpMemory(builtin_data_bytes=24, init_bytes=84)


def _checked_slice(model: Model, op: Op) -> Slice:
    of = _slice(model, op)
    assert of is not None
    return of


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """Every stride-th element between the bounds, of each axis."""
    source, output = _tensors(model, op)
    return slice_reference(_checked_slice(model, op), source, inputs[0], output)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_strided_slice."""
    return slice_call(_checked_slice(model, op), *_tensors(model, op))
