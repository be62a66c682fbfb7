"""Model and runtime → what each planner makes of the arena's head: bytes, waste, what holds the peak, the arena then.

TensorFlow Lite Micro plans with its own greedy planner, or its linear one. A plan of any other planner reaches it as
OfflineMemoryAllocation metadata, which has the tensors only: scratch is planned around them at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mcusim import gaps, offline_plan
from mcusim.allocators import best_fit, hill_climb, optimum
from mcusim.arena import Arena, Buffer, arena, op_memory
from mcusim.errors import UnsupportedError
from mcusim.model import Model
from mcusim.runtime import Request, Runtime

COMPILERS: Mapping[str, Callable[[Sequence[Request]], tuple[int, ...]]] = {
    "best_fit": best_fit.allocate,
    "hill_climb": hill_climb.allocate,
}


@dataclass(frozen=True, slots=True)
class HeadPlan:
    """A planner's plan of the head.

    `offsets` of the buffers in their order. `peak_bytes` is what it takes, `wasted_bytes` how much of that is not
    alive at the fullest moment, `bound_bytes` what no plan can get below as far as is proven. `pins` are the buffers
    that hold the peak up: the highest, those it rests on, and so on to the bottom. `arena` is TensorFlow Lite
    Micro's with this plan.
    """

    planner: str
    offsets: tuple[int, ...]
    peak_bytes: int
    wasted_bytes: int
    bound_bytes: int
    pins: tuple[int, ...]
    arena: Arena

    @property
    def optimal(self) -> bool:
        """Whether no plan takes less."""
        return self.peak_bytes == self.bound_bytes


@dataclass(frozen=True, slots=True)
class HeadPlans:
    """The plans side by side.

    `buffers` as the greedy planner places them. `live_bound_bytes` is what is alive at the fullest moments,
    `fullest`; `bound_bytes` the most that is proven to be needed. `missing` says why a planner has no plan.
    """

    buffers: tuple[Buffer, ...]
    plans: Mapping[str, HeadPlan]
    missing: Mapping[str, str]
    live_bound_bytes: int
    bound_bytes: int
    fullest: tuple[int, ...]

    @property
    def best(self) -> HeadPlan:
        """The plan with the smallest arena that AllocateTensors accepts; of several the greedy one, or the first."""
        return min(self.plans.values(), key=lambda plan: (plan.arena.smallest_bytes, plan.planner != "greedy"))

    def alive(self, moment: int) -> tuple[int, ...]:
        """The buffers that live at a moment."""
        return tuple(index for index, buffer in enumerate(self.buffers) if buffer.lives_at(moment))


def head_plans(model: Model, runtime: Runtime) -> HeadPlans:
    """Plan the head with every planner; "offline" is the plan in the model's metadata, where it has one.

    Raises what `arena` does.
    """
    memory = op_memory(model, runtime)
    online = arena(model, runtime, memory, offsets=[offline_plan.ONLINE] * len(model.tensors))
    buffers = online.buffers
    requests = [Request(one.planned_bytes, one.first, one.last) for one in buffers]
    arenas = {"greedy": online}
    missing: dict[str, str] = {}
    try:
        arenas["linear"] = arena(model, runtime, memory, planner="linear")
    except UnsupportedError as error:
        missing["linear"] = str(error)
    if offline_plan.NAME in model.metadata:
        arenas["offline"] = arena(model, runtime, memory)
    found = {name: tuple(one.offset for one in each.buffers) for name, each in arenas.items()}
    found |= {name: allocate(requests) for name, allocate in COMPILERS.items()}
    bound = gaps.live_bound_bytes(requests)
    try:
        start = min(found.values(), key=lambda offsets: gaps.peak_bytes(requests, offsets))
        solution = optimum.solve(requests, start)
        found["optimum"], bound = solution.offsets, solution.bound_bytes
    except UnsupportedError as error:
        missing["optimum"] = str(error)
    for name in found:
        if name not in arenas:
            arenas[name] = arena(model, runtime, memory, offsets=tensor_offsets(model, buffers, found[name]))
    live = online.live_bytes
    return HeadPlans(
        buffers=buffers,
        plans={name: _plan(name, requests, offsets, bound, arenas[name]) for name, offsets in found.items()},
        missing=missing,
        live_bound_bytes=gaps.live_bound_bytes(requests),
        bound_bytes=bound,
        fullest=tuple(moment for moment, count in enumerate(live) if count == max(live)),
    )


def tensor_offsets(model: Model, buffers: Sequence[Buffer], offsets: Sequence[int]) -> tuple[int, ...]:
    """The offline plan that puts buffers there: an offset for each tensor; scratch is none's."""
    placed = {one.tensor: offset for one, offset in zip(buffers, offsets, strict=True) if one.tensor is not None}
    return tuple(placed.get(tensor.index, offline_plan.ONLINE) for tensor in model.tensors)


def offline_offsets(model: Model, runtime: Runtime, found: HeadPlans) -> tuple[int, ...]:
    """The best plan as an offline plan: never a larger arena than without; ONLINE throughout where any would be."""
    offsets = tensor_offsets(model, found.buffers, found.best.offsets)
    planned = arena(model, runtime, offsets=offsets)
    larger = planned.smallest_bytes > found.best.arena.smallest_bytes
    return (offline_plan.ONLINE,) * len(model.tensors) if larger else offsets


def _plan(planner: str, requests: Sequence[Request], offsets: tuple[int, ...], bound: int, of: Arena) -> HeadPlan:
    peak = gaps.peak_bytes(requests, offsets)
    live = gaps.live_bound_bytes(requests)
    return HeadPlan(planner, offsets, peak, peak - live, bound, _pins(requests, offsets, peak), of)


def _pins(requests: Sequence[Request], offsets: Sequence[int], peak: int) -> tuple[int, ...]:
    """The highest buffers, and those on which, at a common moment, one of them rests."""
    pins = [index for index, one in enumerate(requests) if offsets[index] + one.bytes == peak]
    for above in pins:  # it grows on the way
        pins += [
            index
            for index, one in enumerate(requests)
            if offsets[index] + one.bytes == offsets[above] and gaps.meet(one, requests[above]) and index not in pins
        ]
    return tuple(sorted(pins, key=lambda index: offsets[index]))
