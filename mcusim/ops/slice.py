"""SLICE: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.copies import DIMS, Slice, moved_reason, slice_call, slice_reference
from mcusim.model import Model, Op, Tensor
from mcusim.operands import Array, bad, constant, expect_shape, operand, result
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_strided_slice",)

DTYPES = ("int8", "int16", "int32", "float32", "bool")


def _tensors(model: Model, op: Op) -> tuple[Tensor, Tensor]:
    return operand(model, op, 0, "input"), result(model, op)


def _slice(model: Model, op: Op) -> Slice | None:
    """The slice of the input; None where the bounds are computed at run time. BadModelError where shapes disagree."""
    source, output = _tensors(model, op)
    begin, size = constant(model, op, 1, "begin"), constant(model, op, 2, "size")
    if begin is None or size is None:
        return None
    rank = len(source.shape)
    if not len(begin) == len(size) == rank:
        raise bad(op, f"has {len(begin)} beginnings and {len(size)} sizes for {rank} dimensions")
    # A size of -1 is all that follows.
    sizes = [int(b) if b >= 0 else a - int(c) for a, b, c in zip(source.shape, size, begin, strict=True)]
    for axis, (start, count) in enumerate(zip(begin, sizes, strict=True)):
        if size[axis] < -1 or not 0 <= int(start) <= int(start) + count <= source.shape[axis]:
            raise bad(op, f"takes {int(size[axis])} of {source.shape[axis]} along axis {axis} from {int(start)} on")
    expect_shape(op, output, "output", tuple(sizes))
    return Slice(tuple(int(start) for start in begin), (1,) * rank, tuple(sizes))


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = _tensors(model, op)
    if len(source.shape) > DIMS:
        return f"{len(source.shape)} dimensions are not supported"
    if _slice(model, op) is None:
        return "bounds other than constant int32 are not supported"
    return moved_reason(DTYPES, source, output)


def macs(model: Model, op: Op) -> int:
    """None: SLICE copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: nothing."""
    _tensors(model, op)
    return OpMemory()


def _checked_slice(model: Model, op: Op) -> Slice:
    of = _slice(model, op)
    assert of is not None
    return of


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The elements inside the bounds."""
    source, output = _tensors(model, op)
    return slice_reference(_checked_slice(model, op), source, inputs[0], output)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_strided_slice."""
    return slice_call(_checked_slice(model, op), *_tensors(model, op))
