"""Layers of two models → which of the one is which of the other, in order where possible, moved where not."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A pair of the same operator is worth its operator, and more for each thing that agrees. A shape says more than a name:
# names are numbered through and shift with every layer that is put in.
OPERATOR, SHAPE, NAME, WORK = 2, 8, 4, 2
WHOLE_TABLE = 1 << 22  # cells of a table that is kept to trace an alignment back; larger ones are halved first

_Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Features:
    """What a layer is told by."""

    op: str
    name: str
    shape: tuple[int, ...]
    macs: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """Pairs of positions, rising in both sequences; `moved` are pairs of the same layer that stand in another order."""

    pairs: tuple[tuple[int, int], ...]
    moved: tuple[tuple[int, int], ...]


def align(before: Sequence[Features], after: Sequence[Features]) -> Alignment:
    """The layers that are the same in both: first those of one operator, name and shape, then the most alike.

    Three steps: a longest common subsequence of layers that agree in operator, name and shape; of the others, those
    that agree stand elsewhere: moved; what is left between two pairs is aligned for the largest sum of what agrees
    (operator, shape, name, MACs), never across operators. Time grows with the product of the two lengths, a row of the
    table at once, but only of the part between the first and the last difference; memory with their sum.
    """
    keys = _coded([(one.op, one.name, one.shape) for one in before], [(one.op, one.name, one.shape) for one in after])
    anchors = _subsequence(*keys)
    moved = _moved(keys, anchors)
    gone, come = {one for one, _ in moved}, {other for _, other in moved}
    pairs: list[tuple[int, int]] = []
    start, first = 0, 0
    for end, last in [*anchors, (len(before), len(after))]:
        rows = [index for index in range(start, end) if index not in gone]
        columns = [index for index in range(first, last) if index not in come]
        alike = _most_alike([before[index] for index in rows], [after[index] for index in columns])
        pairs += [(rows[row], columns[column]) for row, column in alike]
        if end < len(before) or last < len(after):
            pairs.append((end, last))
        start, first = end + 1, last + 1
    return Alignment(tuple(pairs), tuple(moved))


def _coded(before: Sequence[Hashable], after: Sequence[Hashable]) -> tuple[_Codes, _Codes]:
    """Equal values as equal numbers."""
    codes: dict[Hashable, int] = {}
    numbered = [[codes.setdefault(value, len(codes)) for value in values] for values in (before, after)]
    return np.array(numbered[0], np.int32), np.array(numbered[1], np.int32)


def _subsequence(before: _Codes, after: _Codes) -> list[tuple[int, int]]:
    """A longest common subsequence; what is the same at the beginning and at the end is in it."""
    shorter = min(before.size, after.size)
    different = np.flatnonzero(before[:shorter] != after[:shorter])
    head = int(different[0]) if different.size else shorter
    rest = shorter - head
    different = np.flatnonzero(before[::-1][:rest] != after[::-1][:rest])
    tail = int(different[0]) if different.size else rest
    ends = before.size - tail, after.size - tail
    inner = _best((before[head : ends[0]],), (after[head : ends[1]],), (1,))
    return [
        *((index, index) for index in range(head)),
        *((head + row, head + column) for row, column in inner),
        *((ends[0] + index, ends[1] + index) for index in range(tail)),
    ]


def _moved(keys: tuple[_Codes, _Codes], anchors: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Equal keys that no anchor has, the first of one with the first of the other."""
    taken = {row for row, _ in anchors}, {column for _, column in anchors}
    waiting: dict[int, deque[int]] = defaultdict(deque)
    for index, key in enumerate(keys[1].tolist()):
        if index not in taken[1]:
            waiting[key].append(index)
    return [
        (index, waiting[key].popleft())
        for index, key in enumerate(keys[0].tolist())
        if index not in taken[0] and waiting[key]
    ]


def _most_alike(before: Sequence[Features], after: Sequence[Features]) -> list[tuple[int, int]]:
    """The alignment of the largest sum of what agrees, of layers of the same operator."""
    if not before or not after:
        return []
    parts = [
        _coded([getattr(one, name) for one in before], [getattr(one, name) for one in after])
        for name in ("op", "shape", "name", "macs")
    ]
    return _best([one for one, _ in parts], [other for _, other in parts], (OPERATOR, SHAPE, NAME, WORK))


def _worth(row: int, before: Sequence[_Codes], after: Sequence[_Codes], weights: Sequence[int]) -> _Codes:
    """What pairing a row with each column is worth: 0 unless the first feature agrees."""
    agree = after[0] == before[0][row]
    worth = np.full(after[0].shape[0], weights[0], np.int32)
    for one, other, weight in zip(before[1:], after[1:], weights[1:], strict=True):
        worth += (other == one[row]) * np.int32(weight)
    worth *= agree
    return worth


def _best(before: Sequence[_Codes], after: Sequence[_Codes], weights: Sequence[int]) -> list[tuple[int, int]]:
    """The pairs of the largest sum; of several such alignments always the same one.

    Where the table would be too large, the rows are halved and the columns cut where the two halves are worth most
    together (Hirschberg), so that never more than two rows of a large table exist.
    """
    rows, columns = before[0].shape[0], after[0].shape[0]
    if not rows or not columns:
        return []
    if rows == 1 or rows * columns <= WHOLE_TABLE:
        return _traced(before, after, weights)
    middle = rows // 2
    above = _last_row([one[:middle] for one in before], after, weights)
    below = _last_row([one[middle:][::-1] for one in before], [one[::-1] for one in after], weights)[::-1]
    cut = int(np.argmax(above + below))
    upper = _best([one[:middle] for one in before], [one[:cut] for one in after], weights)
    lower = _best([one[middle:] for one in before], [one[cut:] for one in after], weights)
    return upper + [(middle + row, cut + column) for row, column in lower]


def _next_row(above: _Codes, worth: _Codes) -> _Codes:
    """The best sums with one more row; leaving out a row or a column costs nothing, so that they rise to the right."""
    row = above.copy()
    np.maximum(above[1:], above[:-1] + worth, out=row[1:])  # without worth a pair is no better than what is above
    return np.maximum.accumulate(row, out=row)


def _last_row(before: Sequence[_Codes], after: Sequence[_Codes], weights: Sequence[int]) -> _Codes:
    row = np.zeros(after[0].shape[0] + 1, np.int32)
    for index in range(before[0].shape[0]):
        row = _next_row(row, _worth(index, before, after, weights))
    return row


def _traced(before: Sequence[_Codes], after: Sequence[_Codes], weights: Sequence[int]) -> list[tuple[int, int]]:
    """The pairs, from the last corner of the table back: of what is worth as much, the last rows and columns."""
    rows, columns = before[0].shape[0], after[0].shape[0]
    table = np.zeros((rows + 1, columns + 1), np.int32)
    for index in range(rows):
        table[index + 1] = _next_row(table[index], _worth(index, before, after, weights))
    pairs: list[tuple[int, int]] = []
    row, column = rows, columns
    while row and column:
        features = zip(before, after, weights, strict=True)
        agree = [int(weight) for one, other, weight in features if one[row - 1] == other[column - 1]]
        same = before[0][row - 1] == after[0][column - 1]
        if same and table[row, column] == table[row - 1, column - 1] + sum(agree):
            row, column = row - 1, column - 1
            pairs.append((row, column))
        elif table[row, column] == table[row, column - 1]:
            column -= 1
        else:
            row -= 1
    return pairs[::-1]
