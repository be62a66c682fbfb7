"""Firmware files: what is read from them, against pyelftools, and what is refused; damaged ones by the hundred."""

from __future__ import annotations

import hashlib
import io
import itertools
import struct
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from mcusim import elf
from mcusim.elf import Symbol, firmware_path, load_firmware, parse_firmware
from mcusim.errors import BadInputError

CORTEX_M4 = bytes([5]) + b"7E-M\0" + bytes([6, 13, 7, ord("M"), 28, 1])  # CPU_name, CPU_arch, profile, VFP_args


def attributes(values: bytes = CORTEX_M4) -> bytes:
    """An .ARM.attributes section with these file-scope attributes."""
    scope = bytes([1]) + struct.pack("<I", 5 + len(values)) + values
    return b"A" + struct.pack("<I", 4 + 6 + len(scope)) + b"aeabi\0" + scope


@dataclass(frozen=True)
class Section:
    name: str
    type: int
    flags: int
    content: bytes
    address: int = 0
    link: int = 0
    info: int = 0
    entry: int = 0
    size: int | None = None


@dataclass(frozen=True)
class Elf:
    """A small firmware: bl from "entry" to "callee", a table with the address of "pointed", a string nobody names."""

    machine: int = 40
    type: int = 2
    text: bytes = bytes.fromhex("00f002f8704700bf") + bytes.fromhex("704700bf704700bf")
    rodata: bytes = struct.pack("<I", 0x0D) + b"text\0\0\0\0"
    # name, value, size, info, section
    symbols: tuple[tuple[str, int, int, int, int], ...] = (
        ("entry", 0x01, 6, 0x12, 1),
        ("callee", 0x09, 2, 0x12, 1),
        ("alias", 0x09, 2, 0x22, 1),
        ("pointed", 0x0D, 0, 0x02, 1),
        ("table", 0x10, 4, 0x11, 2),
        ("", 0x10, 0, 0x03, 2),
    )
    # offset, type, symbol's index counted from 1
    relocations: tuple[tuple[int, int, int], ...] = ((0x00, 10, 2), (0x10, 2, 4))
    extra: tuple[Section, ...] = ()
    segments: tuple[tuple[int, int, int, int], ...] | None = None  # address, offset, bytes in file, bytes in memory
    attributes: bytes = field(default_factory=attributes)

    def build(self) -> bytes:
        strings = b"\0" + b"".join(name.encode() + b"\0" for name, *_ in self.symbols)
        table, at = bytes(16), 1
        for name, value, size, info, section in self.symbols:
            table += struct.pack("<IIIBBH", at, value, size, info, 0, section)
            at += len(name) + 1
        relocations = b"".join(struct.pack("<II", at, symbol << 8 | kind) for at, kind, symbol in self.relocations)
        sections = [
            Section("", 0, 0, b""),
            Section(".text", 1, 6, self.text),
            Section(".rodata", 1, 2, self.rodata, len(self.text)),
            Section(".ARM.attributes", 0x70000003, 0, self.attributes),
            Section(".symtab", 2, 0, table, link=5, entry=16),
            Section(".strtab", 3, 0, strings),
            Section(".rel.text", 9, 0, relocations, link=4, info=1, entry=8),
            *self.extra,
        ]
        names = b"".join(section.name.encode() + b"\0" for section in sections) + b".shstrtab\0"
        sections.append(Section(".shstrtab", 3, 0, names))
        return self._file(sections)

    def _file(self, sections: list[Section]) -> bytes:
        loaded = len(self.text) + len(self.rodata)
        segments = self.segments if self.segments is not None else ((0, 0, loaded, loaded),)
        at = 52 + 32 * len(segments)
        start = at
        headers, body, name = b"", b"", 0
        for section in sections:
            size = len(section.content) if section.size is None else section.size
            headers += struct.pack("<6I", name, section.type, section.flags, section.address, at, size)
            headers += struct.pack("<4I", section.link, section.info, 4, section.entry)
            name += len(section.name) + 1
            body += section.content
            at += len(section.content)
        program = b"".join(
            struct.pack("<8I", 1, start + offset, address, address, in_file, in_memory, 5, 4)
            for address, offset, in_file, in_memory in segments
        )
        ident = b"\x7fELF\x01\x01\x01" + bytes(9)
        counts = struct.pack("<6H", 52, 32, len(segments), 40, len(sections), len(sections) - 1)
        header = struct.pack("<HH5I", self.type, self.machine, 1, 1, 52, at, 0x05000400) + counts
        return ident + header + program + body + headers


