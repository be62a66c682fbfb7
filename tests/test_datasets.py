"""Files of arrays: what NumPy writes is read, and what a hostile file says is refused before it costs anything."""

import struct
import zipfile

import numpy as np
import pytest

from mcusim import datasets
from mcusim.errors import BadInputError


def npy(header, content=b""):
    header = header.encode() + b" " * (63 - (10 + len(header)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def described(shape, descr="<f4"):
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"


def test_what_numpy_writes(tmp_path):
    arrays = {"x": np.asfortranarray(np.arange(12.0).reshape(3, 4)), "y": np.arange(3, dtype=">i2")}
    np.savez(tmp_path / "plain.npz", **arrays)
    np.savez_compressed(tmp_path / "packed.npz", **arrays)
    for name in ("plain.npz", "packed.npz"):
        file = datasets.open_arrays(str(tmp_path / name))
        assert {name: header.shape for name, header in file.headers.items()} == {"x": (3, 4), "y": (3,)}
        np.testing.assert_array_equal(file.read("x"), arrays["x"])
        np.testing.assert_array_equal(file.read("y"), [0, 1, 2])
        assert file.read("y").dtype == np.int16 and file.read("y").dtype.isnative
    np.save(tmp_path / "one.npy", arrays["x"])
    np.testing.assert_array_equal(datasets.open_arrays(str(tmp_path / "one.npy")).read(""), arrays["x"])


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "it is no .npy or .npz file, or is cut short"),
        (b"PK\x03\x04" + bytes(60), "it is no .npy or .npz file, or is cut short"),
        (b"\x93NUMPY\x01", "it is no .npy or .npz file, or is cut short"),
        (npy(described("(1000000000000, 8)")), "up to 1,073,741,824 are read"),
        (npy(described("(3, 8)"), b"abc"), "is cut short: 3 of 96 bytes"),
        (npy(described("(-3, 8)")), "has the shape [-3, 8]"),
        (npy(described("(3,)", "|O")), "is of Python objects"),
        (npy(described("(3,)", "<c16")), "is of complex128"),
        (npy("{'descr': ((((((((((("), "damaged"),
        (npy("__import__('os').system('false')"), "a .npy or .npz file"),
        (b"\x93NUMPY\x03\x00" + bytes(20), "3.0; 1.0 and 2.0 are read"),
    ],
)
def test_what_is_no_file_of_numbers(tmp_path, content, message):
    path = tmp_path / "data.npy"
    path.write_bytes(content)
    with pytest.raises(BadInputError) as caught:
        datasets.open_arrays(str(path)).read("")
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "members, message",
    [
        ({}, "0 members"),
        ({"x.npy": npy(described("(9000000000,)"))}, "up to 1,073,741,824 are read"),
        ({"x.npy": b"\x93NUM"}, "array 'x' is no .npy or .npz file, or is cut short"),
        ({"x.txt": b"hello"}, "x.txt in it is no plain .npy"),
        ({f"{number}.npy": npy(described("(0,)")) for number in range(65)}, "65 members"),
    ],
)
def test_archives_that_are_refused(tmp_path, members, message):
    path = tmp_path / "data.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(BadInputError, match=message.replace(".", r"\.")):
        datasets.open_arrays(str(path)).read("x")


def test_an_archive_that_holds_more_than_it_says_is_read_no_further(tmp_path):
    path = tmp_path / "data.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", npy(described("(4,)"), bytes(50_000_000)))
    assert datasets.open_arrays(str(path)).read("x").tolist() == [0, 0, 0, 0]


def test_what_is_no_file_at_all(tmp_path):
    for path, message in ((tmp_path, "directory"), (tmp_path / "no", "no such file"), ("/dev/null", "regular file")):
        with pytest.raises(BadInputError, match=message):
            datasets.open_arrays(str(path))
