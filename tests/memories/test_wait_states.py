"""Fixed wait states behind small buffers: STM32G0 as it met silicon, STM32F1's prefetch, SAMD21's modes."""

import pytest
from synthetic_log import BRANCH, FLASH, LDM, LDR, LITERAL, NOP, SRAM, STR, WIDE, Log, board, cycles, straight

from mcusim.errors import BadInputError, UnsupportedError
from mcusim.memories import wait_states

PLAIN = {**wait_states.DEFAULTS, "data_read_per_wait_state": 1}
G0 = {**PLAIN, "taken_branch_per_wait_state": 1, "buffer_bytes": 30}
F1 = {**PLAIN, "line_bytes": 8, "prefetch": 1}
SAMD21 = {**PLAIN, "line_bytes": 8, "buffered_lines": 8, "caches_data": 1}


def observed(log, waits, parameters, **changes):
    observer = wait_states.observer(board(waits), {**parameters, **changes})
    free = {event.name for event in observer.events if event.cycles == 0}
    return {name: count for name, count in log.by_event(observer).items() if name not in free}


def cost(log, waits, parameters, **changes):
    return cycles(wait_states.observer(board(waits), {**parameters, **changes}), log)


def loop(*code, passes=2, address=FLASH):
    log = Log()
    block = log.block(address, *code)
    for edge in [log.edge(block), *[log.edge(block, block, True, 2)] * (passes - 1)]:
        log.visit(edge)
    return log


# -- STM32G0: no lines, a short loop stays in the buffer -------------------------------------------------------------


def test_g0_waits_two_cycles_for_each_data_read():
    log = Log()
    log.visit(log.edge(log.block(SRAM, LDR, LDR, LITERAL, STR)), (0, FLASH), (1, SRAM), (3, SRAM))
    assert observed(log, 2, G0) == {"data_read": 2}
    assert cost(log, 2, G0) == 4


def test_g0_waits_for_each_word_of_a_multiple_load():
    log = Log()
    log.visit(log.edge(log.block(SRAM, LDM)), (0, FLASH))
    assert observed(log, 2, G0) == {"data_read": 4}


@pytest.mark.parametrize("instructions, waits", [(15, 0), (16, 1)])
def test_g0_keeps_backward_loops_of_30_bytes(instructions, waits):
    log = loop(*[NOP] * (instructions - 1), BRANCH)
    assert observed(log, 2, G0).get("taken_branch", 0) == waits
    assert cost(log, 2, G0) == 2 * waits


def test_g0_waits_for_forward_branches():
    log = Log()
    first, second = log.block(FLASH, BRANCH), log.block(FLASH + 4, NOP)
    log.visit(log.edge(first))
    log.visit(log.edge(second, first, True, 1))
    assert observed(log, 2, G0) == {"taken_branch": 1}


def test_g0_does_not_wait_for_code_that_goes_on_or_lies_in_sram():
    log = Log()
    first, second = log.block(FLASH, NOP), log.block(FLASH + 2, NOP)
    log.visit(log.edge(first))
    log.visit(log.edge(second, first, False))
    assert observed(log, 2, G0) == {}
    assert observed(loop(*[NOP] * 20, BRANCH, address=SRAM), 2, G0) == {}


# -- STM32F1: lines of 64 bits and the one behind --------------------------------------------------------------------


def test_narrow_code_runs_as_fast_as_it_is_prefetched():
    log = Log()
    straight(log, FLASH, 16)
    assert observed(log, 2, F1) == {"line_read": 1}
    assert cost(log, 2, F1) == 2


def test_wide_code_waits_for_the_prefetch():
    # Two instructions a line of three cycles: one late in each line behind the first.
    log = Log()
    straight(log, FLASH, 8, WIDE)
    assert observed(log, 2, F1) == {"line_read": 1, "late_prefetch": 3}


def test_without_prefetch_every_line_waits():
    log = Log()
    straight(log, FLASH, 16)
    assert observed(log, 2, F1, prefetch=0) == {"line_read": 4}
    assert observed(log, 2, F1, prefetch=0, extra_miss_cycles=1) == {"line_read": 4}
    assert cost(log, 2, F1, prefetch=0, extra_miss_cycles=1) == 12


def test_a_branch_back_reads_its_line_again():
    assert observed(loop(NOP, NOP, NOP, BRANCH, passes=5), 2, F1) == {"line_read": 1}
    assert observed(loop(*[NOP] * 7, BRANCH, passes=5), 2, F1) == {"line_read": 5}
    assert observed(loop(*[NOP] * 7, BRANCH, passes=5), 2, F1, buffered_lines=2) == {"line_read": 1}


def test_data_past_the_buffer():
    log = Log()
    edge = log.edge(log.block(FLASH, LDR))
    log.visit(edge, (0, FLASH))
    assert observed(log, 2, F1) == {"line_read": 1, "data_read": 1}


# -- SAMD21: eight lines of 64 bits for code and data ----------------------------------------------------------------


def test_samd21_keeps_eight_lines():
    assert observed(loop(*[NOP] * 31, BRANCH, passes=4), 1, SAMD21) == {"line_read": 8}
    assert observed(loop(*[NOP] * 35, BRANCH, passes=4), 1, SAMD21) == {"line_read": 4 * 9}


def test_samd21_reads_data_through_them():
    log = Log()
    edge = log.edge(log.block(SRAM, LDR))
    for offset in (0, 4, 8, 0):
        log.visit(edge, (0, FLASH + offset))
    assert observed(log, 1, SAMD21) == {"data_line": 2}


def test_samd21_low_power_mode_adds_a_cycle_to_each_miss():
    log = Log()
    straight(log, FLASH, 4)
    assert (cost(log, 1, SAMD21), cost(log, 1, SAMD21, extra_miss_cycles=1)) == (1, 2)


# -- Any -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parameters", [G0, F1, SAMD21])
def test_nothing_waits_at_zero_wait_states(parameters):
    assert wait_states.observer(board(0), parameters) is None


def test_pieces_of_the_log_count_as_the_whole():
    log = loop(*[WIDE] * 9, BRANCH, passes=7)
    observer = wait_states.observer(board(2), F1)
    assert (log.counts(observer, 3) == log.counts(observer)).all()


def test_impossible_parameters():
    with pytest.raises(BadInputError, match="line_bytes: expected a power of two, found 12"):
        wait_states.observer(board(2), {**F1, "line_bytes": 12})
    with pytest.raises(UnsupportedError, match="wait states of flash are not known"):
        wait_states.observer(board(None), F1)


def test_caveats():
    assert len(wait_states.caveats(board(2))) == 1
