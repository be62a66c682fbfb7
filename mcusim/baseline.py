"""Saved runs → pairs to compare: with each other, directory with directory, or with the baseline of a project."""

from __future__ import annotations

import datetime
import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcusim import documents, record
from mcusim.compare import compare
from mcusim.delta import SCHEMA, Comparison, Delta, Finding
from mcusim.errors import BadInputError, UnsupportedError, shown
from mcusim.judgement import signed
from mcusim.policy import Policy
from mcusim.record import Run
from mcusim.renderers import json

VANISHED = "vanished"  # what a finding of a run without counterpart is of
LONGEST_NAME = 100  # characters of a model's name in a file's name
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
SAVED_BY = {"mcusim.exec/1": "mcusim exec", "mcusim.memory/1": "mcusim memory", "mcusim.soak/1": "mcusim memory --soak"}


@dataclass(frozen=True, slots=True)
class Saved:
    """A run, its file, and the file's name as reports show it."""

    path: str
    name: str
    run: Run

    @property
    def key(self) -> tuple[str, str]:
        """What a run is matched by where file names do not: its model and its board."""
        return self.run.model.name, self.run.board.name


@dataclass(frozen=True, slots=True)
class Matched:
    """Runs before and after that belong together, and the names of files that nothing belongs to."""

    pairs: tuple[tuple[Saved, Saved], ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]


def read_runs(path: str | os.PathLike[str]) -> tuple[tuple[Saved, ...], tuple[str, ...]]:
    """The runs of a file, or of the .json files in a directory by name; and the names of those that are no runs.

    Raises BadInputError as record.load_run, also for a directory without runs or with a file that is not JSON;
    UnsupportedError for a single file that another command saved.
    """
    place = os.fspath(path)
    if not documents.is_folder(place):
        return (_load(place),), ()
    runs, others = [], []
    for file in sorted(Path(place).glob("*.json")):
        schema = documents.schema_of(file)
        if schema == record.SCHEMA:
            runs.append(_load(os.fspath(file)))
            continue
        if schema is None:  # cut short, a run is not to pass for something else
            documents.read_json(file, documents.LARGEST_JSON_BYTES, "a run saved with mcusim profile --json")
        others.append(file.name)
    if not runs:
        raise BadInputError(f"{place} has no runs; .json files saved with mcusim profile --json are expected in it")
    return tuple(runs), tuple(others)


def _load(path: str) -> Saved:
    schema = documents.schema_of(path)
    if schema in SAVED_BY:
        raise UnsupportedError(f"{path} is of {SAVED_BY[schema]}; what can be compared are runs of mcusim profile")
    return Saved(path, Path(path).name, record.load_run(path))


def match(before: Sequence[Saved], after: Sequence[Saved]) -> Matched:
    """Pairs of the same file name, of the others those of the same model and board; in the order after.

    A single run on either side belongs together whatever it is.
    """
    if len(before) == len(after) == 1:
        return Matched(((before[0], after[0]),), (), ())
    pairs: dict[int, Saved] = {}
    free = list(before)
    for by_name in (True, False):
        for index, other in enumerate(after):
            same = [one for one in free if (one.name == other.name if by_name else one.key == other.key)]
            found = same[0] if same else None
            if index not in pairs and found is not None:
                pairs[index] = found
                free.remove(found)
    matched = tuple((pairs[index], other) for index, other in enumerate(after) if index in pairs)
    alone = tuple(other.name for index, other in enumerate(after) if index not in pairs)
    return Matched(matched, tuple(one.name for one in free), alone)


def compared(found: Matched, skipped: Sequence[str], policy: Policy, command: str, complete: bool = True) -> Comparison:
    """The differences of all pairs; BadInputError where nothing belongs together.

    Only where the runs after are `complete`, as those of a directory are, has one without counterpart vanished.
    """
    if not found.pairs:
        raise BadInputError(
            "no two runs belong together: neither by file name nor by model and board; "
            f"before: {', '.join(found.only_before)}; after: {', '.join(found.only_after)}"
        )
    deltas = [compare(one.run, other.run, policy, _names(one, other)) for one, other in found.pairs]
    return Comparison(
        schema=SCHEMA,
        mcusim_version=record.VERSION,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        command=command,
        deltas=tuple(deltas),
        only_before=found.only_before,
        only_after=found.only_after,
        skipped=tuple(skipped),
        findings=_vanished(found.only_before) if complete and policy.compare.vanished == "fail" else (),
    )


