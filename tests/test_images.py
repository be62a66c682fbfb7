"""Programs from ELF, Intel HEX and raw binary: the same bytes, and a sentence for everything that is none."""

import random
import struct

import pytest
from elf_writer import elf
from firmware_build import build
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.errors import BadInputError
from mcusim.images import contents, load_image, parse_image
from mcusim.symbols import FUNCTION, Entry


def record(kind, address, content):
    body = bytes([len(content)]) + address.to_bytes(2, "big") + bytes([kind]) + content
    return b":" + (body + bytes([-sum(body) & 0xFF])).hex().upper().encode() + b"\r\n"


HEX = record(4, 0, b"\x08\x00") + record(0, 0, bytes(range(16))) + record(0, 16, b"\xaa") + record(1, 0, b"")


def memory(image):
    return {one.address + number: byte for one in image.segments for number, byte in enumerate(one.data)}


def test_hex_at_its_addresses():
    image = parse_image(HEX + b"behind the end", "a.hex")
    assert image.kind == "hex" and [(one.address, one.data) for one in image.segments] == [
        (0x08000000, bytes(range(16)) + b"\xaa")
    ]
    assert image.word(0x08000004) == 0x07060504 and image.word(0x0800000E) is None


def test_hex_segment_addresses_and_entry():
    image = parse_image(record(2, 0, b"\x10\x00") + record(0, 4, b"\1\2") + record(5, 0, b"\0\1\2\3") + HEX[-13:], "a")
    assert [(one.address, one.data) for one in image.segments] == [(0x10004, b"\1\2")]
    assert image.entry == 0x00010203


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "is empty"),
        (b"\x7fELF", "ends within its ELF header"),
        (elf([(0x08000000, 0x08000000, bytes(64), 64)])[:-20], "is cut short: its headers tell of"),
        (b":", "length is not the one it states"),
        (b":0000000100", "checksum is wrong"),
        (b":00000001F", "pairs of hexadecimal digits"),
        (b":zz", "pairs of hexadecimal digits"),
        (record(0, 0, b"ab"), "no end-of-file record"),
        (record(7, 0, b"") + record(1, 0, b""), "record type 7 with 0 bytes is unknown"),
        (record(4, 0, b"\0") + record(1, 0, b""), "record type 4 with 1 bytes is unknown"),
        (record(1, 0, b""), "loads nothing"),
        (record(0, 0, b"ab") + record(0, 1, b"c") + record(1, 0, b""), "overlap at 0x00000001"),
        (record(4, 0, b"\xff\xff") + record(0, 0xFFFF, b"ab") + record(1, 0, b""), "behind the end of the 32-bit"),
        (b":" + b"00" * 300, "starts with a colon"),
        (b"anything", "say with --base"),
    ],
)
def test_what_is_no_program(data, words):
    with pytest.raises(BadInputError, match=words):
        parse_image(data, "x")


def test_raw_binary():
    image = parse_image(b"\1\2\3\4", "a.bin", 0x08000000)
    assert image.kind == "bin" and memory(image) == {0x08000000: 1, 0x08000001: 2, 0x08000002: 3, 0x08000003: 4}
    with pytest.raises(BadInputError, match="behind the end of the 32-bit"):
        parse_image(b"\1\2\3\4", "a.bin", 0xFFFFFFFE)


@pytest.mark.parametrize("kind", ["hex", "bin"])
def test_all_kinds_hold_the_same(kind):
    whole, other = load_image(build("hal_style", "m4"), None), load_image(build("hal_style", "m4", kind), 0x08000000)
    loaded = memory(whole)
    assert loaded.items() <= memory(other).items() and len(loaded) > 1000
    assert other.functions == {} and whole.isa == "armv7em" and whole.float_abi == "hard"
    work = whole.functions["work"]
    assert whole.function_at(work.address + 2).name == "work"
    assert whole.where(work.address).startswith(f"work at {work.address:#010x} (hal_style.c:")


def test_variables_are_loaded_where_start_up_code_copies_them_from():
    image = load_image(build("hal_style", "m4"), None)
    moved = [one for one in image.segments if one.run_address != one.address]
    assert [(one.run_address, one.data) for one in moved] == [(0x20000000, struct.pack("<4I", 3, 5, 7, 11))]


@pytest.mark.parametrize(
    "segments, words",
    [
        ([(0x08000000, 0x08000000, b"ab", 2), (0x08000001, 0x08000001, b"cd", 2)], "overlap at 0x08000001"),
        ([(0xFFFFFFFF, 0, b"ab", 2)], "behind the end of the 32-bit"),
        ([(0, 0xFFFFFFFF, b"ab", 2)], "behind the end of the 32-bit"),
        ([(0, 0, b"abcd", 2)], "damaged ELF file"),
        ([(0, 0, b"", 0x10000000)], "loads nothing"),
    ],
)
def test_segments_that_cannot_be(segments, words):
    with pytest.raises(BadInputError, match=words):
        parse_image(elf(segments), "x.elf")


def test_symbols_lie_apart():
    entries = [
        Entry("long", 0x100, 0x40, FUNCTION, 1, True),
        Entry("alias", 0x100, 0, FUNCTION, 0, True),
        Entry("inside", 0x120, 8, FUNCTION, 1, True),
        Entry("bare", 0x200, 0, FUNCTION, 1, True),
    ]
    assert [(one.name, one.address, one.bytes) for one in contents(entries)] == [
        ("long", 0x100, 0x20),
        ("inside", 0x120, 8),
        ("bare", 0x200, 4096),
    ]


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_any_bytes_are_a_program_or_a_sentence(data):
    for head in (b"", b"\x7fELF\x01\x01\x01" + bytes(9), b":"):
        try:
            parse_image(head + data, "x", 0)
        except BadInputError as error:
            assert "\n" not in str(error)


def test_damaged_files_are_a_program_or_a_sentence():
    chance = random.Random(1)
    whole = elf([(0x08000000, 0x08000000, bytes(64), 64), (0x08000040, 0x20000000, bytes(16), 32)])
    for original in (whole, HEX):
        for _ in range(300):
            data = bytearray(original[: chance.randrange(1, len(original) + 1)])
            for _ in range(chance.randrange(4)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            try:
                parse_image(bytes(data), "x", 0)
            except BadInputError as error:
                assert "\n" not in str(error)


def test_a_static_archive_is_named_as_one():
    with pytest.raises(BadInputError, match=r"libx\.a is a static archive of object files"):
        parse_image(b"!<arch>\nmain.o/  ", "libx.a", 0x08000000)
