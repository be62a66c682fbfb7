"""Clocks as people write them."""

import pytest

from mcusim.clock import parse_clock
from mcusim.errors import BadInputError


@pytest.mark.parametrize(
    "text, hz",
    [
        ("80MHz", 80_000_000),
        ("64 MHz", 64_000_000),
        (" 16.5mhz ", 16_500_000),
        ("32.768kHz", 32_768),
        ("1.2GHz", 1_200_000_000),
        ("80e6", 80_000_000),
        ("80000000", 80_000_000),
        ("80e6Hz", 80_000_000),
        ("500 hz", 500),
    ],
)
def test_clocks_are_read(text, hz):
    assert parse_clock(text) == hz


@pytest.mark.parametrize(
    "text", ["", "fast", "80 M", "80MHz/2", "-8MHz", "1e-3", "0x50", "8_0MHz", "nan", "inf", "٨MHz", "8" * 40, "8e999"]
)
def test_anything_else_is_refused(text):
    with pytest.raises(BadInputError, match="is not a clock; expected one such as 80MHz"):
        parse_clock(text)


def test_a_figure_without_a_unit_that_means_mhz():
    with pytest.raises(BadInputError, match="'80' as a clock is 80 Hz; write 80MHz for MHz"):
        parse_clock("80")


@pytest.mark.parametrize("text", ["0", "0MHz", "0.0kHz"])
def test_a_clock_that_stands_still(text):
    with pytest.raises(BadInputError, match="nothing runs at 0 Hz"):
        parse_clock(text)
