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

from mcusim import documents
from mcusim.errors import BadInputError

SCHEMA = "mcusim.run/1"
EXPECTED = f"a run saved with --json ({SCHEMA}, mcusim.exec/1, mcusim.memory/1 or mcusim.soak/1)"
VERSION = "0.1.0"  # of mcusim; pyproject.toml has the same
FILE_LIMIT_BYTES = 64 << 20  # the longest saved run that is read; a layer takes about a kilobyte


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
class Owner:
    """Bytes that belong to one thing; `kind` groups owners in reports."""

    name: str
    bytes: int
    kind: str


@dataclass(frozen=True, slots=True)
class MemoryVerdict:
    """One memory of the board: what is used, what there is, what the platform reserves, what is left.

    available = total − reserved; headroom = available − used, negative when it does not fit.
    """

    used_bytes: int
    available_bytes: int
    reserved_bytes: int
    headroom_bytes: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Both memories, and in words why it does not fit (empty when it fits)."""

    ram: MemoryVerdict
    flash: MemoryVerdict
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holes:
    """Fragmentation of the arena: wasted = peak − the most bytes alive at any one operator."""

    peak_bytes: int
    live_lower_bound_bytes: int
    wasted_bytes: int


@dataclass(frozen=True, slots=True)
class KernelArena:
    """The arena figures of one kernel library."""

    arena_bytes: int
    smallest_arena_bytes: int
    head_bytes: int
    tail_bytes: int
    scratch_bytes: int


@dataclass(frozen=True, slots=True)
class BudgetItem:
    """What takes a bank's bytes beside the arena, None where that is not known yet; `source` of the figure."""

    name: str
    kind: str
    bytes: int | None
    bytes_reason: str | None
    source: str


@dataclass(frozen=True, slots=True)
class ArenaBank:
    """A bank of RAM, what else lies in it, and the most that an arena there may have; `holds`: the least one fits."""

    name: str
    address: int
    bytes: int
    taken_bytes: int
    most_arena_bytes: int
    holds: bool


