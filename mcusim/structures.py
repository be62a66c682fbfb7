"""A C structure's members as Python values ↔ its bytes on Cortex-M, where pointers and long take four of them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.errors import BadInputError

POINTER_BYTES = 4
# Numbers of ctypes by their format character, as NumPy's; of long and size_t the sizes that they have on Cortex-M.
NUMBERS: dict[str, type[np.generic]] = {
    **{"b": np.int8, "B": np.uint8, "h": np.int16, "H": np.uint16, "i": np.int32, "I": np.uint32, "l": np.int32},
    **{"L": np.uint32, "q": np.int64, "Q": np.uint64, "f": np.float32, "d": np.float64, "?": np.bool_, "c": np.uint8},
}
POINTERS = ("P", "z", "Z")  # void *, char *, wchar_t *

FUNCTION: type = ctypes.CFUNCTYPE(None).__bases__[0]  # what all pointers to functions are

AddressOf = Callable[[object], int]


class Structure:
    """A structure that a function is given by its address; after the call its members are as the function left them.

    Members are attributes: those of a type of ctypes by their names, others by "m0", "m1", and so on.
    """

    def __init__(self, kind: type[ctypes.Structure] | None, values: dict[str, object]) -> None:
        """`values` by name, in order; those that a `kind` has more are zeros. BadInputError for names it has not."""
        self.__dict__["_kind"] = kind
        if kind is not None:
            unknown = [name for name in values if name not in {field[0] for field in fields_of(kind)}]
            if unknown:
                known = ", ".join(field[0] for field in fields_of(kind))
                raise BadInputError(f"{kind.__name__} has no member {unknown[0]!r}; it has {known}")
        self.__dict__["_values"] = dict(values)

    def __getattr__(self, name: str) -> Any:
        """A member's value."""
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"the structure has no member {name!r}") from None

    def __setattr__(self, name: str, value: object) -> None:
        """Set a member for the next call."""
        self._values[name] = value

    def __repr__(self) -> str:
        """The members."""
        kind = self._kind.__name__ if self._kind is not None else "struct"
        return f"{kind}({', '.join(f'{name}={value!r}' for name, value in self._values.items())})"


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One place in a structure: its name, offset and type ("*" for a pointer), and how many of it there are."""

    name: str
    offset: int
    size: int
    kind: np.dtype[np.generic] | type[ctypes.Structure] | str
    count: int | None
    value: object


def fields_of(kind: type[ctypes.Structure]) -> list[tuple[str, Any]]:
    """Name and type of each member, those of base classes first; BadInputError for bit fields."""
    found: list[tuple[str, Any]] = []
    for base in reversed(kind.__mro__):
        for field in base.__dict__.get("_fields_", ()):
            if len(field) != 2:
                raise BadInputError(f"{kind.__name__}.{field[0]} is a bit field; give the word that holds it instead")
            found.append((field[0], field[1]))
    return found


def members(structure: Structure | ctypes.Structure) -> tuple[list[Member], int, int]:
    """The members with their places as the AAPCS lays them out, and the structure's size and alignment."""
    kind = type(structure) if isinstance(structure, ctypes.Structure) else structure._kind
    if kind is None:
        assert isinstance(structure, Structure)
        placed = [(name, *_untyped(value, name), value) for name, value in structure._values.items()]
        return _laid_out(placed, None)
    values = structure._values if isinstance(structure, Structure) else None
    placed = []
    for name, type_ in fields_of(kind):
        value = values.get(name) if values is not None else getattr(structure, name)
        placed.append((name, *_typed(type_, f"{kind.__name__}.{name}"), value))
    return _laid_out(placed, getattr(kind, "_pack_", None))


