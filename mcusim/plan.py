"""Model + Board → Plan: where everything lies in RAM and flash, and an owner for every byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from mcusim import record
from mcusim.abi import Invocation
from mcusim.application import UNKNOWN, Application
from mcusim.arena import ALIGNMENT, Arena, arena, round_up
from mcusim.elf import Firmware, choose_image, firmware_path, load_firmware
from mcusim.errors import DoesNotFitError, UnsupportedError
from mcusim.flash_runtime import least_runtime_bytes
from mcusim.hardware import ADDRESS_SPACE_BYTES, Board, Core, board_core
from mcusim.layout import Addresses, addresses
from mcusim.library_notes import library_notes
from mcusim.model import Model
from mcusim.occupancy import arena_owners, beside_owners, code_owners, head_buffers, model_owners, stack_owners
from mcusim.operands import layer_name
from mcusim.ops import OPERATORS
from mcusim.pipelines import PIPELINES
from mcusim.placement import FLASH, Bank, Banks, bank_of, choose_banks, home_address, largest_bank
from mcusim.runtime import KernelLibrary, Runtime, runtime_of
from mcusim.scratch import resized
from mcusim.shortages import arena_shortage, runtime_shortage, stack_shortage, tensor_shortage
from mcusim.symbols import Symbol
from mcusim.variables import number_of, subgraphs_reason

__all__ = ["Arena", "Bank", "Banks", "Plan", "arena", "largest_bank", "lay_out", "plan"]

KERNELS: tuple[KernelLibrary, ...] = ("cmsis_nn", "reference")
INPUT_TYPES = ("int8", "uint8", "int16", "int32", "int64", "float32", "bool")
# Planning takes the square of these; models for microcontrollers have a few hundred at most.
MOST_OPS, MOST_TENSORS = 2_000, 10_000
OWN_RAN = "mcusim's own kernels ran"
SIMULATED_BYTES = 256 << 20  # the largest arena that is simulated; no microcontroller has as much RAM
# Kernels whose size stands for those of an instruction set that nothing is built for, because nothing executes it.
STAND_INS: Mapping[str, str] = {"armv81m_main": "armv8m_main"}
NAMES: Mapping[Literal["ram", "flash"], str] = {"ram": "RAM", "flash": "flash"}


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A model on a board. RAM: reserved, application, arena, free, stack from the top; flash: reserved, application,
    model file, kernel code.

    Weights in RAM are the model file copied there, in front of an arena in the same bank: flash holds it all the
    same, for start-up to read. `model_address` is where the kernels find it. The arena has the smallest size that
    AllocateTensors accepts. Where something does not fit, addresses go on beyond the bank's end. `stack_bytes` is
    None until the kernels have run; `dataclasses.replace` completes it. `arenas` are those of each kernel library
    on this core, `code` is all that the model's kernels need, `invocations` are the calls that run each layer.
    `library` is whose kernels run where they are not mcusim's own, `notes` say what is to be known about the kernels.
    `application` is what there is beside the model, `given_arena_bytes` the arena's size where one was given.
    """

    model: Model
    board: Board
    core: Core
    runtime: Runtime
    firmware: Firmware
    arenas: Mapping[str, Arena]
    code: tuple[Symbol, ...]
    banks: Banks
    arena_address: int
    stack_top: int
    model_address: int
    code_address: int
    invocations: tuple[Invocation, ...]
    stack_bytes: int | None = None
    library: record.Library | None = None
    notes: tuple[str, ...] = ()
    application: Application = UNKNOWN
    given_arena_bytes: int | None = None

    @property
    def arena(self) -> Arena:
        """The arena with the kernels that run."""
        return self.arenas[self.runtime.kernels]

    @property
    def image(self) -> str:
        """The name of mcusim's own image of the kernels, which a library's lie in front of."""
        return self.firmware.parts[-1].name.removesuffix(".elf")

    @property
    def arena_bytes(self) -> int:
        """The arena's size: as given, in whole steps of 16, if that is enough, or else the smallest."""
        given = self.given_arena_bytes or 0
        return max(given // ALIGNMENT * ALIGNMENT, self.arena.smallest_bytes)

    @property
    def arena_end(self) -> int:
        """The address behind the arena."""
        return self.arena_address + self.arena_bytes

    @property
    def interrupt_bytes(self) -> int:
        """What interrupts take of the stack."""
        return self.application.interrupts.bytes_of(self.core.fpu)

    @property
    def shares_ram(self) -> bool:
        """Whether weights and arena lie in the same bank of RAM."""
        return self.banks.weights == self.banks.ram

    @property
    def ram_address(self) -> int:
        """The lowest address of the RAM that holds weights, if they share it, arena and stack."""
        return self.model_address if self.shares_ram else self.arena_address

    @property
    def stack_bottom(self) -> int:
        """The lowest address that the stack may reach: the arena's end."""
        return self.arena_end

    @property
    def fits(self) -> bool:
        """Whether both memories suffice, as far as the stack is known."""
        return not self.verdict().reasons

    def address_of(self, tensor: int) -> int:
        """Address of a tensor: in the arena, or in the model file in flash; of a handle, its variable's.

        KeyError for one without any bytes.
        """
        if self.model.tensors[tensor].dtype == "resource":
            return self.variable_address(number_of(self.model, tensor))
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

    def variable_address(self, number: int) -> int:
        """Address of the n-th resource variable; KeyError where there is none."""
        return self._persistent_address("resource variables", None, number)

    def _persistent_address(self, kind: str, op: int | None, position: int) -> int:
        for allocation in self.arena.allocations:
            if (allocation.kind, allocation.op, allocation.position) == (kind, op, position):
                return self.arena_end - allocation.distance_bytes
        raise KeyError(f"{kind}: nothing is allocated at position {position}")

    def ram_owners(self) -> tuple[record.Owner, ...]:
        """An owner for every byte of the board's RAM: they sum to it, or exceed it by what is missing.

        Then nothing of the bank is free. Until the stack is known its bytes count as free. Memory outside the
        microcontroller counts where it is used.
        """
        return self._owners("ram")

    def flash_owners(self) -> tuple[record.Owner, ...]:
        """An owner for every byte of the board's flash: they sum to it, or exceed it by what is missing."""
        return self._owners("flash")

    def _owners(self, kind: Literal["ram", "flash"]) -> tuple[record.Owner, ...]:
        """Owners with what the platform reserves in front and what is free behind, of each bank and beyond them."""
        banks = self.banks.of_kind(kind)
        reserve = self.board.reserved_ram if kind == "ram" else self.board.reserved_flash
        owners, missing = [], 0
        for bank in banks:
            used, left = self._used_in(bank), self.headroom_in(bank)
            owners += [record.Owner(reserve.what, bank.reserved_bytes, "reserved"), *used]
            owners.append(record.Owner(f"free in {bank.name}", max(left, 0), "free"))
            missing += max(-left, 0)
        main = {region.address: region.bytes for region in self.board.main_regions(kind)}
        total = sum(main.values()) + sum(bank.bytes for bank in banks if bank.address not in main)
        elsewhere = total - sum(bank.bytes for bank in banks)
        owners.append(record.Owner(f"banks apart from {', '.join(bank.name for bank in banks)}", elsewhere, "apart"))
        # Second conservation law: every byte of the board has one owner, and what is missing is more than there is.
        assert sum(owner.bytes for owner in owners) == total + missing
        return tuple(owner for owner in owners if owner.bytes)

    def _used_in(self, bank: Bank) -> list[record.Owner]:
        """Owners of what lies in a bank, without what is reserved or free: the model file first."""
        used = self.beside_in(bank)
        behind = bank.start + sum(owner.bytes for owner in used)
        if bank == self.banks.weights or (bank == self.banks.flash and self.banks.weights.kind == "ram"):
            start = round_up(behind)
            used += [record.Owner("alignment of the model", start - behind, "alignment"), *model_owners(self.model)]
            behind = start + len(self.model.file)
        if bank == self.banks.ram:
            used.append(record.Owner("alignment of the arena", self.arena_address - behind, "alignment"))
            used += arena_owners(self.model, self.arena)
            more = self.arena_bytes - self.arena.smallest_bytes
            used.append(record.Owner("arena beyond what is needed", more, "spare"))
        if self.has_stack(bank):
            used += self.stack_owners()
        if bank == self.banks.flash:
            if self.firmware.fixed_address is None:
                used.append(record.Owner("alignment of the code", self.code_address - behind, "alignment"))
            used += code_owners(self.code)
        return used

    def beside_in(self, bank: Bank) -> list[record.Owner]:
        """Owners of what the application takes of a bank, without its stack; of no known address: in the main bank."""
        return beside_owners(self.application, bank, bank.address == home_address(self.board, bank.kind))

    def has_stack(self, bank: Bank) -> bool:
        """Whether the kernels' stack lies in a bank: the arena's, or where the firmware has it."""
        stack = self.application.stack
        if stack is None or stack.address is None or not stack.is_of_kernels:
            return bank == self.banks.ram
        return bank.address <= stack.address < bank.end

    def stack_owners(self) -> list[record.Owner]:
        """Owners of the stack: the kernels', interrupts, the margin, and the rest of a firmware's."""
        return stack_owners(self.application, self.stack_bytes or 0, self.interrupt_bytes)

    def headroom_in(self, bank: Bank) -> int:
        """Bytes that are left in a bank that the plan uses, negative where it does not do."""
        return bank.bytes - bank.reserved_bytes - sum(owner.bytes for owner in self._used_in(bank))

    def verdict(self) -> record.Verdict:
        """Both memories, counted in the banks that are used; `reasons` name each that falls short and by how much."""
        ram, ram_reasons = self._verdict_of("ram")
        flash, flash_reasons = self._verdict_of("flash")
        if not flash_reasons and not self.application.has_interpreter:
            least = least_runtime_bytes(self.image)
            flash_reasons = [*runtime_shortage(least, flash.headroom_bytes, self.board.id)]
        return record.Verdict(ram, flash, (*self._shortages(), *ram_reasons, *flash_reasons))

    def _shortages(self) -> list[str]:
        """Why tensors, the arena as given, or a firmware's stack cannot do, whatever the banks leave."""
        largest = max(self.board.largest_ram_bytes, self.banks.ram.bytes)
        reasons = [tensor_shortage(self.arena, largest, self.board.id)]
        if self.given_arena_bytes is not None:
            reasons.append(arena_shortage(self.arena, self.given_arena_bytes))
        if self.application.stack is not None:
            reasons.append(stack_shortage(self.application.stack, (self.stack_bytes or 0) + self.interrupt_bytes))
        return [reason for reason in reasons if reason is not None]

    def _verdict_of(self, kind: Literal["ram", "flash"]) -> tuple[record.MemoryVerdict, list[str]]:
        banks, reasons = self.banks.of_kind(kind), []
        all_used = 0
        for bank in banks:
            used = sum(owner.bytes for owner in self._used_in(bank))
            short = used + bank.reserved_bytes - bank.bytes
            all_used += used
            if short > 0:
                name = NAMES[kind] if len(banks) == 1 else f"{NAMES[kind]} ({bank.name})"
                reasons.append(f"{name}: needs {used:,} bytes, {short:,} more than {self.board.id} leaves")
        reserved = sum(bank.reserved_bytes for bank in banks)
        available = sum(bank.bytes for bank in banks) - reserved
        return record.MemoryVerdict(all_used, available, reserved, available - all_used), reasons

    def placement(self) -> record.Placement:
        """Where weights and arena lie, as a run records it."""
        banks = self.banks
        return record.Placement(
            weights=banks.weights.name,
            weights_address=self.model_address,
            arena=banks.ram.name,
            arena_address=self.arena_address,
            code=banks.flash.name,
            code_address=self.code_address,
            is_default=banks == choose_banks(self.board),
        )

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
            buffers=head_buffers(self.model, of),
            touched=None,
            touched_reason="nothing was executed",
        )

    def moved_to(self, bank: Bank) -> Plan:
        """The same with the arena in another bank of RAM."""
        moved = replace(self, banks=replace(self.banks, ram=bank))
        start = bank.start + sum(owner.bytes for owner in moved.beside_in(bank))
        if bank == self.banks.weights:
            start = round_up(start) + len(self.model.file)
        return replace(moved, arena_address=round_up(start))

    def flash(self) -> record.Flash:
        """Flash as a run records it; `weights_bytes` are part of `model_bytes`, the whole model file."""
        owners = self.flash_owners()
        sizes = {kind: sum(owner.bytes for owner in owners if owner.kind == kind) for kind in ("weights", "code")}
        return record.Flash(sizes["weights"], len(self.model.file), sizes["code"], owners)


