"""What is known of an application: frames of interrupts, functions that are not counted twice, sizes given by hand."""

import dataclasses

import pytest

from mcusim.application import EXTENDED_FRAME_BYTES, UNKNOWN, Interrupts, Taken, read_arena_bytes
from mcusim.errors import BadInputError
from mcusim.exception_frames import BASIC_WORDS, EXTENDED_WORDS
from mcusim.hardware import Reserve, load_board


def test_frames_are_those_that_the_core_pushes():
    assert Interrupts(1, 0, "test").bytes_of(None) == 4 * BASIC_WORDS == 32
    assert Interrupts(1, 0, "test").bytes_of("fpv4-sp-d16") == 4 * EXTENDED_WORDS == EXTENDED_FRAME_BYTES
    assert Interrupts(3, 96, "test").bytes_of("fpv5-d16") == 3 * (104 + 96)
    assert Interrupts(0, 500, "test").bytes_of(None) == 0


def test_functions_that_are_counted_elsewhere_come_off_once():
    flash = (Taken("boot", "runtime", 10, "test"), Taken("all", "runtime", 1000, "test"))
    firmware = dataclasses.replace(UNKNOWN, flash=flash, functions={"arm_softmax_s8": 300, "main": 40})
    without = firmware.without_functions(["arm_softmax_s8", "arm_convolve_s8", "arm_softmax_s8"])
    assert [one.bytes for one in without.flash] == [10, 700]
    assert "1 function" in without.notes[0] and "300" in without.notes[0]
    assert without.without_functions(["arm_softmax_s8"]) == without
    assert firmware.without_functions(["arm_convolve_s8"]) is firmware


def test_what_stands_in_front_replaces_the_boards_reserve():
    board = load_board("nano33ble")
    assert UNKNOWN.on(board) == board
    behind = dataclasses.replace(UNKNOWN, reserved_ram=Reserve(64, "a loader", "test")).on(board)
    assert behind.reserved_ram.bytes == 64 and behind.reserved_flash == board.reserved_flash


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("24576", 24576),
        ("0x6000", 24576),
        ("24KB", 24576),
        (" 24 kib ", 24576),
        ("1M", 1 << 20),
        ("24_576", 24576),
        ("16", 16),
    ],
)
def test_sizes_of_an_arena(text, size):
    assert read_arena_bytes(text) == size


@pytest.mark.parametrize(
    "text",
    ["", "15", "-16", "x", "1e3", "0x", "0xg", "24.5KB", "24TB", "9" * 5000, "²", "९", "268435457", "257MB", "0x10k0"],
)
def test_what_is_no_size_of_an_arena(text):
    with pytest.raises(BadInputError, match="is not understood; expected 16 to 268,435,456 bytes"):
        read_arena_bytes(text)