def _laid_out(placed: Sequence[tuple[Any, ...]], pack: int | None) -> tuple[list[Member], int, int]:
    found, at, most = [], 0, 1
    for name, kind, size, alignment, count, value in placed:
        alignment = min(alignment, pack) if pack else alignment
        at = -(-at // alignment) * alignment
        found.append(Member(name, at, size, kind, count, value))
        at += size * (1 if count is None else count)
        most = max(most, alignment)
    return found, -(-at // most) * most, most


def _typed(type_: Any, name: str) -> tuple[Any, int, int, int | None]:
    """Type, size and alignment of one element of a member, and how many there are if it is an array."""
    if isinstance(type_, type) and issubclass(type_, ctypes.Array):
        kind, size, alignment, inner = _typed(type_._type_, name)
        return kind, size, alignment, _length(type_) * (1 if inner is None else inner)
    if isinstance(type_, type) and issubclass(type_, ctypes.Structure):
        _, size, alignment = members(Structure(type_, {}))
        return type_, size, alignment, None
    code = getattr(type_, "_type_", None)
    if code in POINTERS or (isinstance(type_, type) and issubclass(type_, ctypes._Pointer | FUNCTION)):
        return "*", POINTER_BYTES, POINTER_BYTES, None
    if code not in NUMBERS:
        raise BadInputError(f"{name} is of a type that cannot be laid out ({type_!r}); give its bytes as an array")
    dtype = np.dtype(NUMBERS[code])
    return dtype, dtype.itemsize, dtype.itemsize, None


def _length(type_: Any) -> int:
    return int(type_._length_)


def _untyped(value: object, name: str) -> tuple[Any, int, int, int | None]:
    """The same for a member whose type is its value's; a structure is one within the structure."""
    if isinstance(value, Structure | ctypes.Structure):
        _, size, alignment = members(value)
        return type(value), size, alignment, None
    if isinstance(value, np.generic):
        return value.dtype, value.dtype.itemsize, value.dtype.itemsize, None
    if isinstance(value, bool | float | int):
        dtype = np.dtype(np.bool_ if isinstance(value, bool) else np.float32 if isinstance(value, float) else np.int32)
        return dtype, dtype.itemsize, dtype.itemsize, None
    if isinstance(value, ctypes._SimpleCData):
        return _typed(type(value), name)
    return "*", POINTER_BYTES, POINTER_BYTES, None


def pointees(structure: Structure | ctypes.Structure) -> Iterator[tuple[str, object]]:
    """Name and target of the structure's pointers that are not null, in order.

    Raises BadInputError for pointers of ctypes: they do not say how much lies behind them.
    """
    for one in members(structure)[0]:
        if one.kind == "*":
            if isinstance(one.value, ctypes._Pointer) and one.value:
                raise BadInputError(
                    f"{one.name} is a pointer of ctypes, which does not say how much lies behind it; give the array: "
                    "mcu.struct(Type, member=array)"
                )
            if not isinstance(one.value, int | ctypes._Pointer | FUNCTION) and one.value is not None:
                yield one.name, one.value
        elif isinstance(one.value, Structure | ctypes.Structure):
            yield from ((f"{one.name}.{name}", value) for name, value in pointees(one.value))


def encoded(structure: Structure | ctypes.Structure, address_of: AddressOf) -> bytes:
    """The structure's bytes; `address_of` gives the place of what a pointer points to."""
    found, size, _ = members(structure)
    content = bytearray(size)
    for one in found:
        content[one.offset : one.offset + one.size * (one.count or 1)] = _bytes_of(one, address_of)
    return bytes(content)


def _bytes_of(one: Member, address_of: AddressOf) -> bytes:
    size = one.size * (1 if one.count is None else one.count)
    if one.value is None:
        return bytes(size)
    if one.kind == "*":
        if isinstance(one.value, ctypes._Pointer | FUNCTION):
            return bytes(size)
        address = one.value if isinstance(one.value, int) else address_of(one.value)
        return address.to_bytes(POINTER_BYTES, "little")
    if isinstance(one.value, Structure | ctypes.Structure):
        return encoded(one.value, address_of)
    if not isinstance(one.kind, np.dtype):
        raise BadInputError(f"{one.name} is a structure; give mcu.struct(...) for it")
    values = np.array(_plain(one.value), one.kind).reshape(-1)
    if values.nbytes > size:
        raise BadInputError(f"{one.name} has room for {size // one.size} elements; {values.size} were given")
    return values.tobytes().ljust(size, b"\0")


def _plain(value: object) -> Any:
    """A value of ctypes as Python's; bytes are numbers."""
    value = value.value if isinstance(value, ctypes._SimpleCData) else value
    return list(value) if isinstance(value, ctypes.Array | bytes | bytearray) else value


def decode(structure: Structure | ctypes.Structure, content: memoryview) -> None:
    """Give the structure's numbers what memory holds; pointers stay what they were given as."""
    for one in members(structure)[0]:
        part = content[one.offset : one.offset + one.size * (1 if one.count is None else one.count)]
        if isinstance(one.kind, np.dtype):
            setattr(structure, one.name, _like(one, np.frombuffer(bytes(part), one.kind)))
        elif one.kind != "*" and isinstance(one.value, Structure | ctypes.Structure):
            decode(one.value, part)


def _like(one: Member, numbers: NDArray[np.generic]) -> object:
    """What a member holds now, in the form that it was given in."""
    if isinstance(one.value, np.ndarray):
        one.value.reshape(-1)[...] = numbers[: one.value.size]
        return one.value
    if isinstance(one.value, ctypes.Array):
        return type(one.value)(*numbers.tolist())
    if one.count is not None:
        return bytes(numbers) if isinstance(one.value, bytes) else numbers.copy()
    if isinstance(one.value, np.generic):
        return numbers[0]
    number = numbers[0].item()
    return type(one.value)(number) if isinstance(one.value, ctypes._SimpleCData) else number
