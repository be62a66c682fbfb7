"""The rules of ST's ART, counted by hand where a comment says so, and a plain model of them on random code."""

from collections import OrderedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_log import (
    BRANCH,
    CHAINED,
    FLASH,
    LDM,
    LDR,
    LITERAL,
    NOP,
    SRAM,
    WIDE,
    Log,
    board,
    random_log,
    straight,
)

from mcusim import recording
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.memories import art

L4 = {
    "instruction_lines": 32,
    "data_lines": 8,
    "line_bytes": 32,
    "granule_bytes": 8,
    "prefetch": 0,
    "absorbed_chain_break_cycles": 1,
}
F4 = {**L4, "instruction_lines": 64, "line_bytes": 16, "granule_bytes": 16}


def observed(log, waits=5, **changes):
    return log.by_event(art.observer(board(waits), {**L4, **changes}))


def stalls(log, **changes):
    return observed(log, **changes).get("fetch_stall", 0)


def loop(passes, *code, refill=2, address=FLASH):
    """A block that branches to itself."""
    log = Log()
    block = log.block(address, *code, BRANCH)
    log.visit(log.edge(block))
    again = log.edge(block, block, True, refill)
    for _ in range(passes - 1):
        log.visit(again)
    return log


# -- The fetch queue and the array -----------------------------------------------------------------------------------


def test_narrow_code_hides_part_of_the_next_miss():
    # The first word's data phase is 2 cycles before the first issue: arrives at −2 + 6 = 4. Word 2 begins at 5, after
    # words 0 and 1, arrives at 11; its first instruction would issue at 4 + 4 = 8. 4 + 3.
    log = Log()
    straight(log, FLASH, 8)
    assert observed(log) == {"fetch_stall": 7}


def test_wide_code_waits_for_the_whole_of_the_next_miss():
    # As before, but the third instruction would issue at 6 and its word arrives at 11. 4 + 5.
    log = Log()
    straight(log, FLASH, 4, WIDE)
    assert observed(log) == {"fetch_stall": 9}


@pytest.mark.parametrize("waits, stall", [(1, 0), (2, 1), (4, 3), (5, 4)])
def test_wait_states(waits, stall):
    log = Log()
    straight(log, FLASH, 1)
    assert observed(log, waits).get("fetch_stall", 0) == stall


def test_zero_wait_states_need_no_observer():
    assert art.observer(board(0), L4) is None


def test_code_in_sram_does_not_wait():
    log = Log()
    straight(log, SRAM, 64)
    assert observed(log) == {}


def test_single_bank_reads_sixteen_bytes_at_once():
    log = Log()
    straight(log, FLASH, 8)
    assert stalls(log, granule_bytes=16) == 4


def test_a_line_is_filled_granule_by_granule():
    # Four granules of a line: 4 + 3 · 3; one fill of the whole line would be 4.
    log = Log()
    straight(log, FLASH, 16)
    assert stalls(log) == 13


def test_prefetch_reads_the_next_granule_behind_a_miss():
    # The array reads granule 1 from 4 to 10: word 2 arrives at 10, not at 11, and 2 cycles late, not 3.
    log = Log()
    straight(log, FLASH, 8)
    assert stalls(log, prefetch=1) == 6


# -- The instruction cache -------------------------------------------------------------------------------------------


def test_a_loop_that_fits_waits_once():
    # 31 lines, and what is fetched behind the branch is in the 32nd.
    assert stalls(loop(2, *[NOP] * (31 * 16 - 1))) == stalls(loop(9, *[NOP] * (31 * 16 - 1)))


def test_a_loop_one_line_too_large_misses_every_line_in_every_pass():
    code = [NOP] * (33 * 16 - 1)
    once = stalls(loop(3, *code)) - stalls(loop(2, *code))
    assert once >= 33 * 4 * 3
    assert stalls(loop(9, *code)) - stalls(loop(2, *code)) == 7 * once


def test_what_is_fetched_behind_the_branch_takes_the_last_line():
    # 32 lines fill the cache exactly; the words behind the branch are in a 33rd and replace the first.
    assert stalls(loop(9, *[NOP] * (32 * 16 - 1))) - stalls(loop(2, *[NOP] * (32 * 16 - 1))) > 7 * 32 * 4 * 2


def test_lines_of_the_stm32f4():
    # 64 lines of one granule of 16 bytes; 63 and one behind the branch.
    code = [NOP] * (63 * 8 - 1)
    assert stalls(loop(2, *code), **F4) == stalls(loop(9, *code), **F4)
    code = [NOP] * (65 * 8 - 1)
    assert stalls(loop(9, *code), **F4) > 4 * stalls(loop(2, *code), **F4)


# -- Taken branches --------------------------------------------------------------------------------------------------


def test_a_miss_on_the_wrong_path_delays_the_target_and_stays():
    # One granule. The branch issues at 7; word 2 began at 5 and arrives at 11, the target's word at 12; the target
    # would issue at 7 + 1 + 2 = 10. From the third pass on all is there.
    assert observed(loop(1, NOP, NOP, NOP)) == {"fetch_stall": 4}
    assert observed(loop(2, NOP, NOP, NOP)) == {"fetch_stall": 4 + 2}
    assert observed(loop(3, NOP, NOP, NOP)) == {"fetch_stall": 4 + 2}


