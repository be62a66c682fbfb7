"""Names or TOML files of application profiles → Application: what runtime, stacks, heap and sensors take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mcusim import documents
from mcusim.application import UNKNOWN, Application, Interrupts, Margin, Taken
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.hardware import PACKAGE, Reserve
from mcusim.regions import check_range

FOLDER = PACKAGE / "app_profiles"
FILE_LIMIT_BYTES = 1 << 20
EXPECTED = "an application profile's TOML file"
MOST_BYTES = 64 << 20  # of one row; no board has more
MOST_ROWS = 1000
MOST_NESTING = 256  # priorities that a Cortex-M can have


@dataclass(frozen=True, slots=True)
class RamRow:
    """One [[ram]] of a profile's file."""

    name: str
    kind: Literal["runtime", "heap", "stack", "sensor"]
    bytes: int
    source: str


@dataclass(frozen=True, slots=True)
class FlashRow:
    """One [[flash]] of a profile's file."""

    name: str
    bytes: int
    source: str


@dataclass(frozen=True, slots=True)
class AppProfile:
    """A profile's file. One with `replaces_reserved` is a platform of its own, in place of the board's RAM reserve;
    others come on top. Of several, nesting levels add up and the largest margin and handler count."""

    name: str
    summary: str
    replaces_reserved: bool
    interrupts: Interrupts
    margin: Margin
    ram: tuple[RamRow, ...] = ()
    flash: tuple[FlashRow, ...] = ()


def profile_names() -> tuple[str, ...]:
    """The profiles that come with mcusim, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load_profile(name_or_path: str) -> AppProfile:
    """A profile by its name, or out of a TOML file of the user's.

    Raises UnsupportedError for a name that is neither, with the known ones; BadInputError for a file with anything
    wrong, missing or unknown in it.
    """
    known = profile_names()
    if name_or_path in known:
        path, shown = FOLDER / f"{name_or_path}.toml", f"app_profiles/{name_or_path}.toml"
    else:
        path, shown = Path(name_or_path), name_or_path
        if not (name_or_path.endswith(".toml") or path.name != name_or_path or documents.is_file(path)):
            guess = documents.nearest(name_or_path, known)
            hint = f"did you mean {guess!r}? " if guess else ""
            raise UnsupportedError(
                f"unknown application profile {name_or_path[:40]!r}; {hint}known: {', '.join(known)}; or give the path "
                "of a .toml file"
            )
    text = documents.read_text(path, FILE_LIMIT_BYTES, EXPECTED)
    profile = documents.build(AppProfile, documents.parse_toml(text, shown, EXPECTED), shown)
    _check(profile, shown)
    return profile


def _check(profile: AppProfile, file: str) -> None:
    if not profile.name.strip():
        raise BadInputError(f"{file}: name: expected words, found an empty text")
    check_range(file, "interrupts.nesting", profile.interrupts.nesting, 0, MOST_NESTING)
    check_range(file, "interrupts.handler_bytes", profile.interrupts.handler_bytes, 0, MOST_BYTES)
    check_range(file, "margin.bytes", profile.margin.bytes, 0, MOST_BYTES)
    rows: tuple[tuple[str, Sequence[RamRow | FlashRow]], ...] = (("ram", profile.ram), ("flash", profile.flash))
    for key, items in rows:
        check_range(file, f"{key} rows", len(items), 0, MOST_ROWS)
        for index, row in enumerate(items):
            check_range(file, f"{key}[{index}].bytes", row.bytes, 0, MOST_BYTES)
            if not row.name.strip():
                raise BadInputError(f"{file}: {key}[{index}].name: expected words, found an empty text")


def application_of(profiles: Sequence[AppProfile]) -> Application:
    """What several profiles take together; nothing but UNKNOWN's for none.

    Raises UnsupportedError for two that are both a platform of their own, and for one that is named twice.
    """
    if not profiles:
        return UNKNOWN
    names = [one.name for one in profiles]
    if len(set(names)) < len(names):
        raise UnsupportedError(f"an application profile is named twice: {', '.join(names)}")
    platforms = [one.name for one in profiles if one.replaces_reserved]
    if len(platforms) > 1:
        raise UnsupportedError(
            f"{' and '.join(platforms)} are each a platform of their own; name one of them with profiles that come on "
            f"top: {', '.join(name for name in profile_names() if not load_profile(name).replaces_reserved)}"
        )
    margin = max((one.margin for one in profiles), key=lambda one: one.bytes)
    deepest = max((one.interrupts for one in profiles), key=lambda one: one.handler_bytes)
    interrupts = Interrupts(
        nesting=sum(one.interrupts.nesting for one in profiles),
        handler_bytes=deepest.handler_bytes,
        source="; ".join(f"{one.name}: {one.interrupts.source}" for one in profiles),
    )
    return replace(
        UNKNOWN,
        names=tuple(names),
        ram=tuple(Taken(row.name, row.kind, row.bytes, row.source) for one in profiles for row in one.ram),
        flash=tuple(Taken(row.name, "runtime", row.bytes, row.source) for one in profiles for row in one.flash),
        reserved_ram=Reserve(0, f"part of {platforms[0]}", "the application profile") if platforms else None,
        interrupts=interrupts,
        margin=Margin(margin.bytes, margin.source),
    )
