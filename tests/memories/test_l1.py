"""Lines that the level-one caches of Cortex-M7 miss, by the memory they come from; costs measured on STM32F746."""

from dataclasses import replace

import pytest
from synthetic_log import (
    DTCM,
    FLASH,
    LDM,
    LDR,
    LDR_ODD,
    LDRB,
    LDRH_ODD,
    LITERAL,
    NOP,
    QSPI,
    SDRAM,
    SRAM,
    STR,
    WIDE,
    Log,
    board,
    cycles,
    straight,
)

from mcusim.errors import BadInputError, UnsupportedError
from mcusim.memories import l1
from mcusim.recording import FLOAT

F746 = {
    **l1.DEFAULTS,
    "instruction_size_bytes": 4096,
    "instruction_ways": 2,
    "data_size_bytes": 4096,
    "data_ways": 4,
    "line_bytes": 32,
    "flash_line_beyond_wait_states": 6,
    "sram_line_cycles": 6.6,
    "unaligned_load_cycles": 3.5,
}


def f746(waits=7, *addresses, **changes):
    return l1.observer(board(waits, *addresses), {**F746, **changes})


def loads(*addresses, code=LDR, **changes):
    """What loads one after the other count, their code in DTCM, which is not cached."""
    log = Log()
    edge = log.edge(log.block(DTCM, code))
    for address in addresses:
        log.visit(edge, (0, address))
    return log.by_event(f746(7, DTCM, **changes))


@pytest.mark.parametrize("waits, expected", [(7, 13), (6, 12)])
def test_a_line_of_flash_costs_the_wait_states_and_six(waits, expected):
    log = Log()
    straight(log, FLASH, 16)
    assert log.by_event(f746(waits)) == {"fetch_line_flash": 1}
    assert cycles(f746(waits), log) == expected
    log = Log()
    log.visit(log.edge(log.block(FLASH, LITERAL)))
    assert log.by_event(f746(waits)) == {"fetch_line_flash": 1, "data_line_flash": 1}
    assert cycles(f746(waits), log) == 2 * expected


def test_a_line_is_filled_as_a_whole():
    assert loads(SRAM, SRAM + 28, SRAM + 4, SRAM + 32) == {"data_line_sram": 2}


def test_a_store_allocates():
    log = Log()
    edge = log.edge(log.block(DTCM, STR, LDR))
    log.visit(edge, (0, SRAM), (1, SRAM + 4))
    assert log.by_event(f746(7, DTCM)) == {"data_line_sram": 1}


def test_tightly_coupled_memory_never_waits():
    assert loads(DTCM + 0x1000, DTCM + 0x2000) == {}


def test_data_has_four_ways_instructions_have_two():
    lines = [SRAM + 1024 * way for way in range(5)]  # one set
    assert loads(*lines[:4], *lines[:4]) == {"data_line_sram": 4}
    assert loads(*lines, *lines) == {"data_line_sram": 10}
    assert loads(*lines[:4], lines[0], lines[4], lines[0], lines[1]) == {"data_line_sram": 6}

    def passes(count):
        log = Log()
        edges = [log.edge(log.block(FLASH + 2048 * way, NOP)) for way in range(count)]
        for edge in edges * 3:
            log.visit(edge)
        return log.by_event(f746())

    assert passes(2) == {"fetch_line_flash": 2}
    assert passes(3) == {"fetch_line_flash": 9}


def test_code_and_data_have_caches_of_their_own():
    log = Log()
    edge = log.edge(log.block(FLASH, LDR))
    for way in range(1, 9):
        log.visit(edge, (0, FLASH + 4096 * way))
    assert log.by_event(f746()) == {"fetch_line_flash": 1, "data_line_flash": 8}


def test_a_loop_of_the_whole_cache_misses_once():
    def misses(count):
        log = Log()
        block = log.block(FLASH, *[WIDE] * count)
        for edge in [log.edge(block), *[log.edge(block, block)] * 3]:
            log.visit(edge)
        return log.by_event(f746())["fetch_line_flash"]

    assert misses(1024) == 128
    assert misses(1024 + 8) == 129 + 3 * 3  # three lines share a set of two ways


