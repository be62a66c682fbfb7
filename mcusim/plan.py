"""Model + Board → Plan: where everything lies in RAM and flash, and an owner for every byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mcusim import documents, record
from mcusim.arena import Arena, arena, round_up
from mcusim.elf import Firmware, firmware_path, load_firmware
from mcusim.errors import BadInputError, DoesNotFitError, UnsupportedError
from mcusim.hardware import ADDRESS_SPACE_BYTES, Board, Core, Reserve, load_core
from mcusim.model import Model
from mcusim.occupancy import arena_owners, code_owners, model_owners
from mcusim.operands import layer_name
from mcusim.ops import OPERATORS
from mcusim.pipelines import PIPELINES
from mcusim.runtime import KernelLibrary, Runtime
from mcusim.symbols import Symbol

__all__ = ["Arena", "Bank", "Plan", "arena", "lay_out", "plan"]

KERNELS: tuple[KernelLibrary, ...] = ("cmsis_nn", "reference")
STACK_ROOM_BYTES = 4 << 10  # kept for the stack where the arena leaves less: several times what a kernel takes
INPUT_TYPES = ("int8", "uint8", "int16", "int32", "int64", "float32", "bool")
# Planning takes the square of these; models for microcontrollers have a few hundred at most.
MOST_OPS, MOST_TENSORS = 2_000, 10_000
SIMULATED_BYTES = 256 << 20  # the largest arena that is simulated; no microcontroller has as much RAM


@dataclass(frozen=True, slots=True)
class Bank:
    """The memory that is used: the longest run of a board's regions of a kind without a gap in their addresses.

    `elsewhere_bytes` is what the board has of this kind in other places.
    """

    kind: Literal["ram", "flash"]
    name: str
    address: int
    bytes: int
    elsewhere_bytes: int

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.address + self.bytes


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A model on a board. RAM: reserved, arena, free, stack from the top; flash: reserved, model file, kernel code.

    The arena has the smallest size that AllocateTensors accepts. Where something does not fit, addresses go on
    beyond the bank's end. `stack_bytes` is None until the kernels have run; `dataclasses.replace` completes it.
    `arenas` are those of each kernel library on this core, `code` is all that the model's kernels need.
    """

    model: Model
    board: Board
    core: Core
    runtime: Runtime
    firmware: Firmware
    arenas: Mapping[str, Arena]
    code: tuple[Symbol, ...]
    ram_bank: Bank
    flash_bank: Bank
    arena_address: int
    stack_top: int
    model_address: int
    code_address: int
    stack_bytes: int | None = None

    @property
    def arena(self) -> Arena:
        """The arena with the kernels that run."""
        return self.arenas[self.runtime.kernels]

    @property
    def arena_end(self) -> int:
        """The address behind the arena."""
        return self.arena_address + self.arena.smallest_bytes

    @property
    def stack_bottom(self) -> int:
        """The lowest address that the stack may reach: the arena's end."""
        return self.arena_end

    @property
    def fits(self) -> bool:
        """Whether both memories suffice, as far as the stack is known."""
        return not self.verdict().reasons

    def address_of(self, tensor: int) -> int:
        """Address of a tensor: in the arena, or in the model file in flash. KeyError for one without any bytes."""
        offset = self.model.tensors[tensor].file_offset
        if self.model.tensors[tensor].is_constant and offset is not None:
            return self.model_address + offset
        for buffer in self.arena.buffers:
            if buffer.tensor == tensor:
                return self.arena_address + buffer.offset
        return self._persistent_address("variable tensors", None, tensor)

    def scratch_address(self, op: int, request: int) -> int:
        """Address of an operator's n-th scratch request; KeyError where it has none."""
        for buffer in self.arena.buffers:
            if buffer.scratch == (op, request):
                return self.arena_address + buffer.offset
        raise KeyError(f"{layer_name(self.model.ops[op])} has no scratch request {request}")

    def prepared_address(self, op: int, array: int) -> int:
        """Address of an operator's n-th persistent array; KeyError where it has none."""
        return self._persistent_address("kernel arrays", op, array)

    def _persistent_address(self, kind: str, op: int | None, position: int) -> int:
        for allocation in self.arena.allocations:
            if (allocation.kind, allocation.op, allocation.position) == (kind, op, position):
                return self.arena_end - allocation.distance_bytes
        raise KeyError(f"{kind}: nothing is allocated at position {position}")

    def ram_owners(self) -> tuple[record.Owner, ...]:
        """An owner for every byte of the board's RAM: they sum to it, or exceed it by what is missing.

        Then nothing of the bank is free. Until the stack is known its bytes count as free.
        """
        used = [
            record.Owner(
                "alignment of the arena", self._alignment_before(self.ram_bank, self.arena_address), "alignment"
            ),
            *arena_owners(self.model, self.arena),
            record.Owner("stack of the kernels", self.stack_bytes or 0, "stack"),
        ]
        return _all_owners(self.ram_bank, self.board.reserved_ram, used, self.board.ram_bytes)

    def flash_owners(self) -> tuple[record.Owner, ...]:
        """An owner for every byte of the board's flash: they sum to it, or exceed it by what is missing."""
        before_code = self.code_address - self.model_address - len(self.model.file)
        used = [
            record.Owner(
                "alignment of the model", self._alignment_before(self.flash_bank, self.model_address), "alignment"
            ),
            *model_owners(self.model),
            record.Owner("alignment of the code", before_code, "alignment"),
            *code_owners(self.code),
        ]
        return _all_owners(self.flash_bank, self.board.reserved_flash, used, self.board.flash_bytes)

    def _alignment_before(self, bank: Bank, address: int) -> int:
        reserve = self.board.reserved_ram if bank.kind == "ram" else self.board.reserved_flash
        return address - bank.address - reserve.bytes

    def verdict(self) -> record.Verdict:
        """Both memories, counted in the banks that are used; `reasons` name each that falls short and by how much."""
        ram = _memory_verdict(self.ram_owners(), self.ram_bank, self.board.reserved_ram)
        flash = _memory_verdict(self.flash_owners(), self.flash_bank, self.board.reserved_flash)
        reasons = tuple(
            f"{name}: needs {one.used_bytes:,} bytes, {-one.headroom_bytes:,} more than {self.board.id} leaves"
            for name, one in (("RAM", ram), ("flash", flash))
            if one.headroom_bytes < 0
        )
        return record.Verdict(ram, flash, reasons)

    def memory(self) -> record.Memory:
        """RAM as a run records it; a stack that is not known yet counts as 0."""
        of = self.arena
        return record.Memory(
            arena_bytes=of.used_bytes,
            smallest_arena_bytes=of.smallest_bytes,
            head_bytes=of.head_bytes,
            tail_bytes=of.tail_bytes,
            scratch_bytes=of.scratch_bytes,
            stack_bytes=self.stack_bytes or 0,
            owners=self.ram_owners(),
            holes=record.Holes(
                peak_bytes=of.head_bytes,
                live_lower_bound_bytes=of.live_lower_bound_bytes,
                wasted_bytes=of.head_bytes - of.live_lower_bound_bytes,
            ),
            by_kernels={kernels: _kernel_arena(one) for kernels, one in self.arenas.items()},
        )

    def flash(self) -> record.Flash:
        """Flash as a run records it; `weights_bytes` are part of `model_bytes`, the whole model file."""
        owners = self.flash_owners()
        sizes = {kind: sum(owner.bytes for owner in owners if owner.kind == kind) for kind in ("weights", "code")}
        return record.Flash(sizes["weights"], len(self.model.file), sizes["code"], owners)