SMALL = Elf()


@pytest.fixture(scope="module")
def kernels():
    return load_firmware(firmware_path("armv7em"))


@pytest.fixture(scope="module")
def oracle():
    return ELFFile(io.BytesIO(firmware_path("armv7em").read_bytes()))


# What is read.


def test_small_firmware():
    firmware = parse_firmware(SMALL.build(), "small.elf")
    assert (firmware.isa, firmware.float_abi) == ("armv7em", "hard")
    assert firmware.linked_image == SMALL.text + SMALL.rodata
    assert firmware.symbols == {
        "entry": Symbol("entry", 0, 6),
        "callee": Symbol("callee", 8, 2),
        "alias": Symbol("alias", 8, 2),
        "pointed": Symbol("pointed", 12, 4),  # without a size: up to the end of its section
    }
    assert [symbol.name for symbol in firmware.contents] == ["entry", "alias", "pointed", "table"]


def test_reachable_follows_calls_data_and_addresses_in_data():
    linked = replace(SMALL, relocations=((0x00, 10, 2), (0x08, 3, 5), (0x10, 2, 4)))
    firmware = parse_firmware(linked.build(), "small.elf")
    names = {name: [symbol.name for symbol in firmware.reachable([name])] for name in ("entry", "callee", "pointed")}
    assert names == {
        "entry": ["entry", "alias", "pointed", "table"],
        "callee": ["alias", "pointed", "table"],
        "pointed": ["pointed"],
    }
    with pytest.raises(BadInputError, match=r"small.elf has no function arm_add_s8"):
        firmware.reachable(["arm_add_s8"])


def test_data_without_a_symbol_is_reachable_whole():
    linked = replace(SMALL, relocations=((0x0C, 2, 6),), text=SMALL.text[:12] + struct.pack("<I", 0x16))
    found = parse_firmware(linked.build(), "small.elf").reachable(["pointed"])
    assert found == (Symbol("pointed", 12, 4), Symbol(".rodata+0x4", 0x14, 8))


def test_function_and_content_of_an_address():
    firmware = parse_firmware(SMALL.build(), "small.elf")
    assert firmware.function_at(5) == Symbol("entry", 0, 6)
    assert firmware.function_at(6) is None  # padding
    assert firmware.function_at(0x10) is None and firmware.content_at(0x10) == Symbol("table", 0x10, 4)
    assert firmware.content_at(-2) is None and firmware.content_at(1 << 20) is None


def test_a_function_within_another_is_an_entry_of_it():
    """libgcc's __aeabi_cfrcmple swaps its operands and goes on into __aeabi_cfcmple, which it includes."""
    nested = replace(SMALL, symbols=(("outer", 1, 12, 0x12, 1), ("inner", 9, 0, 0x12, 1), *SMALL.symbols[3:]))
    firmware = parse_firmware(replace(nested, relocations=((0x00, 10, 2), (0x10, 2, 3))).build(), "small.elf")
    assert firmware.symbols["outer"] == Symbol("outer", 0, 12)
    assert firmware.symbols["inner"] == Symbol("inner", 8, 4)
    assert firmware.function_at(9) == Symbol("outer", 0, 12)
    assert [symbol.name for symbol in firmware.reachable(["inner"])] == ["outer"]


def test_image_moves_addresses_only():
    firmware = parse_firmware(SMALL.build(), "small.elf")
    moved = firmware.image(0x08004000)
    assert moved[:0x10] == firmware.linked_image[:0x10] and moved[0x14:] == firmware.linked_image[0x14:]
    assert struct.unpack_from("<I", moved, 0x10) == (0x0800400D,)
    assert firmware.image(0) == firmware.linked_image
    for address in (2, -4, 0xFFFFFFF0):
        with pytest.raises(BadInputError, match="cannot lie at"):
            firmware.image(address)


def test_kernels_have_the_symbols_that_pyelftools_finds(kernels, oracle):
    expected = {
        symbol.name: (symbol["st_value"] & ~1, symbol["st_size"])
        for symbol in oracle.get_section_by_name(".symtab").iter_symbols()
        if symbol["st_info"]["type"] == "STT_FUNC" and symbol["st_info"]["bind"] == "STB_GLOBAL" and symbol["st_size"]
    }
    assert len(expected) > 30
    assert {name: (kernels.symbols[name].address, kernels.symbols[name].bytes) for name in expected} == expected
    assert kernels.sha256 == hashlib.sha256(firmware_path("armv7em").read_bytes()).hexdigest()


