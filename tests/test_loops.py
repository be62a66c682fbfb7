"""Loops found in traces of a few blocks, counted by hand."""

from __future__ import annotations

from mcusim.decoder import decode
from mcusim.loops import Loop, hottest_loop
from mcusim.trace import CAUSES, Block, Edge, Timing, Trace

FETCH = CAUSES.index("fetch")


def block(address: int, code: str, function: str = "kernel") -> Block:
    encoded = bytes.fromhex(code)
    return Block(address, len(encoded), function, decode(encoded, address))


def trace(blocks: list[Block], edges: list[tuple[int, int, int]]) -> Trace:
    return Trace("kernel", tuple(blocks), tuple(Edge(*edge) for edge in edges), {}, {}, 0, "")


def timing(*rows: tuple[int, int]) -> Timing:
    """(all cycles, those of fetches) of each block."""
    return Timing(tuple((total - fetch, *(0,) * (FETCH - 1), fetch, 0, 0) for total, fetch in rows))


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
