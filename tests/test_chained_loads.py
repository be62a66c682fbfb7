"""Chains of loads between memories and unaligned loads, counted from logs written by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from mcusim.chained_loads import LOAD_RULES, chained_loads
from mcusim.hardware import Board, Core, Rule, load_board, load_core
from mcusim.recording import (
    BLOCK_COLUMNS,
    CHAINS,
    EDGE_COLUMNS,
    LOAD,
    NO_ACCESS,
    SINGLE_LOAD,
    STORE,
    STORES_BEHIND_LOAD,
    STORES_BEHIND_LOAD_INDEXED,
    Observer,
    Table,
)

START = 0x08000000
CORE = load_core("cortex_m4")
BOARD = load_board("nucleo_l4r5zi")
SRAM1, SRAM2, FLASH, OUTSIDE = 0x2000_0000, 0x2003_0000, 0x0800_0000, 0x4000_0000
HALFWORD = 7  # the number of the first halfword of code


def _observer(core: Core = CORE, board: Board = BOARD) -> Observer:
    found = chained_loads(core, board)
    assert found is not None
    return found


def _without(*names: str) -> Core:
    return dataclasses.replace(CORE, rules={**CORE.rules, **{name: Rule(0, "test") for name in names}})


def _observed(
    instructions: Sequence[tuple[int, int, int, int]], log: Sequence[Sequence[int | tuple[int, int]]], core: Core = CORE
) -> list[list[int]]:
    """Counts of one block of (access, bytes, literal, flags), two bytes each; the log as visits of (index, address)."""
    rows = [
        [START + 2 * k, 2, access, size, literal, 1, 0, flags]
        for k, (access, size, literal, flags) in enumerate(instructions)
    ]
    blocks: Table = np.array([[START, 2 * len(rows), 0, len(rows), HALFWORD]], np.int64).reshape(1, BLOCK_COLUMNS)
    edges: Table = np.zeros((1, EDGE_COLUMNS), np.int64)
    words: list[int] = []
    for visit in log:
        words.append(0)
        words += [-(1 << 63) | HALFWORD + index << 32 | address for index, address in visit]
    one = _observer(core)
    counts: Table = np.zeros((1, 2), np.int64)
    for piece in (words[:0], words):
        one.observe(
            np.array(piece, np.int64),
            len(piece),
            blocks,
            np.array(rows, np.int64),
            edges,
            np.zeros(len(rows), np.int64),
            one.parameters,
            one.state,
            counts,
        )
    return counts.tolist()


PLAIN, LDR, CHAINED = (NO_ACCESS, 0, -1, 0), (LOAD, 4, -1, SINGLE_LOAD), (LOAD, 4, -1, SINGLE_LOAD | CHAINS)


@pytest.mark.parametrize(
    ("first", "second", "breaks"),
    [
        (SRAM1, SRAM1 + 4, 0),
        (SRAM1, SRAM2, 1),
        (SRAM2 - 4, SRAM2, 1),
        (SRAM1, FLASH, 1),
        (FLASH, FLASH + 4, 0),
        (SRAM1, OUTSIDE, 1),
        (OUTSIDE, OUTSIDE, 0),
    ],
)
def test_chain_breaks_between_memories(first: int, second: int, breaks: int) -> None:
    """Loads pipeline only within one memory block (jnk0le/random, measured)."""
    assert _observed([LDR, CHAINED], [[(0, first), (1, second)]] * 3) == [[3 * breaks, 0]]


def test_only_chained_loads_can_break_a_chain() -> None:
    assert _observed([LDR, LDR], [[(0, SRAM1), (1, FLASH)]]) == [[0, 0]]


def test_literal_loads_take_part() -> None:
    literal = (LOAD, 4, FLASH + 0x40, SINGLE_LOAD | CHAINS)
    assert _observed([LDR, literal, CHAINED], [[(0, SRAM1), (2, SRAM1)]]) == [[2, 0]]
    assert _observed([LDR, literal, CHAINED], [[(0, FLASH), (2, FLASH)]]) == [[0, 0]]


def test_load_whose_condition_failed_is_passed_over() -> None:
    assert _observed([LDR, CHAINED, CHAINED], [[(1, SRAM1), (2, FLASH)], [(0, SRAM1), (2, FLASH)], [(0, SRAM1)]]) == [
        [1, 0]
    ]


def test_stores_and_multiple_loads_break_nothing() -> None:
    store, double = (STORE, 4, -1, 0), (LOAD, 8, -1, 0)
    assert _observed([LDR, store, CHAINED], [[(0, SRAM1), (1, FLASH), (2, FLASH)]]) == [[0, 0]]
    assert _observed([double, CHAINED], [[(0, SRAM1 + 2), (1, FLASH)]]) == [[0, 0]]


@pytest.mark.parametrize(
    ("core", "flag", "breaks"),
    [
        ("cortex_m4", STORES_BEHIND_LOAD, 1),
        ("cortex_m4", STORES_BEHIND_LOAD_INDEXED, 1),
        ("cortex_m3", STORES_BEHIND_LOAD, 1),
        ("cortex_m3", STORES_BEHIND_LOAD_INDEXED, 0),  # takes its cycles wherever it goes
    ],
)
def test_store_behind_a_load_from_another_memory(core: str, flag: int, breaks: int) -> None:
    """Stores pipeline with the load before only within one memory block (jnk0le/random, measured)."""
    store = (STORE, 4, -1, flag)
    assert _observed([LDR, store], [[(0, FLASH), (1, SRAM1)]], load_core(core)) == [[breaks, 0]]
    assert _observed([LDR, store], [[(0, SRAM1), (1, SRAM1 + 2)]], load_core(core)) == [[0, 0]]
    assert _observed([LDR, store, CHAINED], [[(0, SRAM1), (1, SRAM1), (2, FLASH)]], load_core(core)) == [[0, 0]]


def test_store_that_takes_its_cycle_breaks_nothing() -> None:
    slow = dataclasses.replace(CORE, rules={**CORE.rules, "store_after_load": Rule(1, "test")})
    store = (STORE, 4, -1, STORES_BEHIND_LOAD)
    assert _observed([LDR, store], [[(0, FLASH), (1, SRAM1)]], slow) == [[0, 0]]


@pytest.mark.parametrize(
    ("bytes_", "address", "accesses"),
    [(4, 0, 0), (4, 1, 2), (4, 2, 1), (4, 3, 2), (2, 0, 0), (2, 1, 1), (2, 2, 0), (2, 3, 1), (1, 1, 0), (1, 3, 0)],
)
def test_unaligned_loads(bytes_: int, address: int, accesses: int) -> None:
    """A halfword at an odd address and a word at a halfword one more, a word at an odd address two (TRM, 3.3.2)."""
    assert _observed([PLAIN, (LOAD, bytes_, -1, SINGLE_LOAD)], [[(1, SRAM1 + address)]]) == [[0, accesses]]
    assert _observed([PLAIN, (STORE, bytes_, -1, 0)], [[(1, SRAM1 + address)]]) == [[0, 0]]


def test_events_carry_the_rules() -> None:
    events = _observer().events
    assert [(event.name, event.cause, event.cycles) for event in events] == [
        ("load_other_memory", "load_store", 1),
        ("unaligned_load", "load_store", 1),
    ]
    assert all(event.source == CORE.rules[event.name].source for event in events)
    assert [event.cycles for event in _observer(_without("unaligned_load")).events] == [1, 0]


def test_no_observer_where_nothing_costs() -> None:
    assert chained_loads(_without(*LOAD_RULES), BOARD) is None
    assert chained_loads(_without(LOAD_RULES[0]), BOARD) is not None
