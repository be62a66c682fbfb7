"""Recorded runs of a few instructions: what observers are given, against what the code does by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_emulator import FLASH, RAM, RAM_BYTES, STACK, firmware_of

from mcusim import recorder, timing
from mcusim.abi import Call, place
from mcusim.chained_loads import chained_loads
from mcusim.emulator import Emulator
from mcusim.errors import EmulationError, UnsupportedError
from mcusim.fixedpoint import jit
from mcusim.hardware import load_board, load_core
from mcusim.recording import EDGE_BLOCK, LITERAL, Event, Observer
from mcusim.trace import Trace

CORE = load_core("cortex_m4")

# 1: ldrb r3, [r0], #1; strb r3, [r1, #2]; subs r2, #1; bne 1b; bx lr
COPY = "10f8013b 8b70 013a fad1 7047"
# cmp r1, #0; ite eq; ldreq r0, [r0, #4]; ldrne r0, [r0, r1, lsl #2]; push {r4, lr}; pop {r4, pc}
PICK = "0029 0cbf 4068 50f82100 10b5 10bd"
LITERAL_LOAD = "0048 7047 07000000"  # ldr r0, [pc]; bx lr; the literal

VISITS, ACCESSES = (Event(name, "fetch", cycles, "this test") for name, cycles in (("visits", 1), ("accesses", 0.25)))


@jit
def _spy(
    log: Any, length: Any, blocks: Any, instructions: Any, edges: Any, issue: Any, ends: Any, state: Any, counts: Any
) -> None:
    """Keep the whole log behind its length, and count visits and accesses of each block."""
    block = -1
    for k in range(length):
        state[1 + state[0]] = log[k]
        state[0] += 1
        if log[k] >= 0:
            block = edges[log[k], EDGE_BLOCK]
            counts[block, 0] += 1
        else:
            counts[block, 1] += 1


def spy() -> Observer:
    return Observer("spy", (VISITS, ACCESSES), _spy, np.zeros(0, np.int64), np.zeros(100_000, np.int64))


def recorded(code: str, *arguments: int, observer: Observer | None = None) -> tuple[Trace, list[int], Emulator]:
    """A call's trace, its log, and the emulator."""
    one = observer or spy()
    emulator = Emulator(CORE, firmware_of(bytes.fromhex(code)), FLASH, (RAM, RAM_BYTES), observers=[one])
    return (*again(emulator, one, *arguments), emulator)


def again(emulator: Emulator, one: Observer, *arguments: int) -> tuple[Trace, list[int]]:
    one.state[0] = 0
    trace = emulator.call(
        place(Call("kernel", arguments), lambda _: 0, STACK[1]),
        writable=[(RAM, 64, "data")],
        readable=[],
        stack=STACK,
        max_instructions=100_000,
        checks_status=False,
    )
    return trace, one.state[1 : 1 + one.state[0]].tolist()


def addresses(log: list[int]) -> list[int]:
    return [word & 0xFFFFFFFF for word in log if word < 0]


def halfwords(log: list[int]) -> list[int]:
    return [word >> 32 & 0x7FFFFFFF for word in log if word < 0]


def test_a_log_holds_every_visit_and_access_in_order():
    trace, log, _ = recorded(COPY, RAM, RAM + 32, 3)
    assert [word < 0 for word in log] == [False, True, True] * 3 + [False]
    assert addresses(log) == [RAM, RAM + 34, RAM + 1, RAM + 34, RAM + 2, RAM + 34]
    assert halfwords(log) == [0, 2] * 3  # LDRB at offset 0, STRB at 4
    assert sum(edge.count for edge in trace.edges) == 4 + 1  # and the return
    counted = {block.address: counts for block, counts in zip(trace.blocks, trace.observed[0].counts, strict=True)}
    assert counted[FLASH] == (3, 6)
    assert counted[FLASH + 10] == (1, 0)


@pytest.mark.parametrize(("index", "address"), [(0, RAM + 4), (5, RAM + 20)])
def test_a_skipped_access_is_not_in_the_log(index, address):
    trace, log, _ = recorded(PICK, RAM, index)
    top = STACK[1]
    assert addresses(log) == [address, top - 8, top - 8]
    assert sum(trace.executed.values()) == 1
    assert trace.stack_bytes == 8


