"""Line number programs by hand (DWARF 5, 6.2), versions 2 to 5, and damaged ones."""

import struct

import numpy as np
import pytest

from mcusim.debug_line import DebugLine, source_line, uleb128

# Address 0x100; line + 9, row; a special opcode: address + 2, line + 1, row; file 2, address + 4, row; then end.
PROGRAM = (
    bytes([0, 5, 2]) + struct.pack("<I", 0x100) + bytes([3, 9, 1])
    + bytes([13 + (1 + 3) + 12 * 1, 4, 2, 2, 2, 1, 2, 1, 0, 1, 1])
)  # fmt: skip
LENGTHS = bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1])


def unit(version: int, tables: bytes, program: bytes = PROGRAM, line_range: int = 12) -> bytes:
    operations = b"" if version < 4 else bytes([1])
    after = bytes([2]) + operations + bytes([1]) + struct.pack("<bBB", -3, line_range, 13) + LENGTHS + tables
    head = struct.pack("<H", version) + (b"" if version < 5 else bytes([4, 0])) + struct.pack("<I", len(after))
    return struct.pack("<I", len(head + after + program)) + head + after + program


OLD_TABLES = b"src\0\0" + b"one.c\0\x01\0\0" + b"two.h\0\x01\0\0" + b"\0"
NEW_TABLES = bytes([1, 1, 0x1F, 1]) + struct.pack("<I", 0) + bytes([2, 1, 0x1F, 2, 0x0B, 3]) + b"".join(
    struct.pack("<IB", at, 0) for at in (4, 4, 10)
)  # fmt: skip
LINE_STR = b"src\0one.c\0lib/two.h\0"


@pytest.mark.parametrize("version, tables", [(2, OLD_TABLES), (3, OLD_TABLES), (4, OLD_TABLES), (5, NEW_TABLES)])
def test_rows_of_a_program(version, tables):
    lines = DebugLine(unit(version, tables), LINE_STR)
    found = [source_line(lines, address, 0x108) for address in range(0xFE, 0x10A, 2)]
    assert found == [None, "one.c:10", "one.c:11", "one.c:11", "two.h:11", None]


def test_lines_of_dropped_functions_do_not_hide_the_others():
    """The linker leaves the program of a dropped function behind with the address 0."""
    at_0 = PROGRAM.replace(struct.pack("<I", 0x100), bytes(4))
    dropped = at_0.replace(bytes([2, 1, 0, 1, 1]), bytes([2, 127, 2, 127, 0, 1, 1]))  # it reaches up to 0x202
    lines = DebugLine(unit(4, OLD_TABLES, dropped) + unit(4, OLD_TABLES), b"")
    assert source_line(lines, 0x100, 0x108) == "one.c:10"
    assert source_line(lines, 0x00, 0x20) == "one.c:10"


def test_of_two_runs_at_one_address_the_one_that_ends_with_the_function_counts():
    shorter = PROGRAM.replace(bytes([3, 9]), bytes([3, 19])).replace(bytes([4, 2, 2, 2, 1, 2, 1, 0]), bytes([2, 1, 0]))
    lines = DebugLine(unit(4, OLD_TABLES, shorter) + unit(4, OLD_TABLES), b"")
    assert source_line(lines, 0x100, 0x108) == "one.c:10"
    assert source_line(lines, 0x100, 0x104) == "one.c:20"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\xff\xff\xff" + bytes(20),
        unit(6, OLD_TABLES),
        unit(4, OLD_TABLES, line_range=0),
        unit(5, bytes([1, 1, 0x1F]) + b"\xff\xff\xff\xff\xff\x7f" + NEW_TABLES),
        unit(5, bytes([0]) + b"\xff\xff\xff\xff\xff\x7f" + NEW_TABLES),
        unit(5, bytes([1, 1, 0x55, 1]) + NEW_TABLES),
        unit(5, NEW_TABLES.replace(struct.pack("<I", 10), b"\xff\xff\xff\xff")),
    ],
)
def test_sections_without_sense_tell_nothing(line):
    assert source_line(DebugLine(line, LINE_STR), 0x100, 0x108) is None


def test_damaged_sections_never_raise():
    random = np.random.default_rng(5)
    whole = unit(4, OLD_TABLES) + unit(5, NEW_TABLES)
    for _ in range(2000):
        damaged = bytearray(whole)
        for _ in range(int(random.integers(1, 6))):
            damaged[int(random.integers(0, len(damaged)))] = int(random.integers(0, 256))
        source_line(DebugLine(bytes(damaged), LINE_STR), 0x102, 0x108)


def test_uleb128():
    assert uleb128(b"\x00", 0) == (0, 1)
    assert uleb128(b"?\xe5\x8e\x26", 1) == (624485, 4)  # the example of DWARF 5, appendix C
    for endless in (b"", b"\x80", b"\x80" * 12 + b"\x01"):
        with pytest.raises(ValueError, match="does not end"):
            uleb128(endless, 0)
