"""Regions between two reads of a timer, of a program of a few instructions: how often, and what they took."""

import struct

import pytest

from mcusim.chips import load_chip
from mcusim.errors import BadInputError
from mcusim.execute import execute
from mcusim.hardware import load_board, load_core
from mcusim.images import parse_image
from mcusim.intervals import Interest, parse_interest

FLASH = 0x08000000
# r0 = &DWT_CYCCNT, r5 = 3 times: read it, 100 rounds of subs and bne, read it again, then 50 rounds that do not count
CODE = (0x480A, 0x2503, 0x6801, 0x2464, 0x3C01, 0xD1FD, 0x6802, 0x2432, 0x3C01, 0xD1FD, 0x3D01, 0xD1F5, 0xBE00)


def program():
    code = struct.pack(f"<{len(CODE)}H", *CODE).ljust(44, b"\0") + struct.pack("<I", 0xE0001004)
    return parse_image(struct.pack("<2I", 0x20000400, FLASH + 9) + code, "x.bin", FLASH)


def run(interest):
    board = load_board("nucleo_l4r5zi")
    core = load_core(board.core)
    return execute(program(), board, core, load_chip("generic"), interest=interest, max_instructions=10_000)


def test_two_reads_of_a_timer():
    result = run(parse_interest("timer", None, None, program()))
    assert len(result.region.occurrences) == 3
    assert len({one.instructions for one in result.region.occurrences}) == 1
    # The block that reads the timer is not divided: it counts as a whole or not at all.
    assert abs(result.region.occurrences[0].instructions - 202) <= 4
    assert abs(result.totals.instructions - 3 * 202) <= 12


def test_two_addresses():
    inside = run(Interest("addresses", "t", FLASH + 0x10, FLASH + 0x14))  # from the first loop's end to behind it
    assert len(inside.region.occurrences) == 3
    assert inside.totals.instructions < run(None).totals.instructions


def test_two_reads_do_not_make_a_marker():
    with pytest.raises(BadInputError, match="give a function, two addresses"):
        parse_interest("0x1", None, None, program())
    assert parse_interest("0x10:0x21", None, None, program()) == Interest(
        "addresses", "from 0x00000010 to 0x00000020", 0x10, 0x20
    )
    assert parse_interest(None, None, None, program()) is None
