"""A directory of test vectors (index.json and one .npz an operator) → its cases."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Case:
    """One case; `arrays` are its inputs and parameters, `params` its scalars."""

    name: str
    op: str
    dtype: str
    params: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]
    expected: np.ndarray
    weak: str | None

    def numbers(self, *names: str) -> tuple[int, ...]:
        """Integer parameters by name."""
        return tuple(int(self.params[name]) for name in names)

    @property
    def activation(self) -> tuple[int, int]:
        """Least and greatest output."""
        return self.params["activation_min"], self.params["activation_max"]


def load_case(folder: Path, entry: Mapping[str, Any]) -> Case:
    """The case of an entry of index.json."""
    with np.load(folder / f"{entry['op']}.npz") as stored:
        arrays = {name: stored[f"{entry['case']}/{name}"] for name in entry["arrays"]}
    expected = arrays.pop("expected")
    return Case(entry["case"], entry["op"], entry["dtype"], entry["params"], arrays, expected, entry.get("weak"))


def entries(folder: Path) -> list[dict[str, Any]]:
    """The entries of index.json."""
    return json.loads((folder / "index.json").read_text(encoding="utf-8"))


def _folder() -> Path | None:
    """MCUSIM_VECTORS, or the reference data's own vectors; None without either."""
    if named := os.environ.get("MCUSIM_VECTORS"):
        return Path(named)
    reference_data = os.environ.get("MCUSIM_REFERENCE_DATA")
    return Path(reference_data) / "vectors" if reference_data else None


def kinds(cases: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Entries by operator and type."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in cases:
        found.setdefault(f"{entry['op']}-{entry['dtype']}", []).append(entry)
    return found


FOLDER = _folder()
CASES = [] if FOLDER is None else entries(FOLDER)
KINDS = kinds(CASES)
