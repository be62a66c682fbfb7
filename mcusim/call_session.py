"""Reports of a pytest session's tests → their calls saved, compared with earlier ones, and shown at its end."""

from __future__ import annotations

import dataclasses
import datetime
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcusim import call_report, call_storage, documents
from mcusim.call_comparison import Comparison, Tolerance, compare, parse_tolerance
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.record import VERSION
from mcusim.saved_calls import (
    FILE_LIMIT_BYTES,
    SCHEMA,
    Call,
    Origin,
    SavedCalls,
    gathered,
    load_calls,
    merged,
    to_json,
    unpacked,
)

AUTOSAVE = "calls"  # the name of what --mcu-autosave saves


@dataclass(frozen=True, slots=True)
class Options:
    """What a session is asked to do with its calls; `compare` is the file compared with, `table` None by default.

    `save` is a name; `json` a path; `update` has the file that was compared with rewritten.
    """

    folder: Path
    save: str | None = None
    json: str | None = None
    compare: str | None = None
    tolerances: tuple[Tolerance, ...] = ()
    table: bool | None = None
    update: bool = False


@dataclass(slots=True)
class Calls:
    """The calls of a session as its reports bring them, in whatever order.

    `known` are the tests that there were to run; `failed` those that failed, whose calls are compared but not saved.
    """

    options: Options
    before: SavedCalls | None
    found: dict[str, list[tuple[Call, Origin]]] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    written: list[Path] = field(default_factory=list)
    comparison: Comparison | None = None

    @classmethod
    def start(cls, options: Options) -> Calls:
        """Read what is compared with.

        Raises BadInputError for a file that is no document of calls, and where one of the outputs cannot be.
        """
        if options.save is not None:
            call_storage.check_name(options.save)
        if options.tolerances and options.compare is None:
            raise UnsupportedError("--mcu-compare-fail needs calls to compare with; give --mcu-compare too")
        if options.update and options.compare is None:
            raise UnsupportedError("--mcu-update needs the calls that it updates; give --mcu-compare=PATH too")
        if options.json is not None:
            _check_output(options.json, options.compare)
        if options.compare is None or (options.update and not Path(options.compare).exists()):
            return cls(options, None)
        return cls(options, load_calls(os.path.relpath(options.compare)))

    def add(self, test: str, calls: Sequence[str]) -> None:
        """The calls of one test's run (saved_calls.packed), in place of those of an earlier run of it."""
        self.found[test] = [unpacked(one) for one in calls]

    def finish(self) -> bool:
        """Compare and save; whether nothing grew by more than is tolerated. Raises BadInputError as files do."""
        created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        every = gathered(self.found.items(), VERSION, created)
        if self.before is not None:
            tolerances = () if self.options.update else self.options.tolerances
            self.comparison = compare(self.before, every, tolerances, self.known)
        passed = gathered([item for item in self.found.items() if item[0] not in self.failed], VERSION, created)
        self._save(passed)
        return self.comparison is None or not self.comparison.failures

    def _save(self, passed: SavedCalls) -> None:
        options = self.options
        if options.save is not None and passed.tests:
            options.folder.mkdir(exist_ok=True)
            self._write(call_storage.next_path(options.folder, options.save), passed)
        if options.json is not None:
            self._write(Path(options.json), passed)
        if options.update and options.compare is not None and passed.tests:
            gone = {one.test for one in self.comparison.vanished} if self.comparison else set()
            whole = merged(self.before, passed, gone - self.failed) if self.before is not None else passed
            if self.before is None or dataclasses.replace(whole, created=self.before.created) != self.before:
                self._write(Path(options.compare), whole)

    def _write(self, path: Path, saved: SavedCalls) -> None:
        documents.write_text(path, to_json(saved))
        self.written.append(path)

    def lines(self, width: int, verbosity: int) -> list[str]:
        """What is shown at the end: the table, the comparison, and what was written."""
        shown: list[str] = []
        if not self.found and self.comparison is None:
            return shown
        saved = gathered(self.found.items(), VERSION, "")
        if self.options.table or (self.options.table is None and verbosity >= 0):
            most = None if self.options.table else call_report.MOST_ROWS
            shown += call_report.calls_table(saved, self.comparison, width, most).splitlines()
        if self.comparison is not None:
            name = os.path.relpath(self.options.compare or "")
            shown += call_report.comparison_text(self.comparison, name, width).splitlines()
            if self.comparison.failures:
                shown.append(f"where this is meant: pytest --mcu-update has {name} written anew")
        shown += [f"saved {os.path.relpath(path)}" for path in self.written]
        left = self.failed & set(self.found)
        if left and self.written:
            shown.append(f"not saved: the calls of {len(left)} failed test{'s' if len(left) > 1 else ''}")
        return shown


def options(
    folder: Path,
    *,
    save: str | None,
    autosave: bool,
    json: str | None,
    compared: str | None,
    compare_fail: Sequence[str],
    table: bool | None,
    update: bool,
) -> Options:
    """The options as given, with the file that `compared` means; BadInputError for what they cannot be.

    Paths are absolute: tests may change the working directory.
    """
    tolerances = tuple(parse_tolerance(text) for text in compare_fail)
    found = None
    if compared is not None:
        missing_will_do = update and compared.endswith(".json")
        found = str((Path(compared) if missing_will_do else call_storage.find(folder, compared)).absolute())
    written = None if json is None else str(Path(json).absolute())
    return Options(folder, save or (AUTOSAVE if autosave else None), written, found, tolerances, table, update)


def _check_output(path: str, compared: str | None) -> None:
    """BadInputError where calls cannot be written to a path, or what is compared with or no calls would be lost."""
    shown = os.path.relpath(path)
    if compared is not None and Path(path).resolve() == Path(compared).resolve():
        raise BadInputError(f"{shown} is compared with and would be overwritten; --mcu-update does that")
    if not Path(path).parent.is_dir():
        raise BadInputError(f"cannot write {shown}: there is no folder {Path(shown).parent}")
    if documents.is_folder(path):
        raise BadInputError(f"cannot write {shown}: is a directory")
    is_written_over = documents.is_file(path) and Path(path).stat().st_size
    if is_written_over and documents.schema_of(path, FILE_LIMIT_BYTES) != SCHEMA:
        raise BadInputError(
            f"{shown} holds something else than saved calls and would be overwritten; give another path"
        )