def plan(model: Model, board: Board, *, kernels: KernelLibrary = "cmsis_nn") -> Plan:
    """Place a model on a board.

    A plan that does not fit says so in its verdict and can be simulated all the same. Raises UnsupportedError that
    names every layer mcusim cannot run, or a core without kernels; BadModelError for a layer whose shapes disagree;
    DoesNotFitError for what is beyond simulation.
    """
    if kernels != "cmsis_nn":
        raise UnsupportedError(f"{kernels!r} kernels are not built for any core; only 'cmsis_nn' can be run")
    check(model)
    core = load_core(board.core)
    _check_rules(board, core)
    path = firmware_path(core.isa)
    if not path.is_file():
        raise UnsupportedError(f"{board.id} has a {core.name}, for which no kernels are built ({core.isa})")
    firmware = load_firmware(path)
    if firmware.float_abi == "hard" and board.fpu is None:
        raise UnsupportedError(
            f"{board.id} has no floating-point unit; the kernels of {core.isa} are built for one (hard-float ABI)"
        )
    return lay_out(model, board, core, firmware)


def check(model: Model) -> None:
    """Raise one UnsupportedError that names all layers which mcusim cannot run, with the reason of each."""
    if len(model.ops) > MOST_OPS or len(model.tensors) > MOST_TENSORS:
        raise UnsupportedError(
            f"{model.name} has {len(model.ops):,} operators and {len(model.tensors):,} tensors; mcusim plans up to "
            f"{MOST_OPS:,} and {MOST_TENSORS:,}"
        )
    if len(model.subgraphs) != 1:
        raise UnsupportedError(f"{model.name} has {len(model.subgraphs)} subgraphs; mcusim runs models of one")
    reasons = [
        f"input {tensor.name!r}: {tensor.dtype} is not supported"
        for tensor in (model.tensors[index] for index in model.inputs)
        if tensor.dtype not in INPUT_TYPES
    ]
    for op in model.ops:
        reason = OPERATORS[op.name].check(model, op) if op.name in OPERATORS else "unknown operator"
        if reason:
            reasons.append(f"{layer_name(op)}: {reason}")
    if reasons:
        known = ", ".join(OPERATORS)
        raise UnsupportedError(f"{model.name} cannot be run: {'; '.join(reasons)}. Known operators: {known}")


