"""Loops found in traces of a few blocks, counted by hand."""

from __future__ import annotations

import numpy as np

from mcusim.decoder import decode
from mcusim.loops import Loop, hot_loops, hottest_loop
from mcusim.trace import CAUSES, Block, Edge, Timing, Trace

FETCH = CAUSES.index("fetch")


def block(address: int, code: str, function: str = "kernel") -> Block:
    encoded = bytes.fromhex(code)
    return Block(address, len(encoded), function, decode(encoded, address))


def trace(blocks: list[Block], edges: list[tuple[int, int, int]]) -> Trace:
    return Trace("kernel", tuple(blocks), tuple(Edge(*edge) for edge in edges), {}, {}, 0, "")


def timing(*rows: tuple[int, int]) -> Timing:
    """(all cycles, those of fetches) of each block."""
    return Timing(tuple((total - fetch, *(0,) * (FETCH - 1), fetch, 0, 0) for total, fetch in rows), ())


# An outer loop at 0x100: movs r0, #4; then an inner one at 0x102: subs r0, #1; bne 0x102; then subs r1, #1; bne 0x100.
OUTER = [block(0x100, "0420"), block(0x102, "0138fdd1"), block(0x106, "0139fad1")]
EDGES = [(-1, 0, 1), (0, 1, 10), (1, 1, 30), (1, 2, 10), (2, 0, 9)]


def test_the_innermost_loop_around_the_hottest_block():
    found = hottest_loop(trace(OUTER, EDGES), timing((10, 1), (120, 30), (40, 5)))
    assert found == Loop("kernel", 0x102, 4, 30, 120, 30)


def test_a_hot_block_of_the_outer_loop_only():
    found = hottest_loop(trace(OUTER, EDGES), timing((10, 1), (120, 30), (400, 5)))
    assert found == Loop("kernel", 0x100, 10, 9, 530, 36)


def test_no_loop():
    assert hottest_loop(trace(OUTER, [(-1, 0, 1), (0, 1, 1), (1, 2, 1)]), timing((1, 0), (2, 0), (2, 0))) is None
    assert hottest_loop(trace(OUTER, EDGES), timing((0, 0), (0, 0), (0, 0))) is None


def test_a_call_back_to_an_earlier_address_is_no_loop():
    called = [block(0x100, "7047", "inner"), block(0x200, "fff77eff", "outer")]  # bx lr; bl 0x100
    assert hottest_loop(trace(called, [(-1, 1, 5), (1, 0, 5)]), timing((9, 0), (9, 0))) is None


def instruction_cycles(*blocks: list[int]) -> Timing:
    """Cycles of each instruction of each block, all issue."""
    rows = [np.array([[one, *[0] * (len(CAUSES) - 1)] for one in block], np.int64) for block in blocks]
    return Timing(tuple(tuple(row.sum(axis=0).tolist()) for row in rows), tuple(rows))


def test_each_loop_has_the_cycles_of_its_own_code():
    outer, inner = hot_loops(trace(OUTER, EDGES), instruction_cycles([10], [30, 90], [10, 20]))[::-1]
    assert (inner.address, inner.bytes, inner.iterations, inner.cycles) == (0x102, 4, 30, 120)
    assert [(one.instruction.text, one.count, one.cycles) for one in inner.lines] == [
        ("subs r0, #1", 40, 30),
        ("bne #0x102", 40, 90),
    ]
    assert (outer.address, outer.bytes, outer.iterations, outer.cycles) == (0x100, 10, 9, 40)
    assert [one.instruction.address for one in outer.lines] == [0x100, 0x106, 0x108]


def test_a_block_that_falls_into_a_loop_counts_there_from_its_start_on():
    """movs r0, #4; subs r0, #1; bne: the first time round is in the block that the loop is entered with."""
    blocks = [block(0x100, "04200138fdd1"), block(0x102, "0138fdd1")]
    (only,) = hot_loops(trace(blocks, [(-1, 0, 1), (0, 1, 1), (1, 1, 2)]), instruction_cycles([1, 1, 3], [3, 7]))
    assert only.iterations == 3
    assert [(one.count, one.cycles) for one in only.lines] == [(4, 4), (4, 10)]


def test_ways_back_to_one_place_are_one_loop():
    """0x100: subs r0, #1; bmi 0x100; subs r1, #1; bne 0x100: as a loop with a `continue`."""
    blocks = [block(0x100, "0138fdd4"), block(0x104, "0139fbd1")]
    edges = [(-1, 0, 1), (0, 0, 5), (0, 1, 8), (1, 0, 7)]
    (only,) = hot_loops(trace(blocks, edges), instruction_cycles([1, 1], [1, 1]))
    assert (only.address, only.bytes, only.iterations, only.cycles) == (0x100, 8, 12, 4)
