"""A run as data, its attributes named as in the mcusim.run/1 JSON."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mcusim import documents, record_checks
from mcusim.errors import BadInputError
from mcusim.layer_parts import (
    Accumulation,
    Against,
    AgainstLayer,
    CodeLine,
    Difference,
    Faster,
    FunctionCycles,
    HotCode,
    HotLoop,
    Layer,
    LayerTensor,
    Totals,
)
from mcusim.memory_parts import (
    ArenaBank,
    ArenaBuffer,
    Budget,
    BudgetItem,
    BufferKind,
    Compressibility,
    Flash,
    FlashPart,
    Holes,
    KernelArena,
    LinkedFlash,
    Memory,
    MemoryVerdict,
    Owner,
    Placement,
    Saving,
    Touched,
    Verdict,
    WeightTensor,
)

__all__ = [
    "EXPECTED",
    "FILE_LIMIT_BYTES",
    "SCHEMA",
    "VERSION",
    "Accumulation",
    "Against",
    "AgainstLayer",
    "ArenaBank",
    "ArenaBuffer",
    "Battery",
    "BoardInfo",
    "Budget",
    "BudgetItem",
    "BufferKind",
    "CodeLine",
    "Compressibility",
    "Difference",
    "DutyCycle",
    "Energy",
    "Faster",
    "Flash",
    "FlashPart",
    "FunctionCycles",
    "Holes",
    "HotCode",
    "HotLoop",
    "KernelArena",
    "Kernels",
    "Layer",
    "LayerTensor",
    "Library",
    "LinkedFlash",
    "Memory",
    "MemoryVerdict",
    "ModelInfo",
    "Owner",
    "Placement",
    "Provenance",
    "Run",
    "Saving",
    "TensorInfo",
    "Totals",
    "Touched",
    "UnitBuild",
    "Verdict",
    "WeightTensor",
    "from_json",
    "load_run",
    "to_json",
]

SCHEMA = "mcusim.run/1"
EXPECTED = f"a run saved with --json ({SCHEMA}, mcusim.exec/1, mcusim.memory/1 or mcusim.soak/1)"
VERSION = "0.1.0"  # of mcusim; pyproject.toml has the same
FILE_LIMIT_BYTES = 64 << 20  # the longest saved run that is read; a layer with its loops takes 10 to 20 kilobytes


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """An input or output of the model."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float | None
    zero_point: int | None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model that ran; `bytes` is the size of its flatbuffer."""

    name: str
    sha256: str
    bytes: int
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]


@dataclass(frozen=True, slots=True)
class BoardInfo:
    """The board it was simulated for."""

    name: str
    mcu: str
    core: str
    clock_hz: int
    wait_states: int | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Energy:
    """What the board draws while it runs: measured with inference, a headline figure, or scaled from another clock.

    `condition` says under which condition the source states it; with `basis` and the rest it is None where
    `power_w` is.
    """

    power_w: float | None
    power_w_reason: str | None
    basis: Literal["measured", "headline", "scaled"] | None
    voltage_v: float | None
    condition: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Battery:
    """A battery by its nominal figures."""

    name: str
    capacity_mah: float
    voltage_v: float
    source: str


@dataclass(frozen=True, slots=True)
class DutyCycle:
    """Inferences at a steady rate with sleep in between; `busy_share` is the share of time that they take.

    Where `counts_sleep` is false, the average power is a lower bound and the battery life an upper bound.
    """

    rate_hz: float
    busy_share: float
    sleep_a: float | None
    sleep_a_reason: str | None
    counts_sleep: bool
    average_power_w: float | None
    average_power_w_reason: str | None
    battery: Battery | None
    battery_life_s: float | None
    battery_life_s_reason: str | None


@dataclass(frozen=True, slots=True)
class Kernels:
    """The firmware that was executed."""

    source: str
    compiler: str
    flags: str
    sha256: str


@dataclass(frozen=True, slots=True)
class UnitBuild:
    """A way in which `count` units of a library were compiled; flags are empty where none are named."""

    compiler: str
    flags: str
    count: int


@dataclass(frozen=True, slots=True)
class Library:
    """A user's kernels that ran in place of mcusim's own; compiler and flags are those of most of its units.

    `builds` are all ways in which units that were linked say that they were compiled, that of most units first.
    """

    file: str
    kind: Literal["elf", "archive", "object"]
    sha256: str
    isa: str
    float_abi: str
    compiler: str | None
    compiler_reason: str | None
    flags: str | None
    flags_reason: str | None
    builds: tuple[UnitBuild, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything that the figures rest on; with a `library`, `kernels` are those for what CMSIS-NN lacks.

    `timing_rules_sha256` is that of the source of pipelines, memories and what else decides cycles beside the tables.
    """

    engine: str
    kernels: Kernels
    core_table: str
    core_table_sha256: str
    board_file: str
    board_file_sha256: str
    timing_rules_sha256: str
    runtime: str
    memory_model: str
    input: str
    library: Library | None
    library_reason: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """One simulated inference. `outputs` are arrays; in JSON their shape, dtype and SHA-256.

    `hot_code` is the code of the layers' loops, `duty_cycle` is None where no rate was asked for; `against` is another
    implementation beside the reference, where one was asked for.
    """

    schema: str
    mcusim_version: str
    created: str
    command: str
    model: ModelInfo
    board: BoardInfo
    fits: bool
    verdict: Verdict
    memory: Memory
    flash: Flash
    budget: Budget
    linked_flash: LinkedFlash
    totals: Totals
    layers: tuple[Layer, ...]
    hot_code: tuple[HotCode, ...]
    provenance: Provenance
    notes: tuple[str, ...]
    output_digests: tuple[Mapping[str, object], ...]
    energy: Energy
    duty_cycle: DutyCycle | None
    duty_cycle_reason: str | None
    placement: Placement
    against: Against | None
    against_reason: str | None
    outputs: tuple[NDArray[np.generic], ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class _Digest:
    """What JSON keeps of an output."""

    shape: tuple[int, ...]
    dtype: str
    sha256: str


def to_json(run: Run) -> dict[str, object]:
    """The run as a mcusim.run/1 document of dicts, lists and scalars; of the outputs, shape, dtype and SHA-256."""
    document = {
        item.name: _plain(getattr(run, item.name))
        for item in dataclasses.fields(run)
        if item.name not in ("outputs", "output_digests")
    }
    return {**document, "outputs": _plain(run.output_digests)}


def from_json(document: object, file: str = "run") -> Run:
    """The run of a mcusim.run/1 document, without its output arrays.

    Raises BadInputError that names `file`, the key and what is expected for anything missing, unknown, of a wrong
    type, or in contradiction: another schema, cycles that do not add up, a verdict against its own figures.
    """
    if not isinstance(document, Mapping):
        raise BadInputError(f"{file}: expected a {SCHEMA} document, found none")
    if "schema" not in document:
        raise BadInputError(f"{file}: schema is missing; {EXPECTED} is expected")
    if document["schema"] != SCHEMA:
        raise BadInputError(f"{file}: schema: {EXPECTED} is expected, found {str(document['schema'])[:40]!r}")
    if "output_digests" in document or "outputs" not in document:
        raise BadInputError(f"{file}: outputs is missing; expected a list")
    outputs = document["outputs"]
    if not isinstance(outputs, list):
        raise BadInputError(f"{file}: outputs: expected a list")
    digests = [documents.build(_Digest, item, f"{file}: outputs[{index}]") for index, item in enumerate(outputs)]
    rest = {key: value for key, value in document.items() if key != "outputs"}
    run = documents.build(Run, {**rest, "output_digests": []}, file)
    _check(run, file)
    plain = tuple({"shape": list(one.shape), "dtype": one.dtype, "sha256": one.sha256} for one in digests)
    return dataclasses.replace(run, output_digests=plain)


def load_run(path: str | os.PathLike[str]) -> Run:
    """The run that a file holds; BadInputError as `from_json`."""
    text = documents.read_text(path, FILE_LIMIT_BYTES, EXPECTED)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{os.fspath(path)} is not JSON: {error}; {EXPECTED} is expected") from None
    return from_json(document, os.fspath(path))


def _plain(value: object) -> object:
    """Dataclasses as dicts, sequences as lists, NumPy scalars as Python's."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def _check(run: Run, file: str) -> None:
    """What a report rolls up must add up: cycles over layers and causes, memory, and the verdict."""
    record_checks.check_counts(run, file)
    record_checks.check_cycles(run.totals, run.layers, run.hot_code, file)
    record_checks.check_differences(run.layers, run.against, file)
    record_checks.check_memory(run.verdict, run.memory, run.flash, run.layers, file)
    record_checks.check_budget(run.budget, run.linked_flash, file)
    if run.fits == bool(run.verdict.reasons):
        raise BadInputError(f"{file}: fits: expected true exactly where verdict.reasons is empty")
    if run.board.clock_hz < 1:
        raise BadInputError(f"{file}: board.clock_hz: expected 1 or more, found {run.board.clock_hz}")
