"""A layer of SPACE_TO_BATCH_ND or BATCH_TO_SPACE_ND → the blocks between its batches and its image."""

from __future__ import annotations

from dataclasses import dataclass

from mcusim import abi
from mcusim.copies import element_bytes
from mcusim.model import Model, Op, Tensor
from mcusim.operands import bad, constant, operand, result

Four = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Blocking:
    """Blocks of rows and columns, and the rows and columns of the image's frame, of padding or crops."""

    block: tuple[int, int]
    before: tuple[int, int]
    after: tuple[int, int]


def blocked_tensors(model: Model, op: Op) -> tuple[Tensor, Tensor]:
    """Input and output."""
    return operand(model, op, 0, "input"), result(model, op)


def image(shape: tuple[int, ...]) -> Four:
    """A shape of three or four dimensions as [n, h, w, c]; three have one column."""
    n, h, *w, c = shape
    return n, h, w[0] if w else 1, c


def blocking_reason(model: Model, op: Op, frame: str) -> str | None:
    """Why blocks cannot be moved, whatever the type; None if they can."""
    source, _ = blocked_tensors(model, op)
    if len(source.shape) not in (3, 4):
        return f"{len(source.shape)} dimensions are not supported"
    if constant(model, op, 1, "block shape") is None or constant(model, op, 2, frame) is None:
        return f"a block shape or {frame} other than constant int32 are not supported"
    return None


def blocking(model: Model, op: Op, frame: str, *, to_batch: bool) -> Blocking:
    """Blocks and frame of a layer that `blocking_reason` lets through; BadModelError where shapes disagree."""
    source, output = blocked_tensors(model, op)
    block, sides = constant(model, op, 1, "block shape"), constant(model, op, 2, frame)
    assert block is not None and sides is not None
    spatial = len(source.shape) - 2
    if len(block) != spatial or len(sides) != 2 * spatial or block.min() < 1 or sides.min() < 0:
        raise bad(op, f"has blocks {block.tolist()} and {frame} {sides.tolist()} for {spatial} spatial dimensions")
    of = Blocking(
        (int(block[0]), int(block[1]) if spatial == 2 else 1),
        (int(sides[0]), int(sides[2]) if spatial == 2 else 0),
        (int(sides[1]), int(sides[3]) if spatial == 2 else 0),
    )
    # The batches hold the image with its padding, or are the image with its crops.
    batches, whole = (output, source) if to_batch else (source, output)
    n, h, w, c = image(whole.shape)
    frame_h, frame_w = (a + b for a, b in zip(of.before, of.after, strict=True))
    if (h + frame_h) % of.block[0] or (w + frame_w) % of.block[1]:
        raise bad(op, f"has blocks {block.tolist()} that do not fill {h + frame_h} rows and {w + frame_w} columns")
    sizes = (h + frame_h) // of.block[0], (w + frame_w) // of.block[1]
    expected = n * of.block[0] * of.block[1], *sizes[:spatial], c
    if batches.shape != expected:
        raise bad(op, f"turns shape {list(source.shape)} into {list(output.shape)} by blocks {block.tolist()}")
    return of


def blocking_call(model: Model, op: Op, symbol: str, of: Blocking, extra: tuple[int, ...]) -> abi.Invocation:
    """A call of mcusim_space_to_batch_nd or mcusim_batch_to_space_nd; `extra` are its arguments of its own."""
    source, output = blocked_tensors(model, op)
    arguments: tuple[abi.Argument, ...] = (
        abi.TensorPointer(source.index),
        abi.dims(*image(source.shape)),
        abi.tile(of.block),
        abi.tile(of.before),
        source.shape[-1] * element_bytes(source),
        *extra,
        abi.dims(*image(output.shape)),
        abi.TensorPointer(output.index),
    )
    return abi.Invocation((), (abi.Call(symbol, arguments, checks_status=False),))