def _vanished(names: Sequence[str]) -> tuple[Finding, ...]:
    """A failure for each run that is only before."""
    words = "has vanished: no run after belongs to it"
    return tuple(Finding("failure", VANISHED, None, None, None, None, None, f"{name} {words}") for name in names)


def _names(one: Saved, other: Saved) -> tuple[str, str]:
    """The files' names, with their folders where the names are the same."""
    if one.name != other.name:
        return one.name, other.name
    folders = (Path(one.path).absolute().parent.name, Path(other.path).absolute().parent.name)
    if folders[0] == folders[1]:
        return "before", "after"
    return f"{folders[0]}/{one.name}", f"{folders[1]}/{other.name}"


def file_name(run: Run) -> str:
    """Where a run's baseline is kept: model@board.json, of characters that every file system takes."""
    return f"{_plain(run.model.name)}@{_plain(run.board.name)}.json"


def _plain(name: str) -> str:
    """A name out of letters, digits, "-", "_" and "."; with a digest where it had to be cut or changed."""
    plain = _UNSAFE.sub("_", name)[:LONGEST_NAME].lstrip(".") or "_"
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def baseline_of(run: Run, directory: Path) -> Saved:
    """The baseline of a run's model and board; BadInputError that says how to make one where there is none."""
    path = directory / file_name(run)
    if not documents.is_file(path):
        raise BadInputError(
            f"{directory} has no baseline for {shown(run.model.name)} on {shown(run.board.name)} ({path.name}); "
            "mcusim baseline update RUN.json makes one"
        )
    return _load(os.fspath(path))


def check_names(runs: Sequence[Saved]) -> None:
    """BadInputError where two runs would be kept under one name: of one model on one board."""
    kept: dict[str, str] = {}
    for one in runs:
        name = file_name(one.run).casefold()  # as file systems that do not tell cases apart have it
        if name in kept:
            raise BadInputError(
                f"{kept[name]} and {one.path} are both of {shown(one.run.model.name)} on {shown(one.run.board.name)}; "
                "a baseline has one run of each (keep others in a directory of their own, and compare with that)"
            )
        kept[name] = one.path


@dataclass(frozen=True, slots=True)
class Update:
    """A baseline that was written, or that is as it was; `delta` to the one before it, None of a new one."""

    file: str
    run: Run
    delta: Delta | None
    written: bool


def update(runs: Sequence[Saved], directory: Path) -> tuple[Update, ...]:
    """Keep runs as baselines, in the order given; a run that says nothing new leaves its file alone.

    Nothing is written before all of it is known to be right. Raises BadInputError as `check_names`, for a baseline that
    is there and cannot be read, and where the directory cannot be made.
    """
    check_names(runs)
    updates = []
    for one in runs:
        path = directory / file_name(one.run)
        kept = record.load_run(path) if documents.is_file(path) else None
        delta = None if kept is None else compare(kept, one.run)
        updates.append(Update(path.name, one.run, delta, kept is None or _content(kept) != _content(one.run)))
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(f"cannot make the folder {directory}: {(error.strerror or str(error)).lower()}") from None
    for new in updates:
        if new.written:
            documents.write_text(directory / new.file, json.render(new.run))
    return tuple(updates)


def change_words(delta: Delta) -> str:
    """What differs, in a line: the parts that runs rest on, and the figures."""
    parts = list(dict.fromkeys(one.what for one in delta.basis))
    for metric in delta.metrics:
        if metric.change and metric.metric != "latency_s":  # which follows from cycles and clock
            parts.append(f"{metric.metric} {signed(metric.change, metric.unit)}")
    layers = sum(one.state != "unchanged" for one in delta.layers)
    return ", ".join([*parts, *([f"{layers} of {len(delta.layers)} layers"] if layers else [])]) or "no difference"


def _content(run: Run) -> dict[str, object]:
    """A run without when and how it was made."""
    return {key: value for key, value in record.to_json(run).items() if key not in ("created", "command")}
