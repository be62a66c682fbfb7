"""UNPACK: one model layer → its checks, MACs, memory, reference result and C calls."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.copies import Blocks, axis_of, moved_reason
from mcusim.model import Model, Op, Tensor
from mcusim.operands import Array, bad, expect_shape, integer, operand, results
from mcusim.runtime import OpMemory, Runtime
from mcusim.splitting import parts, split_call, split_reference

KERNELS: tuple[str, ...] = ("mcusim_copy_blocks",)

DTYPES = ("int8", "int16", "int32", "float32")


def _tensors(model: Model, op: Op) -> tuple[Tensor, tuple[Tensor, ...]]:
    return operand(model, op, 0, "input"), results(model, op, integer(op, "num"))


def _parts(model: Model, op: Op) -> tuple[Blocks, ...]:
    """The way of each output, whose axis is gone; BadModelError where shapes disagree."""
    source, outputs = _tensors(model, op)
    axis = axis_of(op, integer(op, "axis"), len(source.shape))
    if source.shape[axis] != len(outputs):
        raise bad(op, f"unpacks {source.shape[axis]} into {len(outputs)} outputs")
    for output in outputs:
        expect_shape(op, output, "output", source.shape[:axis] + source.shape[axis + 1 :])
    return parts(source.shape, axis, [1] * len(outputs))


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, outputs = _tensors(model, op)
    _parts(model, op)
    return moved_reason(DTYPES, source, *outputs)


def macs(model: Model, op: Op) -> int:
    """None: UNPACK copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the parsed options only."""
    _tensors(model, op)
    return OpMemory(builtin_data_bytes=8)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The slices of the input along the axis."""
    return split_reference(_parts(model, op), inputs[0], results(model, op))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """A call of mcusim_copy_blocks for each output."""
    return split_call(_parts(model, op), *_tensors(model, op))
