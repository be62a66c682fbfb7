"""Python numbers and NumPy arrays → C values as the procedure call passes them, and arrays with places in RAM."""

from __future__ import annotations

import ctypes
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim.errors import BadInputError
from mcusim.procedure_call import Value, pointer

Array = NDArray[np.generic]

ALIGNMENT_BYTES = 16  # of arrays: the widest that vector instructions profit from
GAP_BYTES = 32  # between arrays: what is written there is noticed
WORD_RANGE = range(-(1 << 31), 1 << 32)

# C types by the words of `returns`, as NumPy knows them.
RETURNED = (
    *("int8", "uint8", "bool", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float32", "float64"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Memory of the host that lies in the simulated RAM at `address` for a call.

    `arrays` are what was given of it, each with its offset; `name` says in refusals which argument it is.
    """

    name: str
    address: int
    size: int
    is_writable: bool
    arrays: tuple[tuple[int, Array], ...]

    @property
    def content(self) -> bytes:
        """What RAM is to hold before the call."""
        found = bytearray(self.size)
        for offset, array in self.arrays:
            found[offset : offset + array.nbytes] = np.ascontiguousarray(array).tobytes()
        return bytes(found)

    def take(self, content: memoryview) -> None:
        """Give the arrays what RAM holds after the call."""
        for offset, array in self.arrays:
            if array.flags.writeable:
                part = content[offset : offset + array.nbytes]
                array[...] = np.frombuffer(part, array.dtype).reshape(array.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Arguments:
    """The arguments of one call: their values in order, the memory behind them, and where that ends."""

    values: tuple[Value, ...]
    blocks: tuple[Block, ...]
    end: int

    @property
    def sha256(self) -> str:
        """Of all that the function is given: values, and what lies behind pointers now."""
        behind = [(block.address, bytes(block.content)) for block in self.blocks]
        return hashlib.sha256(repr((self.values, behind)).encode()).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """One array among the arguments: the host's addresses that it takes, and which argument it is."""

    array: Array
    first: int
    behind: int
    name: str


def lay_out(arguments: Sequence[object], start: int) -> Arguments:
    """Place the arrays of a call from `start` up, in order of the arguments; arrays that overlap do so in RAM too.

    Takes int, float, bool, None (a null pointer), bytes, NumPy's numbers and arrays, numbers of ctypes. A Python int
    is a word, a Python float a float; np.int64 and np.float64 take 8 bytes. Raises BadInputError for anything else,
    with what to give instead.
    """
    given = [_given(one, number) for number, one in enumerate(arguments)]
    blocks: list[Block] = []
    addresses: dict[int, int] = {}
    at = start
    for members in _overlapping([one for one in given if one is not None]):
        first = min(one.first for one in members)
        size = max(one.behind for one in members) - first
        at = -(-at // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
        blocks.append(_block(members, first, size, at))
        addresses.update((id(one), at + one.first - first) for one in members)
        at += size + GAP_BYTES
    values = [
        number_value(argument, f"argument {number + 1}") if one is None else pointer(addresses[id(one)])
        for number, (argument, one) in enumerate(zip(arguments, given, strict=True))
    ]
    return Arguments(tuple(values), tuple(blocks), at)


def _given(argument: object, number: int) -> _Given | None:
    """An argument as an array in memory; None for one that is passed by value."""
    if isinstance(argument, bytes | bytearray):
        argument = np.frombuffer(argument, np.uint8)
    if not isinstance(argument, np.ndarray):
        return None
    kept = "" if argument.flags.writeable else ", read-only"
    name = f"argument {number + 1}, {argument.dtype} {list(argument.shape)}{kept}"
    if argument.dtype.hasobject or not argument.dtype.isnative:
        raise BadInputError(f"{name}: C has no such type; give an array of integers or floats in the host's byte order")
    if argument.flags.c_contiguous:
        first = int(argument.ctypes.data)
        return _Given(argument, first, first + argument.nbytes, name)
    first, behind = np.lib.array_utils.byte_bounds(argument)
    return _Given(argument, first, behind, name)


def _overlapping(given: Sequence[_Given]) -> list[list[_Given]]:
    """The arrays in groups of shared memory, each group where its first array came."""
    groups: list[list[_Given]] = []
    for one in given:
        shares = [group for group in groups if any(_overlaps(one, other) for other in group)]
        if not shares:
            groups.append([one])
            continue
        shares[0].append(one)
        for other in shares[1:]:
            shares[0].extend(other)
            groups.remove(other)
    return groups


def _overlaps(one: _Given, other: _Given) -> bool:
    return one.array is other.array or (one.first < other.behind and other.first < one.behind)


def _block(members: Sequence[_Given], first: int, size: int, address: int) -> Block:
    """The memory of a group. An array with gaps lies there without them, so it can share with none but itself."""
    lead = members[0]
    if any(not one.array.flags.c_contiguous and one.array is not lead.array for one in (*members, lead)):
        raise BadInputError(
            f"{members[-1].name} overlaps {lead.name} in memory and is not contiguous; give copies of them, or views "
            "without gaps"
        )
    if not lead.array.flags.c_contiguous:
        return Block(lead.name, address, lead.array.nbytes, lead.array.flags.writeable, ((0, lead.array),))
    is_writable = any(one.array.flags.writeable for one in members)
    arrays = tuple((one.first - first, one.array) for one in members)
    return Block(lead.name, address, size, is_writable, arrays)


def number_value(argument: object, name: str) -> Value:
    """A number, or None for a null pointer, as C passes it; BadInputError for what is no number of C."""
    if argument is None:
        return Value(bytes(4))
    if isinstance(argument, ctypes._SimpleCData):
        return number_value(_of_ctypes(argument, name), name)
    if isinstance(argument, np.float32):
        return Value(argument.tobytes(), 4, 4)
    if isinstance(argument, np.float64):
        return Value(argument.tobytes(), 8, 8)
    if isinstance(argument, bool | np.bool_):
        return Value(int(argument).to_bytes(4, "little"))
    if isinstance(argument, np.integer):
        wide = argument.dtype.itemsize == 8
        return Value(
            (int(argument) & (1 << (64 if wide else 32)) - 1).to_bytes(8 if wide else 4, "little"), 4 + 4 * wide
        )
    if isinstance(argument, int):
        if argument not in WORD_RANGE:
            raise BadInputError(f"{name}, {argument}, does not fit a word; give np.int64 or np.uint64")
        return Value((argument & 0xFFFFFFFF).to_bytes(4, "little"))
    if isinstance(argument, float):
        return Value(_single(argument, name), 4, 4)
    raise BadInputError(
        f"{name} is a {type(argument).__name__}, which C does not take; give a number, a NumPy array, bytes or None"
    )


def _single(number: float, name: str) -> bytes:
    try:
        return struct.pack("<f", number)
    except OverflowError:
        raise BadInputError(f"{name}, {number}, is beyond the range of a float; give np.float64") from None


# Numbers of ctypes by their format character, as NumPy's; of long and size_t the sizes that they have on Cortex-M.
_CTYPES = {
    **{"b": np.int8, "B": np.uint8, "h": np.int16, "H": np.uint16, "i": np.int32, "I": np.uint32, "l": np.int32},
    **{"L": np.uint32, "q": np.int64, "Q": np.uint64, "f": np.float32, "d": np.float64, "?": np.bool_, "c": np.uint8},
}


def _of_ctypes(argument: object, name: str) -> object:
    """A number of ctypes as NumPy's."""
    kind = getattr(type(argument), "_type_", "")
    value = getattr(argument, "value", None)
    if kind not in _CTYPES:
        raise BadInputError(f"{name} is a {type(argument).__name__}, which cannot be passed; give a NumPy array")
    return _CTYPES[kind](ord(value) if isinstance(value, bytes) else value)


def returned_value(kind: str | None, core: bytes, vfp: bytes, float_abi: str) -> int | float | None:
    """What a function returned, from r0 and r1, s0 and s1 (AAPCS32, section 6.5, result return)."""
    if kind is None:
        return None
    dtype = np.dtype(kind)
    source = vfp if dtype.kind == "f" and float_abi == "hard" else core
    value: int | float = np.frombuffer(source[: dtype.itemsize], dtype)[0].item()
    return int(value) if dtype.kind == "b" else value


def returned_kind(returns: object) -> str | None:
    """The name of a return type, given as a name, a type of NumPy, or None; BadInputError for one there is not."""
    if returns is None:
        return None
    try:
        name = np.dtype(returns).name  # type: ignore[call-overload]
    except TypeError:
        name = str(returns)
    if name not in RETURNED:
        raise BadInputError(
            f"returns={returns!r} is no type that can be returned; there are {', '.join(RETURNED)}, None"
        )
    return str(name)