@dataclass(frozen=True, slots=True)
class Budget:
    """The arena from both sides, in steps of 16: the least that AllocateTensors accepts, the most that `bank` leaves.

    headroom = most − least, negative where they do not meet. `items` take the bank's other bytes, `banks` are all where
    the arena could lie. `given_arena_bytes` is a size given by hand, or that of the firmware's arena.
    """

    application: str | None
    application_reason: str | None
    least_arena_bytes: int
    most_arena_bytes: int
    headroom_bytes: int
    given_arena_bytes: int | None
    given_arena_bytes_reason: str | None
    given_arena_source: str | None
    bank: str
    items: tuple[BudgetItem, ...]
    banks: tuple[ArenaBank, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Touched:
    """What of RAM an inference wrote, beside what was planned: counted in whole words of 4 bytes of each buffer.

    Of the arena's `arena_bytes` the application (inputs), AllocateTensors (persistent data) and the kernels wrote
    `arena_touched_bytes`; the others are `untouched`, by owner: padding, holes, scratch beyond what was needed.
    `scratch_bytes` is what the layers asked for together, `scratch_touched_bytes` how far they wrote into it, and
    `stack_touched_bytes` how deep the kernels wrote into the stack, of which they moved SP over `stack_bytes`.
    """

    arena_bytes: int
    arena_touched_bytes: int
    scratch_bytes: int
    scratch_touched_bytes: int
    stack_bytes: int
    stack_touched_bytes: int
    untouched: tuple[Owner, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """RAM: the arena as TensorFlow Lite Micro lays it out, and an owner for every byte of the board."""

    arena_bytes: int
    smallest_arena_bytes: int
    head_bytes: int
    tail_bytes: int
    scratch_bytes: int
    stack_bytes: int
    owners: tuple[Owner, ...]
    holes: Holes
    by_kernels: Mapping[str, KernelArena]
    touched: Touched | None
    touched_reason: str | None


@dataclass(frozen=True, slots=True)
class FlashPart:
    """A part of the linked program: a range where sources differ; where none is known both are None, for a reason."""

    name: str
    least_bytes: int | None
    most_bytes: int | None
    bytes_reason: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Saving:
    """What a model without an operator, which it has `count` times, would save of kernel code."""

    op: str
    count: int
    saved_bytes: int


@dataclass(frozen=True, slots=True)
class WeightTensor:
    """A constant tensor: distinct values, share of real zeros, bits of entropy a value, and compressed sizes.

    `lookup_bytes` are those as indices and tables of TensorFlow Lite Micro's compression.
    """

    name: str
    bytes: int
    elements: int
    unique_values: int
    zero_share: float
    entropy_bits: float
    zlib_bytes: int
    lookup_bytes: int | None
    lookup_bytes_reason: str | None


@dataclass(frozen=True, slots=True)
class Compressibility:
    """All constants together; compressed sizes count a tensor as it is where compressing makes it no smaller.

    `entropy_bytes` is the bound of any code of one value at a time, `zlib_bytes` an upper bound of what general
    compression takes, `lookup_bytes` what TensorFlow Lite Micro's would. `needs` says what it takes to use that.
    """

    bytes: int
    zero_share: float | None
    entropy_bits: float | None
    entropy_bytes: int | None
    zlib_bytes: int | None
    lookup_bytes: int | None
    unknown_reason: str | None
    needs: str
    tensors: tuple[WeightTensor, ...]


@dataclass(frozen=True, slots=True)
class LinkedFlash:
    """The program as linked, without parts of unknown size: the least and the most that the others sum to."""

    parts: tuple[FlashPart, ...]
    least_bytes: int
    most_bytes: int
    without: tuple[Saving, ...]
    compressibility: Compressibility


@dataclass(frozen=True, slots=True)
class Flash:
    """Flash: weights and the rest of the model file, kernel code, and an owner for every byte of the board."""

    weights_bytes: int
    model_bytes: int
    code_bytes: int
    owners: tuple[Owner, ...]


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
class Placement:
    """The memories of the board that the kernels read weights and code from and keep the arena in, with addresses."""

    weights: str
    weights_address: int
    arena: str
    arena_address: int
    code: str
    code_address: int
    is_default: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the layers; a value that is not known is None and its `_reason` says why.

    `error_percent` is the error to expect of cycles and latency, `error_source` says what it is derived from.
    `least_cycles` and `most_cycles` span what `range_over` says: link orders and memory parameters that are not known;
    both are `cycles` itself where there is but one figure. Where nothing was executed there are no instructions and
    causes; estimates still give layers, cycles and latency, or a `cycles_reason` instead.
    """

    macs: int
    instructions: int | None
    cycles: int | None
    cycles_by_cause: Mapping[str, int] | None
    latency_s: float | None
    energy_j: float | None
    energy_j_reason: str | None
    error_percent: float | None
    error_percent_reason: str | None
    error_source: str | None
    least_cycles: int | None
    most_cycles: int | None
    range_over: str | None
    cycles_reason: str | None


@dataclass(frozen=True, slots=True)
class FunctionCycles:
    """Cycles of one target function within a layer."""

    name: str
    cycles: int


@dataclass(frozen=True, slots=True)
class Faster:
    """A faster way that a layer cannot take, and the condition that keeps it from it.

    `changed_cycles` are those of a simulated layer that differs in `change` alone; `cycles` is what this layer's work
    would take at as many cycles a MAC (an output element where there are none).
    """

    variant: str | None
    variant_reason: str | None
    condition: str
    change: str | None
    change_reason: str | None
    cycles: int | None
    cycles_reason: str | None
    changed_cycles: int | None
    changed_cycles_reason: str | None


@dataclass(frozen=True, slots=True)
class Layer:
    """One operator as executed, or as estimated. `shape` is its (first) output's; `why` says what shaped its cycles.

    `least_cycles` and `most_cycles` span the link orders and the memory parameters that are not known. `variant` is
    the function that `kernel` chose for the layer (itself where it does not choose), `faster` what kept it from
    faster ones. `own_cycles` are those with mcusim's kernels where a user's library ran. Of an estimated layer the
    range is of the values that it may have, `cycles` are `estimated_cycles` (None where there are none), and what only
    execution tells is None, for `bit_exact_reason`.
    """

    index: int
    op: str
    name: str
    kernel: str
    shape: tuple[int, ...]
    macs: int
    instructions: int | None
    cycles: int | None
    least_cycles: int | None
    most_cycles: int | None
    cycles_by_cause: Mapping[str, int] | None
    estimated_cycles: int | None
    estimated_cycles_reason: str | None
    scratch_bytes: int
    scratch_touched_bytes: int | None
    stack_bytes: int | None
    stack_touched_bytes: int | None
    bit_exact: bool | None
    bit_exact_reason: str | None
    difference: str | None
    functions: tuple[FunctionCycles, ...]
    why: str
    variant: str
    faster: tuple[Faster, ...]
    own_cycles: int | None
    own_cycles_reason: str | None


@dataclass(frozen=True, slots=True)
class Kernels:
    """The firmware that was executed."""

    source: str
    compiler: str
    flags: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Library:
    """A user's kernels that ran in place of mcusim's own; compiler and flags are those of most of its units."""

    file: str
    kind: Literal["elf", "archive", "object"]
    sha256: str
    isa: str
    float_abi: str
    compiler: str | None
    compiler_reason: str | None
    flags: str | None
    flags_reason: str | None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything that the figures rest on; with a `library`, `kernels` are those for what CMSIS-NN lacks."""

    engine: str
    kernels: Kernels
    core_table: str
    board_file: str
    runtime: str
    memory_model: str
    input: str
    library: Library | None
    library_reason: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """One simulated inference. `outputs` are arrays; in JSON their shape, dtype and SHA-256.

    `duty_cycle` is None where no rate was asked for.
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
    provenance: Provenance
    notes: tuple[str, ...]
    output_digests: tuple[Mapping[str, object], ...]
    energy: Energy
    duty_cycle: DutyCycle | None
    duty_cycle_reason: str | None
    placement: Placement
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
    for name, count in _counts(run):
        if count < 0:
            raise BadInputError(f"{file}: {name}: expected 0 or more, found {count}")
    sums = _sums_of_totals(run, file)
    for index, layer in enumerate(run.layers):
        sums += _sums_of_layer(layer, index, file)
    for kind, one in (("ram", run.verdict.ram), ("flash", run.verdict.flash)):
        left = one.available_bytes - one.used_bytes
        owners = run.memory.owners if kind == "ram" else run.flash.owners
        owned = sum(owner.bytes for owner in owners if owner.kind not in ("reserved", "free", "apart"))
        kept = sum(owner.bytes for owner in owners if owner.kind == "reserved")
        sums += [
            (f"verdict.{kind}.headroom_bytes", one.headroom_bytes, "available − used", left),
            (f"verdict.{kind}.used_bytes", one.used_bytes, "the sum of its owners", owned),
            (f"verdict.{kind}.reserved_bytes", one.reserved_bytes, "the sum of its owners", kept),
        ]
    between, linked = run.budget.most_arena_bytes - run.budget.least_arena_bytes, run.linked_flash
    least, most = (sum(size or 0 for size in sizes) for sizes in zip(*_sizes(linked), strict=True))
    sums += [
        ("budget.headroom_bytes", run.budget.headroom_bytes, "most − least", between),
        ("linked_flash.least_bytes", linked.least_bytes, "the sum of its parts", least),
        ("linked_flash.most_bytes", linked.most_bytes, "the sum of its parts", most),
    ]
    for key, value, what, expected in sums:
        if value != expected:
            raise BadInputError(f"{file}: {key}: expected {what}, {expected:,}, found {value:,}")
    if run.fits == bool(run.verdict.reasons):
        raise BadInputError(f"{file}: fits: expected true exactly where verdict.reasons is empty")
    holes = run.memory.holes
    if holes.wasted_bytes != holes.peak_bytes - holes.live_lower_bound_bytes:
        raise BadInputError(f"{file}: memory.holes.wasted_bytes: expected peak_bytes − live_lower_bound_bytes")
    if run.memory.touched is not None:
        _check_touched(run.memory.touched, file)
    if run.board.clock_hz < 1:
        raise BadInputError(f"{file}: board.clock_hz: expected 1 or more, found {run.board.clock_hz}")


def _check_touched(touched: Touched, file: str) -> None:
    """What was touched and what was not are the arena; no scratch is touched beyond what was asked for."""
    if touched.arena_touched_bytes + sum(owner.bytes for owner in touched.untouched) != touched.arena_bytes:
        raise BadInputError(f"{file}: memory.touched: expected arena_touched_bytes and untouched to sum to arena_bytes")
    if touched.scratch_touched_bytes > touched.scratch_bytes or touched.stack_touched_bytes > touched.stack_bytes:
        raise BadInputError(f"{file}: memory.touched: expected touched bytes of scratch and stack among those planned")


def _sizes(linked: LinkedFlash) -> list[tuple[int | None, int | None]]:
    return [(0, 0), *((part.least_bytes, part.most_bytes) for part in linked.parts)]


_Sum = tuple[str, int, str, int]  # key, found, what it is to be, expected


def _sums_of_layer(layer: Layer, index: int, file: str) -> list[_Sum]:
    """What a layer's figures add up to, or that it was estimated."""
    key = f"layers[{index}]"
    sums: list[_Sum] = [(f"{key}.index", layer.index, "its place", index)]
    if layer.bit_exact is None:
        figures = (layer.instructions, layer.cycles_by_cause, layer.stack_bytes)
        if any(one is not None for one in figures) or layer.cycles != layer.estimated_cycles or layer.functions:
            raise BadInputError(f"{file}: {key}: expected estimated_cycles alone, as bit_exact is null")
        return sums
    figures_of_cycles = (layer.cycles, layer.least_cycles, layer.most_cycles, layer.instructions, layer.stack_bytes)
    if None in figures_of_cycles or layer.cycles is None or layer.cycles_by_cause is None:
        raise BadInputError(f"{file}: {key}: expected cycles, instructions, causes and stack of an executed layer")
    return [
        *sums,
        (f"{key}.cycles", layer.cycles, "the sum of its causes", sum(layer.cycles_by_cause.values())),
        (f"{key}.cycles", layer.cycles, "the sum of its functions", sum(one.cycles for one in layer.functions)),
    ]


def _sums_of_estimate(run: Run, file: str) -> list[_Sum]:
    """The totals of a run that was estimated: cycles, latency and range together, or a reason."""
    totals = run.totals
    figures = (totals.cycles, totals.least_cycles, totals.most_cycles, totals.latency_s)
    missing = any(layer.cycles is None for layer in run.layers)
    executed = totals.instructions is not None or totals.cycles_by_cause is not None
    none = all(one is None for one in figures)
    if executed or (None in figures) != none or missing != (totals.cycles is None):
        raise BadInputError(f"{file}: totals: expected cycles, range and latency of estimated layers, or none of them")
    if totals.cycles is None:
        return []
    return [("totals.cycles", totals.cycles, "the sum over the layers", sum(one.cycles or 0 for one in run.layers))]


def _sums_of_totals(run: Run, file: str) -> list[_Sum]:
    """(key, found, what it is to be, expected) of the totals; nothing adds up to them where nothing was executed."""
    totals, layers = run.totals, run.layers
    if layers and all(layer.bit_exact is None for layer in layers):
        return _sums_of_estimate(run, file)
    figures: tuple[object, ...] = (totals.cycles, totals.least_cycles, totals.most_cycles)
    figures += (totals.instructions, totals.cycles_by_cause, totals.latency_s)
    if None in figures:
        if any(one is not None for one in figures) or layers or totals.cycles_reason is None:
            raise BadInputError(
                f"{file}: totals: expected cycles, instructions, causes, latency and layers, or none and cycles_reason"
            )
        return []
    assert totals.cycles is not None and totals.instructions is not None and totals.cycles_by_cause is not None
    return [
        ("totals.cycles", totals.cycles, "the sum of its causes", sum(totals.cycles_by_cause.values())),
        ("totals.cycles", totals.cycles, "the sum over the layers", sum(layer.cycles or 0 for layer in layers)),
        ("totals.macs", totals.macs, "the sum over the layers", sum(layer.macs for layer in layers)),
        (
            "totals.instructions",
            totals.instructions,
            "the sum over the layers",
            sum(layer.instructions or 0 for layer in layers),
        ),
    ]


def _counts(run: Run) -> list[tuple[str, int | float]]:
    """Every figure that cannot be negative, with its key."""
    found: list[tuple[str, int | float]] = []

    def walk(value: object, key: str) -> None:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            for item in dataclasses.fields(value):
                walk(getattr(value, item.name), f"{key}.{item.name}" if key else item.name)
        elif isinstance(value, Mapping):
            for name, item in value.items():
                walk(item, f"{key}.{name}")
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                walk(item, f"{key}[{index}]")
        elif isinstance(value, (int, float)) and not key.endswith((".headroom_bytes", ".zero_point", ".error_percent")):
            found.append((key, value))

    walk(run, "")
    return found
