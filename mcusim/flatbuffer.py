"""Bytes of a flatbuffer and the generated class of its root table → tables that are read within bounds only.

The flatbuffers runtime for Python verifies nothing: a hostile offset makes it read anywhere or for ever. Here the
generated classes only tell what the fields are (`fields`); they never see the file, which `Table` reads itself.
"""

from __future__ import annotations

import functools
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from mcusim.errors import BadModelError, printable

Scalar = int | float | bool
Value = Scalar | str | tuple[Scalar, ...]

# What one file may cost to read, tables and vectors that are shared counting each time: about 65,000 tables or four
# million numbers, far above any microcontroller's model and far below what would take long or much memory.
_BUDGET = 32 << 20
_TABLE_COST = 512
_NUMBER_COST = 8

_U16 = struct.Struct("<H")
_I32 = struct.Struct("<i")
_U32 = struct.Struct("<I")


class Extent(NamedTuple):
    """A stretch of the file: `start` and number of `elements` (bytes in a vector of bytes)."""

    start: int
    elements: int


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a table: its slot (byte offset in the vtable), kind, number format and default.

    `packing` reads one number (a scalar, or an element of a vector of numbers); `table` is the generated class of a
    nested table or of a vector's tables.
    """

    name: str
    slot: int
    kind: Literal["scalar", "string", "vector", "table", "tables", "union"]
    packing: struct.Struct
    default: Scalar
    table: type | None


class _Probe:
    """Takes the place of flatbuffers.table.Table and notes what a generated accessor asks for first.

    First, because the package `tflite` makes OperatorCode.BuiltinCode look at the deprecated code as well.
    """

    Bytes = b""
    Pos = 0

    def __init__(self, present: bool) -> None:
        self.present = present
        self.slots: list[int] = []
        self.packings: list[struct.Struct] = []
        self.asked: set[str] = set()

    def Offset(self, slot: int) -> int:  # noqa: N802
        self.slots.append(slot)
        return 4 if self.present else 0

    def Get(self, flags: Any, position: int) -> int:  # noqa: N802
        self.packings.append(flags.packer_type)
        return 0

    def Vector(self, position: int) -> int:  # noqa: N802
        self.asked.add("vector")
        return 0

    def Indirect(self, position: int) -> int:  # noqa: N802
        self.asked.add("table")
        return 0

    def String(self, position: int) -> bytes:  # noqa: N802
        self.asked.add("string")
        return b""

    def Union(self, table: object, position: int) -> None:  # noqa: N802
        self.asked.add("union")


def _ask(generated: type, accessor: str, *, present: bool, is_vector: bool) -> tuple[_Probe, Any]:
    """The probe and the answer of one accessor of a generated class, for a field that is there or not."""
    probe, reading = _Probe(present), generated()
    reading._tab = probe
    return probe, getattr(reading, accessor)(*([0] if is_vector else []))


@functools.cache
def fields(generated: type) -> Mapping[str, Field]:
    """Fields of a table, by schema name, from the class that flatc generated for it.

    A field X has an accessor X; a vector has XIsNone, XLength and XAsNumpy too.
    """
    # The generated classes have these besides the accessors, whose names are the schema's in camel case.
    foreign = re.compile(r"[^A-Z]|Init$|GetRootAs|\w+BufferHasIdentifier$")
    accessors = [name for name in vars(generated) if not foreign.match(name)]
    vectors = {name.removesuffix("IsNone") for name in accessors if name.endswith("IsNone")}
    companions = {vector + suffix for vector in vectors for suffix in ("IsNone", "Length", "AsNumpy")}
    found: dict[str, Field] = {}
    for accessor in accessors:
        if accessor in companions:
            continue
        is_vector = accessor in vectors
        probe, answer = _ask(generated, accessor, present=True, is_vector=is_vector)
        _, default = _ask(generated, accessor, present=False, is_vector=is_vector)
        kind: Any = "tables" if {"vector", "table"} <= probe.asked else next(iter(probe.asked), "scalar")
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", accessor).lower()
        table = type(answer) if "table" in probe.asked else None
        packing = probe.packings[0] if probe.packings else _U32
        found[name] = Field(name, probe.slots[0], kind, packing, default if kind == "scalar" else 0, table)
    return MappingProxyType(found)


def defaults(generated: type) -> dict[str, Value]:
    """The values of a table that is left out: numbers as in the schema, "" and ()."""
    empty: dict[str, Value] = {"string": "", "vector": ()}
    return {name: empty.get(field.kind, field.default) for name, field in fields(generated).items()}


class Reader:
    """The bytes of a flatbuffer and what may still be read of them."""

    __slots__ = ("_budget", "data")

    def __init__(self, data: bytes) -> None:
        """A reader of `data` that has read nothing so far."""
        self.data = data
        self._budget = _BUDGET

    def root(self, generated: type) -> Table:
        """The root table. BadModelError as for every read, if it does not lie within the file."""
        return self.table(self.follow(0, generated.__name__), generated)

    def spend(self, cost: int) -> None:
        """Count a read. BadModelError when more is read than any sensible model holds."""
        self._budget -= cost
        if self._budget < 0:
            raise BadModelError("its tables hold or share more entries than a model for a microcontroller can have")

    def unpack(self, packing: struct.Struct, position: int, what: str) -> Any:
        """One number of the file."""
        if not 0 <= position <= len(self.data) - packing.size:
            raise BadModelError(f"{what} lies outside of the file ({len(self.data)} bytes): truncated or corrupt")
        return packing.unpack_from(self.data, position)[0]

    def follow(self, position: int, what: str) -> int:
        """Where the offset at `position` points."""
        offset: int = self.unpack(_U32, position, what)
        if offset < 4:
            raise BadModelError(f"{what} is an offset that points at itself: corrupt")
        return position + offset

    def extent(self, position: int, element_bytes: int, what: str) -> Extent:
        """The elements of the vector that the offset at `position` points to."""
        start = self.follow(position, what)
        elements: int = self.unpack(_U32, start, what)
        if elements * element_bytes > len(self.data) - start - 4:
            raise BadModelError(f"{what} claims {elements} elements, more than the file has room for")
        return Extent(start + 4, elements)

    def table(self, position: int, generated: type) -> Table:
        """The table at `position`, its vtable and its extent checked."""
        self.spend(_TABLE_COST)
        what = generated.__name__
        vtable = position - self.unpack(_I32, position, what)
        vtable_bytes: int = self.unpack(_U16, vtable, what)
        table_bytes: int = self.unpack(_U16, vtable + 2, what)
        if vtable_bytes < 4 or vtable + vtable_bytes > len(self.data):
            raise BadModelError(f"the layout of a table {what} lies outside of the file: truncated or corrupt")
        if table_bytes < 4 or position + table_bytes > len(self.data):
            raise BadModelError(f"a table {what} lies outside of the file: truncated or corrupt")
        return Table(self, generated, position, table_bytes, vtable, vtable_bytes)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the file, read field by field; fields go by their schema names. All reads raise BadModelError."""

    reader: Reader
    generated: type
    position: int
    table_bytes: int
    vtable: int
    vtable_bytes: int

    def _field(self, name: str) -> tuple[Field, int, str]:
        """A field, its position in the file (0: left out) and what to call it in a message."""
        field = fields(self.generated)[name]
        what = f"{self.generated.__name__}.{name}"
        if field.slot + 2 > self.vtable_bytes:
            return field, 0, what
        offset: int = self.reader.unpack(_U16, self.vtable + field.slot, what)
        field_bytes = field.packing.size if field.kind == "scalar" else 4
        if offset and not 4 <= offset <= self.table_bytes - field_bytes:
            raise BadModelError(f"{what} lies outside of its table: corrupt")
        return field, self.position + offset if offset else 0, what

    def integer(self, name: str) -> int:
        """A whole number, a flag or the number of an enumerator."""
        field, position, what = self._field(name)
        return int(self.reader.unpack(field.packing, position, what) if position else field.default)

    def text(self, name: str) -> str:
        """A string, in printable characters; "" where it is left out."""
        _, position, what = self._field(name)
        if not position:
            return ""
        start, length = self.reader.extent(position, 1, what)
        self.reader.spend(length)
        try:
            return printable(str(self.reader.data[start : start + length], "utf-8"))
        except UnicodeDecodeError:
            raise BadModelError(f"{what} is not UTF-8 text: corrupt") from None

    def extent(self, name: str) -> Extent:
        """Where a vector of numbers lies; no elements where it is left out."""
        field, position, what = self._field(name)
        return self.reader.extent(position, field.packing.size, what) if position else Extent(0, 0)

    def place(self, name: str) -> int:
        """Where a field itself lies; 0 where it is left out."""
        return self._field(name)[1]

    def target(self, name: str) -> int:
        """Where a field that is an offset points; 0 where it is left out."""
        _, position, what = self._field(name)
        return self.reader.follow(position, what) if position else 0

    def numbers(self, name: str) -> tuple[Any, ...]:
        """A vector of numbers; () where it is left out."""
        start, elements = self.extent(name)
        self.reader.spend(elements * _NUMBER_COST)
        letter = fields(self.generated)[name].packing.format[-1]
        return struct.unpack_from(f"<{elements}{letter}", self.reader.data, start)

    def table(self, name: str) -> Table | None:
        """A nested table."""
        field, position, what = self._field(name)
        if not position or field.table is None:
            return None
        return self.reader.table(self.reader.follow(position, what), field.table)

    def tables(self, name: str) -> tuple[Table, ...]:
        """A vector of tables."""
        field, position, what = self._field(name)
        if not position or field.table is None:
            return ()
        start, elements = self.reader.extent(position, 4, what)
        self.reader.spend(elements * _NUMBER_COST)
        places = range(start, start + 4 * elements, 4)
        return tuple(self.reader.table(self.reader.follow(place, what), field.table) for place in places)

    def union(self, name: str, generated: type) -> Table | None:
        """The table that a union holds, read as `generated`."""
        _, position, what = self._field(name)
        return self.reader.table(self.reader.follow(position, what), generated) if position else None

    def values(self) -> dict[str, Value]:
        """All fields of a table that holds numbers, strings and vectors of numbers."""
        read: dict[str, Value] = {}
        for name, field in fields(self.generated).items():
            if field.kind == "vector":
                read[name] = self.numbers(name)
            elif field.kind == "string":
                read[name] = self.text(name)
            else:
                _, position, what = self._field(name)
                read[name] = self.reader.unpack(field.packing, position, what) if position else field.default
        return read
