"""Branches and data addresses in a log → mispredictions, BTAC misses, bank conflicts, misaligned multiple stores."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcusim.branch_prediction import BANK_CONFLICT, BTAC_MISS, MISPREDICTION, STORE_MULTIPLE, predicted
from mcusim.hardware import load_core
from mcusim.recording import (
    BLOCK_COLUMNS,
    BRANCHES,
    EDGE_COLUMNS,
    INSTRUCTION_COLUMNS,
    LOAD,
    NO_ACCESS,
    STORE,
    Observer,
)

CORE = load_core("cortex_m7")
START = 0x08000000
ACCESS_SIGN = -1 << 63


class Code:
    """Blocks of two-byte instructions, given as (access, registers moved, literal address or −1), and edges."""

    def __init__(self) -> None:
        self.blocks: list[list[int]] = []
        self.instructions: list[list[int]] = []
        self.edges: list[list[int]] = []
        self.issue: list[int] = []

    def block(self, branch: str, accesses: Sequence[tuple[int, int, int]] = (), address: int = -1) -> int:
        at = START + 0x100 * len(self.blocks) if address < 0 else address
        rows = [[at + 2 * k, 2, one[0], 4 * one[1], one[2], one[1], 0, 0] for k, one in enumerate(accesses)]
        rows.append([at + 2 * len(rows), 2, NO_ACCESS, 0, -1, 0, BRANCHES.index(branch), 0])
        self.blocks.append([at, 2 * len(rows), len(self.instructions), len(rows), (at - START) // 2])
        self.instructions += rows
        return len(self.blocks) - 1

    def edge(self, block: int, previous: int, taken: bool, issue: Sequence[int] = ()) -> int:
        count = self.blocks[block][3]
        self.edges.append([block, previous, int(taken), len(self.issue), 0])
        self.issue += [*issue, *[1] * (count - len(issue))]
        return len(self.edges) - 1

    def access(self, block: int, number: int, address: int) -> int:
        """The word of an access of a block's instruction."""
        return ACCESS_SIGN | (self.blocks[block][4] + number) << 32 | address

    def observe(
        self, observer: Observer, log: Sequence[int], counts: NDArray[np.int64] | None = None
    ) -> list[list[int]]:
        if counts is None:
            counts = np.zeros((len(self.blocks), len(observer.events)), np.int64)
        words = np.array(log, np.int64)
        observer.observe(
            words,
            len(words),
            np.array(self.blocks, np.int64).reshape(-1, BLOCK_COLUMNS),
            np.array(self.instructions, np.int64).reshape(-1, INSTRUCTION_COLUMNS),
            np.array(self.edges, np.int64).reshape(-1, EDGE_COLUMNS),
            np.array(self.issue, np.int64),
            observer.parameters,
            observer.state,
            counts,
        )
        return counts.tolist()


def outcomes(pattern: str, branch: str = "conditional") -> list[int]:
    """Counts at a branch that goes as the pattern says, T taken and N not."""
    code = Code()
    block = code.block(branch)
    edges = {"T": code.edge(block, block, True), "N": code.edge(block, block, False)}
    start = code.edge(block, -1, True)
    return code.observe(predicted(CORE, "dual_issue"), [start, *(edges[way] for way in pattern)])[block]


# --- branches -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("branch", ["conditional", "cbz"])
@pytest.mark.parametrize(
    ("pattern", "mispredicted"),
    [
        ("N" * 50, 0),  # never in the BTAC
        ("T" * 50, 1),  # the first
        ("T" * 9 + "N", 2),  # the first and the exit
        (("T" * 9 + "N") * 20, 1 + 20),  # one for each exit
        (("T" + "N") * 20, 1 + 20),  # a loop of two: as often as it leaves
        ("T" + "N" * 50, 1 + 2),  # a counter from the top has to be wrong twice
        ("T" * 50 + "N" * 50, 1 + 2),  # phases, where the rarer way would be 50
    ],
)
def test_conditional_branch(branch: str, pattern: str, mispredicted: int) -> None:
    counts = outcomes(pattern, branch)
    assert counts[MISPREDICTION] == mispredicted
    assert sum(counts) == mispredicted


@pytest.mark.parametrize("branch", ["b", "bl"])
def test_direct_branch_misses_once(branch: str) -> None:
    counts = outcomes("T" * 20, branch)
    assert (counts[MISPREDICTION], counts[BTAC_MISS]) == (0, 1)


@pytest.mark.parametrize("branch", ["bx", "blx", "pop_pc", "load_pc", "table", "alu_pc", ""])
def test_indirect_branches_and_cut_blocks_are_not_predicted(branch: str) -> None:
    assert sum(outcomes("T" * 20, branch)) == 0


def laps(branches: int, apart_bytes: int) -> list[int]:
    """Misses of each of three laps over taken branches a distance apart."""
    code = Code()
    blocks = [code.block("b", address=START + apart_bytes * number) for number in range(branches)]
    edges = [code.edge(block, blocks[number - 1], True) for number, block in enumerate(blocks)]
    observer = predicted(CORE, "dual_issue")
    counts = np.zeros((branches, len(observer.events)), np.int64)
    seen = [0]
    for _ in range(3):
        code.observe(observer, edges, counts)
        seen.append(int(counts[:, BTAC_MISS].sum()))
    return [after - before for before, after in pairwise(seen)]


def test_btac_holds_64_branches_in_sets_of_4() -> None:
    assert laps(64, 2) == [64, 0, 0]  # four in each aligned 8 bytes, in 16 sets
    assert laps(68, 2) == [68, 8, 8]  # the last four share their set with the first
    assert laps(4, 128) == [4, 0, 0]  # one set
    assert laps(5, 128) == [5, 5, 5]  # the least recently used is always the next


