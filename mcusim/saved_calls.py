"""Calls of target functions by tests ↔ a mcusim.calls/1 document: what each took, and what that rests on."""

from __future__ import annotations

import dataclasses
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mcusim import documents
from mcusim.errors import BadInputError, shown
from mcusim.trace import CAUSES

SCHEMA = "mcusim.calls/1"
EXPECTED = f"calls saved by pytest with --mcu-save or --mcu-json ({SCHEMA})"
FILE_LIMIT_BYTES = 64 << 20
LOOPS = 3  # of a call that are kept
LEAST_SHARE = 0.2  # of a call's cycles that a loop takes which is kept


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop of a call: `offset` bytes behind the start of its function; `source` is the line that it goes back from.

    That is None where debug information does not tell.
    """

    function: str
    offset: int
    bytes: int
    iterations: int
    cycles: int
    source: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """What the figures of calls rest on beside their arguments; the error to expect of the cycles depends on it.

    `board` is None where only a core was given, whose memory never waits; `memory` names the memory timing. The
    digests are of the files of core and board, of the rules that turn what was executed into cycles, and of the file
    that was executed.
    """

    core: str
    board: str | None
    memory: str
    core_table_sha256: str
    board_file_sha256: str | None
    timing_rules_sha256: str
    image: str
    image_sha256: str
    compiler: str | None
    compiler_reason: str | None
    flags: str | None
    flags_reason: str | None
    error_percent: float | None
    error_percent_reason: str | None


@dataclass(frozen=True, slots=True)
class Call:
    """What one call took; `origin` counts among the document's origins, `loops` are the hottest, that one first.

    `arguments_id` are the first digits of a SHA-256 of all that it was given. `cycles_by_cause` has the
    causes of trace.CAUSES that took any, `read_bytes` and `written_bytes` are those touched. `least_cycles` and
    `most_cycles` span the memory parameters that are not known; None where they are `cycles`.
    """

    function: str
    origin: int
    arguments_id: str
    cycles: int
    cycles_by_cause: Mapping[str, int]
    instructions: int
    stack_bytes: int
    read_bytes: int
    written_bytes: int
    loops: tuple[Loop, ...]
    least_cycles: int | None = None
    most_cycles: int | None = None

    @property
    def possible_cycles(self) -> tuple[int, int]:
        """The least and the most."""
        least, most = self.least_cycles, self.most_cycles
        return self.cycles if least is None else least, self.cycles if most is None else most


@dataclass(frozen=True, slots=True)
class CallsOfTest:
    """The calls of one test, by its node id, in their order."""

    test: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class SavedCalls:
    """A session's calls: tests in order of their ids."""

    schema: str
    mcusim_version: str
    created: str
    origins: tuple[Origin, ...]
    tests: tuple[CallsOfTest, ...]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A call with its place: the test, the function's name (with a number from its second call on), its origin."""

    test: str
    label: str
    call: Call
    origin: Origin


def labelled(saved: SavedCalls) -> Iterator[Labelled]:
    """All calls, each with a label that no other of its test has."""
    for one in saved.tests:
        times: Counter[str] = Counter()
        for call in one.calls:
            times[call.function] += 1
            label = call.function if times[call.function] == 1 else f"{call.function} #{times[call.function]}"
            yield Labelled(one.test, label, call, saved.origins[call.origin])


def gathered(found: Iterable[tuple[str, Sequence[tuple[Call, Origin]]]], version: str, created: str) -> SavedCalls:
    """Calls by test in whatever order → the document, the same whatever that order was."""
    tests = sorted(((name, list(calls)) for name, calls in found), key=lambda pair: pair[0])
    origins = sorted({origin for _, calls in tests for _, origin in calls}, key=_sorting_key)
    numbers = {origin: number for number, origin in enumerate(origins)}
    kept = tuple(
        CallsOfTest(name, tuple(dataclasses.replace(call, origin=numbers[origin]) for call, origin in calls))
        for name, calls in tests
    )
    return SavedCalls(SCHEMA, version, created, tuple(origins), kept)


def merged(before: SavedCalls, after: SavedCalls, gone: Iterable[str] = ()) -> SavedCalls:
    """What ran last, and of what did not run, what ran before it; tests that are `gone` are left out."""
    left = {one.test for one in after.tests} | set(gone)
    found = [(one.test, _with_origins(before, one)) for one in before.tests if one.test not in left]
    found += [(one.test, _with_origins(after, one)) for one in after.tests]
    return gathered(found, after.mcusim_version, after.created)


