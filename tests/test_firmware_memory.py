"""ELF files and maps of firmware: what is read, that both say the same, and what is refused; damaged ones too."""

import random

import pytest
from application_build import build
from sectioned_elf import ALLOC, EXECUTE, FUNCTION, OBJECT, Piece, elf

from mcusim.errors import BadInputError
from mcusim.firmware_memory import load_firmware_memory, parse_firmware_memory

PIECES = (
    Piece(".text", 0x0800_0000, b"\x00\xbf" * 50, flags=ALLOC | EXECUTE),
    Piece(".data", 0x2000_0000, bytes(24), load=0x0800_0064),
    Piece(".bss", 0x2000_0018, size=5000),
)
SYMBOLS = (
    ("tensor_arena", 0x2000_0020, 4096, OBJECT),
    ("main", 0x0800_0001, 20, FUNCTION),
    ("_Min_Stack_Size", 0x400, 0, None),
    ("unrelated", 0x1234, 0, None),
)
MAP = """Archive member included to satisfy reference by file (symbol)

Discarded input sections

 .text.unused   0x00000000       0x99 unused.o

Linker script and memory map

                0x00000400                        _Min_Stack_Size = 0x400
                0x20005000                        PROVIDE (__StackTop = 0x20005000)
.text           0x08000000       0x64
 .text.main     0x08000000       0x14 main.o
 .text._ZN6tflite16MicroInterpreter6InvokeEv
                0x08000014       0x50 interpreter.o
.data           0x20000000       0x18 load address 0x08000064
.bss            0x20000018     0x1388 load address 0x0800007c
 .bss.tensor_arena
                0x20000020     0x1000 main.o
 *fill*         0x20001020        0x8
.a_section_with_a_long_name
                0x20001400        0x8
.debug_info     0x00000000    0x12345
OUTPUT(app.elf elf32-littlearm)
"""


def test_sections_objects_and_symbols_of_an_elf_file():
    found = parse_firmware_memory(elf(PIECES, SYMBOLS), "app.elf")
    assert [(one.name, one.address, one.bytes, one.loaded_from) for one in found.stretches] == [
        (".text", 0x0800_0000, 100, 0x0800_0000),
        (".data", 0x2000_0000, 24, 0x0800_0064),
        (".bss", 0x2000_0018, 5000, None),
    ]
    assert [one.is_written for one in found.stretches] == [False, True, True]
    assert [(one.name, one.bytes) for one in found.objects] == [("tensor_arena", 4096)]
    assert found.functions == {"main": 20} and found.symbols == {"_Min_Stack_Size": 0x400}
    assert found.loaded == ((0x0800_0000, b"\x00\xbf" * 50), (0x0800_0064, bytes(24)))


def test_sections_objects_and_symbols_of_a_map():
    found = parse_firmware_memory(MAP.encode(), "app.map")
    assert [(one.name, one.address, one.bytes, one.loaded_from) for one in found.stretches] == [
        (".text", 0x0800_0000, 100, 0x0800_0000),
        (".data", 0x2000_0000, 24, 0x0800_0064),
        (".bss", 0x2000_0018, 5000, None),
        (".a_section_with_a_long_name", 0x2000_1400, 8, 0x2000_1400),
    ]
    assert [(one.name, one.address, one.bytes) for one in found.objects] == [("tensor_arena", 0x2000_0020, 4096)]
    assert found.functions == {"main": 20, "_ZN6tflite16MicroInterpreter6InvokeEv": 80}
    assert found.symbols == {"_Min_Stack_Size": 0x400, "__StackTop": 0x2000_5000}
    assert found.loaded == ()


@pytest.mark.parametrize("defines", [(), ("SCHEDULER",)])
def test_a_linked_program_and_its_map_say_the_same(defines):
    program, linked = (load_firmware_memory(path) for path in build(*defines))
    assert (program.kind, linked.kind) == ("elf", "map")
    for one, other in zip(program.stretches, linked.stretches, strict=True):
        assert (one.name, one.address, one.bytes, one.loaded_from) == (
            other.name,
            other.address,
            other.bytes,
            other.loaded_from,
        )
    assert program.objects == linked.objects
    assert program.functions == linked.functions and program.symbols == linked.symbols


def test_windows_line_ends():
    assert (
        parse_firmware_memory(MAP.replace("\n", "\r\n").encode(), "a").stretches
        == parse_firmware_memory(MAP.encode(), "a").stretches
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty; a firmware's ELF file, or the map file of GNU ld is expected"),
        (b" \n\t\n", "is empty"),
        (b"\x00" * 100, "is neither an ELF file nor a map of GNU ld"),
        (b"     VMA      LMA     Size Align Out     In      Symbol\n", "is neither an ELF file nor a map of GNU ld"),
        (MAP[: MAP.index("OUTPUT")].encode(), "is cut short: the map of GNU ld has a line OUTPUT"),
        (b"Linker script and memory map\n\nOUTPUT(a elf32-littlearm)\n", "places nothing in memory"),
        (MAP.replace("0x20000018     0x1388", "0x20000018 0xfffffff0").encode(), "behind the 32-bit address space"),
        (b"\x7fELF", "ends within its ELF header"),
        (b"\x7fELF\x02\x01" + bytes(100), "is not a 32-bit little-endian ELF file"),
        (elf(PIECES)[:200], "is cut short: its headers tell of"),
        (elf(()), "has 0 segments and 4 sections"),
        (elf((Piece(".debug", 0, b"1234", flags=0),)), "places nothing in memory"),
        (elf((Piece(".bss", 0xFFFF_FFF0, size=64), PIECES[0])), "behind the 32-bit address space"),
    ],
)
def test_what_is_refused(data, message):
    with pytest.raises(BadInputError) as refused:
        parse_firmware_memory(data, "app")
    assert message in str(refused.value) and "\n" not in str(refused.value)


def damaged(data, rng):
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 6)):
        if not changed:
            break
        at = rng.randrange(len(changed))
        kind = rng.randrange(4)
        if kind == 0:
            changed[at] = rng.randrange(256)
        elif kind == 1:
            changed[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", bytes(4), b"\x00\x00\x00\x80", b"0xff", b"    "))
        elif kind == 2:
            del changed[at : at + rng.randrange(1, 30)]
        else:
            changed = changed[: max(at, 1)]
    return bytes(changed)


@pytest.mark.parametrize("data", [elf(PIECES, SYMBOLS), MAP.encode()], ids=["elf", "map"])
def test_damaged_files_are_read_or_refused_in_a_line(data):
    rng = random.Random(7)
    outcomes = set()
    for _ in range(3000):
        try:
            found = parse_firmware_memory(damaged(data, rng), "app")
        except BadInputError as error:
            assert "\n" not in str(error) and len(str(error)) < 400
            outcomes.add("refused")
        else:
            assert found.stretches and all(0 <= one.address < one.end <= 1 << 32 for one in found.stretches)
            outcomes.add("read")
    assert outcomes == {"refused", "read"}
