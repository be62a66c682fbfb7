"""What a program writes to flash and cache registers, against what the board's file has."""

import dataclasses

import pytest

from mcusim.chips import chip_of, load_chip
from mcusim.flash_settings import differences
from mcusim.hardware import load_board

L4R5, ACR = load_board("nucleo_l4r5zi"), 0x40022000
CACHES_ON = 0x600  # of FLASH_ACR, as after reset


def told(board, registers, configuration=0):
    chip = chip_of(board.mcu)
    values = {one.address: one.reset for one in chip.register} | registers
    return differences(chip, board, lambda address: values.get(address, 0), set(registers), configuration)


def test_the_boards_own_settings_are_no_difference():
    assert told(L4R5, {ACR: CACHES_ON | 5}) == ()
    assert told(L4R5, {}) == (), "wait states that were never written are those of the clock after reset"
    assert told(load_board("nucleo_u575zi_q"), {0x40022000: 4, 0x40030400: 1}) == ()
    assert told(load_board("nucleo_h7a3zi_q"), {0x52002000: 0x16}, 0x30000) == ()
    assert told(load_board("nano33ble"), {0x4001E540: 1}) == ()


def test_other_wait_states_are_told_with_the_clock_that_has_them():
    assert told(L4R5, {ACR: CACHES_ON | 3}) == (
        "The program sets flash to 3 wait states (FLASH_ACR); the cycles are those of 5, which NUCLEO-L4R5ZI has at "
        "120 MHz; --clock 80MHz has those of 3.",
    )
    assert told(L4R5.at_clock(80_000_000), {ACR: CACHES_ON | 3}) == ()
    (sentence,) = told(L4R5, {ACR: CACHES_ON | 15})
    assert "15 wait states" in sentence and "--clock" not in sentence


def test_caches_and_prefetch():
    assert "instruction cache off (FLASH_ACR)" in told(L4R5, {ACR: 0x405})[0]
    assert "data cache off (FLASH_ACR)" in told(L4R5, {ACR: 0x205})[0]
    assert "has the prefetch of flash on (FLASH_ACR); the cycles are those with it off" in told(L4R5, {ACR: 0x705})[0]
    f446 = load_board("nucleo_f446re")
    assert any("prefetch of flash off" in one for one in told(f446, {0x40023C00: CACHES_ON | 5}))
    h7a3 = load_board("nucleo_h7a3zi_q")
    assert [one.split(";")[0] for one in told(h7a3, {})] == [
        "The program has the instruction cache off (SCB_CCR)",
        "The program has the data cache off (SCB_CCR)",
    ]
    assert len(told(load_board("nano33ble"), {})) == 1, "off after reset"


def test_memory_that_never_waits_has_no_settings():
    board = dataclasses.replace(L4R5, memory=None)
    assert told(board, {ACR: 0}) == ()


@pytest.mark.parametrize(
    "name", ["stm32f4", "stm32f7", "stm32g4", "stm32h7", "stm32l4", "stm32u3", "stm32g0", "stm32f1"]
)
def test_chips_of_which_wait_states_are_known(name):
    assert any(one.what == "wait_states" and one.bits & 1 for one in load_chip(name).setting)
