"""The owners and buffers of two runs → those whose bytes or lifetimes differ, told also where they are renamed."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcusim import figures
from mcusim.delta import BufferChange, LayerChange, OwnerChange
from mcusim.record import ArenaBuffer, Owner, Run

FREE = "free"  # what is left over, which every other change changes
OF_LAYERS = ("persistent", "scratch")  # kinds of owners and buffers that are named by the number of their layer
NAME = 48  # cells of a name in a sentence
_LAYER = re.compile(r"\blayer (\d+)\b")


@dataclass(frozen=True, slots=True)
class Renames:
    """What tensors and layers of the run before are called after."""

    tensors: Mapping[str, str]
    layers: Mapping[int, int]

    def name(self, name: str, kind: str) -> str:
        """The name after of an owner or buffer; one that is gone keeps its own, if that is not another's by then."""
        if kind in OF_LAYERS:
            return _LAYER.sub(self._layer, name)
        if name in self.tensors:
            return self.tensors[name]
        return f"{name} (before)" if name in self.tensors.values() else name

    def _layer(self, found: re.Match[str]) -> str:
        number = int(found[1])
        if not self.layers:  # a run of which only the plan is known has no layers
            return found[0]
        return f"layer {self.layers[number]}" if number in self.layers else f"former layer {number}"


SAME_NAMES = Renames({}, {})


def renames(before: Run, after: Run, layers: Sequence[LayerChange]) -> Renames:
    """Tensors are told by the layers that read or write them, in the same place; those of one name are the same."""
    numbers = {one.before.index: one.after.index for one in layers if one.before is not None and one.after is not None}
    candidates: dict[tuple[str, str], None] = {}
    for given, other_given in ((before.model.inputs, after.model.inputs), (before.model.outputs, after.model.outputs)):
        candidates |= {(first.name, second.name): None for first, second in zip(given, other_given, strict=False)}
    for row, column in numbers.items():
        one, other = before.layers[row], after.layers[column]
        for mine, theirs in ((one.outputs, other.outputs), (one.inputs, other.inputs)):
            pairs = zip(mine, theirs, strict=False)
            candidates |= {(first.name, second.name): None for first, second in pairs}
    tensors: dict[str, str] = {}
    taken: set[str] = set()
    for first, second in sorted(candidates, key=lambda pair: pair[0] != pair[1]):
        if first not in tensors and second not in taken:
            tensors[first] = second
            taken.add(second)
    return Renames(tensors, numbers)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A buffer's bytes, and for how many moments it is alive."""

    bytes: int
    lifetime: int


_ABSENT = _Placed(0, 0)


def owner_changes(
    before: Sequence[Owner], after: Sequence[Owner], renamed: Renames = SAME_NAMES
) -> tuple[OwnerChange, ...]:
    """The owners whose bytes differ, the largest change first; owners of one name and kind count as one."""
    one, other = _owned(before, renamed), _owned(after)
    changes = [OwnerChange(*key, one[key], other[key]) for key in dict.fromkeys([*one, *other]) if key[1] != FREE]
    return tuple(sorted((row for row in changes if row.change), key=lambda row: (-abs(row.change), row.kind, row.name)))


def _owned(owners: Sequence[Owner], renamed: Renames | None = None) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for owner in owners:
        found[renamed.name(owner.name, owner.kind) if renamed else owner.name, owner.kind] += owner.bytes
    return found


def buffer_changes(
    before: Sequence[ArenaBuffer], after: Sequence[ArenaBuffer], renamed: Renames = SAME_NAMES
) -> tuple[BufferChange, ...]:
    """The buffers of the head whose bytes or lifetimes differ, those that are alive at the peak and grew most first.

    Buffers are told by name and kind, several of one name by their order.
    """
    before = [dataclasses.replace(one, name=renamed.name(one.name, one.kind)) for one in before]
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
    name = figures.short(change.name, NAME)
    what = name if name.startswith(change.kind) else f"{change.kind} {name}"
    if not change.before:
        return f"new {what}, {change.after:,} bytes"
    if not change.after:
        return f"{what} of {change.before:,} bytes is gone"
    if change.change:
        return f"{what} {change.before:,} → {change.after:,} bytes"
    longer = "longer" if change.lifetime_after > change.lifetime_before else "shorter"
    return f"{what}, {change.after:,} bytes, lives {longer} ({change.lifetime_before} → {change.lifetime_after} layers)"
