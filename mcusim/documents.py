"""Text files and the mappings they hold → checked dataclasses, or a sentence with file, key and what is expected."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import hashlib
import json
import math
import os
import stat
import tomllib
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcusim.errors import BadInputError

Record = typing.TypeVar("Record")

LARGEST_JSON_BYTES = 256 << 20
LARGEST_INTEGER = 2**63 - 1  # larger than any count of bytes or cycles; keeps hostile numbers printable


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in which file a value stands; `nulls` are the words that mean "no value" in a format without null."""

    file: str
    key: str
    nulls: frozenset[str]

    def child(self, name: str) -> _Place:
        """The place of a member."""
        return _Place(self.file, f"{self.key}.{name}" if self.key else name, self.nulls)

    def item(self, index: int) -> _Place:
        """The place of a list's item."""
        return _Place(self.file, f"{self.key}[{index}]", self.nulls)

    def error(self, text: str) -> BadInputError:
        """The refusal of this place's value."""
        return BadInputError(f"{self.file}: {self.key}: {text}" if self.key else f"{self.file}: {text}")


def build(kind: type[Record], document: object, file: str, nulls: Sequence[str] = ()) -> Record:
    """A dataclass out of a mapping, its annotations taken as the schema; nested dataclasses likewise.

    Every field without a default must be there and no other key. An optional field X that has a field X_reason
    beside it must have exactly one of the two; `source`, `…_source` and `…_reason` may not be blank. `nulls` are
    words that stand for None where the format (TOML) has no null; there, X may also be left out when X_reason is
    given. Raises BadInputError that names `file`, the key and what is expected.
    """
    return _record(kind, document, _Place(file, "", frozenset(nulls)))


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that a mistyped one most likely means."""
    plain = {name.lower().replace("-", "_"): name for name in known}
    matches = difflib.get_close_matches(word.lower().replace("-", "_"), list(plain), n=1, cutoff=0.5)
    return plain[matches[0]] if matches else None


def is_file(path: str | os.PathLike[str]) -> bool:
    """Whether there is such a regular file; no name that the system refuses (too long) is one."""
    try:
        return Path(path).is_file()
    except OSError:
        return False


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether there is such a folder; no name that the system refuses (too long) is one."""
    try:
        return Path(path).is_dir()
    except OSError:
        return False


def read_text(path: str | os.PathLike[str], limit_bytes: int, expected: str) -> str:
    """The UTF-8 text of a file of at most `limit_bytes`; `expected` says in words what kind of file it should be."""
    try:
        kind = Path(path).stat().st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            raise BadInputError(f"{os.fspath(path)} is no regular file; {expected} is expected")
        with Path(path).open("rb") as file:
            data = file.read(limit_bytes + 1)
    except IsADirectoryError:
        raise BadInputError(f"{os.fspath(path)} is a directory; {expected} is expected") from None
    except (OSError, ValueError) as error:
        raise BadInputError(f"cannot read {os.fspath(path)}: {_reason(error)}; {expected} is expected") from None
    if len(data) > limit_bytes:
        raise BadInputError(f"{os.fspath(path)} is larger than {limit_bytes:,} bytes; {expected} is expected")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInputError(
            f"{os.fspath(path)} is not UTF-8 text (byte {error.start}); {expected} is expected"
        ) from None


def text_sha256(text: str) -> str:
    """The SHA-256 of a text in UTF-8, the same whether its lines end as on Windows or not."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()


def read_json(path: str | os.PathLike[str], limit_bytes: int, expected: str) -> object:
    """What a JSON file holds; BadInputError, with `expected` in words, for one that is none or too large."""
    text = read_text(path, limit_bytes, expected)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{os.fspath(path)} is not JSON: {error}; {expected} is expected") from None


def parse_toml(text: str, file: str, expected: str) -> dict[str, object]:
    """What a TOML file's text holds; BadInputError that names `file` and what is `expected` for one that is none."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise BadInputError(f"{file} is not valid TOML: {error}; {expected} is expected") from None


