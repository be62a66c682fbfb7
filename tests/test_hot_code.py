"""Loops of traces → what a run records: lines that sum, text that is the same wherever the code lies."""

from __future__ import annotations

from test_loops import EDGES, block, instruction_cycles, trace

from mcusim.hot_code import HotCode
from mcusim.trace import CAUSES


def kernels(address):
    """A kernel of 0x100 bytes at 0x100, and another right behind 0x4100."""
    return ("kernel", 0x100) if 0x100 <= address < 0x200 else ("other", 0x4100) if address >= 0x4100 else None


def loop_blocks(start=0x100):
    return [block(start, "0420"), block(start + 2, "0138fdd1"), block(start + 6, "0139fad1")]


def test_a_layer_has_its_loops_hottest_first():
    hot_code = HotCode(kernels)
    one = trace(loop_blocks(), EDGES), instruction_cycles([10], [30, 90], [10, 20])
    inner, outer = hot_code.loops([one[0]], [one[1]])
    assert (inner.code, inner.iterations, inner.cycles) == (0, 30, 120)
    assert (inner.line_counts, inner.line_cycles) == ((40, 40), (30, 90))
    assert inner.cycles_by_cause == {**dict.fromkeys(CAUSES, 0), "issue": 120}
    assert (outer.code, outer.line_cycles) == (1, (10, 10, 20))
    code = hot_code.code[0]
    assert (code.function, code.offset, code.bytes) == ("kernel", 2, 4)
    assert [(line.offset, line.text) for line in code.lines] == [(2, "subs r0, #1"), (4, "bne +0x2")]


def test_calls_of_a_layer_count_together_and_code_is_kept_once():
    hot_code = HotCode(kernels)
    one = trace(loop_blocks(), EDGES), instruction_cycles([10], [30, 90], [10, 20])
    inner, outer = hot_code.loops([one[0]] * 2, [one[1]] * 2)
    assert (inner.cycles, inner.line_counts, outer.cycles) == (240, (80, 80), 80)
    again, _ = hot_code.loops([one[0]], [one[1]])
    assert again.code == inner.code and len(hot_code.code) == 2


def test_code_elsewhere_is_the_same_code():
    hot_code = HotCode(lambda address: ("kernel", address // 0x1000 * 0x1000))
    cycles = instruction_cycles([10], [30, 90], [10, 20])
    first = hot_code.loops([trace(loop_blocks(0x1000), EDGES)], [cycles])
    assert first == hot_code.loops([trace(loop_blocks(0x7000), EDGES)], [cycles])


def test_loops_of_less_than_a_hundredth_are_left_out():
    cycles = instruction_cycles([1], [90, 9_900], [1, 8])
    assert len(HotCode(kernels).loops([trace(loop_blocks(), EDGES)], [cycles])) == 1


def test_branches_go_to_places_in_functions():
    """A call of another function; cbz to right behind itself and one; b to the start."""
    blocks = [block(0x100, "013803f0fdff"), block(0x106, "00b1"), block(0x108, "fae7")]
    edges = [(-1, 0, 1), (0, 1, 1), (1, 2, 1), (2, 0, 1)]
    hot_code = HotCode(kernels)
    hot_code.loops([trace(blocks, edges)], [instruction_cycles([1, 1], [1], [1])])
    texts = [line.text for line in hot_code.code[0].lines]
    assert texts == ["subs r0, #1", "bl other", "cbz r0, +0xa", "b +0x0"]


def test_without_a_symbol_a_loop_begins_at_itself():
    hot_code = HotCode(lambda address: None)
    hot_code.loops([trace(loop_blocks(), EDGES)], [instruction_cycles([10], [30, 90], [10, 20])])
    assert (hot_code.code[0].function, hot_code.code[0].offset) == ("kernel", 0)
    assert hot_code.code[0].lines[1].text == "bne #0x102"
