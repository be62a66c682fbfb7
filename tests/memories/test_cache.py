"""Misses of a single cache, by hand and against a plain model; costs as measured on STM32U5."""

from collections import OrderedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_log import FLASH, LDM, LDR, LITERAL, SRAM, STR, WIDE, Log, board, cycles, random_log, straight

from mcusim.errors import BadInputError, UnsupportedError
from mcusim.memories import cache
from mcusim.recording import LOAD

# ICACHE of STM32U5: a miss costs 3.4 at 4 wait states, none behind the previous line; a data read on the code bus 0.85.
U5 = {
    **cache.DEFAULTS,
    "size_bytes": 8192,
    "ways": 2,
    "line_bytes": 16,
    "caches_data": 1,
    "miss_beyond_wait_states": -0.6,
    "sequential_miss_cycles": 0,
    "shared_bus_cycles": 0.85,
}
# NVMC cache of nRF52840: fetches only.
NRF52 = {**cache.DEFAULTS, "size_bytes": 2048, "ways": 2, "line_bytes": 16, "caches_data": 0}


def u5(**changes):
    return cache.observer(board(4), {**U5, **changes})


def test_code_in_a_row_misses_once_at_full_cost():
    log = Log()
    edge = straight(log, FLASH, 16)  # two lines
    assert log.by_event(u5()) == {"fetch_miss": 1, "sequential_fetch_miss": 1}
    assert cycles(u5(), log) == pytest.approx(3.4)
    log.visit(edge)
    assert log.by_event(u5()) == {"fetch_miss": 1, "sequential_fetch_miss": 1}


def test_without_a_figure_of_its_own_a_sequential_miss_costs_as_any():
    log = Log()
    straight(log, FLASH, 16)
    assert cycles(cache.observer(board(4), {**NRF52, "miss_beyond_wait_states": 1}), log) == 2 * 5


def test_a_loop_larger_than_the_cache_misses_all_of_it():
    log = Log()
    block = log.block(FLASH, *[WIDE] * (8192 // 4 + 4))
    edges = log.edge(block), log.edge(block, block)
    for edge in (edges[0], edges[1], edges[1]):
        log.visit(edge)
    # One line too many: its set of two ways has three lines to hold, which miss every time; 510 others hit.
    assert log.by_event(u5()) == {"fetch_miss": 1 + 2, "sequential_fetch_miss": 512 + 2 * 2}


def test_two_ways_hold_two_lines_of_a_set():
    def misses(*lines):
        log = Log()
        edges = {line: log.edge(log.block(FLASH + 4096 * line, WIDE)) for line in set(lines)}
        for line in lines:
            log.visit(edges[line])
        return sum(log.by_event(u5()).values())

    assert misses(0, 1, 0, 1) == 2
    assert misses(0, 1, 0, 2, 0, 1) == 4  # 2 replaces 1, then 1 replaces 2


def test_data_through_the_cache():
    log = Log()
    edge = log.edge(log.block(SRAM, LDR))
    for offset in (0, 4, 8, 12, 16):
        log.visit(edge, (0, FLASH + 0x1000 + offset))
    assert log.by_event(u5()) == {"data_miss": 2, "shared_bus": 5}
    assert cycles(u5(), log) == pytest.approx(2 * 3.4 + 5 * 0.85)


def test_weights_read_once_cost_what_was_measured():
    # 264,192 bytes of weights in flash instead of SRAM cost 114 thousand cycles on U575; 16 KB of them here.
    log = Log()
    edge = log.edge(log.block(SRAM, LDR))
    for offset in range(0, 16384, 4):
        log.visit(edge, (0, FLASH + 0x1000 + offset))
    assert cycles(u5(), log) * 264_192 / 16_384 == pytest.approx(114_000, rel=0.03)


def test_code_and_data_share_the_sets():
    log = Log()
    code = log.edge(log.block(FLASH, LDR))
    log.visit(code, (0, FLASH + 4096))
    log.visit(code, (0, FLASH + 8192))  # code was used in between: the first data goes
    log.visit(code, (0, FLASH + 4096))
    assert log.by_event(u5()) == {"fetch_miss": 1, "data_miss": 3, "shared_bus": 3}


def test_instructions_only():
    observer = cache.observer(board(2), NRF52)
    log = Log()
    edge = log.edge(log.block(FLASH, LDR, LDM, LITERAL))
    for _ in range(2):
        log.visit(edge, (0, FLASH + 0x1000), (1, FLASH + 0x1000))
    found = log.by_event(observer)
    assert (found["fetch_miss"], found["data_read"], found.get("data_miss")) == (1, 2 * (1 + 4 + 1), None)
    assert cycles(observer, log) == 2 + 12 * 2


def test_stores_and_sram_do_not_wait():
    log = Log()
    log.visit(log.edge(log.block(SRAM, LDR, STR)), (0, SRAM), (1, SRAM + 4))
    assert log.by_event(u5()) == {}


def test_no_wait_states_leave_the_shared_bus():
    observer = cache.observer(board(0), U5)
    assert [event.cycles for event in observer.events] == [0, 0, 0, 0, 0.85]


def test_wait_states_may_be_a_parameter():
    observer = cache.observer(board(None), {**NRF52, "wait_states": 3})
    assert observer.events[cache.FETCH_MISS].cycles == 3
    with pytest.raises(UnsupportedError, match=r"memory.parameters.wait_states"):
        cache.observer(board(None), NRF52)


def test_sizes_that_make_no_cache():
    with pytest.raises(BadInputError, match="size_bytes: expected 3 ways of a power of two of lines of 16 bytes"):
        u5(ways=3)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_against_a_plain_model(data):
    shape = {"ways": data.draw(st.sampled_from((1, 2, 4))), "line_bytes": data.draw(st.sampled_from((8, 16, 32)))}
    count = data.draw(st.sampled_from((1, 2, 8)))
    size = shape["ways"] * shape["line_bytes"] * count
    log = random_log(data.draw)
    sets, misses, last = [OrderedDict() for _ in range(count)], dict.fromkeys(("seq", "fetch", "data"), 0), -2

    def hit(line):
        there = sets[line % count]
        found = there.pop(line, None) is not None
        there[line] = True
        if len(there) > shape["ways"]:
            there.popitem(last=False)
        return found

    for edge, *words in log.visits:
        block = log.edges[edge][0]
        address = log.blocks[block][0]
        addresses = {((word >> 32) & 0x7FFFFFFF) * 2: word & 0xFFFFFFFF for word in words}
        for one in log.code[block]:
            for line in range(address // shape["line_bytes"], (address + one.size - 1) // shape["line_bytes"] + 1):
                if not hit(line):
                    misses["seq" if line == last + 1 else "fetch"] += 1
                last = line
            at = one.literal if one.literal >= 0 else addresses.get(address, -1)
            if one.access == LOAD and FLASH <= at < SRAM:
                first, end = at // shape["line_bytes"], (at + one.bytes - 1) // shape["line_bytes"]
                misses["data"] += sum(not hit(line) for line in range(first, end + 1))
            address += one.size
    counts = log.counts(u5(size_bytes=size, **shape), pieces=2).sum(axis=0)
    assert counts[[cache.FETCH_MISS, cache.SEQUENTIAL_MISS, cache.DATA_MISS]].tolist() == [
        misses["fetch"],
        misses["seq"],
        misses["data"],
    ]


def test_caveats():
    assert len(cache.caveats(board(4))) == 1