def schema_of(path: str | os.PathLike[str], limit_bytes: int = LARGEST_JSON_BYTES) -> str | None:
    """The schema that a saved document names; None for a file that cannot be read or names none."""
    try:
        document = read_json(path, limit_bytes, "a saved run")
    except BadInputError:
        return None
    schema = document.get("schema") if isinstance(document, Mapping) else None
    return schema if isinstance(schema, str) else None


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a file whole or not at all: beside its target first, then renamed over it."""
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_text(text, encoding="utf-8")  # a device or pipe cannot be replaced
            return
        beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            with beside.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise BadInputError(f"cannot write {os.fspath(path)}: {_reason(error)}") from None


def _reason(error: OSError | ValueError) -> str:
    """What the operating system says, without the path that the caller names anyway."""
    return (getattr(error, "strerror", None) or str(error)).lower()


def _record(kind: type[Record], document: object, place: _Place) -> Record:
    if not isinstance(document, Mapping):
        raise place.error(f"expected a table of {_names(kind)}, found {_found(document)}")
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in document:
        if key not in fields:
            guess = nearest(str(key), list(fields))
            hint = f"did you mean {guess!r}? " if guess else ""
            raise place.error(f"unknown key {str(key)!r}; {hint}known: {_names(kind)}")
    annotations = _annotations(kind)  # type: ignore[arg-type]
    values: dict[str, object] = {}
    for name, field in fields.items():
        if name in document:
            values[name] = _value(annotations[name], document[name], place.child(name))
        elif place.nulls and (f"{name}_reason" in fields or name.endswith("_reason")):
            values[name] = None
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise place.error(f"{name} is missing; expected {_words(annotations[name])}")
    _check_reasons(values, place)
    return kind(**values)


@functools.cache
def _annotations(kind: type) -> Mapping[str, object]:
    """The fields' types; resolving them costs more than all checks of a large document."""
    return typing.get_type_hints(kind)


def _check_reasons(values: Mapping[str, object], place: _Place) -> None:
    """Sources and reasons are not blank; a value is unknown exactly where a reason is given."""
    for name, value in values.items():
        if name.endswith(("source", "_reason")) and isinstance(value, str) and not value.strip():
            raise place.child(name).error("expected words, found an empty text")
        reason = f"{name}_reason"
        if reason in values and (value is None) == (values[reason] is None):
            state = "both are given" if value is not None else "both are missing"
            raise place.child(name).error(f"expected a value, or none and {reason} that says why; {state}")


def _value(annotation: object, value: object, place: _Place) -> object:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        if value is None or (isinstance(value, str) and value in place.nulls):
            return None
        return _value(next(one for one in arguments if one is not types.NoneType), value, place)
    if origin is typing.Literal:
        if value not in arguments:
            raise place.error(f"expected {_words(annotation)}, found {_found(value)}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise place.error(f"expected a list, found {_found(value)}")
        return tuple(_value(arguments[0], item, place.item(index)) for index, item in enumerate(value))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise place.error(f"expected a table, found {_found(value)}")
        return {_text(key, place): _value(arguments[1], item, place.child(str(key))) for key, item in value.items()}
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return _record(annotation, value, place)
    return _scalar(annotation, value, place)


def _scalar(annotation: object, value: object, place: _Place) -> object:
    if annotation is str:
        return _text(value, place)
    if annotation is bool and isinstance(value, bool):
        return value
    if annotation is int and isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > LARGEST_INTEGER:
            raise place.error("expected an integer of at most 63 bits, found a larger one")
        return value
    if annotation is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        if abs(value) > LARGEST_INTEGER and isinstance(value, int):
            raise place.error("expected a number, found an integer of more than 63 bits")
        if not math.isfinite(value):
            raise place.error(f"expected a finite number, found {value}")
        return float(value)
    raise place.error(f"expected {_words(annotation)}, found {_found(value)}")


def _text(value: object, place: _Place) -> str:
    if not isinstance(value, str):
        raise place.error(f"expected a text, found {_found(value)}")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise place.error("expected a text, found half of a surrogate pair in it") from None
    return value


def _names(kind: object) -> str:
    return ", ".join(field.name for field in dataclasses.fields(kind))  # type: ignore[arg-type]


_WORDS: Mapping[object, str] = {str: "a text", int: "an integer", float: "a number", bool: "true or false"}


def _words(annotation: object) -> str:
    """An annotation in the words of someone who writes the file."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _words(next(one for one in arguments if one is not types.NoneType))
    if origin is typing.Literal:
        return "one of " + ", ".join(repr(one) for one in arguments)
    if origin is tuple:
        return "a list"
    return _WORDS.get(annotation, "a table")


def _found(value: object) -> str:
    """A short description of a wrong value, safe to print."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        return "a very large integer"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
