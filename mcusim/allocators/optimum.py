"""Sizes and lifetimes → offsets of the least peak, or of the best that a limited search found with a bound beside it.

The solver is OR-Tools CP-SAT, an optional package; nothing else imports it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mcusim.errors import UnsupportedError
from mcusim.gaps import decreasing, in_turn, live_bound_bytes, peak_bytes
from mcusim.runtime import Request

# Of CP-SAT's deterministic time, which counts the solver's steps and is about a second each on a PC: the same search
# and the same result on every machine, as a limit of the clock would not give.
LIMIT_DETERMINISTIC_S = 10.0
MOST_BUFFERS = 300  # of more the solver takes minutes only to begin, which its limit does not count


@dataclass(frozen=True, slots=True)
class Solution:
    """Offsets, and what is proven: no plan takes less than `bound_bytes`."""

    offsets: tuple[int, ...]
    peak_bytes: int
    bound_bytes: int

    @property
    def proven(self) -> bool:
        """Whether no plan is better."""
        return self.peak_bytes == self.bound_bytes


def allocate(requests: Sequence[Request]) -> tuple[int, ...]:
    """Offset of each request; as `solve`, from the greedy plan on."""
    greedy = in_turn(requests, decreasing(requests, range(len(requests))), {})
    return solve(requests, greedy).offsets


def solve(requests: Sequence[Request], start: Sequence[int], limit_s: float = LIMIT_DETERMINISTIC_S) -> Solution:
    """The best plan within a limit of deterministic time, never worse than `start`.

    A start that takes no more than what is alive at once needs no solver: it is the optimum. Otherwise
    UnsupportedError: for too many buffers, and, saying what to install, where OR-Tools is not there.
    """
    bound, peak = live_bound_bytes(requests), peak_bytes(requests, start)
    if bound == peak:
        return Solution(tuple(start), peak, bound)
    if len(requests) > MOST_BUFFERS:
        raise UnsupportedError(
            f"the optimum is looked for among up to {MOST_BUFFERS} buffers; these are {len(requests):,}"
        )
    try:
        from ortools.sat.python import cp_model
    except ImportError:
        raise UnsupportedError("the optimum needs OR-Tools: pip install 'ortools>=9.10,<10'") from None
    # There is an optimum in which each buffer rests on the bottom or on another: offsets are sums of sizes.
    unit = math.gcd(*(one.bytes for one in requests))
    model = cp_model.CpModel()
    height = model.new_int_var(bound // unit, peak // unit, "height")
    offsets = _variables(cp_model, model, requests, start, height, unit)
    model.minimize(height)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = limit_s
    status = solver.solve(model)
    proven = max(bound, math.ceil(solver.best_objective_bound) * unit)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Solution(tuple(start), peak, min(proven, peak))
    # What the solver leaves hanging comes down, from the lowest on: no buffer gets higher than it was.
    order = sorted(range(len(offsets)), key=lambda index: solver.value(offsets[index]))
    found = in_turn(requests, order, {})
    return Solution(found, peak_bytes(requests, found), proven)


def _variables(
    cp_model: Any, model: Any, requests: Sequence[Request], start: Sequence[int], height: Any, unit: int
) -> list[Any]:
    """Each buffer a rectangle of its lifetime and its bytes, none in another, all below `height`."""
    moments, stretches, offsets = [], [], []
    top = peak_bytes(requests, start) // unit
    for index, (one, at) in enumerate(zip(requests, start, strict=True)):
        size = one.bytes // unit
        offset = model.new_int_var(0, top - size, f"offset {index}")
        model.add(offset + size <= height)
        model.add_hint(offset, at // unit)
        moments.append(model.new_fixed_size_interval_var(one.first, one.last - one.first + 1, f"life {index}"))
        stretches.append(model.new_fixed_size_interval_var(offset, size, f"bytes {index}"))
        offsets.append(offset)
    model.add_no_overlap_2d(moments, stretches)
    model.add_cumulative(moments, [one.bytes // unit for one in requests], height)
    return offsets