def to_json(saved: SavedCalls) -> str:
    """The document: a line for each origin and each call, so that versions of it compare line by line."""
    head = {"schema": saved.schema, "mcusim_version": saved.mcusim_version, "created": saved.created}
    lines = [json.dumps(head)[:-1] + ","]
    lines += _block('"origins": [', [_compact(origin) for origin in saved.origins], "],")
    tests = []
    for one in saved.tests:
        calls = ",\n  ".join(_compact(call) for call in one.calls)
        tests.append(f'{{"test":{json.dumps(one.test)},"calls":[\n  {calls}]}}' if calls else _compact(one))
    lines += _block('"tests": [', tests, "]}")
    return "\n".join(lines) + "\n"


def load_calls(path: str | os.PathLike[str]) -> SavedCalls:
    """The calls that a file holds; BadInputError as `from_json`."""
    return from_json(documents.read_json(path, FILE_LIMIT_BYTES, EXPECTED), os.fspath(path))


def from_json(document: object, file: str) -> SavedCalls:
    """The calls of a JSON document.

    Raises BadInputError that names `file`, the key and what is expected for anything missing, unknown or of a wrong
    type, and for figures in contradiction to each other.
    """
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        raise BadInputError(f"{file}: schema: {EXPECTED} is expected")
    saved = documents.build(SavedCalls, document, file)
    names = [one.test for one in saved.tests]
    if len(set(names)) < len(names):
        raise BadInputError(f"{file}: tests: expected each test once")
    for number, one in enumerate(saved.tests):
        for position, call in enumerate(one.calls):
            wrong = _contradiction(call, len(saved.origins))
            if wrong:
                raise BadInputError(f"{file}: tests[{number}].calls[{position}].{wrong}")
    return saved


def unpacked(text: str) -> tuple[Call, Origin]:
    """A call and its origin out of a text that `packed` made."""
    found = documents.build(_Travelling, json.loads(text), "a worker's call")
    return found.call, found.origin


def packed(call: Call, origin: Origin) -> str:
    """A call and its origin as they travel between processes."""
    return json.dumps(dataclasses.asdict(_Travelling(call, origin)))


@dataclass(frozen=True, slots=True)
class _Travelling:
    call: Call
    origin: Origin


def _contradiction(call: Call, origins: int) -> str | None:
    """What of a call cannot be."""
    counts = (call.instructions, call.stack_bytes, call.read_bytes, call.written_bytes, *call.cycles_by_cause.values())
    if not 0 <= call.origin < origins:
        return f"origin: expected one of the {origins} origins, found {call.origin}"
    if min(counts) < 0:
        return "cycles: expected counts of 0 or more"
    if any(min(one.offset, one.bytes, one.iterations, one.cycles) < 0 for one in call.loops):
        return "loops: expected counts of 0 or more"
    unknown = sorted(set(call.cycles_by_cause) - set(CAUSES))
    if unknown:
        return f"cycles_by_cause: {shown(unknown[0])} is no cause; there are {', '.join(CAUSES)}"
    if sum(call.cycles_by_cause.values()) != call.cycles:
        return f"cycles_by_cause: expected causes that sum to {call.cycles:,} cycles"
    least, most = call.possible_cycles
    if not least <= call.cycles <= most:
        return "cycles: expected least_cycles <= cycles <= most_cycles"
    return None


def _with_origins(saved: SavedCalls, one: CallsOfTest) -> list[tuple[Call, Origin]]:
    return [(call, saved.origins[call.origin]) for call in one.calls]


def _sorting_key(origin: Origin) -> str:
    return json.dumps(dataclasses.astuple(origin))


def _compact(record: Origin | Call | CallsOfTest) -> str:
    """One line. Calls leave out what is None: it means the same."""
    written = dataclasses.asdict(record)
    kept = {key: value for key, value in written.items() if value is not None or not key.endswith("_cycles")}
    return json.dumps(kept, separators=(",", ":"))


def _block(head: str, items: Sequence[str], tail: str) -> list[str]:
    return [head, ",\n".join(items), tail] if items else [head + tail]