def test_kernels_calls_are_those_that_pyelftools_finds(kernels, oracle):
    """Targets are decoded from the branches; the oracle is the relocation's symbol."""
    table = oracle.get_section_by_name(".symtab")
    found, expected = dict(kernels.resolution.references), {}
    for relocation in oracle.get_section_by_name(".rel.text").iter_relocations():
        symbol = table.get_symbol(relocation["r_info_sym"])
        if relocation["r_info_type"] in (10, 30) and symbol["st_info"]["type"] == "STT_FUNC":
            expected[relocation["r_offset"]] = symbol["st_value"] & ~1
    assert len(expected) > 30
    assert {offset: found[offset] for offset in expected} == expected


def test_kernels_reach_what_they_call(kernels):
    names = {symbol.name for symbol in kernels.reachable(["arm_convolve_wrapper_s8"])}
    assert {"arm_convolve_wrapper_s8", "arm_convolve_s8", "arm_convolve_1x1_s8"} <= names
    assert "arm_softmax_s8" not in names
    everything = kernels.reachable(kernels.symbols)
    assert sum(symbol.bytes for symbol in everything) <= len(kernels.linked_image)
    assert all(one.end <= other.address for one, other in itertools.pairwise(everything))


def test_kernels_lines_are_those_that_pyelftools_finds(kernels, oracle):
    expected = {}
    information = oracle.get_dwarf_info(relocate_dwarf_sections=False)
    for unit in information.iter_CUs():
        program = information.line_program_for_CU(unit)
        first = 1 if program["version"] < 5 else 0  # number of the first file
        states = [entry.state for entry in program.get_entries() if entry.state is not None]
        for one, after in itertools.pairwise(states):
            if one.end_sequence:
                continue
            name = program["file_entry"][one.file - first].name.decode()
            for address in range(one.address, after.address, 2):
                expected[address] = f"{name}:{one.line}" if one.line else None
    addresses = [symbol.address + 2 * step for symbol in kernels.symbols.values() for step in range(0, 60, 7)]
    checked = [address for address in addresses if address in expected and address > 0]
    assert len(checked) > 300
    assert {address: kernels.source_line(address) for address in checked} == {
        address: expected[address] for address in checked
    }
    assert kernels.source_line(len(kernels.linked_image)) is None


# What is refused.


def patched(offset: int, layout: str, value: int) -> bytes:
    data = bytearray(SMALL.build())
    struct.pack_into(layout, data, offset, value)
    return bytes(data)


