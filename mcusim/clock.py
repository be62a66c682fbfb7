"""A clock as people write it → Hz."""

from __future__ import annotations

import re

from mcusim.errors import BadInputError

_CLOCK = re.compile(r"([0-9]{1,12}(?:\.[0-9]{0,12})?(?:e[0-9]{1,2})?)\s*([kmg]?hz)?", re.IGNORECASE)
_UNITS = {"": 1.0, "hz": 1.0, "khz": 1e3, "mhz": 1e6, "ghz": 1e9}
SLOWEST_WITHOUT_UNIT_HZ = 1e5  # a lower figure without a unit rather counts MHz


def parse_clock(text: str) -> int:
    """Hz of "80MHz", "64 MHz", "16.5mhz", "80e6" or "80000000".

    Raises BadInputError for anything else, and for figures without a unit that are too low to be Hz.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise BadInputError(f"{text!r} is not a clock; expected one such as 80MHz, 16.5MHz or 80e6 (in Hz)")
    number, unit = match.group(1), (match.group(2) or "").lower()
    hz = float(number) * _UNITS[unit]
    if not hz:
        raise BadInputError(f"{text!r} is no clock: nothing runs at 0 Hz; expected one such as 80MHz")
    if not unit and hz < SLOWEST_WITHOUT_UNIT_HZ:
        raise BadInputError(f"{text!r} as a clock is {hz:g} Hz; write {number}MHz for MHz")
    return round(hz)