def test_the_wrong_path_ends_with_the_refill():
    # The branch alone, in the last word of its granule, issues at 4. With a refill of 1 the wrong path ends with data
    # phases at 3, and word 2 could have begun at 4; with one of 2, at 4, it misses: arrives at 10, and the target at
    # 11, which would issue at 7.
    def once(refill):
        log = Log()
        block = log.block(FLASH + 4, BRANCH)
        log.visit(log.edge(block))
        log.visit(log.edge(block, block, True, refill))
        return stalls(log)

    assert (once(1), once(2)) == (4, 4 + 4)


def test_at_most_two_words_are_fetched_behind_a_branch():
    # A table branch of 4 in the last word of a granule: words 2 and 3 are one granule, word 4 would be another.
    log = Log()
    block = log.block(FLASH + 4, NOP, BRANCH)
    behind = log.block(FLASH + 16, NOP)
    first, again = log.edge(block), log.edge(block, block, True, 40)
    for edge in (first, again, again):
        log.visit(edge)
    before = stalls(log)
    log.visit(log.edge(behind, block, True, 40))
    assert stalls(log) - before == 4


def test_code_that_goes_on_keeps_its_queue():
    log = Log()
    first, second = log.block(FLASH, NOP, NOP, NOP), log.block(FLASH + 6, NOP, NOP, NOP, NOP, NOP)
    log.visit(log.edge(first))
    log.visit(log.edge(second, first, False))
    assert log.counts(art.observer(board(5), L4))[:, art.FETCH_STALL].tolist() == [4, 3]


# -- Data ------------------------------------------------------------------------------------------------------------


def data(*addresses, code=LDR, **changes):
    """Data stalls of loads one after the other, in code from SRAM."""
    log = Log()
    edge = log.edge(log.block(SRAM, code))
    for address in addresses:
        log.visit(edge, (0, address))
    return observed(log, **changes)


def test_a_data_miss_stalls_for_the_wait_states():
    assert data(FLASH) == {"data_stall": 5}
    assert data(FLASH + 4, FLASH, FLASH + 2) == {"data_stall": 5}


def test_data_is_filled_granule_by_granule_too():
    assert data(FLASH, FLASH + 8) == {"data_stall": 10}
    assert data(FLASH, FLASH + 8, granule_bytes=16) == {"data_stall": 5}


def test_eight_lines_of_data_least_recently_used_replaced():
    lines = [FLASH + 32 * line for line in range(9)]
    assert data(*lines[:8], *lines[:8]) == {"data_stall": 8 * 5}
    assert data(*lines, *lines) == {"data_stall": 18 * 5}
    assert data(*lines[:8], lines[0], lines[8], lines[0]) == {"data_stall": 9 * 5}


def test_a_multiple_load_misses_each_granule():
    assert data(FLASH, code=LDM) == {"data_stall": 10}
    assert data(FLASH + 4, code=LDM) == {"data_stall": 15}


def test_loads_from_sram_and_stores_do_not_wait():
    assert data(SRAM + 0x100) == {}


def test_literals_go_through_the_data_cache():
    log = Log()
    edge = log.edge(log.block(SRAM, LITERAL))
    log.visit(edge)
    log.visit(edge)
    assert observed(log) == {"data_stall": 5}


def test_data_waits_for_the_array():
    # The load issues at 5 behind a miss at −2 … 4; word 2 began at 5 and reads until 11; the data phase would be at 6
    # and is read until 17: 17 − 6 − 1 = 10.
    log = Log()
    log.visit(log.edge(log.block(FLASH, NOP, LDR)), (1, FLASH + 0x1000))
    assert observed(log) == {"fetch_stall": 4, "data_stall": 10}


def test_a_miss_absorbs_the_break_of_a_chain():
    log = Log()
    edge = log.edge(log.block(SRAM, LDR, CHAINED))
    log.visit(edge, (0, SRAM + 0x100), (1, FLASH))  # another memory, a miss
    assert observed(log) == {"data_stall": 5, "absorbed_chain_break": 1}
    log.visit(edge, (0, SRAM + 0x100), (1, FLASH))  # a hit
    log.visit(edge, (0, FLASH), (1, FLASH + 8))  # the same memory
    assert observed(log) == {"data_stall": 10, "absorbed_chain_break": 1}
    event = art.observer(board(5), L4).events[art.ABSORBED]
    assert (event.cause, event.cycles) == ("load_store", -1)


# -- All of it on random code ----------------------------------------------------------------------------------------


