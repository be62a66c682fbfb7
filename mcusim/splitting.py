"""A layer of SPLIT, SPLIT_V, UNPACK or PACK → the parts of the whole tensor along an axis, moved in blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mcusim import abi
from mcusim.copies import Blocks, bits, blocks_call, blocks_reference, empty, like
from mcusim.model import Tensor
from mcusim.operands import Array


def _whole(part: Blocks) -> Blocks:
    """The way back: from the part into the whole."""
    return Blocks(part.block, part.blocks, part.output_offset, part.output_step, part.input_offset, part.input_step)


def parts(shape: tuple[int, ...], axis: int, sizes: Sequence[int]) -> tuple[Blocks, ...]:
    """The way out of a whole of a shape into parts of so many elements each along an axis."""
    inner, outer = math.prod(shape[axis + 1 :]), math.prod(shape[:axis])
    found, start = [], 0
    for size in sizes:
        found.append(Blocks(size * inner, outer, start * inner, shape[axis] * inner, 0, size * inner))
        start += size
    return tuple(found)


def split_reference(of: Sequence[Blocks], value: Array | None, outputs: Sequence[Tensor]) -> tuple[Array, ...]:
    """The parts of an operand."""
    split = []
    for part, output in zip(of, outputs, strict=True):
        elements = empty(output)
        blocks_reference(part, bits(value), elements)
        split.append(like(output, elements))
    return tuple(split)


def split_call(of: Sequence[Blocks], source: Tensor, outputs: Sequence[Tensor]) -> abi.Invocation:
    """A call of mcusim_copy_blocks for each output."""
    calls = (blocks_call(part, source, output) for part, output in zip(of, outputs, strict=True))
    return abi.Invocation((), tuple(calls))


def join_reference(of: Sequence[Blocks], values: Sequence[Array | None], output: Tensor) -> tuple[Array, ...]:
    """The whole of its parts."""
    elements = empty(output)
    for part, value in zip(of, values, strict=True):
        blocks_reference(_whole(part), bits(value), elements)
    return (like(output, elements),)


def join_call(of: Sequence[Blocks], sources: Sequence[Tensor], output: Tensor) -> abi.Invocation:
    """A call of mcusim_copy_blocks for each input."""
    calls = (blocks_call(_whole(part), source, output) for part, source in zip(of, sources, strict=True))
    return abi.Invocation((), tuple(calls))
