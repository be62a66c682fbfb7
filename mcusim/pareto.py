"""What things are worth and cost → which of them no other one beats, axis by axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

FrontAxis = Literal["latency", "ram", "flash", "file", "macs"]
AXES: tuple[FrontAxis, ...] = ("latency", "ram", "flash", "file", "macs")

Point = tuple[float | None, Mapping[FrontAxis, float | None]]


def front(points: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    """The places of points (worth, cost) that are not dominated, cheapest first.

    A point is dominated by one that is worth no less and costs no more, and is better in one of them. Equal points
    are all kept, in their order.
    """
    kept: list[int] = []
    best: tuple[float, float] | None = None
    for place in sorted(range(len(points)), key=lambda place: (points[place][1], -points[place][0], place)):
        worth, cost = points[place]
        if best is None or worth > best[0] or (worth, cost) == best:
            kept.append(place)
            best = (worth, cost)
    return tuple(kept)


def fronts_of(points: Sequence[Point]) -> Mapping[FrontAxis, tuple[int, ...]]:
    """The front on every axis on which more than one point has worth and cost."""
    found: dict[FrontAxis, tuple[int, ...]] = {}
    for axis in AXES:
        known = [
            (place, worth, cost)
            for place, (worth, costs) in enumerate(points)
            if worth is not None and (cost := costs[axis]) is not None
        ]
        if len(known) > 1:
            places = front([(worth, cost) for _, worth, cost in known])
            found[axis] = tuple(known[place][0] for place in places)
    return found
