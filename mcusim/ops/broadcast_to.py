"""BROADCAST_TO: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.copies import DIMS, Walk, moved_reason, row_major, walk_call, walk_reference
from mcusim.model import Model, Op
from mcusim.operands import Array, bad, operand, result
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_strided_copy",)

DTYPES = ("int8", "uint8", "int16", "int32", "int64", "float32", "bool")


def _walk(model: Model, op: Op) -> Walk:
    """The walk over the input, which stands still along repeated axes; BadModelError where shapes disagree."""
    source, output = operand(model, op, 0, "input"), result(model, op)
    shape = operand(model, op, 1, "shape")
    missing = len(output.shape) - len(source.shape)
    known = shape.data is None or tuple(shape.data.reshape(-1).tolist()) == output.shape
    sizes = (1,) * missing + source.shape
    if missing < 0 or not known or any(a not in (1, b) for a, b in zip(sizes, output.shape, strict=True)):
        raise bad(op, f"repeats shape {list(source.shape)} to {list(output.shape)}")
    steps = (0,) * missing + row_major(source.shape)
    return Walk(0, output.shape, tuple(0 if size == 1 else step for size, step in zip(sizes, steps, strict=True)))


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    _walk(model, op)
    source, output = operand(model, op, 0, "input"), result(model, op)
    if len(output.shape) > DIMS:
        return f"{len(output.shape)} dimensions are not supported"
    return moved_reason(DTYPES, source, output)


def macs(model: Model, op: Op) -> int:
    """None: BROADCAST_TO copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: nothing."""
    _walk(model, op)
    return OpMemory()


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The input, repeated along its axes of 1."""
    return walk_reference(_walk(model, op), inputs[0], result(model, op))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_strided_copy."""
    return walk_call("mcusim_strided_copy", _walk(model, op), operand(model, op, 0, "input"), result(model, op))
