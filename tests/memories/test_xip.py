"""Misses of an XIP cache; half-line fills as measured on RP2040 (pico-sdk issue 1182)."""

import pytest
from synthetic_log import FLASH, LDR, NOP, QSPI, SDRAM, SRAM, STR, WIDE, Log, board, cycles, straight

from mcusim.errors import BadInputError
from mcusim.memories import xip

RP2040 = {"size_bytes": 16384, "ways": 2, "line_bytes": 8, "fill_bytes": 4, "miss_cycles": 40}


def observed(log, **changes):
    return log.by_event(xip.observer(board(0), {**RP2040, **changes}))


def test_each_half_of_a_line_is_filled_by_itself():
    log = Log()
    straight(log, FLASH, 2)  # one word
    assert observed(log) == {"fetch_miss": 1}
    straight(log, FLASH + 4, 2)  # the other half of the same line
    assert observed(log) == {"fetch_miss": 2}
    assert observed(log, fill_bytes=8) == {"fetch_miss": 1}
    assert cycles(xip.observer(board(0), RP2040), log) == 80


def test_a_word_that_is_there_hits():
    log = Log()
    edge = straight(log, FLASH, 8)
    log.visit(edge)
    assert observed(log) == {"fetch_miss": 4}


def test_a_line_that_goes_takes_both_halves():
    log = Log()
    edges = [log.edge(log.block(FLASH + 8192 * way, WIDE, WIDE)) for way in range(3)]  # of one set of two ways
    for edge in (*edges, edges[0]):
        log.visit(edge)
    assert observed(log) == {"fetch_miss": 8}


def test_an_instruction_across_two_words_needs_both():
    log = Log()
    straight(log, FLASH + 2, 1, WIDE)
    assert observed(log) == {"fetch_miss": 2}


def test_data_and_code_share_the_cache():
    log = Log()
    edge = log.edge(log.block(FLASH, LDR, NOP))
    log.visit(edge, (0, FLASH + 8192))
    log.visit(edge, (0, FLASH + 16384))
    log.visit(edge, (0, FLASH + 8192))
    assert observed(log) == {"fetch_miss": 1, "data_miss": 3}


def test_external_flash_is_followed_sram_is_not():
    observer = xip.observer(board(0, QSPI), RP2040)
    log = Log()
    log.visit(log.edge(log.block(SRAM, LDR, LDR, STR)), (0, QSPI), (1, SRAM + 64), (2, SRAM))
    assert log.by_event(observer) == {"data_miss": 1}


def test_a_line_holds_what_is_filled():
    with pytest.raises(BadInputError, match="fill_bytes: expected 4 to 8, found 16"):
        xip.observer(board(0), {**RP2040, "fill_bytes": 16})


def test_caveats():
    assert len(xip.caveats(board(0))) == 1
    assert "sdram" in xip.caveats(board(0, SDRAM))[1]
