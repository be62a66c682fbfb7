"""Boards of one core → random layers, each emulated once and timed with the memory system of every board."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim import timing
from mcusim.addressing import addressing
from mcusim.cost import Target
from mcusim.costs import COSTS
from mcusim.elf import firmware_path, load_firmware
from mcusim.emulator import Emulator
from mcusim.errors import EmulationError
from mcusim.formulas import core_image
from mcusim.hardware import Board, Core, Reserve, board_core
from mcusim.inference import Machine
from mcusim.memory_systems import possible_observers
from mcusim.model import Model, Op, Tensor
from mcusim.pipelines import PIPELINES
from mcusim.placement import Bank, choose_banks
from mcusim.plan import Plan, lay_out
from mcusim.recording import Observer
from mcusim.regions import Region
from mcusim.sketch import Sketch
from mcusim.trace import Block, Trace

SEED = 1
LONGEST_RUN = 3  # layers of one operator behind each other
EMPTIED_SHARE = 0.4  # of the runs of layers: caches are emptied in front of them
WARMED_SHARE = 0.2  # of the layers: they run once before they are timed, so that all they need is in caches
# Of a model's constants and activations. Activations are few enough to lie in the memory at the start of the arena's
# bank, as those of most models do, and to stay in no data cache from layer to layer.
MOST_FILE_BYTES, MOST_ARENA_BYTES = 160_000, 40_000
# Where all of it lies: flash on the code bus and RAM behind it, as on most microcontrollers (DDI 0403E, B3.1).
FLASH_ADDRESS, RAM_ADDRESS = 0x0800_0000, 0x2000_0000
FLASH_BYTES, RAM_BYTES = 1 << 20, 1 << 19
# Files behind which the code begins at even and at odd multiples of what it is aligned to: lines of caches are longer.
FILE_BYTES = (MOST_FILE_BYTES + 64_000, MOST_FILE_BYTES + 64_016)

Table = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """A layer that was emulated.

    `emptied`: caches were empty before; `warmed`: the layer itself had run since. `code_offset` is where the code
    begins, seen from the model's file. `cycles` are those of the pipeline with memory that never waits; `waits` what
    the memory of each board adds. `visits`: rows of code that was executed, (offset into the image, bytes, how often,
    1 where only jumps led there); `literals`: constants between the code that were read, (offset, bytes).
    """

    model: Model
    op: Op
    emptied: bool
    warmed: bool
    code_offset: int
    cycles: int
    waits: tuple[int, ...]
    visits: Table
    literals: Table


def target_of(core: Core) -> Target:
    """What of a core decides which code runs."""
    return Target(core.dsp, core.isa != "armv6m")


def groups(boards: Sequence[Board]) -> list[list[Board]]:
    """Boards whose cores take the same cycles, together."""
    found: list[tuple[Core, list[Board]]] = []
    for board in boards:
        core = board_core(board)
        alike = next((members for one, members in found if one == core), None)
        if alike is None:
            found.append((core, [board]))
        else:
            alike.append(board)
    return [members for _, members in found]


def sample_models(share: float = 1.0) -> Iterator[Model]:
    """The models whose layers a fit takes; `share` of the full number of layers."""
    rng = np.random.default_rng(SEED)
    runs: list[list[str]] = []
    for name, costing in COSTS.items():
        left = max(1, round(costing.samples * share)) if costing.samples else 0
        while left > 0:
            runs.append([name] * min(left, int(rng.integers(1, LONGEST_RUN + 1))))
            left -= len(runs[-1])
    sketch = Sketch("sample 0")
    for number, index in enumerate(rng.permutation(len(runs))):
        for name in runs[index]:
            COSTS[name].draw(sketch, rng)
        if len(sketch.file) >= MOST_FILE_BYTES or sketch.activation_bytes >= MOST_ARENA_BYTES:
            yield sketch.model()
            sketch = Sketch(f"sample {number + 1}")
    if sketch.ops:
        yield sketch.model()


def sample(boards: Sequence[Board], models: Sequence[Model]) -> list[Sampled]:
    """Emulate every layer of models that calls a kernel, timed with the memory of each of some boards of one core.

    Only the memory systems that the boards' files give first are followed.
    """
    benches = [_Bench(boards, size) for size in FILE_BYTES]
    rng = np.random.default_rng(SEED)
    found: list[Sampled] = []
    for number, model in enumerate(models):
        found += benches[number % len(benches)].layers(model, number, rng)
    return found


class _Bench:
    """One emulated core with the memories of many boards, on which one model runs after the other."""

    def __init__(self, boards: Sequence[Board], file_bytes: int) -> None:
        self.board = _with_banks(boards[0])
        self.core = board_core(self.board)
        self.firmware = load_firmware(firmware_path(core_image(self.core)))
        self.file_bytes = file_bytes
        self.possible = _observers(boards)
        self.emulator: Emulator | None = None
        self.literals: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {}

    def layers(self, model: Model, number: int, rng: np.random.Generator) -> Iterator[Sampled]:
        """Emulate a model's layers; caches are empty before the first and some others."""
        machine = self._machine(model, number)
        before = ""
        for op in model.ops:
            emptied = not before or (op.name != before and rng.random() < EMPTIED_SHARE)
            before = op.name
            if emptied:
                machine.emulator.empty_caches()
            warmed = rng.random() < WARMED_SHARE
            if warmed:
                machine.execute(op)
            traces = machine.execute(op)
            if not traces:
                continue
            own = [self._without_memory(trace) for trace in traces]
            yield Sampled(
                model,
                op,
                emptied,
                warmed,
                machine.plan.code_address - machine.plan.model_address,
                sum(timing.timed(machine.walker, trace).cycles for trace in own),
                tuple(sum(timing.waiting(trace, one.name) for trace in traces) if one else 0 for one in self.possible),
                _visits(traces, machine.plan),
                self._literals(traces, machine.plan),
            )

    def _machine(self, model: Model, number: int) -> Machine:
        """A model on the emulated core, its file as long as those of all others so that code stays where it is."""
        if len(model.file) > self.file_bytes:
            raise EmulationError(
                f"{model.name} has {len(model.file):,} bytes of constants, more than a sample may have"
            )
        padded = dataclasses.replace(model, file=model.file + bytes(self.file_bytes - len(model.file)))
        planned = lay_out(padded, self.board, self.core, self.firmware)
        if planned.stack_top > RAM_ADDRESS + RAM_BYTES:
            raise EmulationError(f"{model.name} needs an arena of {planned.arena.smallest_bytes:,} bytes; draw less")
        if self.emulator is None:
            own = PIPELINES[planned.core.pipeline].observer(planned.core, self.board)
            memories = {one.name: one for one in self.possible if one is not None}
            self.emulator = Emulator(
                planned.core,
                planned.firmware,
                planned.code_address,
                (RAM_ADDRESS, RAM_BYTES),
                [(planned.model_address, padded.file)],
                [*([own] if own else []), *memories.values()],
            )
        self.emulator.burn(planned.model_address, padded.file)
        machine = Machine(planned, self.emulator, tuple(self.possible), self.emulator.walker)
        machine.allocate(_inputs(model, number))
        return machine

    def _without_memory(self, trace: Trace) -> Trace:
        memories = {one.name for one in self.possible if one is not None}
        return dataclasses.replace(trace, observed=tuple(one for one in trace.observed if one.name not in memories))

    def _literals(self, traces: Sequence[Trace], planned: Plan) -> Table:
        found = {place for trace in traces for block in trace.blocks for place in self._literals_of(block)}
        rows = [(address - planned.code_address, size) for address, size in sorted(found)]
        return np.array(rows, np.int64).reshape(-1, 2)

    def _literals_of(self, block: Block) -> tuple[tuple[int, int], ...]:
        key = block.address, block.size
        if key not in self.literals:
            self.literals[key] = tuple(literals(block))
        return self.literals[key]


