"""Bits of words, by Python's own."""

import numba
import pytest

from mcusim import bits


@numba.njit
def both(word):
    return bits.lowest_bit(word), bits.highest_bit(word)


@pytest.mark.parametrize("word", [1, 2, 3, 12, 0x8000_0000, 0x7FFF_FFFF, 1 << 40, (1 << 63) - 1, 0b1011000])
def test_lowest_and_highest(word):
    assert both(word) == ((word & -word).bit_length() - 1, word.bit_length() - 1)


def test_no_bit():
    assert both(0) == (64, -1)
