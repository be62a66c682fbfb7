"""SPACE_TO_DEPTH: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.copies import Walk, dims_bytes, moved_reason, walk_call, walk_reference
from mcusim.model import Model, Op
from mcusim.operands import Array, bad, expect_shape, integer, operand, rank_4, result
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_copy_rows",)

DTYPES = ("int8", "float32")


def _walk(model: Model, op: Op) -> Walk:
    """The walk over the input, whose innermost rows are neighbours; BadModelError where shapes disagree."""
    source, output = operand(model, op, 0, "input"), result(model, op)
    n, h, w, c = rank_4(op, source, "input")
    block = integer(op, "block_size")
    if block < 1 or h % block or w % block:
        raise bad(op, f"has blocks of {block} in {h} rows and {w} columns")
    expect_shape(op, output, "output", (n, h // block, w // block, c * block * block))
    row = w * c
    return Walk(0, (n, h // block, w // block, block, block * c), (h * row, block * row, block * c, row, 1))


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    _walk(model, op)
    return moved_reason(DTYPES, operand(model, op, 0, "input"), result(model, op))


def macs(model: Model, op: Op) -> int:
    """None: SPACE_TO_DEPTH copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: the parsed options, and in Prepare a copy of the output's dimensions."""
    _walk(model, op)
    return OpMemory(builtin_data_bytes=4, prepare_bytes=(len(dims_bytes(result(model, op))),))


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The elements in their new places."""
    return walk_reference(_walk(model, op), inputs[0], result(model, op))


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_copy_rows, a call of memcpy for each row of a block."""
    source, output = operand(model, op, 0, "input"), result(model, op)
    return walk_call("mcusim_copy_rows", _walk(model, op), source, output, (dims_bytes(output),))
