"""Linked files as programs: code at its place, variables as start-up code leaves them, names of functions."""

import pytest
from called import target
from firmware_build import build

from mcusim.errors import BadInputError, EmulationError
from mcusim.program import parse_program
from mcusim.symbols import Symbol


def test_variables_of_a_firmware_are_as_start_up_code_leaves_them():
    data = build("hal_style", "m4").read_bytes()
    program = parse_program(data, "hal_style.elf")
    contents = {one.name: (one.address, one.content[:16]) for one in program.variables}
    assert contents[".data"] == (0x2000_0000, bytes.fromhex("0300000005000000070000000b000000"))
    assert contents[".bss"][1] == bytes(16)
    assert isinstance(program.firmware.symbols["get_tick"], Symbol)
    address = program.code_address + program.firmware.symbols["get_tick"].address
    assert program.function_at(address).name == "get_tick"
    assert program.source_line(address).startswith("hal_style.c:")


def test_functions_of_a_firmware_are_called_where_its_board_is():
    path = build("hal_style", "m4")
    found = target(board="nucleo_l4r5zi", source=None)
    found.load(path)
    assert found.call("get_tick").value == 0
    with pytest.raises(EmulationError, match=r"at 0x40000000, in wait_for at 0x08000\w+ \(hal_style.c:\d+\)"):
        found.call("wait_for", 0x4000_0000, 1, 1)  # no register of a peripheral is there
    with pytest.raises(BadInputError, match="is linked for another board: its code lies at 0x08000000"):
        target(board="pico", source=None).load(path)


def test_a_function_has_all_of_its_names():
    code = (
        'int one(void) { return 1; } int same(void) __attribute__((alias("one"))); int n; int use(void) { return n++; }'
    )
    found = target("cortex-m4", source=code)
    assert [found.call(name).value for name in ("one", "same", "use")] == [1, 1, 0]


def test_refusals():
    for data, words in (
        (b"\x7fELF", "x.elf ends within its ELF header"),
        (b":00000001FF\n", "x.elf loads nothing"),
        (b"", "x.elf is empty"),
    ):
        with pytest.raises(BadInputError, match=words):
            parse_program(data, "x.elf")
    cut = build("hal_style", "m4").read_bytes()
    for size in (60, 1000, len(cut) - 10):
        with pytest.raises(BadInputError):
            parse_program(cut[:size], "x.elf")
