"""Model and runtime → the order of its operators in which the least is alive at once, and what that gains.

What is alive depends on which operators have run, not on their order, so that a search over these sets finds the
optimum; wide graphs have too many sets, and there the search keeps the best of each size and says what it has proven.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcusim import offline_plan
from mcusim.arena import Arena, arena, op_memory, round_up
from mcusim.memory_record import OrderInfo
from mcusim.model import Model, Op
from mcusim.runtime import OpMemory, Runtime

# Each set of operators that have run costs a look at every operator.
MOST_SETS, MOST_LOOKS = 20_000, 1_000_000  # of the exact search
BEAM, MOST_BEAM_LOOKS = 128, 8_000_000  # sets kept of each size in the other

# They read or change what outlives an inference, and keep their order among themselves, as do operators with states.
STATEFUL = ("VAR_HANDLE", "ASSIGN_VARIABLE", "READ_VARIABLE", "CALL_ONCE")


@dataclass(frozen=True, slots=True)
class _Step:
    """An operator: those that must run before it and right behind it, the bytes of outputs and scratch, what may die.

    Operators are bits. `uses` are the tensors that it reads or writes, but not those that live to the end: (bytes,
    their readers).
    """

    before: int
    behind: tuple[int, ...]
    output_bytes: int
    scratch_bytes: int
    uses: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _State:
    """Operators that have run and that may run next, as bits; what was alive at the fullest moment and is alive now.

    `op` was the last, after the state `earlier`; −1 and None before the first.
    """

    done: int
    ready: int
    peak_bytes: int
    live_bytes: int
    op: int
    earlier: _State | None

    def following(self, steps: Sequence[_Step]) -> Iterator[_State]:
        """The states after one operator more."""
        rest = self.ready
        while rest:
            op = (rest & -rest).bit_length() - 1
            rest &= rest - 1
            step = steps[op]
            done = self.done | 1 << op
            ready = self.ready ^ 1 << op
            for other in step.behind:
                if not steps[other].before & ~done:
                    ready |= 1 << other
            during = self.live_bytes + step.output_bytes + step.scratch_bytes
            dying = sum(size for size, readers in step.uses if not readers & ~done)
            peak = max(self.peak_bytes, during)
            yield _State(done, ready, peak, during - step.scratch_bytes - dying, op, self)

    @property
    def ops(self) -> tuple[int, ...]:
        """The operators that have run, in order."""
        ops = []
        state: _State | None = self
        while state is not None and state.earlier is not None:
            ops.append(state.op)
            state = state.earlier
        return tuple(reversed(ops))


def best_order(model: Model, runtime: Runtime) -> OrderInfo:
    """The order with the lowest head under the greedy plan of those found; the model's own unless one is better.

    Raises what `arena` does. An offline plan in the model is left out: it belongs to the present order.
    """
    memory = op_memory(model, runtime)
    present = _lay_out(model, runtime, memory)
    steps = _steps(model, memory)
    least, orders = _search(_start(model, steps, present.live_bytes[0]), steps, present.live_lower_bound_bytes)
    known = tuple(range(len(model.ops)))
    laid_out = {known: present}
    for ops in orders:
        laid_out[ops] = _lay_out(reordered(model, ops), runtime, [memory[op] for op in ops])
    ops = min(laid_out, key=lambda ops: (laid_out[ops].head_bytes, laid_out[ops].live_lower_bound_bytes, ops != known))
    return OrderInfo(
        ops=ops,
        head_before_bytes=present.head_bytes,
        head_bytes=laid_out[ops].head_bytes,
        live_before_bytes=present.live_lower_bound_bytes,
        live_bytes=laid_out[ops].live_lower_bound_bytes,
        bound_bytes=least,
    )


def reordered(model: Model, ops: Sequence[int]) -> Model:
    """The model with its operators in another order."""
    graph, *others = model.subgraphs
    moved = tuple(dataclasses.replace(graph.ops[old], index=new) for new, old in enumerate(ops))
    return dataclasses.replace(model, subgraphs=(dataclasses.replace(graph, ops=moved), *others))


def _lay_out(model: Model, runtime: Runtime, memory: Sequence[OpMemory]) -> Arena:
    return arena(model, runtime, memory, offsets=[offline_plan.ONLINE] * len(model.tensors))


def _readers(model: Model) -> dict[int, int]:
    """The operators that read a tensor, as bits, for all tensors of the head."""
    readers = {tensor.index: 0 for tensor in model.tensors if offline_plan.needs_place(model, tensor.index)}
    for op in model.ops:
        for tensor in op.inputs:
            if tensor in readers:
                readers[tensor] |= 1 << op.index
    return readers


def _start(model: Model, steps: Sequence[_Step], live_bytes: int) -> _State:
    """Before the first operator all inputs are alive, then those that something reads.

    Every order has at some moment what one operator alone needs, so that the peak begins there.
    """
    readers = _readers(model)
    unread = [index for index in model.inputs if not readers.get(index, 0) and index not in model.outputs]
    dying = sum(round_up(model.tensors[index].bytes) for index in unread if index in readers)
    ready = sum(1 << number for number, step in enumerate(steps) if not step.before)
    alone = (
        sum(round_up(model.tensors[index].bytes) for index in set(op.inputs) if index in readers)
        + step.output_bytes
        + step.scratch_bytes
        for op, step in zip(model.ops, steps, strict=True)
    )
    return _State(0, ready, max(live_bytes, *alone), live_bytes - dying, -1, None)


def _steps(model: Model, memory: Sequence[OpMemory]) -> tuple[_Step, ...]:
    readers = _readers(model)
    size = {index: round_up(model.tensors[index].bytes) for index in readers}
    before = _before(model)
    behind: list[list[int]] = [[] for _ in model.ops]
    for number, earlier in enumerate(before):
        for other in earlier:
            behind[other].append(number)
    steps = []
    for op, of in zip(model.ops, memory, strict=True):
        used = [index for index in {*op.inputs, *op.outputs} if index in readers and index not in model.outputs]
        steps.append(
            _Step(
                before=sum(1 << number for number in before[op.index]),
                behind=tuple(behind[op.index]),
                output_bytes=sum(size[index] for index in op.outputs if index in readers),
                scratch_bytes=sum(round_up(each) for each in of.scratch_bytes),
                uses=tuple((size[index], readers[index]) for index in used),
            )
        )
    return tuple(steps)


def _before(model: Model) -> list[set[int]]:
    """For each operator those that write what it reads, and the last one with a state, if it has one too."""
    writer = {index: op.index for op in model.ops for index in op.outputs}
    before, stateful = [], None
    for op in model.ops:
        before.append({writer[index] for index in op.inputs if index in writer})
        if _is_stateful(model, op):
            before[-1] |= set() if stateful is None else {stateful}
            stateful = op.index
    return before


def _is_stateful(model: Model, op: Op) -> bool:
    return op.name in STATEFUL or any(index >= 0 and model.tensors[index].is_variable for index in op.inputs)


def _search(start: _State, steps: Sequence[_Step], present_bytes: int) -> tuple[int, list[tuple[int, ...]]]:
    """What every order needs alive at once, as far as is proven, and orders that need less than the present one."""
    if start.peak_bytes == present_bytes:
        return present_bytes, []
    whole = (1 << len(steps)) - 1
    numbers = itertools.count()  # equal ones in the order in which they are found
    waiting = [(start.peak_bytes, 0, next(numbers), start)]  # of equal peaks the furthest first
    seen: set[int] = set()
    while waiting:
        peak, _, _, state = heapq.heappop(waiting)
        if state.done == whole:
            return peak, [state.ops]
        if state.done in seen:
            continue
        if len(seen) >= min(MOST_SETS, MOST_LOOKS // len(steps)):
            return peak, _beam(start, steps, present_bytes)
        seen.add(state.done)
        for one in state.following(steps):
            if one.peak_bytes < present_bytes and one.done not in seen:
                heapq.heappush(waiting, (one.peak_bytes, -one.done.bit_count(), next(numbers), one))
    return present_bytes, []


def _beam(start: _State, steps: Sequence[_Step], present_bytes: int) -> list[tuple[int, ...]]:
    """The best order of those that keep to the best sets of each size; none if it needs as much as the present one."""
    states, width = [start], max(1, min(BEAM, MOST_BEAM_LOOKS // len(steps) ** 2))
    for _ in steps:
        best: dict[int, _State] = {}
        for one in itertools.chain.from_iterable(state.following(steps) for state in states):
            known = best.get(one.done)
            if one.peak_bytes < present_bytes and (known is None or one.peak_bytes < known.peak_bytes):
                best[one.done] = one
        states = sorted(best.values(), key=lambda one: (one.peak_bytes, one.live_bytes, one.done))[:width]
    return [states[0].ops] if states else []
