"""The owners and buffers of two runs → those whose bytes or lifetimes differ, and what a larger arena comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mcusim.delta import BufferChange, OwnerChange
from mcusim.record import ArenaBuffer, Owner

FREE = "free"  # what is left over, which every other change changes


@dataclass(frozen=True, slots=True)
class _Placed:
    """A buffer's bytes, and for how many moments it is alive."""

    bytes: int
    lifetime: int


_ABSENT = _Placed(0, 0)


def owner_changes(before: Sequence[Owner], after: Sequence[Owner]) -> tuple[OwnerChange, ...]:
    """The owners whose bytes differ, the largest change first; owners of one name and kind count as one."""
    one, other = _owned(before), _owned(after)
    changes = [OwnerChange(*key, one[key], other[key]) for key in dict.fromkeys([*one, *other]) if key[1] != FREE]
    return tuple(sorted((row for row in changes if row.change), key=lambda row: (-abs(row.change), row.kind, row.name)))


def _owned(owners: Sequence[Owner]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for owner in owners:
        found[owner.name, owner.kind] += owner.bytes
    return found


def buffer_changes(before: Sequence[ArenaBuffer], after: Sequence[ArenaBuffer]) -> tuple[BufferChange, ...]:
    """The buffers of the head whose bytes or lifetimes differ, those that are alive at the peak and grew most first.

    Buffers are told by name and kind, several of one name by their order.
    """
    one, other = _placed(before), _placed(after)
    peaks = at_peak(before), at_peak(after)
    changes = []
    for key in dict.fromkeys([*other, *one]):
        was, now = one.get(key, _ABSENT), other.get(key, _ABSENT)
        if was != now:
            name, kind, _ = key
            alive = (name, kind) in peaks[key in other]
            changes.append(BufferChange(name, kind, was.bytes, now.bytes, was.lifetime, now.lifetime, alive))
    return tuple(sorted(changes, key=lambda row: (not row.at_peak, -row.change, row.kind, row.name)))


def _placed(buffers: Sequence[ArenaBuffer]) -> dict[tuple[str, str, int], _Placed]:
    found: dict[tuple[str, str, int], _Placed] = {}
    seen: Counter[tuple[str, str]] = Counter()
    for one in buffers:
        lifetime = one.last_moment - one.first_moment + 1 if one.last_moment >= 0 else 0
        found[one.name, one.kind, seen[one.name, one.kind]] = _Placed(one.planned_bytes, lifetime)
        seen[one.name, one.kind] += 1
    return found


def at_peak(buffers: Sequence[ArenaBuffer]) -> set[tuple[str, str]]:
    """Names and kinds of the buffers that are alive at the first moment at which the most bytes are."""
    alive: Counter[int] = Counter()
    for one in buffers:
        if one.last_moment >= 0:
            alive[one.first_moment] += one.planned_bytes
            alive[one.last_moment + 1] -= one.planned_bytes
    most = moment = total = 0
    for at in sorted(alive):
        total += alive[at]
        if total > most:
            most, moment = total, at
    return {(one.name, one.kind) for one in buffers if one.first_moment <= moment <= one.last_moment}


def buffer_words(change: BufferChange) -> str:
    """What became of a buffer."""
    what = f"{change.kind} {change.name}"
    if not change.before:
        return f"new {what}, {change.after:,} bytes"
    if not change.after:
        return f"{what} of {change.before:,} bytes is gone"
    if change.change:
        return f"{what} {change.before:,} → {change.after:,} bytes"
    longer = "longer" if change.lifetime_after > change.lifetime_before else "shorter"
    return f"{what}, {change.after:,} bytes, lives {longer} ({change.lifetime_before} → {change.lifetime_after} layers)"
