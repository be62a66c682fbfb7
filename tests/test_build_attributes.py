"""Build attributes by hand (ADDENDA32): instruction set, float ABI, and what is cut short."""

import struct

import pytest

from mcusim.build_attributes import parse_build_attributes


def section(values: bytes, vendor: bytes = b"aeabi\0", scope: int = 1) -> bytes:
    scoped = bytes([scope]) + struct.pack("<I", 5 + len(values)) + values
    return b"A" + struct.pack("<I", 4 + len(vendor) + len(scoped)) + vendor + scoped


@pytest.mark.parametrize(
    "values, isa",
    [
        ((6, 11), "armv6m"),
        ((6, 12), "armv6m"),
        ((6, 10, 7, ord("M")), "armv7m"),
        ((6, 10, 7, ord("A")), None),
        ((6, 13, 7, ord("M")), "armv7em"),
        ((6, 16), "armv8m_base"),
        ((6, 17), "armv8m_main"),
        ((6, 21), "armv81m_main"),
        ((6, 14), None),
        ((), None),
    ],
)
def test_instruction_set(values, isa):
    assert parse_build_attributes(section(bytes(values))).isa == isa


def test_float_abi():
    assert parse_build_attributes(section(bytes([6, 13, 28, 1]))).float_abi == "hard"
    assert parse_build_attributes(section(bytes([6, 13, 28, 0]))).float_abi == "soft"
    assert parse_build_attributes(section(bytes([6, 13]))).float_abi == "soft"


def test_names_and_unknown_attributes_are_skipped():
    names = b"\x05Cortex-M4\0" + b"\x20\x01vendor\0" + b"\x432.09\0"
    unknown = bytes([0xFE, 0x01, 0x80, 0x01])
    assert parse_build_attributes(section(names + unknown + bytes([6, 13]))).isa == "armv7em"


def test_other_vendors_and_scopes_do_not_count():
    both = section(bytes([6, 13])) + section(bytes([6, 11]), vendor=b"gnu\0")[1:]
    assert parse_build_attributes(both).isa == "armv7em"
    assert parse_build_attributes(section(bytes([6, 13]), scope=2)).isa is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"B",
        b"A\xff\xff\xff\xff",
        b"A\0\0\0\0aeabi\0",
        section(bytes([6, 13]))[:-1],
        section(bytes([6, 0x80])),
        section(b"\x05no end"),
        b"A" + struct.pack("<I", 15) + b"aeabi\0" + bytes([1]) + struct.pack("<I", 0),
    ],
)
def test_damage_is_a_value_error(content):
    with pytest.raises(ValueError):
        parse_build_attributes(content)
