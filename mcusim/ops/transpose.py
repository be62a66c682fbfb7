"""TRANSPOSE: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.copies import DIMS, Walk, moved_reason, row_major, walk_call, walk_reference
from mcusim.model import Model, Op, Tensor
from mcusim.operands import Array, bad, constant, expect_shape, operand, result
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = (
    "arm_transpose_s8",
    "mcusim_strided_copy",
)

MOST_DIMS_S8 = 4  # of arm_transpose_s8
DTYPES = ("int8", "int16", "float32")


def _tensors(model: Model, op: Op) -> tuple[Tensor, Tensor]:
    return operand(model, op, 0, "input"), result(model, op)


def _permutation(model: Model, op: Op) -> tuple[int, ...] | None:
    """Input axis of each output axis; None where it is computed at run time. BadModelError where shapes disagree."""
    source, output = _tensors(model, op)
    given = constant(model, op, 1, "permutation")
    if given is None:
        return None
    permutation = tuple(given.tolist())
    if sorted(permutation) != list(range(len(source.shape))):
        raise bad(op, f"has a permutation of {list(permutation)} for {len(source.shape)} dimensions")
    expect_shape(op, output, "output", tuple(source.shape[axis] for axis in permutation))
    return permutation


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = _tensors(model, op)
    if _permutation(model, op) is None:
        return "a permutation other than constant int32 is not supported"
    if not 1 <= len(source.shape) <= (MOST_DIMS_S8 if source.dtype == "int8" else DIMS):
        return f"{len(source.shape)} dimensions of {source.dtype} are not supported"
    return moved_reason(DTYPES, source, output)


def macs(model: Model, op: Op) -> int:
    """None: TRANSPOSE copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: nothing."""
    _tensors(model, op)
    return OpMemory()


def _walk(model: Model, op: Op) -> Walk:
    source, output = _tensors(model, op)
    permutation, steps = _permutation(model, op), row_major(source.shape)
    assert permutation is not None
    return Walk(0, output.shape, tuple(steps[axis] for axis in permutation))


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The elements with their axes in another order."""
    return walk_reference(_walk(model, op), inputs[0], result(model, op))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_transpose_s8, whose dimensions fill n, h, w and c from the front; mcusim_strided_copy for other types."""
    source, output = _tensors(model, op)
    if source.dtype != "int8":
        return walk_call("mcusim_strided_copy", _walk(model, op), source, output)
    arguments = (
        abi.TensorPointer(source.index),
        abi.TensorPointer(output.index),
        abi.Struct((source.shape + (1,) * MOST_DIMS_S8)[:MOST_DIMS_S8]),
        abi.Struct((output.shape + (1,) * MOST_DIMS_S8)[:MOST_DIMS_S8]),
        abi.transpose_params(len(source.shape), abi.TensorPointer(operand(model, op, 1, "permutation").index)),
    )
    return abi.Invocation((), (abi.Call("arm_transpose_s8", arguments),))
