"""The bytes of DWARF's .debug_line → file and line of an instruction's address."""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath

# DWARF 5 standard, sections 6.2.5, 7.5.6 and 7.22.
LNS_COPY, LNS_ADVANCE_PC, LNS_ADVANCE_LINE, LNS_SET_FILE = 1, 2, 3, 4
LNS_CONST_ADD_PC, LNS_FIXED_ADVANCE_PC = 8, 9
LNE_END_SEQUENCE, LNE_SET_ADDRESS = 1, 2
LNCT_PATH = 1
FORM_STRING, FORM_UDATA, FORM_LINE_STRP = 0x08, 0x0F, 0x1F
FIXED_FORM_BYTES = {0x0B: 1, 0x05: 2, 0x06: 4, 0x07: 8, 0x1E: 16, 0x0E: 4, FORM_LINE_STRP: 4}
MAX_BYTES = 8 << 20  # of .debug_line; a program makes at most one row a byte
MAX_NAME_BYTES = 4096


@dataclass(frozen=True, slots=True)
class DebugLine:
    """The contents of .debug_line and .debug_line_str, empty where a file has none."""

    line: bytes
    line_str: bytes


@dataclass(frozen=True, slots=True)
class _Run:
    """The rows of one contiguous piece of code in order of address; the last address is its end."""

    addresses: tuple[int, ...]
    rows: tuple[tuple[str, int], ...]


def source_line(sections: DebugLine, address: int, function_end: int) -> str | None:
    """File and line of the code at `address` ("arm_softmax_s8.c:87"), None where the sections do not tell.

    Functions that the linker dropped leave runs that start at 0, so of several runs the one with the latest
    start counts, and of these the one that ends nearest to the end of the address's function.
    """
    runs = [run for run in _runs(sections) if run.addresses[0] <= address < run.addresses[-1]]
    if not runs:
        return None
    run = max(runs, key=lambda run: (run.addresses[0], -abs(run.addresses[-1] - function_end)))
    name, line = run.rows[bisect_right(run.addresses, address) - 1]
    return f"{name}:{line}" if line else None


@lru_cache(maxsize=4)
def _runs(sections: DebugLine) -> tuple[_Run, ...]:
    """All runs of all units up to the first byte that makes no sense: line numbers are never worth a refusal."""
    runs: list[_Run] = []
    if len(sections.line) > MAX_BYTES:
        return ()
    at = 0
    try:
        while at + 4 <= len(sections.line):
            end = at + 4 + int.from_bytes(sections.line[at : at + 4], "little")
            if end > len(sections.line):
                break
            _Program(sections.line[at:end], sections.line_str).run(runs)
            at = end
    except (IndexError, ValueError, struct.error):
        pass
    return tuple(runs)


