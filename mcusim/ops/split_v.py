"""SPLIT_V: one model layer → its checks, MACs, memory, reference result and C calls."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.copies import Blocks, axis_of, moved_reason
from mcusim.model import Model, Op, Tensor
from mcusim.operands import Array, bad, constant, expect_shape, operand, results
from mcusim.runtime import OpMemory, Runtime
from mcusim.splitting import parts, split_call, split_reference

KERNELS: tuple[str, ...] = ("mcusim_copy_blocks",)

DTYPES = ("int8", "int16", "int32", "float32")


def _tensors(model: Model, op: Op) -> tuple[Tensor, tuple[Tensor, ...]]:
    return operand(model, op, 0, "input"), results(model, op)


def _parts(model: Model, op: Op) -> tuple[Blocks, ...] | None:
    """The way of each output; None where sizes are computed at run time. BadModelError where shapes disagree."""
    source, outputs = _tensors(model, op)
    given, sizes = constant(model, op, 2, "axis"), constant(model, op, 1, "sizes")
    if given is None or len(given) != 1 or sizes is None:
        return None
    axis = axis_of(op, int(given[0]), len(source.shape))
    whole = source.shape[axis]
    # One size may be -1: what the others leave.
    known = [int(size) for size in sizes if size >= 0]
    split = [int(size) if size >= 0 else whole - sum(known) for size in sizes]
    if len(split) != len(outputs) or len(known) < len(split) - 1 or sum(split) != whole or min(split) < 0:
        raise bad(op, f"splits {whole} into {len(outputs)} parts of sizes {sizes.tolist()}")
    for output, size in zip(outputs, split, strict=True):
        expect_shape(op, output, "output", (*source.shape[:axis], size, *source.shape[axis + 1 :]))
    return parts(source.shape, axis, split)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, outputs = _tensors(model, op)
    if _parts(model, op) is None:
        return "sizes or an axis other than constant int32 are not supported"
    return moved_reason(DTYPES, source, *outputs)


def macs(model: Model, op: Op) -> int:
    """None: SPLIT_V copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the parsed options only."""
    _tensors(model, op)
    return OpMemory(builtin_data_bytes=4)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """Parts of the given sizes along the axis."""
    of = _parts(model, op)
    assert of is not None
    return split_reference(of, inputs[0], results(model, op))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """A call of mcusim_copy_blocks for each output."""
    of = _parts(model, op)
    assert of is not None
    return split_call(of, *_tensors(model, op))
