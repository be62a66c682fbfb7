"""What times a program at a time, and what a recorder has counted by one moment → what was counted between two."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from mcusim.recording import Observer, Table
from mcusim.timing import Walker


@dataclass(frozen=True, slots=True, eq=False)
class Regime:
    """What times a program as long as nothing that matters to that is set otherwise.

    `clocked` are the observers whose waiting the clock has, `beside` those of other possibilities.
    """

    walker: Walker
    clocked: tuple[Observer, ...] = ()
    beside: tuple[Observer, ...] = ()

    @property
    def observers(self) -> tuple[Observer, ...]:
        """Those that follow as long as it is in force."""
        return (*self.clocked, *self.beside)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Everything that is counted, at one moment: by edge, pair of operands and site, and by block and event.

    The first three have a row for each regime, in order of their coming into force; columns are what was known.
    """

    edges: Table
    operands: Table
    sites: Table
    observed: tuple[Table, ...]

    def minus(self, earlier: Snapshot) -> Snapshot:
        """What was counted since an earlier moment; tables only grow, so that all keep their places."""
        return self._joined(earlier, -1)

    def plus(self, other: Snapshot) -> Snapshot:
        """The sum of two intervals, `other` not the older one."""
        return other._joined(self, 1)

    def of_regime(self, number: int) -> Snapshot:
        """What was counted under one regime; what was observed tells that by its observers."""
        rows = slice(number, number + 1)
        return Snapshot(self.edges[rows], self.operands[rows], self.sites[rows], self.observed)

    def _joined(self, older: Snapshot, sign: int) -> Snapshot:
        pairs = itertools.zip_longest(self.observed, older.observed)
        return Snapshot(
            _joined(self.edges, older.edges, sign),
            _joined(self.operands, older.operands, sign),
            _joined(self.sites, older.sites, sign),
            tuple(now if before is None else _joined(now, before, sign) for now, before in pairs),
        )


def _joined(table: Table, older: Table, sign: int) -> Table:
    """A table with an older one, which may lack rows and columns, added or taken away."""
    result = table.copy()
    result[: older.shape[0], : older.shape[1]] += sign * older
    return result
