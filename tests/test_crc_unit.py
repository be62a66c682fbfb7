"""STM32's CRC unit against CRCs of zlib, binascii and published check values ("123456789")."""

import binascii
import zlib

import pytest

from mcusim.crc_unit import CR, DR, INIT, POL, CrcUnit

TEXT = b"123456789"


def unit(control=0, polynomial=None, initial=None):
    one = CrcUnit()
    if polynomial is not None:
        one.write(POL, polynomial)
    if initial is not None:
        one.write(INIT, initial)
    one.write(CR, control | 1)
    return one


def test_words_as_after_reset():
    """CRC-32/MPEG-2: its check value is 0x0376E6E7, the result for no data the initial value."""
    one = unit()
    assert one.read(DR) == 0xFFFFFFFF
    for byte in TEXT:
        one.write(DR, byte, 1)
    assert one.read(DR) == 0x0376E6E7
    one.write(CR, 1)
    one.write(DR, int.from_bytes(b"1234", "big"))
    again = unit()
    for byte in b"1234":
        again.write(DR, byte, 1)
    assert one.read(DR) == again.read(DR)


@pytest.mark.parametrize("size", [1, 4])
def test_reversed_bits_make_the_crc_of_zip(size):
    """Bits reversed within each unit that is written, and at the output."""
    one = unit(control=0x80 | {1: 0x20, 4: 0x60}[size])
    data = TEXT[:8]
    for at in range(0, 8, size):
        one.write(DR, int.from_bytes(data[at : at + size], "little"), size)
    assert one.read(DR) ^ 0xFFFFFFFF == zlib.crc32(data)


def test_16_and_8_bits():
    one = unit(0x08, 0x1021, 0)
    for byte in TEXT:
        one.write(DR, byte, 1)
    assert one.read(DR) == binascii.crc_hqx(TEXT, 0) == 0x31C3
    one = unit(0x10, 0x07, 0)
    for byte in TEXT:
        one.write(DR, byte, 1)
    assert one.read(DR) == 0xF4, "CRC-8/SMBUS"


def test_registers_remember():
    one = CrcUnit()
    one.write(0x04, 0x55)
    assert one.read(0x04) == 0x55 and one.read(POL) == 0x04C11DB7 and one.read(0x100) == 0