def test_branch_of_the_block_before_is_charged_to_that_block() -> None:
    code = Code()
    loop, behind = code.block("conditional"), code.block("bx")
    log = [code.edge(loop, -1, True), code.edge(loop, loop, True), code.edge(behind, loop, False)]
    counts = code.observe(predicted(CORE, "dual_issue"), log)
    assert [row[MISPREDICTION] for row in counts] == [2, 0]


# --- data addresses -----------------------------------------------------------------------------------------------

ONE_LOAD = (LOAD, 1, -1)


def pair(
    first: int, second: int, issue: Sequence[int] = (1, 0), kinds: Sequence[tuple[int, int, int]] = ()
) -> list[int]:
    """Counts of a block with two accesses at these addresses."""
    code = Code()
    block = code.block("bx", kinds or (ONE_LOAD, ONE_LOAD))
    edge = code.edge(block, -1, True, issue)
    return code.observe(
        predicted(CORE, "dual_issue"), [edge, code.access(block, 0, first), code.access(block, 1, second)]
    )[block]


@pytest.mark.parametrize(
    ("first", "second", "conflicts"),
    [
        (0x20000000, 0x20000004, 0),
        (0x20000000, 0x20000008, 1),
        (0x20000000, 0x20000003, 1),
        (0x20000006, 0x20000008, 0),
        (0x20000004, 0x0800000C, 1),  # data cache and DTCM
        (0x20000004, 0x90000000, 0),
    ],
)
def test_loads_that_issue_together_meet_in_a_bank(first: int, second: int, conflicts: int) -> None:
    """Even and odd words (jnk0le/random, cortex_m7.md)."""
    assert pair(first, second)[BANK_CONFLICT] == conflicts
    assert pair(first, second, issue=(1, 1))[BANK_CONFLICT] == 0


def test_only_single_loads_conflict() -> None:
    store, two = (STORE, 1, -1), (LOAD, 2, -1)
    for kinds in ((store, ONE_LOAD), (ONE_LOAD, store), (two, ONE_LOAD), (ONE_LOAD, two)):
        assert sum(pair(0x20000000, 0x20000008, kinds=kinds)) == 0


def test_literal_loads_have_no_word_in_the_log() -> None:
    code = Code()
    block = code.block("bx", [(LOAD, 1, 0x08000100), ONE_LOAD, (LOAD, 1, 0x08000104), (LOAD, 1, 0x0800010C)])
    edge = code.edge(block, -1, True, (1, 0, 1, 0))
    counts = code.observe(predicted(CORE, "dual_issue"), [edge, code.access(block, 1, 0x20000008)])
    assert counts[block][BANK_CONFLICT] == 2


def test_a_load_whose_condition_failed_meets_nothing() -> None:
    code = Code()
    block = code.block("bx", [ONE_LOAD, ONE_LOAD, ONE_LOAD])
    edge = code.edge(block, -1, True, (1, 0, 0))
    observer = predicted(CORE, "dual_issue")
    counts = code.observe(
        observer, [edge, code.access(block, 0, 0x20000000), code.access(block, 2, 0x20000008), edge, edge]
    )
    assert sum(counts[block]) == 0


@pytest.mark.parametrize(
    ("registers", "address", "count"), [(2, 0x20000004, 1), (2, 0x20000008, 0), (3, 0x20000004, 0), (4, 0x20000004, 1)]
)
def test_even_multiple_stores_that_are_not_aligned(registers: int, address: int, count: int) -> None:
    code = Code()
    block = code.block("bx", [(STORE, registers, -1)])
    edge = code.edge(block, -1, True)
    counts = code.observe(predicted(CORE, "dual_issue"), [edge, code.access(block, 0, address)])
    assert counts[block][STORE_MULTIPLE] == count == sum(counts[block])


# --- pieces of the log --------------------------------------------------------------------------------------------


def make_visits(ways: Sequence[tuple[int, int]]) -> tuple[Code, list[list[int]]]:
    code = Code()
    blocks = [code.block("conditional", [ONE_LOAD, ONE_LOAD]) for _ in range(3)]
    edges = {
        (to, before, taken): code.edge(to, before, taken, (1, 0))
        for to in blocks
        for before in (-1, *blocks)
        for taken in (False, True)
    }
    visits, previous = [], -1
    for to, address in ways:
        edge = edges[to, previous, address % 3 != 0]
        visits.append([edge, *(code.access(to, k, 0x20000000 + 4 * (address >> k & 1)) for k in range(2))])
        previous = to
    return code, visits


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 15)), min_size=2, max_size=40), st.data())
@settings(max_examples=40, deadline=None)
def test_pieces_count_as_the_whole(ways: list[tuple[int, int]], data: st.DataObject) -> None:
    code, visits = make_visits(ways)
    whole = code.observe(predicted(CORE, "dual_issue"), [word for visit in visits for word in visit])
    cut = data.draw(st.integers(0, len(visits)))
    observer = predicted(CORE, "dual_issue")
    counts = np.zeros((len(code.blocks), len(observer.events)), np.int64)
    for piece in (visits[:cut], visits[cut:]):
        code.observe(observer, [word for visit in piece for word in visit], counts)
    assert counts.tolist() == whole


def test_events_are_the_cores_rules() -> None:
    events = {event.name: event for event in predicted(CORE, "dual_issue").events}
    assert set(events) == {"misprediction", "btac_miss", "bank_conflict", "store_multiple_misaligned"}
    for name, event in events.items():
        counted_only = name == "bank_conflict"  # what one costs, the pipeline tells from the code around it
        assert event.cycles == (0 if counted_only else CORE.rules[name].value)
        assert event.source == CORE.rules[name].source
    assert events["misprediction"].cycles > events["btac_miss"].cycles > 0
