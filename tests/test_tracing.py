"""Blocks that the emulator's pages cut are one in a trace: the same code has the same trace wherever it lies."""

from __future__ import annotations

import pytest
from test_emulator import FLASH, RAM, RAM_BYTES, STACK, firmware_of

from mcusim import timing
from mcusim.abi import Call, place
from mcusim.chained_loads import chained_loads
from mcusim.emulator import Emulator
from mcusim.hardware import load_board, load_core
from mcusim.observer import PAGE_BYTES, is_cut

CORE = load_core("cortex_m4")
COUNT = 5
# nop; b 2f; 1: ldrb r3, [r0], #1; 2: strb r3, [r1, #2]; subs r2, #1; bne 1b; bx lr
INTO_A_LOOP = "00bf 01e0 10f8013b 8b70 013a fad1 7047"
# nop; nop; nop; 1: ldrb r3, [r0], #1, which may lie across a page's end; strb r3, [r1, #2]; subs r2, #1; bne 1b; bx lr
ACROSS = "00bf 00bf 00bf 10f8013b 8b70 013a fad1 7047"
# cmp r2, #9; ite lt; movlt r0, #1; movge r0, #2; cbz r0, 1f; adds r0, #1; 1: bx lr
CONDITIONS = "092a b4bf 0120 0220 00b1 0130 7047"
# 1: ldr r3, [r0]; ldr r3, [r1]; ldr r3, [r0, #8]; ldr r3, [r1, #12]; subs r2, #1; bne 1b; bx lr: each of another memory
LOADS = "0368 0b68 8368 cb68 013a f9d1 7047"


def trace_at(code, address, observers):
    emulator = Emulator(CORE, firmware_of(bytes.fromhex(code)), address, (RAM, RAM_BYTES), observers=observers)
    placement = place(Call("kernel", (RAM, FLASH if code == LOADS else RAM + 64, COUNT)), lambda _: 0, STACK[1], "hard")
    ranges = [(RAM, 256, "data")]
    return emulator.call(
        placement, writable=ranges, readable=ranges, stack=STACK, max_instructions=1000, checks_status=False
    )


def seen(code, address, observers):
    """What a trace says, addresses relative to the code."""
    trace = trace_at(code, address, observers)
    blocks = [(one.address - address, one.size, len(one.instructions)) for one in trace.blocks[:-1]]
    observed = [one.counts for one in trace.observed]
    return blocks, trace.edges, trace.instructions, observed, timing.time(CORE, trace).by_block


@pytest.mark.parametrize("code", [INTO_A_LOOP, ACROSS, CONDITIONS, LOADS])
@pytest.mark.parametrize("records", [False, True], ids=["counted", "recorded"])
def test_a_trace_does_not_depend_on_pages(code, records):
    def observers():
        return [chained_loads(CORE, load_board("nano33ble"))] if records else []

    length = len(bytes.fromhex(code))
    whole = seen(code, FLASH, observers())
    cut = [seen(code, FLASH + PAGE_BYTES - shift, observers()) for shift in range(4, length + 4, 4)]
    assert all(one == whole for one in cut)


def test_a_loop_that_is_entered_in_the_middle_has_both_blocks():
    """The branch's target is a block of its own, and the rest of the loop another, also where a page's end is there."""
    for address in (FLASH, FLASH + PAGE_BYTES - 8):
        blocks, edges, *_ = seen(INTO_A_LOOP, address, [])
        assert [(at, size) for at, size, _ in blocks] == [(0, 4), (4, 10), (8, 6), (14, 2)]
        assert {(one.previous, one.block): one.count for one in edges} == {
            (-1, 0): 1, (0, 2): 1, (2, 1): 1, (1, 1): COUNT - 2, (1, 3): 1, (3, 4): 1,
        }  # fmt: skip


@pytest.mark.parametrize("offset, expected", [(-4, False), (-2, True), (0, True), (2, True), (4, False), (512, False)])
def test_where_blocks_may_be_cut(offset, expected):
    assert is_cut(FLASH + 3 * PAGE_BYTES + offset) == expected
