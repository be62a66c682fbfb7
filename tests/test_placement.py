"""Where weights and arena lie on the boards that ship."""

from itertools import pairwise

import pytest

from mcusim.errors import UnsupportedError
from mcusim.hardware import board_names, load_board
from mcusim.placement import choose_banks, largest_bank


@pytest.mark.parametrize(
    "name, weights, arena, expected",
    [
        ("nano33ble", "flash", None, ("flash", "RAM", 45_056)),
        ("nano33ble", "sram", None, ("RAM", "RAM", 45_056)),
        ("pico", "flash", None, ("flash", "SRAM0 to SRAM3 + SRAM4 + SRAM5", 8_192)),
        ("pico", "qspi", "sram", ("flash", "SRAM0 to SRAM3 + SRAM4 + SRAM5", 8_192)),
        ("stm32f746g_disco", "flash", None, ("flash", "DTCM + SRAM1 + SRAM2", 4_096)),
        ("stm32f746g_disco", "DTCM", None, ("DTCM", "SRAM1 + SRAM2", 0)),
        ("stm32f746g_disco", "qspi", "dtcm", ("QSPI", "DTCM", 4_096)),
        ("nucleo_l4r5zi", "SRAM2", None, ("SRAM2", "SRAM3", 0)),
        ("nucleo_l4r5zi", "sram", "sram3", ("SRAM1 + SRAM2", "SRAM3", 0)),
        ("portenta_h7", "sdram", "dtcm", ("SDRAM", "DTCM", 0)),
        ("stm32f407_disco", "flash", "ccm", ("flash", "CCM", 0)),
        ("ek_ra6m4", "qspi", None, ("QSPI", "SRAM0", 4_096)),
    ],
)
def test_banks_of_real_boards(name, weights, arena, expected):
    banks = choose_banks(load_board(name), weights, arena)
    assert (banks.weights.name, banks.ram.name, banks.ram.reserved_bytes) == expected
    assert banks.flash == largest_bank(load_board(name), "flash")


@pytest.mark.parametrize("name", board_names())
def test_every_memory_of_a_board_can_be_named(name):
    """By its own name and by its role; what is used never overlaps unless it is the same."""
    board = load_board(name)
    for region in board.regions:
        for word in (region.name, region.name.upper(), region.place):
            banks = choose_banks(board, word, word if region.kind == "ram" else None)
            assert banks.weights.kind == region.kind
            apart = sorted({(bank.address, bank.end) for bank in (banks.ram, banks.weights, banks.flash)})
            assert all(before[1] <= after[0] for before, after in pairwise(apart))


def test_flash_is_no_place_for_an_arena():
    with pytest.raises(UnsupportedError, match=r"nano33ble has no memory 'flash' for the arena; .*it has RAM \(sram"):
        choose_banks(load_board("nano33ble"), "flash", "flash")