def plan(
    model: Model,
    board: Board,
    *,
    kernels: KernelLibrary = "cmsis_nn",
    weights: str = FLASH,
    arena: str | None = None,
    application: Application = UNKNOWN,
    arena_bytes: int | None = None,
) -> Plan:
    """Place a model on a board.

    `weights` and `arena` name regions of the board or their roles (flash, qspi, sram, dtcm, itcm, ccm, sdram);
    without them the model file lies in flash, and the arena in the longest run of RAM, or where the application's
    firmware has it. `application` is what there is beside the model; `arena_bytes` the arena's size given by hand,
    None: that of the firmware's arena, or the smallest.

    A plan that does not fit says so in its verdict and can be simulated all the same. Raises UnsupportedError that
    names every layer mcusim cannot run, a core without kernels, or memory that the board does not have;
    BadModelError for a layer whose shapes disagree; DoesNotFitError for what is beyond simulation.
    """
    if kernels != "cmsis_nn":
        raise UnsupportedError(f"{kernels!r} kernels are not built for any core; only 'cmsis_nn' can be run")
    check(model)
    if arena_bytes is None and application.arena is not None:
        arena_bytes = application.arena.bytes
    core = board_core(board)
    _check_pipeline(core)
    board = application.on(board)
    own = application.arena
    banks = choose_banks(board, weights, arena if arena is not None or own is None else bank_of(board, own.address))
    isa = STAND_INS.get(core.isa, core.isa) if core.not_simulated else core.isa
    image = choose_image(isa, core.emulated_as, core.fpu)
    firmware = load_firmware(firmware_path(image))
    notes = library_notes(firmware.parts[0], core)
    return lay_out(model, board, core, firmware, banks, notes=notes, application=application, arena_bytes=arena_bytes)


