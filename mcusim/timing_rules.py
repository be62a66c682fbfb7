"""The source of what decides cycles beside the tables → its SHA-256, by which runs tell whether rules have changed."""

from __future__ import annotations

import functools
from pathlib import Path

from mcusim import documents

PACKAGE = Path(__file__).parent
FOLDERS = ("memories", "pipelines")
MODULES = (
    "accesses",
    "addressing",
    "branch_prediction",
    "cache_sets",
    "chained_loads",
    "decoder",
    "extensions",
    "memory_parameters",
    "memory_systems",
    "observations",
    "observer",
    "operand_stages",
    "recorder",
    "recording",
    "timing",
    "trace",
    "tracing",
)


@functools.cache
def timing_rules_sha256() -> str:
    """The SHA-256 of names and texts of all of them, in order of their names; the same on any machine."""
    paths = [PACKAGE / f"{name}.py" for name in MODULES]
    paths += [path for folder in FOLDERS for path in (PACKAGE / folder).glob("*.py")]
    texts = {path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    return documents.text_sha256("".join(f"{name}\n{texts[name]}" for name in sorted(texts)))