BSS = Section(".bss", 8, 3, b"", size=64)
TWO = ((0, 0, 16, 16), (8, 8, 16, 16))


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "is not an ELF file"),
        (b"MZ" + bytes(100), "is not an ELF file"),
        (SMALL.build()[:40], "ends within its ELF header"),
        (SMALL.build()[:-30], "damaged ELF file"),
        (patched(4, "<B", 2), "not a 32-bit little-endian"),
        (patched(5, "<B", 2), "not a 32-bit little-endian"),
        (replace(SMALL, machine=62).build(), r"another machine than Arm \(e_machine 62\)"),
        (replace(SMALL, type=1).build(), "not a linked executable"),
        (patched(44, "<H", 0xFFFF), "65535 segments"),
        (patched(48, "<H", 0), "0 sections"),
        (patched(50, "<H", 99), "damaged ELF file"),
        (patched(32, "<I", 0xFFFFFFF0), "damaged ELF file"),
        (replace(SMALL, segments=()).build(), "0 segments"),
        (replace(SMALL, segments=TWO).build(), "segments that overlap at 0x8"),
        (replace(SMALL, segments=((0, 0, 28, 0xFFFFFFFF),)).build(), "reaches up to 0xffffffff"),
        (replace(SMALL, segments=((0x08000000, 0, 28, 28),)).build(), "reaches up to 0x800001c; kernels are linked at"),
        (replace(SMALL, segments=((0, 0, 1 << 23, 1 << 23),)).build(), "behind the end of the file"),
        (replace(SMALL, segments=((0, 0, 0, 0),)).build(), "loads nothing"),
        (replace(SMALL, segments=((0, 0, 8, 8),)).build(), r"\.text is not part of what is loaded"),
        (replace(SMALL, extra=(BSS,)).build(), r"has variables in \.bss"),
        (replace(SMALL, attributes=b"").build(), "damaged ELF file"),
        (replace(SMALL, attributes=attributes(bytes([6, 10, 7, ord("A")]))).build(), "not built for a Cortex-M"),
        (replace(SMALL, symbols=()).build(), "damaged|no functions"),
        (replace(SMALL, symbols=SMALL.symbols[-2:], relocations=()).build(), "has no functions"),
        (replace(SMALL, symbols=(("arm", 0, 4, 0x12, 1), *SMALL.symbols[1:])).build(), "arm is Arm code"),
        (replace(SMALL, symbols=(("far", 0x4001, 4, 0x12, 1), *SMALL.symbols[1:])).build(), "far lies outside"),
        (replace(SMALL, symbols=(("long", 1, 9, 0x12, 1), *SMALL.symbols[1:])).build(), "long overlaps what follows"),
        (replace(SMALL, relocations=((0, 9, 2),)).build(), "relocation type 9 at 0x0 is not known"),
        (replace(SMALL, relocations=((0x1A, 2, 2),)).build(), "lies outside the image"),
        (replace(SMALL, relocations=((0, 2, 77),)).build(), "damaged ELF file"),
        (replace(SMALL, relocations=((0, 48, 2),)).build(), "MOVT at 0x0 has no MOVW"),
    ],
)
def test_refusal(data, message):
    with pytest.raises(BadInputError, match=message) as refusal:
        parse_firmware(data, "bad.elf")
    text = str(refusal.value)
    assert text.startswith("bad.elf") or "Arm code" in text
    assert "\n" not in text and len(text) < 250


def test_files_that_cannot_be_read_are_refused(tmp_path, monkeypatch):
    with pytest.raises(BadInputError, match=r"cannot read .*nowhere.elf: no such file"):
        load_firmware(tmp_path / "nowhere.elf")
    with pytest.raises(BadInputError, match="is a directory"):
        load_firmware(tmp_path)
    (tmp_path / "large.elf").write_bytes(SMALL.build())
    monkeypatch.setattr(elf, "MAX_FILE_BYTES", 100)
    with pytest.raises(BadInputError, match=r"large.elf is larger than 0 MB"):
        load_firmware(tmp_path / "large.elf")


def use(data: bytes) -> None:
    """Read a file and ask the firmware for everything it has to give."""
    firmware = parse_firmware(data, "damaged.elf")
    firmware.reachable(firmware.symbols)
    firmware.image(0x08000000)
    for symbol in firmware.contents:
        firmware.source_line(symbol.address)


def mutations(data: bytes, count: int, seed: int):
    """Files with bytes changed, words made extreme, pieces cut out, doubled and swapped."""
    random = np.random.default_rng(seed)
    extremes = np.array([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, len(data)], np.uint32)
    headers = len(data) - 40 * 20
    for number in range(count):
        damaged = bytearray(data)
        kind = number % 5
        for _ in range(int(random.integers(1, 8))):
            at = int(random.integers(0, len(damaged) - 8))
            if number % 2:  # headers at either end matter more than code
                at = int(random.integers(0, 84)) if number % 4 == 1 else int(random.integers(headers, len(damaged) - 8))
            if kind == 0:
                damaged[at] ^= 1 << int(random.integers(0, 8))
            elif kind == 1:
                damaged[at : at + 4] = int(random.choice(extremes)).to_bytes(4, "little")
            elif kind == 2:
                del damaged[at : at + int(random.integers(1, 64))]
            elif kind == 3:
                damaged[at:at] = damaged[at : at + int(random.integers(1, 64))]
            else:
                damaged = damaged[: max(16, at)]
                break
            if len(damaged) < 100:
                break
        yield bytes(damaged)


@pytest.mark.parametrize("source, count", [("small", 3000), ("kernels", 200)])
def test_damaged_files_are_refused_or_read(source, count):
    data = SMALL.build() if source == "small" else firmware_path("armv7em").read_bytes()
    outcomes = {"read": 0, "refused": 0}
    for damaged in mutations(data, count, seed=7):
        try:
            use(damaged)
            outcomes["read"] += 1
        except BadInputError as refusal:
            assert "\n" not in str(refusal)
            outcomes["refused"] += 1
    assert min(outcomes.values()) > count // 20