@dataclass(slots=True)
class _Program:
    """One unit: its header's tables and the line number program behind them."""

    unit: bytes
    line_str: bytes
    files: list[str] = field(default_factory=list)
    rows: list[tuple[int, str, int]] = field(default_factory=list)

    def run(self, runs: list[_Run]) -> None:
        """Append the unit's runs."""
        (version,) = struct.unpack_from("<H", self.unit, 4)
        if not 2 <= version <= 5:
            return
        at = 6 if version < 5 else 8
        (header_bytes,) = struct.unpack_from("<I", self.unit, at)
        at += 4
        program = at + header_bytes
        step = self.unit[at]
        at += 2 if version < 4 else 3
        line_base, line_range, opcode_base = struct.unpack_from("<bBB", self.unit, at)
        if not line_range:
            raise ValueError("a line range of 0")
        operands = self.unit[at + 3 : at + 2 + opcode_base]
        self._read_files(at + 2 + opcode_base, version)
        self._execute(program, runs, step, line_base, line_range, operands)

    def _read_files(self, at: int, version: int) -> None:
        if version == 5:
            _, at = self._entries(at)
            self.files, _ = self._entries(at)
            return
        while self.unit[at]:  # include directories
            _, at = self._text(at)
        at += 1
        self.files = ["?"]
        while self.unit[at]:
            name, at = self._text(at)
            self.files.append(PurePosixPath(name).name)
            for _ in range(3):  # directory, time, size
                _, at = uleb128(self.unit, at)

    def _entries(self, at: int) -> tuple[list[str], int]:
        """A version 5 table of directories or files: the names, and the offset behind it."""
        formats = []
        count, at = self.unit[at], at + 1
        for _ in range(count):
            kind, at = uleb128(self.unit, at)
            form, at = uleb128(self.unit, at)
            formats.append((kind, form))
        entries, at = uleb128(self.unit, at)
        if entries > len(self.unit):
            raise ValueError("more entries than bytes")
        names = []
        for _ in range(entries):
            name = "?"
            for kind, form in formats:
                value, at = self._form(form, at)
                if kind == LNCT_PATH:
                    name = PurePosixPath(value).name
            names.append(name)
        return names, at

    def _form(self, form: int, at: int) -> tuple[str, int]:
        """A value, as text where the form is a string, and the offset behind it."""
        if form == FORM_STRING:
            return self._text(at)
        if form == FORM_UDATA:
            return "?", uleb128(self.unit, at)[1]
        if form not in FIXED_FORM_BYTES:
            raise ValueError(f"form {form:#x}")
        end = at + FIXED_FORM_BYTES[form]
        if form != FORM_LINE_STRP:
            return "?", end
        start = int.from_bytes(self.unit[at:end], "little")
        name = self.line_str[start : self.line_str.index(b"\0", start, start + MAX_NAME_BYTES)]
        return name.decode("utf-8", "replace"), end

    def _text(self, at: int) -> tuple[str, int]:
        end = self.unit.index(b"\0", at)
        return self.unit[at:end].decode("utf-8", "replace"), end + 1

    def _execute(self, at: int, runs: list[_Run], step: int, line_base: int, line_range: int, operands: bytes) -> None:
        """The line number state machine (DWARF 5, 6.2.5)."""
        address, file, line = 0, 1, 1
        opcode_base = len(operands) + 1
        while at < len(self.unit):
            opcode, at = self.unit[at], at + 1
            if opcode >= opcode_base:
                advance, delta = divmod(opcode - opcode_base, line_range)
                address, line = address + advance * step, line + line_base + delta
                self._row(address, file, line)
            elif opcode == 0:
                size, at = uleb128(self.unit, at)
                extended = self.unit[at : at + size]
                at += size
                if extended[:1] == bytes([LNE_END_SEQUENCE]):
                    self._end_run(address, runs)
                    address, file, line = 0, 1, 1
                elif extended[:1] == bytes([LNE_SET_ADDRESS]):
                    address = int.from_bytes(extended[1:5], "little")
            elif opcode == LNS_COPY:
                self._row(address, file, line)
            elif opcode == LNS_ADVANCE_PC:
                advance, at = uleb128(self.unit, at)
                address += advance * step
            elif opcode == LNS_ADVANCE_LINE:
                delta, at = _sleb128(self.unit, at)
                line += delta
            elif opcode == LNS_SET_FILE:
                file, at = uleb128(self.unit, at)
            elif opcode == LNS_CONST_ADD_PC:
                address += (255 - opcode_base) // line_range * step
            elif opcode == LNS_FIXED_ADVANCE_PC:
                address, at = address + int.from_bytes(self.unit[at : at + 2], "little"), at + 2
            else:
                for _ in range(operands[opcode - 1]):
                    _, at = uleb128(self.unit, at)

    def _row(self, address: int, file: int, line: int) -> None:
        name = self.files[file] if file < len(self.files) else "?"
        self.rows.append((address, name, line))

    def _end_run(self, end: int, runs: list[_Run]) -> None:
        addresses = [address for address, _, _ in self.rows]
        if self.rows and addresses == sorted(addresses) and addresses[-1] <= end:
            rows = tuple((name, line) for _, name, line in self.rows)
            runs.append(_Run((*addresses, end), (*rows, rows[-1])))
        self.rows.clear()


def uleb128(content: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number and the offset behind it. Raises ValueError where it does not end in 64 bits."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            break
        value |= (content[at] & 0x7F) << shift
        at += 1
        if not content[at - 1] & 0x80:
            return value, at
    raise ValueError("a number does not end")


def _sleb128(content: bytes, at: int) -> tuple[int, int]:
    value, end = uleb128(content, at)
    bits = 7 * (end - at)
    return value - (1 << bits) if content[end - 1] & 0x40 else value, end