def test_a_literal_is_in_the_table_and_not_in_the_log():
    tables: list[Any] = []

    def keep(log: Any, length: Any, blocks: Any, instructions: Any, *rest: Any) -> None:
        tables.append(instructions.copy())

    one = Observer("keep", (VISITS, ACCESSES), keep, np.zeros(0, np.int64), np.zeros(1, np.int64))
    recorded(LITERAL_LOAD, observer=one)
    assert tables[0][:, LITERAL].tolist() == [FLASH + 4, -1]


def test_a_log_that_is_emptied_often_is_the_same(monkeypatch):
    whole = recorded(COPY, RAM, RAM + 32, 30)[:2]
    monkeypatch.setattr(recorder, "LOG_WORDS", 4)
    pieces = recorded(COPY, RAM, RAM + 32, 30)[:2]
    assert pieces == whole
    assert len(whole[1]) > 64


def test_counts_begin_anew_with_each_call():
    one = spy()
    first, log, emulator = recorded(COPY, RAM, RAM + 32, 7, observer=one)
    second, second_log = again(emulator, one, RAM, RAM + 32, 7)
    assert second == first
    assert second_log == log


def test_recording_and_counting_see_the_same():
    firmware = firmware_of(bytes.fromhex(PICK))
    counting = Emulator(CORE, firmware, FLASH, (RAM, RAM_BYTES))
    counted, _ = again(counting, spy(), RAM, 3)
    trace = recorded(PICK, RAM, 3)[0]
    assert counted.observed == ()
    assert (trace.blocks, trace.edges, trace.executed) == (counted.blocks, counted.edges, counted.executed)
    assert trace.stack_bytes == counted.stack_bytes


def test_observed_events_are_cycles():
    trace = recorded(COPY, RAM, RAM + 32, 3)[0]
    assert timing.waiting(trace, "spy") == 4 + 2  # four visits, and six accesses of a quarter in one block
    bare = timing.time(CORE, Trace(trace.entry, trace.blocks, trace.edges, {}, {}, 0, ""))
    assert timing.time(CORE, trace).cycles == bare.cycles + 6


def test_cycles_so_far_are_those_of_the_trace():
    trace, _, emulator = recorded(COPY, RAM, RAM + 32, 3)
    assert emulator._recorder is not None
    cycles = timing.time(CORE, trace).cycles
    refill = CORE.rules["indirect_branch_refill"].value  # of the return, which nothing follows yet
    assert abs(emulator._recorder.cycles() - (cycles - refill)) <= 1


@pytest.mark.parametrize(
    ("code", "further"),
    [
        ("0a68 0260 7047", 0),  # ldr r2, [r1]; str r2, [r0]: one memory
        ("014a 0260 7047 00bf 07000000", 1),  # ldr r2, [pc, #4]; str r2, [r0]: from flash to RAM
        ("014a 40f8042b 7047 07000000", 1),  # ldr r2, [pc, #4]; str r2, [r0], #4
        ("014a 4250 7047 00bf 07000000", 0),  # ldr r2, [pc, #4]; str r2, [r0, r1]: takes its cycles anyway
        ("014a 00bf 0260 7047 07000000", 0),  # with a nop between
    ],
)
def test_stores_behind_loads_are_told_apart(code, further):
    observed = chained_loads(CORE, load_board("nucleo_l4r5zi"))
    assert observed is not None
    emulator = Emulator(CORE, firmware_of(bytes.fromhex(code)), FLASH, (RAM, RAM_BYTES), observers=[observed])
    trace = emulator.call(
        place(Call("kernel", (RAM, RAM + 8 if code.startswith("0a68") else 8)), lambda _: 0, STACK[1]),
        writable=[(RAM, 64, "data")],
        readable=[],
        stack=STACK,
        max_instructions=100,
        checks_status=False,
    )
    bare = timing.time(CORE, Trace(trace.entry, trace.blocks, trace.edges, {}, {}, 0, ""))
    assert timing.time(CORE, trace).cycles == bare.cycles + further


def test_what_python_refuses_ends_the_call():
    firmware = firmware_of(bytes.fromhex("20fb0100 7047"), isa="armv7m", float_abi="soft")  # smlad r0, r0, r1, r0
    emulator = Emulator(load_core("cortex_m3"), firmware, FLASH, (RAM, RAM_BYTES), observers=[spy()])
    with pytest.raises(UnsupportedError, match="needs the DSP extension, which Cortex-M3 does not have"):
        again(emulator, spy(), 0)


def test_a_jump_out_of_code():
    with pytest.raises(EmulationError, match="jumps into data"):
        recorded("0047", RAM + 0x101)  # bx r0