def check(model: Model) -> None:
    """Raise one UnsupportedError that names all layers which mcusim cannot run, with the reason of each."""
    if len(model.ops) > MOST_OPS or len(model.tensors) > MOST_TENSORS:
        raise UnsupportedError(
            f"{model.name} has {len(model.ops):,} operators and {len(model.tensors):,} tensors; mcusim plans up to "
            f"{MOST_OPS:,} and {MOST_TENSORS:,}"
        )
    if reason := subgraphs_reason(model):
        raise UnsupportedError(f"{model.name} has {reason}")
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


def _check_pipeline(core: Core) -> None:
    if core.pipeline not in PIPELINES and not core.not_simulated:
        raise UnsupportedError(f"{core.id} has an unknown pipeline {core.pipeline!r}; known: {', '.join(PIPELINES)}")


def lay_out(
    model: Model,
    board: Board,
    core: Core,
    firmware: Firmware,
    banks: Banks | None = None,
    *,
    scratch: Sequence[Sequence[int]] | None = None,
    library: record.Library | None = None,
    notes: tuple[str, ...] = (),
    application: Application = UNKNOWN,
    arena_bytes: int | None = None,
) -> Plan:
    """The plan of a model that `check` lets through, with CMSIS-NN kernels out of a given firmware.

    `scratch`: the bytes that each layer's sized calls ask for (scratch.sized_calls), None: what TensorFlow Lite
    Micro's own do. `application` is what there is beside the model, on a board that has it reserved in front
    (Application.on); `arena_bytes` the arena's size given by hand. Raises UnsupportedError for a firmware that can
    only lie where the board has no room for it.
    """
    arenas: dict[str, Arena] = {kernels: arena(model, runtime_of(core, kernels)) for kernels in KERNELS}
    chosen = arenas["cmsis_nn"]
    invocations = tuple(OPERATORS[op.name].invocation(model, op, chosen.runtime) for op in model.ops)
    if scratch is not None:
        layers = [resized(*layer) for layer in zip(invocations, chosen.memory, scratch, strict=True)]
        invocations = tuple(invocation for invocation, _ in layers)
        chosen = arenas["cmsis_nn"] = arena(model, chosen.runtime, [memory for _, memory in layers])
    if chosen.smallest_bytes > SIMULATED_BYTES:
        largest = board.largest_ram_bytes
        raise DoesNotFitError(
            f"{model.name} needs an arena of {chosen.smallest_bytes:,} bytes, {chosen.smallest_bytes - largest:,} more "
            f"than the largest bank of {board.id} has; mcusim simulates up to {SIMULATED_BYTES:,}"
        )
    banks = banks or choose_banks(board)
    code = firmware.reachable(dict.fromkeys(call.symbol for one in invocations for call in one.calls))
    application = application.without_functions(symbol.name for symbol in code)
    room = max((arena_bytes or 0) // ALIGNMENT * ALIGNMENT, chosen.smallest_bytes)
    found = addresses(board, banks, application, firmware, len(model.file), room)
    laid_out = Plan(
        model=model,
        board=board,
        core=core,
        runtime=chosen.runtime,
        firmware=firmware,
        arenas=arenas,
        code=code,
        banks=banks,
        arena_address=found.arena,
        stack_top=found.stack_top,
        model_address=found.model,
        code_address=found.code,
        invocations=invocations,
        library=library,
        notes=notes,
        application=application,
        given_arena_bytes=arena_bytes,
    )
    _check_apart(laid_out, found)
    return laid_out


def _check_apart(plan: Plan, found: Addresses) -> None:
    """What lies beyond a bank's end may still not meet other memory, nor the end of the address space."""
    spans = found.spans
    ordered = sorted(spans.items(), key=lambda one: one[1])
    meet = any(before[1] > after[0] for (_, before), (_, after) in pairwise(ordered))
    if meet or max(end for _, end in spans.values()) > ADDRESS_SPACE_BYTES:
        ends = ", ".join(f"{what} up to {end:#x}" for what, (_, end) in spans.items())
        short = "; ".join(plan.verdict().reasons) or "it exceeds the board"
        raise DoesNotFitError(f"{plan.model.name}: {short}, by so much that {ends} cannot be simulated")


def _kernel_arena(of: Arena) -> record.KernelArena:
    return record.KernelArena(of.used_bytes, of.smallest_bytes, of.head_bytes, of.tail_bytes, of.scratch_bytes)
