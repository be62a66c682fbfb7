"""Semihosting calls of a program → text on the console, files in one folder, the simulated time, its exit status."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from mcusim.console import Console
from mcusim.errors import BadInputError, EmulationError, quoted

# Semihosting for AArch32 and AArch64 (ABI for the Arm architecture), chapter 7: operation numbers.
OPEN, CLOSE, WRITEC, WRITE0, WRITE, READ, READC, ISERROR, ISTTY, SEEK = range(1, 11)
FLEN, TMPNAM, REMOVE, RENAME, CLOCK, TIME, SYSTEM, ERRNO = 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x11, 0x12, 0x13
GET_CMDLINE, HEAPINFO, EXIT, EXIT_EXTENDED, ELAPSED, TICKFREQ = 0x15, 0x16, 0x18, 0x20, 0x30, 0x31
ADP_STOPPED_APPLICATION_EXIT = 0x20026
FAILED = 0xFFFF_FFFF
CONSOLE_NAME = ":tt"
FLAGS = (
    *(os.O_RDONLY, os.O_RDONLY, os.O_RDWR, os.O_RDWR),
    *(os.O_WRONLY | os.O_CREAT | os.O_TRUNC,) * 2,
    *(os.O_RDWR | os.O_CREAT | os.O_TRUNC,) * 2,
    *(os.O_WRONLY | os.O_CREAT | os.O_APPEND,) * 2,
    *(os.O_RDWR | os.O_CREAT | os.O_APPEND,) * 2,
)  # of fopen's modes r, rb, r+, r+b, w, wb, w+, w+b, a, ab, a+, a+b
MOST_FILES = 16
MOST_BYTES = 1 << 20  # of one name, text or transfer
MOST_WRITTEN_BYTES = 256 << 20
MOVING_CALLS = (OPEN, CLOSE, WRITEC, WRITE0, WRITE, SEEK)
CLOCKS = (CLOCK, TIME, ELAPSED)  # a program may wait for a time to come
_NAMES = {TMPNAM: "SYS_TMPNAM", REMOVE: "SYS_REMOVE", RENAME: "SYS_RENAME", SYSTEM: "SYS_SYSTEM"}


class Host(Protocol):
    """What semihosting needs of the machine."""

    clock_hz: int

    def cycles(self) -> int:
        """The simulated clock."""

    def read_memory(self, address: int, size: int) -> bytes | None:
        """Bytes of memory, None where there is none."""

    def write_memory(self, address: int, data: bytes) -> bool:
        """Write bytes of RAM; False where there is none."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The program ended itself."""

    status: int
    text: str


