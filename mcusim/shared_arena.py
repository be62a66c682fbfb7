"""Models + runtime → the arena that their interpreters need together, sharing a MicroAllocator, and apart.

TensorFlow Lite Micro lets several interpreters share one: what each keeps adds up at the arena's end, and the planned
buffers at its start serve one model at a time, so that their part is as large as the largest (micro_allocator.cc,
max_head_buffer_usage_; memory_management.md). A model is planned at the very start of the arena, over what the models
before it have there; what it needs for planning must fit above that, below the tail of all so far.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from mcusim.arena import Arena, arena
from mcusim.model import Model
from mcusim.runtime import Runtime

MOST_ORDERED = 5  # models of which all orders are tried


@dataclass(frozen=True, slots=True)
class SharedModel:
    """One of the models: its arena alone, its planned buffers, and what it adds to what is kept of all.

    `growth_bytes` is how much larger the arena has to be for it than for the models before it.
    """

    name: str
    alone_bytes: int
    head_bytes: int
    kept_bytes: int
    growth_bytes: int


@dataclass(frozen=True, slots=True)
class SharedArena:
    """The arena in which the interpreters are made in the order of `models`.

    `smallest_bytes` is the least size that AllocateTensors of each accepts, `apart_bytes` that of an arena for each;
    `used_bytes` what arena_used_bytes() returns in the end. `best_order` needs the least: `best_bytes`.
    """

    models: tuple[SharedModel, ...]
    head_bytes: int
    kept_bytes: int
    used_bytes: int
    smallest_bytes: int
    apart_bytes: int
    best_order: tuple[int, ...]
    best_bytes: int

    @property
    def saved_bytes(self) -> int:
        """What one arena saves against one for each."""
        return self.apart_bytes - self.smallest_bytes


def share(models: Sequence[Model], runtime: Runtime) -> SharedArena:
    """Lay out the arena of several models; the rules and what is raised are those of `arena.arena`."""
    rows: list[SharedModel] = []
    last: Arena | None = None
    for model in models:
        alone = arena(model, runtime)
        following = arena(model, runtime, beside=last)
        before_kept, before = (last.tail_bytes, last.smallest_bytes) if last is not None else (0, 0)
        rows.append(
            SharedModel(
                name=model.name,
                alone_bytes=alone.smallest_bytes,
                head_bytes=alone.head_bytes,
                kept_bytes=following.tail_bytes - before_kept,
                growth_bytes=following.smallest_bytes - before,
            )
        )
        last = following
    if last is None:
        raise ValueError("no models")
    order = _best_order(models, runtime) if len(models) <= MOST_ORDERED else tuple(range(len(models)))
    return SharedArena(
        models=tuple(rows),
        head_bytes=last.head_bytes,
        kept_bytes=last.tail_bytes,
        used_bytes=last.used_bytes,
        smallest_bytes=last.smallest_bytes,
        apart_bytes=sum(row.alone_bytes for row in rows),
        best_order=order,
        best_bytes=_needed(models, order, runtime),
    )


def _best_order(models: Sequence[Model], runtime: Runtime) -> tuple[int, ...]:
    """The order with the smallest arena, of equal ones the first: planning a small model last costs least."""
    return min(itertools.permutations(range(len(models))), key=lambda order: _needed(models, order, runtime))


def _needed(models: Sequence[Model], order: Sequence[int], runtime: Runtime) -> int:
    last: Arena | None = None
    for index in order:
        last = arena(models[index], runtime, beside=last)
    return 0 if last is None else last.smallest_bytes