def _check_rules(board: Board, core: Core) -> None:
    """A core whose pipeline is known, and a board that overrides only rules that its core has."""
    if core.pipeline not in PIPELINES:
        raise UnsupportedError(f"{core.id} has an unknown pipeline {core.pipeline!r}; known: {', '.join(PIPELINES)}")
    for name in board.rules:
        if name not in core.rules:
            guess = documents.nearest(name, tuple(core.rules))
            hint = f"; did you mean {guess!r}?" if guess else ""
            raise BadInputError(f"{board.file}: rules.{name}: {core.name} has no such rule{hint}")


def lay_out(model: Model, board: Board, core: Core, firmware: Firmware) -> Plan:
    """The plan of a model that `check` lets through, with CMSIS-NN kernels out of a given firmware."""
    arenas: dict[str, Arena] = {kernels: arena(model, Runtime(kernels, core.dsp, core.mve)) for kernels in KERNELS}
    chosen = arenas["cmsis_nn"]
    if chosen.smallest_bytes > SIMULATED_BYTES:
        raise DoesNotFitError(
            f"{model.name} needs an arena of {chosen.smallest_bytes:,} bytes; "
            f"mcusim simulates up to {SIMULATED_BYTES:,}"
        )
    ram, flash = largest_bank(board, "ram"), largest_bank(board, "flash")
    arena_address = round_up(ram.address + board.reserved_ram.bytes)
    arena_end = arena_address + chosen.smallest_bytes
    stack_top = ram.end & ~7
    if stack_top - arena_end < STACK_ROOM_BYTES:
        stack_top = arena_end + STACK_ROOM_BYTES
    model_address = round_up(flash.address + board.reserved_flash.bytes)
    code_address = round_up(model_address + len(model.file))
    _check_apart(
        (model_address, code_address + len(firmware.linked_image)),
        (arena_address, stack_top),
        model.name,
    )
    return Plan(
        model=model,
        board=board,
        core=core,
        runtime=chosen.runtime,
        firmware=firmware,
        arenas=arenas,
        code=firmware.reachable(_symbols(model, chosen.runtime)),
        ram_bank=ram,
        flash_bank=flash,
        arena_address=arena_address,
        stack_top=stack_top,
        model_address=model_address,
        code_address=code_address,
    )


def largest_bank(board: Board, kind: Literal["ram", "flash"]) -> Bank:
    """The longest run of a board's regions of a kind whose addresses follow each other; of equal ones the lowest."""
    runs: list[list[int]] = []
    names: list[list[str]] = []
    for region in sorted((one for one in board.regions if one.kind == kind), key=lambda one: one.address):
        if runs and runs[-1][1] == region.address:
            runs[-1][1] = region.address + region.bytes
            names[-1].append(region.name)
        else:
            runs.append([region.address, region.address + region.bytes])
            names.append([region.name])
    best = max(range(len(runs)), key=lambda index: (runs[index][1] - runs[index][0], -runs[index][0]))
    start, end = runs[best]
    total = sum(one.bytes for one in board.regions if one.kind == kind)
    return Bank(kind, " + ".join(names[best]), start, end - start, total - (end - start))


def _symbols(model: Model, runtime: Runtime) -> Iterable[str]:
    """The C functions that the layers call, each once."""
    calls = [call for op in model.ops for call in OPERATORS[op.name].invocation(model, op, runtime).calls]
    return dict.fromkeys(call.symbol for call in calls)


def _check_apart(flash: tuple[int, int], ram: tuple[int, int], name: str) -> None:
    """What lies beyond a bank's end may still not meet the other memory, nor the end of the address space."""
    meet = flash[0] < ram[1] and ram[0] < flash[1]
    if meet or max(flash[1], ram[1]) > ADDRESS_SPACE_BYTES:
        raise DoesNotFitError(
            f"{name} exceeds the board by so much that its flash up to {flash[1]:#x} and its RAM up to {ram[1]:#x} "
            "cannot be simulated"
        )


def _all_owners(
    bank: Bank, reserve: Reserve, used: Sequence[record.Owner], board_bytes: int
) -> tuple[record.Owner, ...]:
    """Owners with what the platform reserves in front and what is free behind, of the bank and beyond it."""
    left = bank.bytes - reserve.bytes - sum(owner.bytes for owner in used)
    owners = (
        record.Owner(reserve.what, reserve.bytes, "reserved"),
        *used,
        record.Owner(f"free in {bank.name}", max(left, 0), "free"),
        record.Owner(f"banks apart from {bank.name}", bank.elsewhere_bytes, "apart"),
    )
    # Second conservation law: every byte of the board has one owner, and what is missing is more than there is.
    assert sum(owner.bytes for owner in owners) == board_bytes + max(-left, 0)
    return tuple(owner for owner in owners if owner.bytes)


def _memory_verdict(owners: Iterable[record.Owner], bank: Bank, reserve: Reserve) -> record.MemoryVerdict:
    used = sum(owner.bytes for owner in owners if owner.kind not in ("reserved", "free", "apart"))
    available = bank.bytes - reserve.bytes
    return record.MemoryVerdict(used, available, reserve.bytes, available - used)


def _kernel_arena(of: Arena) -> record.KernelArena:
    return record.KernelArena(of.used_bytes, of.smallest_bytes, of.head_bytes, of.tail_bytes, of.scratch_bytes)
