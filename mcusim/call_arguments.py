"""Python numbers and NumPy arrays → C values as the procedure call passes them, and arrays with places in RAM."""

from __future__ import annotations

import ctypes
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim import structures
from mcusim.errors import BadInputError
from mcusim.procedure_call import Value, pointer
from mcusim.structures import Structure

Array = NDArray[np.generic]

ALIGNMENT_BYTES = 16  # of arrays: the widest that vector instructions profit from
GAP_BYTES = 32  # between arrays: what is written there is noticed
MOST_AGGREGATE_FLOATS = 4  # AAPCS32, section 7.1.1: homogeneous aggregates
_BY_REFERENCE = type(ctypes.byref(ctypes.c_int()))
WORD_RANGE = range(-(1 << 31), 1 << 32)

# C types by the words of `returns`, as NumPy knows them.
RETURNED = (
    *("int8", "uint8", "bool", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float32", "float64"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What lies in the simulated RAM at `address` for a call, and what it holds before.

    `arrays` are the host's arrays there, each with its offset, `structure` is the structure that lies there instead;
    `name` says in refusals which argument it is.
    """

    name: str
    address: int
    content: bytes
    is_writable: bool
    arrays: tuple[tuple[int, Array], ...]
    structure: Structure | ctypes.Structure | None

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)

    def take(self, content: bytes) -> None:
        """Give the arrays, or the structure, what RAM holds after the call."""
        for offset, array in self.arrays:
            if array.flags.writeable:
                part = content[offset : offset + array.nbytes]
                array[...] = np.frombuffer(part, array.dtype).reshape(array.shape)
        if self.structure is not None and content != self.content:
            structures.decode(self.structure, memoryview(content))


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
    """Something among the arguments that lies in memory: the host's addresses of an array, or a structure.

    `original` is what was given for it.
    """

    original: object
    name: str
    array: Array | None
    structure: Structure | ctypes.Structure | None
    first: int = 0
    behind: int = 0

    @property
    def is_contiguous(self) -> bool:
        """Whether it lies on the host as it will in RAM."""
        return self.array is None or bool(self.array.flags.c_contiguous)


def lay_out(arguments: Sequence[object], start: int) -> Arguments:
    """Place what a call's arguments point to from `start` up, in order; arrays that overlap do so in RAM too.

    Takes int, float, bool, None (a null pointer), bytes, NumPy's numbers and arrays, numbers and structures of ctypes
    (by value; ctypes.byref passes an address) and structures.Structure (by address). A Python int is a word, a Python
    float a float; np.int64 and np.float64 take 8 bytes. Raises BadInputError for anything else, with what to give.
    """
    given = _all_given(arguments)
    addresses: dict[int, int] = {}
    spans: list[tuple[list[_Given], int]] = []
    at = start
    for members in _overlapping(given):
        at = -(-at // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
        spans.append((members, at))
        low = min(one.first for one in members)
        addresses.update((id(one.original), at + one.first - low) for one in members)
        at += _size(members) + GAP_BYTES
    blocks = tuple(_block(members, address, addresses) for members, address in spans)
    values = tuple(_value(one, f"argument {number + 1}", addresses) for number, one in enumerate(arguments))
    return Arguments(values, blocks, at)


def _all_given(arguments: Sequence[object]) -> list[_Given]:
    """Everything that lies in memory, each once, structures before what they point to."""
    found: dict[int, _Given] = {}
    pending = [(f"argument {number + 1}", one, False) for number, one in enumerate(arguments)]
    while pending:
        name, one, is_pointed_to = pending.pop(0)
        if id(_target(one)) in found:
            continue
        given = _given(one, name)
        if given is None and is_pointed_to:
            raise BadInputError(
                f"{name} is a {type(one).__name__}, which no member of a structure can be; give a number, a NumPy "
                "array, bytes, a structure or None"
            )
        if given is not None:
            found[id(given.original)] = given
        inner = given.structure if given is not None else one
        if isinstance(inner, Structure | ctypes.Structure):
            behind = [(f"{name}.{member}", value, True) for member, value in structures.pointees(inner)]
            pending = [*behind, *pending]
    return list(found.values())


def _target(argument: object) -> object:
    """What ctypes.byref or ctypes.pointer was made of; anything else itself."""
    if isinstance(argument, ctypes._Pointer) and argument:
        objects: dict[str, object] = getattr(argument, "_objects", None) or {}
        if "1" not in objects:
            raise BadInputError(
                "a pointer of ctypes does not say how much lies behind it; give the array, or byref of it"
            )
        return objects["1"]
    if isinstance(argument, ctypes._Pointer):
        return None
    return getattr(argument, "_obj", argument) if isinstance(argument, _BY_REFERENCE) else argument


def _given(argument: object, name: str) -> _Given | None:
    """An argument as something in memory; None for one that is passed by value."""
    target = _target(argument)
    by_reference = target is not argument
    if isinstance(target, Structure) or (by_reference and isinstance(target, ctypes.Structure)):
        return _Given(target, name, None, target)
    array = _array(target, name, by_reference)
    if array is None:
        return None
    kept = "" if array.flags.writeable else ", read-only"
    name = f"{name}, {array.dtype} {list(array.shape)}{kept}"
    if array.dtype.hasobject or not array.dtype.isnative:
        raise BadInputError(f"{name}: C has no such type; give an array of integers or floats in the host's byte order")
    if array.flags.c_contiguous:
        first = int(array.ctypes.data)
        return _Given(target, name, array, None, first, first + array.nbytes)
    first, behind = np.lib.array_utils.byte_bounds(array)
    return _Given(target, name, array, None, first, behind)


def _array(target: object, name: str, by_reference: bool) -> Array | None:
    """The array that a pointer points to; it shares the memory of what was given."""
    if isinstance(target, np.ndarray):
        return target
    if isinstance(target, bytes | bytearray):
        return np.frombuffer(target, np.uint8)
    if isinstance(target, ctypes.Array) or (by_reference and isinstance(target, ctypes._SimpleCData)):
        kind = getattr(target, "_type_", None)
        dtype = structures.NUMBERS.get(str(getattr(kind, "_type_", kind)))
        if dtype is None or np.dtype(dtype).itemsize != ctypes.sizeof(target) // getattr(target, "_length_", 1):
            raise BadInputError(f"{name} is of a type with another size on Cortex-M; give a NumPy array")
        return np.frombuffer(target, dtype)  # type: ignore[call-overload, no-any-return]
    return None


def _overlapping(given: Sequence[_Given]) -> list[list[_Given]]:
    """Arrays in groups of shared memory, each group where its first array came; structures each by itself."""
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
    return one.first < other.behind and other.first < one.behind


def _size(members: Sequence[_Given]) -> int:
    lead = members[0]
    if lead.structure is not None:
        return structures.members(lead.structure)[1]
    if len(members) == 1 and lead.array is not None:
        return lead.array.nbytes
    return max(one.behind for one in members) - min(one.first for one in members)


def _block(members: Sequence[_Given], address: int, addresses: dict[int, int]) -> Block:
    """The memory of a group. An array with gaps lies there without them, so it can share with no other."""
    lead = members[0]
    if lead.structure is not None:
        content = structures.encoded(lead.structure, lambda target: addresses[id(_target(target))])
        return Block(lead.name, address, content, True, (), lead.structure)
    if len(members) > 1 and not all(one.is_contiguous for one in members):
        raise BadInputError(
            f"{members[-1].name} overlaps {lead.name} in memory, and one of them is not contiguous; give copies of "
            "them, or views without gaps"
        )
    low = min(one.first for one in members)
    arrays = tuple((one.first - low, one.array) for one in members if one.array is not None)
    found = bytearray(_size(members))
    for offset, array in arrays:
        found[offset : offset + array.nbytes] = np.ascontiguousarray(array).tobytes()
    is_writable = any(array.flags.writeable for _, array in arrays)
    return Block(lead.name, address, bytes(found), is_writable, arrays, None)


def _value(argument: object, name: str, addresses: dict[int, int]) -> Value:
    """An argument as C passes it."""
    target = _target(argument)
    if id(target) in addresses:
        return pointer(addresses[id(target)])
    if isinstance(target, ctypes.Structure):
        content = structures.encoded(target, lambda one: addresses[id(_target(one))])
        members, _, alignment = structures.members(target)
        return Value(content, max(4, alignment), _float_bytes(members, len(content)))
    return number_value(target, name)


def _float_bytes(members: Sequence[structures.Member], size: int) -> int:
    """The size of a structure's floats or doubles where it has one to four of them and nothing else; 0 otherwise."""
    kinds = {one.kind if isinstance(one.kind, np.dtype) else None for one in members}
    kind = next(iter(kinds)) if len(kinds) == 1 else None
    if kind is None or kind.kind != "f" or size // kind.itemsize > MOST_AGGREGATE_FLOATS:
        return 0
    return kind.itemsize


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


def _of_ctypes(argument: object, name: str) -> object:
    """A number of ctypes as NumPy's."""
    kind = getattr(type(argument), "_type_", "")
    value = getattr(argument, "value", None)
    if kind not in structures.NUMBERS:
        raise BadInputError(f"{name} is a {type(argument).__name__}, which cannot be passed; give a NumPy array")
    return structures.NUMBERS[kind](ord(value) if isinstance(value, bytes) else value)


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