def literals(block: Block) -> Iterator[tuple[int, int]]:
    """Addresses and bytes of the constants that a block loads relative to PC."""
    for one in block.instructions:
        place = addressing(one)
        if one.access is not None and place is not None and place.base is None and place.index is None:
            yield place.offset, one.access.bytes


def _visits(traces: Sequence[Trace], planned: Plan) -> Table:
    counts: dict[tuple[int, int], list[int]] = {}
    for trace in traces:
        for edge in trace.edges:
            block = trace.blocks[edge.block]
            if not block.size or not edge.count:
                continue
            row = counts.setdefault((block.address - planned.code_address, block.size), [0, 1])
            row[0] += edge.count
            if edge.previous >= 0 and trace.blocks[edge.previous].end == block.address:
                row[1] = 0
    return np.array([(*place, *row) for place, row in sorted(counts.items())], np.int64).reshape(-1, 4)


def _observers(boards: Sequence[Board]) -> list[Observer | None]:
    """The observer of each board's memory; boards whose memories are alike share one."""
    found: list[Observer | None] = []
    for board in boards:
        own = possible_observers(_with_banks(_first_choice(board)), apart=f" of {board.id}")[0]
        found.append(own and next((one for one in found if one and _are_alike(one, own)), own))
    return found


def _are_alike(one: Observer, other: Observer) -> bool:
    costs = [[(event.name, event.cause, event.cycles) for event in of.events] for of in (one, other)]
    return one.observe is other.observe and costs[0] == costs[1] and np.array_equal(one.parameters, other.parameters)


def _first_choice(board: Board) -> Board:
    """The board with the first of its possible memory systems only."""
    if board.memory is None:
        return board
    first = {name: dataclasses.replace(one, values=one.values[:1]) for name, one in board.memory.parameters.items()}
    return dataclasses.replace(board, memory=dataclasses.replace(board.memory, parameters=first))


def _with_banks(board: Board) -> Board:
    """The board with its code's and its arena's memory at the addresses of all samples."""
    banks = choose_banks(board)
    regions = (
        dataclasses.replace(_region(board, banks.flash), address=FLASH_ADDRESS, bytes=FLASH_BYTES),
        dataclasses.replace(_region(board, banks.ram), address=RAM_ADDRESS, bytes=RAM_BYTES),
    )
    none = Reserve(0, "nothing", "samples have all memory for themselves")
    return dataclasses.replace(board, regions=regions, reserved_ram=none, reserved_flash=none)


def _region(board: Board, bank: Bank) -> Region:
    """The region in which what is placed in a bank begins."""
    start = min(bank.start, bank.end - 1)
    return next(one for one in board.regions if one.address <= start < one.address + one.bytes)


def _inputs(model: Model, number: int) -> list[NDArray[np.generic]]:
    rng = np.random.default_rng([SEED, number])
    return [_values(rng, model.tensors[index]) for index in model.inputs]


def _values(rng: np.random.Generator, tensor: Tensor) -> NDArray[np.generic]:
    """Normally distributed, where an integer type holds six standard deviations, as calibration has it."""
    if tensor.dtype == "float32":
        return rng.normal(size=tensor.shape).astype(np.float32)
    if tensor.dtype not in ("int8", "uint8", "int16", "int32"):
        return rng.integers(0, 2, tensor.shape).astype(tensor.dtype)
    limits = np.iinfo(tensor.dtype)
    middle, deviation = (limits.max + limits.min) / 2, (limits.max - limits.min) / 6
    values = rng.normal(middle, deviation, tensor.shape)
    return np.clip(np.rint(values), limits.min, limits.max).astype(tensor.dtype)
