"""Register accesses of a program → what STM32's CRC unit calculates, which vendor libraries use to know their chips."""

from __future__ import annotations

WORD = 0xFFFF_FFFF
DR, IDR, CR, INIT, POL = 0x00, 0x04, 0x08, 0x10, 0x14
RESET, REVERSE_OUTPUT = 0x01, 0x80
DEFAULT_POLYNOMIAL = 0x04C1_1DB7


class CrcUnit:
    """A CRC over what is written to DR, of 7 to 32 bits, most significant bit first (RM0351, chapter CRC).

    Chips whose polynomial is fixed (F1, F4) have neither INIT nor POL, and their programs do not write these.
    """

    BYTES = 0x400

    def __init__(self) -> None:
        """As after reset: CRC-32 with Ethernet's polynomial."""
        self._words = {IDR: 0, CR: 0, INIT: WORD, POL: DEFAULT_POLYNOMIAL}
        self._value = WORD

    def read(self, offset: int) -> int:
        """The word at an offset."""
        if offset != DR:
            return self._words.get(offset, 0)
        return _reversed(self._value, self._bits) if self._words[CR] & REVERSE_OUTPUT else self._value

    def write(self, offset: int, value: int, size: int = 4) -> None:
        """Write `size` bytes at an offset; DR takes bytes and halfwords too."""
        if offset == DR:
            self._feed(value, 8 * size)
        elif offset == CR:
            self._words[CR] = value & ~RESET
            if value & RESET:
                self._value = self._words[INIT] & self._mask
        elif offset in self._words:
            self._words[offset] = value
            if offset == INIT:
                self._value = value & self._mask

    @property
    def _bits(self) -> int:
        return (32, 16, 8, 7)[self._words[CR] >> 3 & 3]

    @property
    def _mask(self) -> int:
        return (1 << self._bits) - 1

    def _feed(self, data: int, width: int) -> None:
        unit = (0, 8, 16, 32)[self._words[CR] >> 5 & 3]  # bits reversed within a byte, a halfword or the word
        if unit:
            unit = min(unit, width)
            parts = [_reversed(data >> at & (1 << unit) - 1, unit) << at for at in range(0, width, unit)]
            data = sum(parts)
        bits, top, polynomial = self._bits, 1 << self._bits - 1, self._words[POL] & self._mask
        for at in range(width - 1, -1, -1):
            carry = bool(self._value & top) != bool(data >> at & 1)
            self._value = (self._value << 1 & (1 << bits) - 1) ^ (polynomial if carry else 0)


def _reversed(value: int, bits: int) -> int:
    return int(f"{value:0{bits}b}"[::-1], 2)
