"""Plan + which bytes of the arena an inference wrote → how much of RAM it touched, and who has what it never did."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mcusim import record
from mcusim.arena import Buffer
from mcusim.plan import Plan

Mask = NDArray[np.bool_]

BETWEEN = record.Owner("between head and tail", 0, "free")
HOLES = record.Owner("places of no buffer", 0, "hole")
PADDING = record.Owner("padding of buffers", 0, "alignment")
TAIL_PADDING = record.Owner("padding of persistent data", 0, "alignment")


def touched(plan: Plan, written: Mask, layers: Sequence[record.Layer]) -> record.Touched:
    """What an inference touched; `written` has a place for each byte of the arena that says whether a kernel wrote it.

    The application writes the inputs, and AllocateTensors all persistent data, apart from arrays for kernels to work
    in: those count as far as kernels wrote them. Its planning workspace does not count, which an inference has no use
    for.
    """
    known = written.copy()
    _add_given(plan, known)
    labels, owners = _labels(plan)
    counts = np.bincount(labels[~known], minlength=len(owners))
    untouched = [
        record.Owner(owner.name, int(count), owner.kind) for owner, count in zip(owners, counts, strict=True) if count
    ]
    return record.Touched(
        arena_bytes=plan.arena_bytes,
        arena_touched_bytes=int(known.sum()),
        scratch_bytes=sum(layer.scratch_bytes for layer in layers),
        scratch_touched_bytes=sum(layer.scratch_touched_bytes or 0 for layer in layers),
        stack_bytes=max((layer.stack_bytes or 0 for layer in layers), default=0),
        stack_touched_bytes=max((layer.stack_touched_bytes or 0 for layer in layers), default=0),
        untouched=tuple(sorted(untouched, key=lambda one: -one.bytes)),
    )


def high_water_bytes(written: Mask) -> int:
    """How far into a range its last written byte lies."""
    return written.size - int(written[::-1].argmax()) if written.any() else 0


def depth_bytes(written: Mask) -> int:
    """How far from a range's end its first written byte lies: the depth of a stack that grows down."""
    return high_water_bytes(written[::-1])


def _add_given(plan: Plan, known: Mask) -> None:
    """Add what is written before the kernels run."""
    for one in plan.arena.buffers:
        if one.tensor in plan.model.inputs:
            known[one.offset : one.offset + one.bytes] = True
    for allocation in plan.arena.allocations:
        work = allocation.op is not None and allocation.position in plan.invocations[allocation.op].work
        if allocation.kind != "kernel arrays" or not work:
            start = known.size - allocation.distance_bytes
            known[start : start + allocation.bytes] = True


def _labels(plan: Plan) -> tuple[NDArray[np.int32], list[record.Owner]]:
    """The owner of each byte of the arena, as an index into owners: a tensor's before scratch's before padding's."""
    size, arena = plan.arena_bytes, plan.arena
    owners = [BETWEEN, HOLES, PADDING, TAIL_PADDING]
    labels = np.full(size, owners.index(BETWEEN), np.int32)
    labels[: arena.head_bytes] = owners.index(HOLES)
    for one in arena.buffers:
        labels[one.offset : one.offset + one.planned_bytes] = owners.index(PADDING)
    labels[size - arena.tail_bytes :] = owners.index(TAIL_PADDING)
    for kind in ("scratch", "tensor"):
        for one in arena.buffers:
            if _kind(one) == kind:
                labels[one.offset : one.offset + one.bytes] = len(owners)
                owners.append(record.Owner(one.name, 0, kind))
    for allocation in arena.allocations:
        start = size - allocation.distance_bytes
        labels[start : start + allocation.bytes] = len(owners)
        owners.append(record.Owner(allocation.name, 0, allocation.kind))
    return labels, owners


def _kind(buffer: Buffer) -> str:
    return "tensor" if buffer.tensor is not None else "scratch"
