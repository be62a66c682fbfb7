"""Folder of saved calls + a name → the file that is read, or the next one to write: 0001_name.json and so on."""

from __future__ import annotations

import re
from pathlib import Path

from mcusim.errors import BadInputError

FOLDER = ".mcusim"
LATEST = "latest"
_FILE = re.compile(r"(\d{4,9})_([A-Za-z0-9_-]+)\.json")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_NUMBER = re.compile(r"\d{1,9}")


def check_name(name: str) -> None:
    """Raise BadInputError for what cannot be the name of saved calls; a path most likely was not meant for one."""
    if not _NAME.fullmatch(name):
        raise BadInputError(
            f"{name!r} is no name for saved calls: letters, digits, '_' and '-' are; a name follows after '=', "
            "as in --mcu-save=NAME"
        )


def next_path(folder: Path, name: str) -> Path:
    """Where calls of that name are saved next: with a number behind all that are there."""
    check_name(name)
    last = max((number for number, _, _ in _saved(folder)), default=0)
    return folder / f"{last + 1:04d}_{name}.json"


def find(folder: Path, name: str) -> Path:
    """The file that a name means.

    LATEST is the one saved last; a number, or its beginning with zeros, the one of that number; a name the last of
    that name; anything with a slash or at the end .json is a path. Raises BadInputError where there is none.
    """
    if "/" in name or "\\" in name or name.endswith(".json"):
        path = Path(name)
        return path if path.is_file() or not (folder / name).is_file() else folder / name
    known = _saved(folder)
    if name == LATEST:
        found = known[-1:]
    elif _NUMBER.fullmatch(name):
        found = [one for one in known if one[0] == int(name)]
    else:
        found = [one for one in known if name in (one[1], one[2].stem)]
    if not found:
        listed = ", ".join(path.stem for _, _, path in known[-8:]) or "nothing; pytest --mcu-save saves some"
        raise BadInputError(f"{folder.name} has no saved calls {name!r}; it has {listed}")
    return found[-1][2]


def _saved(folder: Path) -> list[tuple[int, str, Path]]:
    """Number, name and file of all that are saved, in order of their numbers."""
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError:
        return []
    matches = [(path, _FILE.fullmatch(path.name)) for path in files]
    return sorted((int(match[1]), match[2], path) for path, match in matches if match)
