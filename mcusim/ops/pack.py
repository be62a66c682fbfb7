"""PACK: one model layer → its checks, MACs, memory, reference result and C calls."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.copies import Blocks, axis_of, moved_reason
from mcusim.model import Model, Op, Tensor
from mcusim.operands import Array, bad, expect_shape, integer, operand, result
from mcusim.runtime import OpMemory, Runtime
from mcusim.splitting import join_call, join_reference, parts

KERNELS: tuple[str, ...] = ("mcusim_copy_blocks",)

DTYPES = ("int8", "int16", "int32", "int64", "float32")


def _tensors(model: Model, op: Op) -> tuple[tuple[Tensor, ...], Tensor]:
    inputs = tuple(operand(model, op, position, f"input {position}") for position in range(len(op.inputs)))
    if not inputs or len(inputs) != integer(op, "values_count"):
        raise bad(op, f"packs {len(inputs)} inputs; its options say {integer(op, 'values_count')}")
    return inputs, result(model, op)


def _parts(model: Model, op: Op) -> tuple[Blocks, ...]:
    """The way of each input, taken as a part of the output; BadModelError where shapes disagree."""
    inputs, output = _tensors(model, op)
    shape = inputs[0].shape
    axis = axis_of(op, integer(op, "axis"), len(shape) + 1)
    if any(tensor.shape != shape for tensor in inputs):
        raise bad(op, "packs inputs of different shapes")
    expect_shape(op, output, "output", (*shape[:axis], len(inputs), *shape[axis:]))
    return parts(output.shape, axis, [1] * len(inputs))


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    inputs, output = _tensors(model, op)
    _parts(model, op)
    return moved_reason(DTYPES, *inputs, output)


def macs(model: Model, op: Op) -> int:
    """None: PACK copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the parsed options only."""
    _tensors(model, op)
    return OpMemory(builtin_data_bytes=8)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The inputs as slices of the output along the axis."""
    return join_reference(_parts(model, op), inputs, result(model, op))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """A call of mcusim_copy_blocks for each input."""
    return join_call(_parts(model, op), *_tensors(model, op))
