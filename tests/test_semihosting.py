"""Semihosting: what a program may do to its host, and that it may do nothing else."""

import os
import struct

import pytest

from mcusim.console import Console
from mcusim.errors import BadInputError, EmulationError
from mcusim.semihosting import Ended, Semihosting, read_input


class Host:
    clock_hz = 1_000_000

    def __init__(self):
        self.memory = bytearray(4096)
        self.now = 2_500_000

    def cycles(self):
        return self.now

    def read_memory(self, address, size):
        return bytes(self.memory[address : address + size]) if address + size <= len(self.memory) else None

    def write_memory(self, address, data):
        if address + len(data) > len(self.memory):
            return False
        self.memory[address : address + len(data)] = data
        return True


class Calls:
    """A program's calls: parameters are put into memory at 0, data at 64."""

    def __init__(self, folder, *pieces):
        self.host, self.console, self.semihosting = Host(), Console(pieces, 1_000_000), Semihosting(folder)

    def __call__(self, operation, *words, data=b""):
        self.host.write_memory(0, struct.pack(f"<{len(words)}I", *words))
        self.host.write_memory(64, data)
        return self.semihosting.call(self.host, operation, 0, self.console)

    def open(self, name, mode=0):
        return self(1, 64, mode, len(name), data=name)


FAILED = 0xFFFFFFFF


def test_a_file_is_written_and_read_back(tmp_path):
    calls = Calls(tmp_path)
    handle = calls.open(b"a.txt", 4)
    assert calls(5, handle, 64, 6, data=b"abcdef") == 0
    assert calls(2, handle) == 0 and calls(2, handle) == FAILED
    assert (tmp_path / "a.txt").read_bytes() == b"abcdef"
    handle = calls.open(b"a.txt")
    assert calls(0x0C, handle) == 6 and calls(9, handle) == 0
    assert calls(0x0A, handle, 4) == 0
    assert calls(6, handle, 128, 8) == 6, "bytes that were not there"
    assert calls.host.memory[128:130] == b"ef"
    assert calls(5, handle, 64, 1) == 1, "it is open for reading"


def test_folders_inside(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b").write_bytes(b"x")
    calls = Calls(tmp_path)
    assert calls.open(b"in/b") == 1
    assert calls.open(b"none") == FAILED and calls.open(b"in") == FAILED and calls.open(b"none/b") == FAILED


@pytest.mark.parametrize("name", [b"../out", b"/etc/passwd", b"a/../../out", b"..", b"", b"C:x", b"..\\out", b"a\0b"])
def test_no_name_leads_out(tmp_path, name):
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "out").write_bytes(b"secret")
    with pytest.raises(EmulationError, match="not inside the folder"):
        Calls(folder).open(name)


def test_no_symbolic_link_leads_out(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "out").write_bytes(b"secret")
    (folder / "file").symlink_to(tmp_path / "out")
    (folder / "folder").symlink_to(tmp_path)
    calls = Calls(folder)
    for mode in (0, 2, 4, 8):
        assert calls.open(b"file", mode) == FAILED and calls.open(b"folder/out", mode) == FAILED
    assert (tmp_path / "out").read_bytes() == b"secret"


def test_nothing_but_regular_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert Calls(tmp_path).open(b"pipe") == FAILED


def test_without_a_folder_there_are_no_files():
    calls = Calls(None)
    with pytest.raises(EmulationError, match="--files"):
        calls.open(b"a.txt")
    assert calls.open(b":tt", 4) == 1


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(BadInputError, match="cannot use"):
        Semihosting(tmp_path / "none")


def test_console():
    calls = Calls(None, b"typed\n")
    handle = calls.open(b":tt")
    assert calls(9, handle) == 1 and calls(0x0C, handle) == FAILED
    assert calls(5, handle, 64, 3, data=b"abc") == 0
    calls.host.write_memory(64, b"text\0")
    calls.semihosting.call(calls.host, 4, 64, calls.console)
    calls.semihosting.call(calls.host, 3, 64, calls.console)
    assert calls.console.output == b"abctextt"
    assert calls(6, handle, 128, 16) == 10 and calls.host.memory[128:134] == b"typed\n"


def test_time_is_simulated():
    calls = Calls(None)
    assert calls(0x10) == 250 and calls(0x11) == 2 and calls(0x31) == 1_000_000
    assert calls(0x30) == 0 and calls.host.memory[:8] == (2_500_000).to_bytes(8, "little")


def test_ends():
    calls = Calls(None)
    assert calls.semihosting.call(calls.host, 0x18, 0x20026, calls.console) == Ended(0, "it ends by itself")
    assert calls.semihosting.call(calls.host, 0x18, 0x20023, calls.console).status == 1
    assert calls(0x20, 0x20026, 7) == Ended(7, "it ends by itself with status 7")


@pytest.mark.parametrize(
    "operation, name", [(0x0E, "SYS_REMOVE"), (0x0F, "SYS_RENAME"), (0x12, "SYS_SYSTEM"), (0x99, "0x99")]
)
def test_anything_else_is_refused(tmp_path, operation, name):
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(EmulationError, match=f"{name}, which mcusim does not allow"):
        Calls(tmp_path)(operation, 64, 1, data=b"a")


def test_blocks_outside_memory_are_refused():
    calls = Calls(None)
    with pytest.raises(EmulationError, match="which is no memory"):
        calls.semihosting.call(calls.host, 1, 0x9000, calls.console)
    with pytest.raises(EmulationError, match="which is no memory"):
        calls.semihosting.call(calls.host, 4, 0x9000, calls.console)


def test_too_many_files(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    calls = Calls(tmp_path)
    handles = [calls.open(b"a") for _ in range(16)]
    assert sorted(handles) == list(range(1, 17))
    with pytest.raises(EmulationError, match="more than 16 files"):
        calls.open(b"a")
    calls.semihosting.close()


def test_input_lines(tmp_path):
    path = tmp_path / "in.txt"
    path.write_bytes(b"one\ntwo")
    assert read_input(str(path)) == (b"one\n", b"two")
    with pytest.raises(BadInputError, match="no regular file"):
        read_input(str(tmp_path))
    with pytest.raises(BadInputError, match="cannot read"):
        read_input(str(tmp_path / "none"))