class Semihosting:
    """Open files of a program; without a folder it has none."""

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        """Files are opened inside `folder` only. Raises BadInputError where that is none."""
        self._root: int | None = None
        if folder is not None:
            try:
                self._root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            except (OSError, ValueError) as error:
                raise BadInputError(f"cannot use {os.fspath(folder)} for files: {_reason(error)}") from None
        self._files: dict[int, int | None] = {}  # handle → file of the host, None for the console
        self._written_bytes = 0
        self.idle_calls = 0  # in a row, that moved no data

    def close(self) -> None:
        """Close everything."""
        for descriptor in self._files.values():
            if descriptor is not None:
                with suppress(OSError):
                    os.close(descriptor)
        self._files.clear()
        if self._root is not None:
            os.close(self._root)
            self._root = None

    def call(self, host: Host, operation: int, parameter: int, console: Console) -> int | Ended:
        """One call: R0 and R1 → the new R0, or the end. Raises EmulationError for one that is not allowed."""
        if operation in MOVING_CALLS:
            self.idle_calls = 0
        elif operation not in CLOCKS:
            self.idle_calls += 1
        if operation == WRITEC:
            console.write(_bytes(host, parameter, 1))
            return operation
        if operation == WRITE0:
            console.write(_string(host, parameter))
            return operation
        if operation == READC:
            now = host.cycles()
            console.send_next(now)
            if console.due() is None:
                return FAILED
            self.idle_calls = 0
            return console.take(max(now, console.due() or 0))
        if operation == CLOCK:
            return host.cycles() * 100 // host.clock_hz & 0x7FFF_FFFF
        if operation == TIME:
            return host.cycles() // host.clock_hz
        if operation == TICKFREQ:
            return host.clock_hz
        if operation == ERRNO:
            return 0
        if operation == EXIT:
            failed = parameter != ADP_STOPPED_APPLICATION_EXIT
            return Ended(1 if failed else 0, f"it ends by itself ({parameter:#x})" if failed else "it ends by itself")
        if operation == EXIT_EXTENDED:
            status = _words(host, parameter, 2)[1]
            return Ended(status, f"it ends by itself with status {status}")
        files: dict[int, Callable[[Host, int, Console], int]] = {
            OPEN: self._open,
            CLOSE: self._close,
            WRITE: self._write,
            READ: self._read,
            ISERROR: _is_error,
            ISTTY: self._is_tty,
            SEEK: self._seek,
            FLEN: self._length,
            GET_CMDLINE: _command_line,
            HEAPINFO: _heap_info,
            ELAPSED: _elapsed,
        }
        if operation not in files:
            name = _NAMES.get(operation, f"{operation:#x}")
            raise EmulationError(f"the program makes the semihosting call {name}, which mcusim does not allow")
        return files[operation](host, parameter, console)

    def _open(self, host: Host, parameter: int, _console: Console) -> int:
        address, mode, length = _words(host, parameter, 3)
        if mode >= len(FLAGS) or length > MOST_BYTES:
            return FAILED
        name = _bytes(host, address, length).decode("utf-8", "replace")
        if len(self._files) == MOST_FILES:
            raise EmulationError(f"the program opens more than {MOST_FILES} files at a time")
        descriptor = None if name == CONSOLE_NAME else self._open_inside(name, FLAGS[mode])
        if descriptor == FAILED:
            return FAILED
        handle = next(number for number in range(1, MOST_FILES + 1) if number not in self._files)
        self._files[handle] = descriptor
        return handle

    def _open_inside(self, name: str, flags: int) -> int:
        """A file of the folder, reached without symbolic links, or FAILED."""
        if self._root is None:
            raise EmulationError(f"the program opens the file {quoted(name)}; say with --files in which folder it may")
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if not parts or name.startswith(("/", "\\")) or ".." in parts or ":" in name or "\0" in name:
            raise EmulationError(f"the program opens {quoted(name)}, which is not inside the folder given by --files")
        folder = os.dup(self._root)
        try:
            for part in parts[:-1]:
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                folder = inner
            opened = os.open(parts[-1], flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644, dir_fd=folder)
        except OSError:
            return FAILED
        finally:
            os.close(folder)
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            os.close(opened)
            return FAILED
        return opened

    def _close(self, host: Host, parameter: int, _console: Console) -> int:
        (handle,) = _words(host, parameter, 1)
        if handle not in self._files:
            return FAILED
        descriptor = self._files.pop(handle)
        if descriptor is not None:
            os.close(descriptor)
        return 0

    def _write(self, host: Host, parameter: int, console: Console) -> int:
        handle, address, length = _words(host, parameter, 3)
        if handle not in self._files or length > MOST_BYTES:
            return length
        data = _bytes(host, address, length)
        descriptor = self._files[handle]
        if descriptor is None:
            console.write(data)
            return 0
        self._written_bytes += length
        if self._written_bytes > MOST_WRITTEN_BYTES:
            raise EmulationError(f"the program writes more than {MOST_WRITTEN_BYTES >> 20} MB to files")
        try:
            return length - os.write(descriptor, data)
        except OSError:
            return length

    def _read(self, host: Host, parameter: int, console: Console) -> int:
        handle, address, length = _words(host, parameter, 3)
        if handle not in self._files or length > MOST_BYTES:
            return length
        descriptor = self._files[handle]
        if descriptor is None:
            data = _typed(host, console, length)
        else:
            try:
                data = os.read(descriptor, length)
            except OSError:
                return length
        if data:
            self.idle_calls = 0
        if data and not host.write_memory(address, data):
            raise EmulationError(f"the program reads a file to {address:#010x}, which is no RAM")
        return length - len(data)

    def _is_tty(self, host: Host, parameter: int, _console: Console) -> int:
        (handle,) = _words(host, parameter, 1)
        return int(handle in self._files and self._files[handle] is None)

    def _seek(self, host: Host, parameter: int, _console: Console) -> int:
        handle, offset = _words(host, parameter, 2)
        descriptor = self._files.get(handle)
        if descriptor is None:
            return FAILED
        os.lseek(descriptor, offset, os.SEEK_SET)
        return 0

    def _length(self, host: Host, parameter: int, _console: Console) -> int:
        (handle,) = _words(host, parameter, 1)
        descriptor = self._files.get(handle)
        return FAILED if descriptor is None else min(os.fstat(descriptor).st_size, 0x7FFF_FFFF)


def read_input(path: str) -> tuple[bytes, ...]:
    """The lines of a file as pieces of input, line ends included. Raises BadInputError where it cannot be read."""
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise BadInputError(f"{path} is no regular file; input for the program is expected")
        with Path(path).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise BadInputError(f"cannot read {path}: {_reason(error)}; input for the program is expected") from None
    if len(data) > MOST_BYTES:
        raise BadInputError(f"{path} is larger than {MOST_BYTES:,} bytes; input for the program is expected")
    return tuple(data.splitlines(keepends=True))


def _typed(host: Host, console: Console, length: int) -> bytes:
    """What arrives on the console: the rest of a piece, up to a length."""
    now = host.cycles()
    console.send_next(now)
    found = bytearray()
    while len(found) < length and console.due() is not None:
        found.append(console.take(console.due() or 0))
    return bytes(found)


def _is_error(host: Host, parameter: int, _console: Console) -> int:
    (status,) = _words(host, parameter, 1)
    return status >> 31


def _command_line(host: Host, parameter: int, _console: Console) -> int:
    address, length = _words(host, parameter, 2)
    if not length or not host.write_memory(address, b"\0"):
        return FAILED
    host.write_memory(parameter + 4, bytes(4))
    return 0


def _heap_info(host: Host, parameter: int, _console: Console) -> int:
    """The program's own linker script decides: all zero means that nothing is known."""
    (block,) = _words(host, parameter, 1)
    host.write_memory(block, bytes(16))
    return 0


def _elapsed(host: Host, parameter: int, _console: Console) -> int:
    if not host.write_memory(parameter, host.cycles().to_bytes(8, "little")):
        raise EmulationError(f"SYS_ELAPSED writes to {parameter:#010x}, which is no RAM")
    return 0


def _words(host: Host, address: int, count: int) -> list[int]:
    data = _bytes(host, address, 4 * count)
    return [int.from_bytes(data[4 * number :][:4], "little") for number in range(count)]


def _bytes(host: Host, address: int, size: int) -> bytes:
    data = host.read_memory(address, size)
    if data is None:
        raise EmulationError(f"a semihosting call names {size} bytes at {address:#010x}, which is no memory")
    return data


def _string(host: Host, address: int) -> bytes:
    found = bytearray()
    while len(found) < MOST_BYTES:
        byte = _bytes(host, address + len(found), 1)
        if byte == b"\0":
            return bytes(found)
        found += byte
    raise EmulationError(f"the text at {address:#010x} for the console does not end")


def _reason(error: OSError | ValueError) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
