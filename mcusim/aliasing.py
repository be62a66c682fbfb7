"""Model and runtime → where two tensors could share their bytes, and what each such place would save of the head.

TensorFlow Lite Micro gives every tensor bytes of its own. A tensor with the same bytes in another shape could be a
view of the other, an element-wise operator could write over an input that nobody needs afterwards, and the parts of a
joined tensor could be written where they end up.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mcusim import gaps, offline_plan
from mcusim.allocators import greedy
from mcusim.arena import Arena, arena
from mcusim.model import Model, Op, Tensor
from mcusim.operands import integer
from mcusim.runtime import Request, Runtime

# Looked at, of the largest tensors: each costs a plan, and a plan looks at pairs of buffers.
LEAST_ALIASES, MOST_ALIASES, MOST_PAIRS = 8, 64, 1 << 23

VIEWS = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
# They make each element of the output of the same element of an input, and read it before they write.
ELEMENT_WISE = (
    *("ABS", "ADD", "CAST", "DIV", "ELU", "HARD_SWISH", "LEAKY_RELU", "LOGICAL_AND", "LOGICAL_NOT", "LOGICAL_OR"),
    *("LOGISTIC", "MAXIMUM", "MINIMUM", "MUL", "PRELU", "QUANTIZE", "RELU", "RELU6", "RSQRT", "SQUARED_DIFFERENCE"),
    *("SUB", "TANH"),
)
JOINS = ("CONCATENATION", "PACK")
CUTS = ("SPLIT", "SPLIT_V", "UNPACK")

Kind = Literal["view", "in place", "part"]


@dataclass(frozen=True, slots=True)
class Alias:
    """Tensor `tensor` of operator `op` in the bytes of tensor `into`, `offset_bytes` behind its begin.

    `live_saved_bytes` is what it alone takes from the least that any plan needs, `head_saved_bytes` what it takes
    from the greedy plan, below 0 where that gets larger.
    """

    op: int
    kind: Kind
    tensor: int
    into: int
    offset_bytes: int
    live_saved_bytes: int
    head_saved_bytes: int


@dataclass(frozen=True, slots=True)
class Aliasing:
    """The aliases, those that save the most first; `left_out` of small tensors were not looked at.

    `together` are those, of all, that can be had at once and save the most when added one by one; with them the
    greedy plan takes `head_bytes` and no plan less than `live_bytes`; `…_before_bytes` without.
    """

    aliases: tuple[Alias, ...]
    left_out: int
    together: tuple[Alias, ...]
    head_before_bytes: int
    head_bytes: int
    live_before_bytes: int
    live_bytes: int


_Place = tuple[Op, Kind, int, int, int]  # as in Alias


def aliasing(model: Model, runtime: Runtime) -> Aliasing:
    """All aliases and what they save; raises what `arena` does. An offline plan in the model is left out."""
    present = arena(model, runtime, offsets=[offline_plan.ONLINE] * len(model.tensors))
    start = _Sharing(present)
    places = sorted(_places(model, start.requests), key=lambda place: -start.requests[place[2]].bytes)
    before = start.figures()
    alone = []
    most = max(LEAST_ALIASES, min(MOST_ALIASES, MOST_PAIRS // max(len(present.buffers), 1) ** 2))
    for op, kind, tensor, into, offset in places[:most]:
        shared = start.with_alias(kind, tensor, into, offset)
        if shared is not None:
            live, head = shared.figures()
            alone.append(Alias(op.index, kind, tensor, into, offset, before[0] - live, before[1] - head))
    alone.sort(key=lambda one: (-one.head_saved_bytes, -one.live_saved_bytes, one.op, one.tensor))
    together, figures = _together(start, alone)
    return Aliasing(tuple(alone), max(len(places) - most, 0), together, before[1], figures[1], before[0], figures[0])


class _Sharing:
    """The buffers of the head, tensors by index, some of them in others: one request for all that share bytes."""

    def __init__(self, of: Arena) -> None:
        """Every tensor by itself."""
        self.requests = {
            one.tensor: Request(one.planned_bytes, one.first, one.last) for one in of.buffers if one.tensor is not None
        }
        self.scratch = [Request(one.planned_bytes, one.first, one.last) for one in of.buffers if one.tensor is None]
        self.own = dict(self.requests)
        self.within: dict[int, tuple[int, int]] = {}
        self.overwritten: set[int] = set()

    def with_alias(self, kind: Kind, tensor: int, into: int, offset: int) -> _Sharing | None:
        """With one alias more; None where what shares the bytes by now does not allow it."""
        tensor_root, before = self._root(tensor)
        root, inside = self._root(into)
        part, whole = self.requests[tensor_root], self.requests[root]
        # What has moved already stays where it is, and what is larger than the tensor by now has no room.
        if tensor_root == root or before or part.bytes != self.own[tensor].bytes:
            return None
        # Where something is written over, the one must not be read once the other is written.
        if kind == "in place" and whole.last != part.first:
            return None
        overwritten = self.overwritten | ({root} if kind == "in place" else set())
        if overwritten & {root, tensor_root} and whole.last != part.first and part.last != whole.first:
            return None
        made = copy.copy(self)
        made.overwritten = overwritten | ({root} if tensor_root in overwritten else set())
        made.within = self.within | {tensor_root: (root, inside + offset)}
        made.requests = {index: one for index, one in self.requests.items() if index != tensor_root}
        made.requests[root] = Request(whole.bytes, min(whole.first, part.first), max(whole.last, part.last))
        return made

    def figures(self) -> tuple[int, int]:
        """Bytes alive at the fullest moment, and those of the greedy plan."""
        requests = [one for _, one in sorted(self.requests.items())] + self.scratch
        return gaps.live_bound_bytes(requests), gaps.peak_bytes(requests, greedy.allocate(requests))

    def _root(self, tensor: int) -> tuple[int, int]:
        """The tensor whose request a tensor is part of, and how far behind its begin."""
        offset = 0
        while tensor in self.within:
            tensor, further = self.within[tensor]
            offset += further
        return tensor, offset


def _together(start: _Sharing, aliases: Sequence[Alias]) -> tuple[tuple[Alias, ...], tuple[int, int]]:
    """Aliases added one by one, as long as neither bound nor plan gets larger; with the figures at the end."""
    sharing, figures = start, start.figures()
    taken = []
    for one in aliases:
        shared = sharing.with_alias(one.kind, one.tensor, one.into, one.offset_bytes)
        if shared is None:
            continue
        found = shared.figures()
        if found[0] <= figures[0] and found[1] <= figures[1]:
            sharing, figures = shared, found
            taken.append(one)
    return tuple(taken), figures


def _places(model: Model, head: Mapping[int, Request]) -> Iterator[_Place]:
    """Every place where a tensor of the head could lie in another."""
    for op in model.ops:
        if op.name in VIEWS and {op.inputs[0], op.outputs[0]} <= head.keys():
            if model.tensors[op.inputs[0]].bytes == model.tensors[op.outputs[0]].bytes:
                yield op, "view", op.outputs[0], op.inputs[0], 0
        elif op.name in ELEMENT_WISE and op.outputs[0] in head:
            for source in dict.fromkeys(op.inputs):
                if source in head and _covers(model.tensors[source], model.tensors[op.outputs[0]]):
                    yield op, "in place", op.outputs[0], source, 0
        elif op.name in JOINS and op.outputs[0] in head:
            yield from _parts(model, op, head, op.outputs[0], op.inputs)
        elif op.name in CUTS:
            # SPLIT has its axis before its input.
            whole = op.inputs[1 if op.name == "SPLIT" else 0]
            if whole in head:
                yield from _parts(model, op, head, whole, op.outputs)


def _covers(source: Tensor, output: Tensor) -> bool:
    """Whether the same elements of the input lie where those of the output go, or behind."""
    return source.shape == output.shape and source.bytes >= output.bytes


def _parts(model: Model, op: Op, head: Mapping[int, Request], whole: int, parts: Sequence[int]) -> Iterator[_Place]:
    """The parts that lie one behind the other in the whole, at multiples of what offline plans are aligned to."""
    axis = _axis(model, op)
    if axis is None or any(extent != 1 for extent in model.tensors[whole].shape[:axis]):
        return
    offsets = itertools.accumulate((model.tensors[index].bytes for index in parts), initial=0)
    for part, offset in zip(parts, offsets, strict=False):
        same = model.tensors[part].quantization == model.tensors[whole].quantization
        if part in head and same and parts.count(part) == 1 and offset % offline_plan.ALIGNMENT == 0:
            yield op, "part", part, whole, offset


def _axis(model: Model, op: Op) -> int | None:
    """The axis of the whole along which an operator joins or cuts; None where it is not known."""
    whole = model.tensors[op.outputs[0] if op.name in JOINS else op.inputs[1 if op.name == "SPLIT" else 0]]
    if op.name in ("SPLIT", "SPLIT_V"):
        data = model.tensors[op.inputs[0 if op.name == "SPLIT" else 2]].data
        axis = None if data is None or data.size != 1 else int(data.item())
    else:
        axis = integer(op, "axis")
    if axis is None or not -len(whole.shape) <= axis < len(whole.shape):
        return None
    return axis % len(whole.shape)
