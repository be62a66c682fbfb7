"""Data addresses out of a log, and the regions that they lie in."""

import numpy as np
import pytest
from synthetic_log import DTCM, FLASH, LDR, LITERAL, NOP, QSPI, SRAM, Log, board

from mcusim.accesses import NO_ADDRESS, NO_REGION, data_address, halfword_base, region_of, region_rows, unfollowed
from mcusim.fixedpoint import observing


@observing
def addresses(log, blocks, instructions, block, found):
    base = halfword_base(block, blocks)
    at = 1
    for k in range(len(found)):
        found[k] = data_address(k, instructions, base, log, at, len(log))
        at += found[k] >= 0 and instructions[k, 4] < 0


@observing
def place(address, parameters, first, found):
    found[0] = region_of(address, parameters, first)


def test_addresses_come_in_order_and_skip_failed_conditions():
    log = Log()
    edge = log.edge(log.block(FLASH, LDR, LDR, LITERAL, LDR))
    log.visit(edge, (1, SRAM + 4), (3, 0xFFFF_FFFC))
    log.visit(edge)
    found = np.zeros(4, np.int64)
    for visit, expected in (
        (0, [NO_ADDRESS, SRAM + 4, LITERAL.literal, 0xFFFF_FFFC]),
        (1, [-1, -1, LITERAL.literal, -1]),
    ):
        words = np.array([*log.visits[visit], 0], np.int64)  # the next visit follows
        addresses(words, np.array(log.blocks), np.array(log.instructions), 0, found)
        assert found.tolist() == expected


def test_the_first_instruction_of_a_region_is_not_mistaken_for_a_visit():
    # Its halfword has the number 0, as has the next visit's word where accesses have theirs.
    log = Log()
    log.visit(log.edge(log.block(0, LDR, NOP)))
    found = np.zeros(1, np.int64)
    addresses(np.array([0, 0]), np.array(log.blocks), np.array(log.instructions), 0, found)
    assert found.tolist() == [NO_ADDRESS]


@pytest.mark.parametrize(
    "address, number",
    [
        (FLASH, 1),
        (FLASH + (1 << 20) - 1, 1),
        (FLASH + (1 << 20), 1),  # of what does not fit
        (FLASH + (17 << 20), None),
        (SRAM, 2),
        (DTCM, None),
    ],
)
def test_region_of(address, number):
    rows = region_rows(board(5, QSPI, DTCM), {"flash": 1, "sram": 2, "qspi": 3})
    assert rows[:3] == [FLASH, FLASH + (17 << 20), 1]
    parameters = np.array([99, 99, *rows])
    found = np.zeros(1, np.int64)
    place(address, parameters, 2, found)
    assert found[0] == NO_REGION if number is None else parameters[found[0] + 2] == number


def test_unfollowed_regions_are_named():
    assert unfollowed(board(5), frozenset({"qspi"})) == ()
    assert "Accesses to qspi are" in unfollowed(board(5, QSPI), frozenset({"qspi", "sdram"}))[0]
