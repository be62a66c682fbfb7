"""Model and runtime → all that is found about the arena's head: planners, order, aliases; and the best plan written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import product

from mcusim import plan_writer
from mcusim.aliasing import Aliasing, aliasing
from mcusim.arena import arena
from mcusim.errors import BadModelError, UnsupportedError
from mcusim.head_plans import HeadPlans, head_plans, offline_offsets
from mcusim.memory_record import OrderInfo
from mcusim.model import Model
from mcusim.offline_plan import ONLINE
from mcusim.op_order import best_order
from mcusim.plan import KERNELS, MOST_OPS, MOST_TENSORS
from mcusim.runtime import Runtime, runtime_on


@dataclass(frozen=True, slots=True)
class Study:
    """What is found about a model; `board` is the one that its runtime is of, None for the default."""

    model: Model
    runtime: Runtime
    board: str | None
    plans: HeadPlans
    order: OrderInfo
    aliases: Aliasing


@dataclass(frozen=True, slots=True)
class Written:
    """The best plan, written into the model.

    `planner` made it. The smallest arena that is accepted `before` and `after`, in bytes; so many bytes the file is
    `larger_bytes`. `worse` are runtimes with other scratch, (runtime, before, after), whose arena it makes larger.
    """

    path: str
    planner: str
    before_bytes: int
    after_bytes: int
    larger_bytes: int
    worse: tuple[tuple[Runtime, int, int], ...]


def study(model: Model, runtime: Runtime | None = None, board: str | None = None) -> Study:
    """`runtime` is that of the board, None without one.

    Raises what `arena` does, and UnsupportedError for a model that is too large to be searched.
    """
    if len(model.ops) > MOST_OPS or len(model.tensors) > MOST_TENSORS:
        raise UnsupportedError(
            f"{model.name} has {len(model.ops):,} operators and {len(model.tensors):,} tensors; mcusim plans up to "
            f"{MOST_OPS:,} and {MOST_TENSORS:,}"
        )
    runtime = runtime or runtime_on(None)
    return Study(
        model, runtime, board, head_plans(model, runtime), best_order(model, runtime), aliasing(model, runtime)
    )


def write_plan(of: Study, path: str | os.PathLike[str]) -> Written:
    """Write the best plan into a copy of the model, and look at that copy as TensorFlow Lite Micro will.

    Raises what `plan_writer.write` does, and BadModelError if the copy's arena is larger than the model's own.
    """
    model, offsets = of.model, offline_offsets(of.model, of.runtime, of.plans)
    found = plan_writer.write(path, model, offsets)
    before = of.plans.plans["greedy"].arena.smallest_bytes
    after = arena(found, of.runtime).smallest_bytes
    if after > before:
        raise BadModelError(f"the plan written to {os.fspath(path)} takes {after - before:,} bytes more than none")
    return Written(
        path=os.fspath(path),
        planner=of.plans.best.planner,
        before_bytes=before,
        after_bytes=after,
        larger_bytes=len(found.file) - len(model.file),
        worse=_worse(model, found),
    )


def _worse(model: Model, found: Model) -> tuple[tuple[Runtime, int, int], ...]:
    """Runtimes with which the plan takes more than none."""
    cores = [
        Runtime(kernels, *core) for kernels, core in product(KERNELS, ((False, False), (True, False), (True, True)))
    ]
    online = [ONLINE] * len(model.tensors)
    rows = [
        (runtime, arena(model, runtime, offsets=online).smallest_bytes, arena(found, runtime).smallest_bytes)
        for runtime in cores
    ]
    return tuple(row for row in rows if row[2] > row[1])