class Lines:
    """A fully associative cache of lines filled by granules."""

    def __init__(self, lines, parameters):
        self.lines, self.parameters, self.there = lines, parameters, OrderedDict()

    def hits(self, address):
        line, offset = divmod(address, self.parameters["line_bytes"])
        granules = self.there.pop(line, set())
        hit = offset // self.parameters["granule_bytes"] in granules
        self.there[line] = granules | {offset // self.parameters["granule_bytes"]}
        if len(self.there) > self.lines:
            self.there.popitem(last=False)
        return hit


class Plain:
    """The rules as they are written down, word by word."""

    def __init__(self, waits, parameters):
        self.waits, self.parameters = waits, parameters
        self.code = Lines(parameters["instruction_lines"], parameters)
        self.data = Lines(parameters["data_lines"], parameters)
        self.now, self.free, self.missing = 0, -1000, 0
        self.buffer, self.ready = None, 0
        self.arrival, self.consumed = {}, {}
        self.next, self.last = 0, -3
        self.fetch_stall = self.data_stall = 0

    def phase(self):
        return max(self.arrival.get(self.next - 1, -1000), self.consumed.get(self.next - 3, 10**9) + 1)

    def fetch(self):
        begin = self.phase()
        arrival, address = begin + 1, 4 * self.next
        if FLASH <= address < SRAM and not self.code.hits(address):
            granule = address // self.parameters["granule_bytes"]
            if granule == self.buffer:
                arrival = max(begin + 1, self.ready)
            else:
                arrival = self.free = max(begin, self.free) + self.waits + 1
            if self.parameters["prefetch"]:
                self.buffer, self.ready = granule + 1, max(arrival, self.free) + self.waits + 1
                self.free = self.ready
            if arrival > begin + 1:
                self.missing = max(self.missing, arrival)
        self.arrival[self.next] = arrival
        self.next += 1

    def branch(self, target, refill):
        issued = self.now - 1
        while self.next <= self.last + 2 and self.phase() <= issued + refill - 2:
            self.fetch()
        begin = max(self.arrival.get(self.next - 1, -1000), issued + refill - 1)
        self.next = target // 4
        self.arrival = {self.next - 1: begin}
        self.consumed = {self.next - back: begin - 1 for back in (1, 2, 3)}
        self.now += refill

    def issue(self, address, size):
        words = range(address // 4, (address + size - 1) // 4 + 1)
        while self.next <= words[-1]:
            self.fetch()
        late = max(0, self.arrival[words[-1]] - self.now) if self.missing > self.now else 0
        self.fetch_stall += late
        self.now += late
        for word in words:
            if 4 * word + 4 <= address + size:
                self.consumed[word] = self.now
        self.last = words[-1]

    def load(self, address, size, cycles, words):
        begin, stall, granule = self.now + max(0, cycles - words), 0, None
        for byte in range(address, address + size):
            if byte // self.parameters["granule_bytes"] != granule and not self.data.hits(byte):
                phase = begin + (byte - address) // 4 + stall
                while self.phase() <= phase:
                    self.fetch()
                self.free = max(phase, self.free) + self.waits + 1
                stall += self.free - phase - 1
            granule = byte // self.parameters["granule_bytes"]
        self.data_stall += stall
        self.now += stall

    def follow(self, log):
        for edge, *accesses in log.visits:
            block, _, taken, _, refill = log.edges[edge]
            address = log.blocks[block][recording.BLOCK_ADDRESS]
            if taken:
                self.branch(address, refill)
            addresses = {((word >> 32) & 0x7FFFFFFF) * 2: word & 0xFFFFFFFF for word in accesses}
            for one in log.code[block]:
                self.issue(address, one.size)
                at = one.literal if one.literal >= 0 else addresses.get(address, -1)
                if one.access == recording.LOAD and FLASH <= at < SRAM:
                    self.load(at, one.bytes, one.cycles, one.registers)
                self.now += one.cycles
                address += one.size


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_against_the_plain_model(data):
    waits = data.draw(st.integers(1, 7))
    parameters = data.draw(
        st.fixed_dictionaries(
            {
                "instruction_lines": st.sampled_from((1, 2, 4, 32)),
                "data_lines": st.sampled_from((1, 2, 8)),
                "line_bytes": st.sampled_from((16, 32)),
                "granule_bytes": st.sampled_from((8, 16)),
                "prefetch": st.integers(0, 1),
            }
        )
    )
    log = random_log(data.draw)
    plain = Plain(waits, parameters)
    plain.follow(log)
    observer = art.observer(board(waits), {**parameters, "absorbed_chain_break_cycles": 1})
    counts = log.counts(observer, pieces=2).sum(axis=0).tolist()
    assert counts[: art.ABSORBED] == [plain.fetch_stall, plain.data_stall]


# -- What cannot be --------------------------------------------------------------------------------------------------


def test_unknown_wait_states():
    with pytest.raises(UnsupportedError, match="wait states of flash are not known"):
        art.observer(board(None), L4)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"granule_bytes": 64}, r"granule_bytes: expected 4 to 32, found 64"),
        ({"line_bytes": 24}, r"line_bytes: expected a power of two, found 24"),
        ({"prefetch": 2}, r"prefetch: expected 0 to 1, found 2"),
        ({"data_lines": 1.5}, r"data_lines: expected a whole number, found 1.5"),
        ({"instruction_lines": 0}, r"instruction_lines: expected 1 to 1,024, found 0"),
    ],
)
def test_impossible_parameters(change, message):
    with pytest.raises(BadInputError, match=message):
        art.observer(board(5), {**L4, **change})
