"""SPLIT: one model layer → its checks, MACs, memory, reference result and C calls."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.copies import Blocks, axis_of, moved_reason
from mcusim.model import Model, Op, Tensor
from mcusim.operands import Array, bad, constant, expect_shape, integer, operand, results
from mcusim.runtime import OpMemory, Runtime
from mcusim.splitting import parts, split_call, split_reference

KERNELS: tuple[str, ...] = ("mcusim_copy_blocks",)

DTYPES = ("int8", "int16", "int32", "float32")


def _tensors(model: Model, op: Op) -> tuple[Tensor, tuple[Tensor, ...]]:
    outputs = results(model, op, integer(op, "num_splits"))
    return operand(model, op, 1, "input"), outputs


def _parts(model: Model, op: Op) -> tuple[Blocks, ...] | None:
    """The way of each output; None where the axis is computed at run time. BadModelError where shapes disagree."""
    source, outputs = _tensors(model, op)
    given = constant(model, op, 0, "axis")
    if given is None or len(given) != 1:
        return None
    axis = axis_of(op, int(given[0]), len(source.shape))
    size, rest = divmod(source.shape[axis], len(outputs))
    if rest:
        raise bad(op, f"splits {source.shape[axis]} into {len(outputs)} parts")
    for output in outputs:
        expect_shape(op, output, "output", (*source.shape[:axis], size, *source.shape[axis + 1 :]))
    return parts(source.shape, axis, [size] * len(outputs))


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, outputs = _tensors(model, op)
    if _parts(model, op) is None:
        return "an axis other than one constant int32 is not supported"
    return moved_reason(DTYPES, source, *outputs)


def macs(model: Model, op: Op) -> int:
    """None: SPLIT copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the parsed options only."""
    _tensors(model, op)
    return OpMemory(builtin_data_bytes=4)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """Parts of equal size along the axis."""
    of = _parts(model, op)
    assert of is not None
    return split_reference(of, inputs[1], results(model, op))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """A call of mcusim_copy_blocks for each output."""
    of = _parts(model, op)
    assert of is not None
    return split_call(of, *_tensors(model, op))
