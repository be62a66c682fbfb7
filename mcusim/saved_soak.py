"""A mcusim.soak/1 document → the Soak, checked: what plots and reports rest on is there and adds up."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from mcusim import documents
from mcusim.errors import BadInputError
from mcusim.memory_record import SOAK_SCHEMA as SCHEMA
from mcusim.soak import VERSION_KEYS, Failure, Sample, Soak, SoakRun

EXPECTED = f"a report saved with mcusim memory --soak --json ({SCHEMA})"
FILE_LIMIT_BYTES = 256 << 20

_Check = tuple[bool, str, str]  # whether it is wrong, the key, what is expected


def load_soak(path: str | os.PathLike[str]) -> Soak:
    """The soak that a file holds; BadInputError as `from_json`."""
    return from_json(documents.read_json(path, FILE_LIMIT_BYTES, EXPECTED), os.fspath(path))


def from_json(document: object, file: str) -> Soak:
    """The soak of a JSON document.

    Raises BadInputError that names `file`, the key and what is expected for anything missing, unknown or of a wrong
    type, and for figures in contradiction to each other.
    """
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        raise BadInputError(f"{file}: schema: {EXPECTED} is expected")
    rest = {key: value for key, value in document.items() if key not in VERSION_KEYS}
    found = documents.build(Soak, rest, file)
    for wrong, key, expected in _contradictions(found):
        if wrong:
            raise BadInputError(f"{file}: {key}: expected {expected}")
    return found


def _contradictions(found: Soak) -> Iterator[_Check]:
    heap_bytes = found.heap.bytes
    yield heap_bytes < 1, "heap.bytes", "1 or more"
    yield found.asked_s <= 0, "asked_s", "more than 0"
    yield found.workload.uses_heap != bool(found.runs), "runs", "some exactly where the workload uses a heap"
    for index, run in enumerate(found.runs):
        yield from _wrong_run(run, heap_bytes, f"runs[{index}]")


def _wrong_run(run: SoakRun, heap_bytes: int, key: str) -> Iterator[_Check]:
    yield not run.samples, f"{key}.samples", "one or more"
    times = [one.time_s for one in run.samples]
    yield times[0] < 0 or times != sorted(times), f"{key}.samples", "times from 0 on, in order"
    yield times[-1] != run.simulated_s, f"{key}.simulated_s", "the time of the last sample"
    for index, one in enumerate(run.samples):
        yield from _wrong_sample(one, heap_bytes, f"{key}.samples[{index}]")
    if run.failure is not None:
        yield from _wrong_failure(run.failure, run, f"{key}.failure")


def _wrong_sample(one: Sample, heap_bytes: int, key: str) -> Iterator[_Check]:
    counts = (one.used_bytes, one.free_bytes, one.untouched_bytes, one.contiguous_bytes, one.free_blocks)
    yield min(counts) < 0, key, "sizes and counts of 0 or more"
    free = one.free_bytes + one.untouched_bytes
    yield one.used_bytes + free > heap_bytes, key, f"used and free bytes within the heap's {heap_bytes:,}"
    yield one.contiguous_bytes > free, f"{key}.contiguous_bytes", "at most what is free"
    yield not 0 <= one.fragmentation <= 1, f"{key}.fragmentation", "a share of 1"


def _wrong_failure(failure: Failure, run: SoakRun, key: str) -> Iterator[_Check]:
    yield failure.time_s != run.simulated_s, f"{key}.time_s", "the end of the run"
    yield failure.request_bytes < 0 or failure.operation < 0, key, "a request and operations of 0 or more"
    yield failure.heap != run.samples[-1], f"{key}.heap", "the last sample"
