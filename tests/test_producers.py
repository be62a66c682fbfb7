"""DW_AT_producer out of hand-made units, and out of what GCC writes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcusim.elf import firmware_path, load_firmware
from mcusim.producers import DebugInfo, producers

STRINGS = b"\0GNU C11 1.2 -O3\0main.c\0"
PRODUCER, NAME = STRINGS.index(b"GNU"), STRINGS.index(b"main")
# One abbreviation: DW_TAG_compile_unit without children, language (data1), producer (strp), name (strp).
ABBREV = bytes([1, 0x11, 0, 0x13, 0x0B, 0x25, 0x0E, 0x03, 0x0E, 0, 0, 0])


def unit(body: bytes, version: int = 5, kind: int = 1) -> bytes:
    head = struct.pack("<HBBI", version, kind, 4, 0) if version == 5 else struct.pack("<HIB", version, 0, 4)
    return struct.pack("<I", len(head) + len(body)) + head + body


def body(producer: int = PRODUCER, name: int = NAME) -> bytes:
    return bytes([1, 29]) + struct.pack("<II", producer, name)


def found(info: bytes, abbrev: bytes = ABBREV, strings: bytes = STRINGS) -> tuple[str, ...]:
    return producers(DebugInfo(info, abbrev, strings, b""))


@pytest.mark.parametrize("version", [3, 4, 5])
def test_units_of_each_version(version):
    assert found(unit(body(), version) * 2) == ("GNU C11 1.2 -O3",) * 2


def test_what_says_nothing_is_left_out():
    assert found(b"") == found(unit(body(), 1)) == found(unit(body(), kind=2)) == ()
    assert found(unit(b"\x02")) == found(unit(body(999))) == found(unit(body()), abbrev=b"") == ()


def test_units_before_damage_count():
    assert found(unit(body()) + b"\xff\xff\xff\x7f") == ("GNU C11 1.2 -O3",)
    assert found(unit(body()) + unit(body())[:-3]) == ("GNU C11 1.2 -O3",)


def test_the_c_library_does_not_count():
    strings = b"\0GNU C17 -O2\0../newlib/libc/string/memset.c\0GNU AS 2.38\0"
    at = [strings.index(text) for text in (b"GNU C17", b"../", b"GNU AS")]
    assert found(unit(body(at[0], at[1])) + unit(body(at[2], 0)), strings=strings) == ()


def test_text_in_the_unit_and_values_that_are_passed_over():
    # stmt_list (sec_offset), ranges (exprloc), a udata, an implicit_const, then producer as a string in place.
    abbrev = bytes([1, 0x11, 0, 0x10, 0x17, 0x55, 0x18, 0x13, 0x0F, 0x14, 0x21, 5, 0x25, 0x08, 0, 0, 0])
    content = bytes([1]) + bytes(4) + bytes([2, 9, 9]) + b"\x81\x01" + b"clang -Oz\0"
    assert found(unit(content), abbrev) == ("clang -Oz",)


def test_the_projects_own_kernels():
    (part,) = load_firmware(firmware_path("armv7em")).parts
    assert len(part.producers) > 40
    assert {one.partition(" -")[0] for one in part.producers} == {part.producers[0].partition(" -")[0]}
    assert all(" -O3 " in one and "-mcpu=cortex-m4" in one for one in part.producers)


@given(st.binary(max_size=120), st.binary(max_size=40))
def test_any_bytes(info, abbrev):
    assert isinstance(found(info, abbrev), tuple)
    assert isinstance(found(unit(info), abbrev), tuple)