@pytest.mark.parametrize(
    "code, address, expected",
    [
        (LDR, SRAM + 2, 1),
        (LDR_ODD, SRAM + 1, 1),
        (LDRH_ODD, SRAM + 3, 1),
        (LDRH_ODD, SRAM + 2, 0),
        (LDRB, SRAM + 3, 0),
        (LDM, SRAM + 4, 0),
        (STR, SRAM + 2, 0),
    ],
)
def test_unaligned_loads(code, address, expected):
    assert loads(address, code=code).get("unaligned_load", 0) == expected


def test_an_unaligned_load_may_take_two_lines():
    assert loads(SRAM + 30) == {"data_line_sram": 2, "unaligned_load": 1}


def test_each_memory_has_its_cost():
    observer = f746(7, QSPI, SDRAM, qspi_line_cycles=80, sdram_line_cycles=30)
    log = Log()
    log.visit(log.edge(log.block(QSPI, LDR, LDR, LDR)), (0, QSPI + 64), (1, SDRAM), (2, SRAM))
    assert log.by_event(observer) == {
        "fetch_line_qspi": 1,
        "data_line_qspi": 1,
        "data_line_sdram": 1,
        "data_line_sram": 1,
    }
    assert cycles(observer, log) == pytest.approx(80 + 80 + 30 + 6.6)
    causes = {event.name: event.cause for event in observer.events}
    assert causes["data_line_qspi"] == "flash_data" and causes["data_line_sdram"] == "cache"


def stream(count, between, **changes):
    """Cycles beyond the issue of loads that take one line of SRAM after the other, `between` cycles of code apart."""
    log = Log()
    edge = log.edge(log.block(DTCM, replace(LDR, cycles=between)))
    for line in range(count):
        log.visit(edge, (0, SRAM + 32 * line))
    return cycles(f746(7, DTCM, **changes), log)


@pytest.mark.parametrize("between, a_line", [(1, 12), (4, 9), (6, 7), (7, 6.6), (40, 6.6)])
def test_dense_streams_of_sram_take_nearer_13_cycles_a_line(between, a_line):
    # STM32F746 silicon: 6.6 a line, dense streams nearer 13, of which `between` are the code's own.
    assert stream(9, between, sram_busy_cycles=13) == pytest.approx(6.6 + 8 * a_line)
    assert stream(9, between) == pytest.approx(9 * 6.6)


def test_refills_of_branches_give_the_bus_time():
    log = Log()
    block = log.block(DTCM, LDR)
    for line, edge in enumerate([log.edge(block), log.edge(block, block, True, 30)]):
        log.visit(edge, (0, SRAM + 32 * line))
    assert cycles(f746(7, DTCM, sram_busy_cycles=13), log) == pytest.approx(2 * 6.6)


def test_floats_wait_longer_for_a_line_of_flash():
    # STM32H7A3 silicon: 12 cycles a line, 20 where float kernels stream their weights.
    def line(*flags, data=FLASH, waits=6):
        log = Log()
        log.visit(log.edge(log.block(DTCM, replace(LDR, flags=sum(flags)))), (0, data + 0x100))
        return cycles(f746(waits, DTCM, flash_float_line_beyond_wait_states=14), log)

    assert (line(), line(FLOAT), line(FLOAT, waits=5)) == (12, 20, 19)
    assert line(FLOAT, data=SRAM) == 6.6


def test_a_memory_of_unknown_cost_is_refused():
    with pytest.raises(UnsupportedError, match="its qspi costs is not known; give qspi_line_cycles"):
        f746(7, QSPI)


def test_sizes_that_make_no_cache():
    with pytest.raises(BadInputError, match="instruction_size_bytes: expected 3 ways"):
        f746(instruction_ways=3)


def test_caveats():
    assert len(l1.caveats(board(7))) == 1
