"""The registers of caches, against the values that the Cortex-M7's manual lists for each size."""

import pytest

from mcusim.cache_registers import CCSIDR, CLIDR, CSSELR, CacheShape, core_caches
from mcusim.hardware import board_names, load_board


@pytest.mark.parametrize(
    "kib, data, instruction",  # DDI 0489, table of CCSIDR encodings
    [
        (4, 0xF003E019, 0xF007E009),
        (8, 0xF007E019, 0xF00FE009),
        (16, 0xF00FE019, 0xF01FE009),
        (32, 0xF01FE019, 0xF03FE009),
        (64, 0xF03FE019, 0xF07FE009),
    ],
)
def test_identifications_of_the_manual(kib, data, instruction):
    assert CacheShape(kib * 1024, 4, 32).identification == data
    assert CacheShape(kib * 1024, 2, 32).identification == instruction


def test_a_program_selects_the_cache():
    caches = core_caches(load_board("nucleo_h7a3zi_q"))
    assert caches.word(CCSIDR, {}) == caches.word(CCSIDR, {CSSELR: 0}) == 0xF00FE019
    assert caches.word(CCSIDR, {CSSELR: 1}) == 0xF01FE009
    assert caches.word(CCSIDR, {CSSELR: 2}) == 0, "there is no second level"
    assert caches.word(CLIDR, {}) & 7 == 3 and caches.word(0xE000ED88, {}) is None


def test_only_a_core_with_caches_of_its_own_has_them():
    with_caches = {load_board(name).core for name in board_names() if core_caches(load_board(name))}
    assert with_caches == {"cortex_m7"}
