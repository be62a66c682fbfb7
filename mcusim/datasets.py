"""A .npy or .npz file, hostile until read → its arrays, of plain numbers only and within a limit of bytes."""

from __future__ import annotations

import math
import os
import stat
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from mcusim.errors import BadInputError, quoted, shown

Array = NDArray[np.generic]

EXPECTED = "a .npy or .npz file of numbers, as numpy.save and numpy.savez write it, is expected"
LARGEST_ARRAY_BYTES = 1 << 30
MOST_ARRAYS = 64
LARGEST_HEADER_BYTES = 10_000
_NUMBERS = "biuf"  # NumPy's kinds: bool, int, unsigned int, float
_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # those of numpy.savez and savez_compressed


@dataclass(frozen=True, slots=True)
class Header:
    """What an array says of itself before its numbers."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]

    @property
    def bytes(self) -> int:
        """Size of its numbers."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True, slots=True)
class ArrayFile:
    """A file and the headers of its arrays by name; the name in a .npy file is ""."""

    path: str
    headers: Mapping[str, Header]
    is_archive: bool

    def read(self, name: str) -> Array:
        """An array; BadInputError where the file is not what its header says."""
        header = self.headers[name]
        if header.bytes > LARGEST_ARRAY_BYTES:
            raise _bad(
                self.path,
                f"{_subject(name)} takes {header.bytes:,} bytes; up to {LARGEST_ARRAY_BYTES:,} are read: give a part "
                "of the samples",
            )
        with _guarded(self.path), _stream(self.path, name, self.is_archive) as stream:
            _read_header(stream, self.path, name)
            content = stream.read(header.bytes) if header.bytes else b""
        if len(content) < header.bytes:
            raise _bad(
                self.path, f"{_subject(name)} is cut short: {len(content):,} of {header.bytes:,} bytes are there"
            )
        flat: Array = np.frombuffer(content, header.dtype)
        ordered = flat.reshape(header.shape, order="F" if header.fortran_order else "C")
        return np.ascontiguousarray(ordered, header.dtype.newbyteorder("="))


def open_arrays(path: str) -> ArrayFile:
    """The arrays that a file has, none of them read yet.

    BadInputError for what is no such file, for arrays of Python objects, which could run code when loaded, and for
    more arrays than MOST_ARRAYS.
    """
    with _guarded(path):
        if not stat.S_ISREG(Path(path).stat().st_mode) and not Path(path).is_dir():
            raise _bad(path, f"no regular file; {EXPECTED}")
        is_archive = zipfile.is_zipfile(path)
        names = _names(path) if is_archive else [""]
        headers = {}
        for name in names:
            with _stream(path, name, is_archive) as stream:
                headers[name] = _read_header(stream, path, name)
    return ArrayFile(path, headers, is_archive)


def _names(path: str) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if not 0 < len(members) <= MOST_ARRAYS:
        raise _bad(path, f"{len(members):,} members; 1 to {MOST_ARRAYS} arrays are expected")
    names = [member.filename.removesuffix(".npy") for member in members]
    for member in members:
        is_other = not member.filename.endswith(".npy") or member.compress_type not in _ZIP_METHODS
        if is_other or member.flag_bits & 1 or names.count(member.filename.removesuffix(".npy")) > 1:
            raise _bad(path, f"{shown(member.filename)} in it is no plain .npy of its own name; {EXPECTED}")
    return names


@contextmanager
def _stream(path: str, name: str, is_archive: bool) -> Iterator[IO[bytes]]:
    if not is_archive:
        with Path(path).open("rb") as file:
            yield file
        return
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as member:
        yield member


def _read_header(stream: IO[bytes], path: str, name: str) -> Header:
    magic = stream.read(len(npy.MAGIC_PREFIX) + 2)
    if len(magic) < len(npy.MAGIC_PREFIX) + 2 or not magic.startswith(npy.MAGIC_PREFIX):
        what = f"{_subject(name)} is" if name else "it is"
        raise _bad(path, f"{what} no .npy or .npz file, or is cut short; {EXPECTED}")
    version = magic[-2], magic[-1]
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise _bad(path, f"{_subject(name)} has the .npy format {version[0]}.{version[1]}; 1.0 and 2.0 are read")
    shape, fortran_order, dtype = readers[version](stream, LARGEST_HEADER_BYTES)
    if dtype.kind not in _NUMBERS or dtype.itemsize > 8:
        kind = "Python objects" if dtype.hasobject else shown(str(dtype))
        raise _bad(path, f"{_subject(name)} is of {kind}; integers, bools or floats of up to 64 bits are expected")
    if any(extent < 0 for extent in shape):
        raise _bad(path, f"{_subject(name)} has the shape {list(shape)}")
    return Header(tuple(int(extent) for extent in shape), fortran_order, dtype)


@contextmanager
def _guarded(path: str) -> Iterator[None]:
    """Turn whatever a damaged file makes the readers raise into a sentence."""
    try:
        yield
    except BadInputError:
        raise
    except OSError as error:
        raise BadInputError(f"cannot read {path}: {(error.strerror or str(error)).lower()}; {EXPECTED}") from None
    except (ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise _bad(path, f"{shown(' '.join(str(error).split())) or 'damaged'}; {EXPECTED}") from None
    except (SyntaxError, tokenize.TokenError, TypeError, KeyError, MemoryError, OverflowError, RecursionError):
        raise _bad(path, f"damaged; {EXPECTED}") from None


def _subject(name: str) -> str:
    return f"array {quoted(name)}" if name else "the array"


def _bad(path: str | os.PathLike[str], problem: str) -> BadInputError:
    return BadInputError(f"{os.fspath(path)}: {problem}")
