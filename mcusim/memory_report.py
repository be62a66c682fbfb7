"""A study of a model's arena, and its plan on a board → the report of both as data."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import memory_record, record
from mcusim.arena import Buffer
from mcusim.budget import budget
from mcusim.errors import UnsupportedError
from mcusim.head_plans import HeadPlan
from mcusim.linked_flash import linked_flash
from mcusim.memory_record import MemoryReport
from mcusim.memory_study import Study, Written
from mcusim.model import Model
from mcusim.occupancy import buffer_kind
from mcusim.plan import Plan
from mcusim.runtime import Runtime
from mcusim.shortages import arena_shortage

NO_BOARD = "no board was named"
NOT_WATCHED = "nothing was executed: --watch does"


def report(
    study: Study,
    *,
    plan: Plan | None = None,
    no_plan: str = NO_BOARD,
    given_arena_bytes: int | None = None,
    maps: Sequence[str] = (),
    written: Written | None = None,
    watched: record.Run | None = None,
    command: str = "",
) -> MemoryReport:
    """Everything that is known of a model's memory.

    `plan` is the model on a board, where it can be run there; else `no_plan` says why not. `watched` is a run of that
    plan. `maps` are planners whose plans are to be drawn beside the one in use. Raises UnsupportedError for a planner
    that has no plan.
    """
    plans = study.plans
    in_use = "offline" if "offline" in plans.plans else "greedy"
    present = plans.plans[in_use].arena
    reasons = _reasons(study, plan, given_arena_bytes, watched)
    judged = plan is not None or given_arena_bytes is not None
    of_board = (budget(plan), linked_flash(plan)) if plan is not None else (None, None)
    if watched is not None:
        of_board = watched.budget, watched.linked_flash
    tail: dict[str, int] = {}
    for one in present.allocations:
        tail[one.kind] = tail.get(one.kind, 0) + one.bytes + one.padding_bytes
    return MemoryReport(
        command=command,
        model=_model(study.model),
        runtime=_runtime(study.runtime),
        board=study.board,
        board_reason=None if study.board else NO_BOARD,
        fits=not reasons if judged else None,
        fits_reason=None if judged else no_plan,
        reasons=reasons,
        arena_bytes=present.used_bytes,
        smallest_arena_bytes=present.smallest_bytes,
        head_bytes=present.head_bytes,
        tail=tuple(memory_record.TailPart(*part) for part in sorted(tail.items(), key=lambda part: -part[1])),
        live_bytes=present.live_bytes,
        live_bound_bytes=plans.live_bound_bytes,
        bound_bytes=plans.bound_bytes,
        buffers=tuple(_buffer(study.model, one) for one in plans.buffers),
        in_use=in_use,
        best=plans.best.planner,
        maps=_maps(study, in_use, maps),
        plans=tuple(_plan(one) for one in plans.plans.values()),
        missing=tuple(memory_record.NoPlan(*one) for one in plans.missing.items()),
        order=study.order,
        aliases=_aliases(study),
        written=None if written is None else _written(written),
        budget=of_board[0],
        budget_reason=no_plan if of_board[0] is None else None,
        linked_flash=of_board[1],
        linked_flash_reason=no_plan if of_board[1] is None else None,
        touched=watched.memory.touched if watched else None,
        touched_reason=None if watched else NOT_WATCHED,
    )


def _reasons(study: Study, plan: Plan | None, given_bytes: int | None, watched: record.Run | None) -> tuple[str, ...]:
    """Why it does not fit, where that can be told."""
    if watched is not None:
        return watched.verdict.reasons
    if plan is not None:
        return plan.verdict().reasons
    plans = study.plans.plans
    short = None if given_bytes is None else arena_shortage(plans.get("offline", plans["greedy"]).arena, given_bytes)
    return () if short is None else (short,)


def _model(model: Model) -> memory_record.ModelInfo:
    layers = []
    for op in model.ops:
        named = [model.tensors[index].name for index in (*op.outputs, *op.inputs) if index >= 0]
        layers.append(memory_record.LayerInfo(op.name, named[0] if named else op.name))
    return memory_record.ModelInfo(model.name, model.sha256, len(model.file), tuple(layers))


def _runtime(runtime: Runtime) -> memory_record.RuntimeInfo:
    return memory_record.RuntimeInfo(runtime.kernels, runtime.dsp, runtime.mve)


def _buffer(model: Model, one: Buffer) -> memory_record.BufferInfo:
    kind = buffer_kind(model, one)
    return memory_record.BufferInfo(one.name, kind, one.bytes, one.planned_bytes, one.first, one.last)


def _plan(one: HeadPlan) -> memory_record.PlanInfo:
    return memory_record.PlanInfo(
        planner=one.planner,
        offsets=one.offsets,
        head_bytes=one.peak_bytes,
        wasted_bytes=one.wasted_bytes,
        bound_bytes=one.bound_bytes,
        smallest_arena_bytes=one.arena.smallest_bytes,
        pins=one.pins,
    )


def _maps(study: Study, in_use: str, asked: Sequence[str]) -> tuple[str, ...]:
    """Planners to draw, the one in use first."""
    known = study.plans.plans
    for name in asked:
        if name in study.plans.missing:
            raise UnsupportedError(f"{name} has no plan of {study.model.name}: {study.plans.missing[name]}")
        if name not in known:
            raise UnsupportedError(
                f"no planner {name[:40]!r} has a plan of {study.model.name}; known: {', '.join(known)}"
            )
    return tuple(dict.fromkeys((in_use, *asked)))


def _aliases(study: Study) -> memory_record.AliasesInfo:
    found, tensors = study.aliases, study.model.tensors
    infos = tuple(
        memory_record.AliasInfo(
            layer=one.op,
            kind=one.kind,
            tensor=tensors[one.tensor].name,
            into=tensors[one.into].name,
            offset_bytes=one.offset_bytes,
            live_saved_bytes=one.live_saved_bytes,
            head_saved_bytes=one.head_saved_bytes,
        )
        for one in found.aliases
    )
    return memory_record.AliasesInfo(
        aliases=infos,
        left_out=found.left_out,
        together=tuple(found.aliases.index(one) for one in found.together),
        head_before_bytes=found.head_before_bytes,
        head_bytes=found.head_bytes,
        live_before_bytes=found.live_before_bytes,
        live_bytes=found.live_bytes,
    )


def _written(written: Written) -> memory_record.WrittenInfo:
    return memory_record.WrittenInfo(
        path=written.path,
        planner=written.planner,
        before_bytes=written.before_bytes,
        after_bytes=written.after_bytes,
        larger_bytes=written.larger_bytes,
        worse=tuple(memory_record.WorseInfo(_runtime(runtime), *sizes) for runtime, *sizes in written.worse),
    )
