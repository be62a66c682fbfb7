"""Regions between two reads of a timer, of a program of a few instructions: how often, and what they took."""

import struct

import pytest
from firmware_build import BOARDS, build

from mcusim import execution, intervals
from mcusim.chips import chip_of, load_chip
from mcusim.errors import BadInputError
from mcusim.execute import Entry, Talk, execute
from mcusim.hardware import load_board
from mcusim.images import load_image, parse_image
from mcusim.intervals import Interest, parse_interest

FLASH = 0x08000000
# r0 = &DWT_CYCCNT, r5 = 3 times: read it, 100 rounds of subs and bne, read it again, then 50 rounds that do not count
CODE = (0x480A, 0x2503, 0x6801, 0x2464, 0x3C01, 0xD1FD, 0x6802, 0x2432, 0x3C01, 0xD1FD, 0x3D01, 0xD1F5, 0xBE00)


def program():
    code = struct.pack(f"<{len(CODE)}H", *CODE).ljust(44, b"\0") + struct.pack("<I", 0xE0001004)
    return parse_image(struct.pack("<2I", 0x20000400, FLASH + 9) + code, "x.bin", FLASH)


def run(interest):
    board = load_board("nucleo_l4r5zi")
    return execute(program(), board, load_chip("generic"), interest=interest, max_instructions=10_000)


def test_two_reads_of_a_timer():
    result = run(parse_interest("timer", None, None, program()))
    assert len(result.region.occurrences) == 3
    # From behind the first read to behind the second: movs, 100 rounds of two, ldr.
    assert {one.instructions for one in result.region.occurrences} == {202}
    assert result.totals.instructions == 3 * 202
    assert sum(one.cycles for one in result.region.occurrences) == result.totals.cycles


def test_two_addresses():
    inside = run(Interest("addresses", "t", FLASH + 0x10, FLASH + 0x14))  # from the first loop's end to behind it
    assert [one.instructions for one in inside.region.occurrences] == [200, 200, 200]  # subs, bne
    assert inside.totals.instructions < run(None).totals.instructions


def test_two_reads_do_not_make_a_marker():
    with pytest.raises(BadInputError, match="give a function, two addresses"):
        parse_interest("0x1", None, None, program())
    assert parse_interest("0x10:0x21", None, None, program()) == Interest(
        "addresses", "from 0x00000010 to 0x00000020", 0x10, 0x20
    )
    assert parse_interest(None, None, None, program()) is None


def timed(core, pieces=(b"rrq",), clock_hz=4_000_000, entry=None, **interest):
    """tests/firmware/regions.c, by default where flash has no wait states."""
    board = load_board(BOARDS[core])
    board = board if clock_hz is None else board.at_clock(clock_hz)
    image = load_image(build("regions", core), None)
    asked = {"region": None, "marker": None, "texts": None, **interest}
    options = {"interest": parse_interest(**asked, image=image), "entry": entry or Entry(), "max_instructions": 100_000}
    return execute(image, board, chip_of(board.mcu), talk=Talk(pieces=pieces), **options)


def work_of(result):
    return next(one for one in result.functions if one.name == "work")


@pytest.mark.parametrize("clock_hz", [4_000_000, None], ids=["no wait states", "wait states"])
@pytest.mark.parametrize("core", BOARDS)
def test_two_timer_reads_are_what_the_program_counts_itself(core, clock_hz):
    result = timed(core, clock_hz=clock_hz, region="timer")
    counted = [int(text[2:], 16) for text in result.console.split()]  # "<>0336": its own SYST_CVR difference
    assert [one.cycles for one in result.region.occurrences] == counted and len(counted) == 2
    # Waiting in fractions of cycles is rounded by block in the totals, as a whole in the clock.
    assert abs(result.totals.cycles - sum(counted)) <= 2


@pytest.mark.parametrize("core", BOARDS)
def test_regions_agree_however_they_are_found(core):
    """Two marks enclose two timer reads, these the calls of a function, which one call alone and two runs also tell."""
    by_symbol, by_timer = timed(core, region="work"), timed(core, region="timer")
    by_marks, by_texts = timed(core, marker=0x48000014), timed(core, texts=("<", ">"))
    alone = timed(core, entry=Entry("work", ("100",)))
    more = execution.minus(timed(core), timed(core, pieces=(b"rq",)))
    warm = by_symbol.region.occurrences[1]
    assert work_of(more).instructions == warm.instructions == alone.totals.instructions
    assert work_of(more).cycles == warm.cycles
    if core != "m7":  # whose branch prediction has learnt the loop by the second call
        assert {one.cycles for one in by_symbol.region.occurrences} == {alone.totals.cycles}
    for result in (by_symbol, by_timer, by_marks, by_texts):
        assert work_of(result).instructions == 2 * warm.instructions
        # What a Cortex-M7 issues at a region's first instruction together with the one before is not in its totals.
        alike = 1 if core == "m7" else 0
        assert abs(sum(one.cycles for one in result.region.occurrences) - result.totals.cycles) <= 2 * alike
    widths = [by_symbol, by_timer, by_marks, by_texts]
    instructions = [one.region.occurrences[1].instructions for one in widths]
    # Behind the first read: movs, bl; behind the call: str, ldr; one or two to load constants.
    assert 3 <= instructions[1] - instructions[0] <= 6
    assert instructions == sorted(instructions)
    # Beyond the instructions between, the call's refill: at most 4 cycles (Arm's TRMs), and loads of 2.
    assert 0 < by_timer.region.occurrences[1].cycles - warm.cycles <= 2 * (instructions[1] - instructions[0]) + 4


def test_a_region_that_runs_too_often_says_so(monkeypatch):
    monkeypatch.setattr(intervals, "MOST_OCCURRENCES", 2)
    result = run(parse_interest("timer", None, None, program()))
    assert len(result.region.occurrences) == 2 and result.totals.instructions == 2 * 202
    assert any("only its first 2 times count" in note for note in result.notes)
