"""Two values of a layer's output → where they first differ, and the accumulator behind that element."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mcusim.accumulators import Accumulators, accumulators, high_products, rounded_twice
from mcusim.layer_parts import Accumulation, Difference
from mcusim.model import Model, Op, Tensor
from mcusim.operands import Array
from mcusim.ops import OPERATORS, written
from mcusim.roundings import Rounding, roundings

NOT_FINITE = "infinite or no number"
NO_ROUNDING = "no known way of rounding gives these values"


def unequal(one: Array, other: Array) -> NDArray[np.bool_]:
    """Which elements of two arrays of a type and shape differ in any bit, in one dimension."""
    if not one.size:
        return np.zeros(0, np.bool_)
    width = one.dtype.itemsize
    ours = np.frombuffer(one.tobytes(), np.uint8).reshape(-1, width)
    theirs = np.frombuffer(other.tobytes(), np.uint8).reshape(-1, width)
    wrong: NDArray[np.bool_] = np.any(ours != theirs, axis=1)
    return wrong


def first_difference(
    model: Model, op: Op, operands: Sequence[Array | None], tensor: Tensor, expected: Array, found: Array
) -> Difference | None:
    """Where a tensor that a layer writes first differs from the reference's on the same operands; None: nowhere."""
    if expected.tobytes() == found.tobytes():
        return None
    wrong = unequal(expected, found)
    rounding, strange = (
        explained(model, op, operands, found, wrong) if tensor.index in op.outputs[:1] else (None, wrong)
    )
    return difference(model, op, operands, tensor, expected, found, wrong, None if strange.any() else rounding)


def difference(
    model: Model,
    op: Op,
    operands: Sequence[Array | None],
    tensor: Tensor,
    expected: Array,
    found: Array,
    wrong: NDArray[np.bool_],
    rounding: Rounding | None,
) -> Difference:
    """The first of the elements that are marked as wrong; `rounding` gives the tensor, or most of it."""
    place = int(np.flatnonzero(wrong)[0])
    behind = _behind(op, tensor, lambda: accumulators(model, op, operands), expected, place)
    index = np.unravel_index(place, expected.shape) if expected.shape else ()
    distances = np.abs(found.astype(np.float64) - expected.astype(np.float64)).reshape(-1)[wrong]
    values = [float(one.reshape(-1)[place]) for one in (found, expected)]
    largest = float(distances.max())
    return Difference(
        tensor=tensor.name,
        index=tuple(int(one) for one in index),
        target=values[0] if math.isfinite(values[0]) else None,
        target_reason=None if math.isfinite(values[0]) else NOT_FINITE,
        reference=values[1] if math.isfinite(values[1]) else None,
        reference_reason=None if math.isfinite(values[1]) else NOT_FINITE,
        wrong_elements=int(wrong.sum()),
        elements=int(expected.size),
        largest=largest if math.isfinite(largest) else None,
        largest_reason=None if math.isfinite(largest) else NOT_FINITE,
        rounding=rounding,
        rounding_reason=None if rounding else NO_ROUNDING,
        accumulation=None if isinstance(behind, str) else behind,
        accumulation_reason=behind if isinstance(behind, str) else None,
    )


def explained(
    model: Model,
    op: Op,
    operands: Sequence[Array | None],
    found: Array,
    wrong: NDArray[np.bool_],
    likely: str = "LiteRT",
) -> tuple[Rounding | None, NDArray[np.bool_]]:
    """The way of rounding that gives most of a tensor, and the elements that it does not give.

    All of the tensor is recomputed that way, not only what differs from the reference: a rounding that would change
    elements that are equal is not the one. Of several that give the same, that of `likely` comes first.
    """
    best: tuple[Rounding | None, NDArray[np.bool_]] = None, wrong
    ways = roundings(model, op, operands).items() if found.dtype.kind == "i" else ()
    for name, values in sorted(ways, key=lambda way: likely not in way[0]):
        strange: NDArray[np.bool_] = np.not_equal(values.reshape(-1), found.astype(np.int64).reshape(-1))
        if strange.sum() < best[1].sum():
            best = name, strange
    return best


@dataclass(frozen=True, slots=True)
class Compared:
    """What a layer's comparison with the reference found, and how many elements of its operands differ before it."""

    difference: Difference | None
    differing_inputs: int


@dataclass(slots=True)
class BesideReference:
    """A model's layers as something else executes them, each beside the reference's result on the same operands.

    `alone` are the tensors that differ from those of an inference by the reference alone, with that one's values.
    """

    model: Model
    alone: dict[int, Array] = field(default_factory=dict)

    def layer(self, op: Op, operands: Sequence[Array | None], found: Sequence[Array]) -> Compared:
        """Compare what a layer wrote, as ops.written has it, with the reference's result."""
        reference = OPERATORS[op.name].reference
        expected = reference(self.model, op, operands)
        places = written(self.model, op)
        first = None
        for index, ours, theirs in zip(places, expected, found, strict=True):
            first = first or first_difference(self.model, op, operands, self.model.tensors[index], ours, theirs)
        before = [
            None if index < 0 else self.alone.get(index, one) for index, one in zip(op.inputs, operands, strict=True)
        ]
        pairs = zip(operands, before, strict=True)
        differing = sum(
            int(unequal(one, other).sum())
            for one, other in pairs
            if one is not None and one is not other and other is not None
        )
        if differing:
            expected = reference(self.model, op, before)
        for index, ours, theirs in zip(places, expected, found, strict=True):
            self.alone.pop(index, None)
            if ours.tobytes() != theirs.tobytes():
                self.alone[index] = ours
        return Compared(first, differing)


def _behind(
    op: Op, tensor: Tensor, compute: Callable[[], Accumulators | str], expected: Array, place: int
) -> Accumulation | str:
    """The accumulation of an element, or why there is none."""
    if tensor.index not in op.outputs[:1]:
        return "the tensor is a state of the operator, or not its first output"
    found = compute()
    if isinstance(found, str):
        return found
    if int(rounded_twice(found).reshape(-1)[place]) != int(expected.reshape(-1)[place]):
        return "the accumulator, recomputed, does not give the reference's value"
    channel = place % found.bias.size
    multiplier, shift = int(found.multipliers[channel]), int(found.shifts[channel])
    accumulator = int(found.values.reshape(-1)[place])
    return Accumulation(
        accumulator=accumulator,
        bias=int(found.bias[channel]),
        bits=found.bits,
        multiplier=multiplier,
        shift=shift,
        exact=math.ldexp(float(accumulator * multiplier), shift - 31),
        high=int(high_products(found).reshape(-1)[place]) if found.bits == 32 else None,
        high_reason=None if found.bits == 32 else "accumulators of 64 bits are rounded once",
        rounded=int(found.rounded().reshape(-1)[place]),
        offset=found.offset,
        least=found.least,
        most=found.most,
    )
