"""Names of a family's members and of their modules → the members, each imported when it is first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

_Member = TypeVar("_Member")


class Siblings(Mapping[str, _Member]):
    """The members of a family by name. One run needs few of a large family, and all take a quarter of a second."""

    def __init__(self, package: str, places: Mapping[str, str]) -> None:
        """`places`: the name of each member's module in `package`, with ":" and a name there where that is it."""
        self._package, self._places = package, places

    def __getitem__(self, name: str) -> _Member:
        """The member; KeyError for a name that there is not."""
        module, _, inside = self._places[name].partition(":")
        found: Any = importlib.import_module(f"{self._package}.{module}")
        member: _Member = getattr(found, inside) if inside else found
        return member

    def __contains__(self, name: object) -> bool:
        """Whether there is such a member; nothing is imported."""
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        """The names in their order."""
        return iter(self._places)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._places)
