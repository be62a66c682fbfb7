"""Core, chip, memory and program → the emulated chip, which executes until something has to be dealt with."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from unicorn import UC_ARCH_ARM, UC_HOOK_BLOCK, UC_HOOK_CODE, UC_HOOK_INTR, UC_MODE_THUMB, Uc, UcError, arm_const
from unicorn import unicorn_const as constants
from unicorn.unicorn_py3 import unicorn as binding

from mcusim import observer
from mcusim.address_space import PAGE_BYTES
from mcusim.chips import Chip
from mcusim.console import Console
from mcusim.emulator import CPU_MODELS, HOOK_ADD, address_of
from mcusim.errors import EmulationError, UnsupportedError
from mcusim.exception_frames import LOWEST_EXC_RETURN
from mcusim.hardware import Core, Region
from mcusim.images import Image
from mcusim.memory_map import (
    PERIPHERALS,
    PRIVATE_BUS,
    LoadedCode,
    banks_of,
    code_regions,
    free_page,
    load,
    peripheral_windows,
)
from mcusim.peripherals import Peripherals, Surroundings
from mcusim.recording import Observer
from mcusim.resumable import ResumableRecorder
from mcusim.system_control import Exceptions, SystemControl, SysTick

REGISTERS: Mapping[str, int] = {
    **{f"r{number}": arm_const.UC_ARM_REG_R0 + number for number in range(13)},
    **{f"s{number}": arm_const.UC_ARM_REG_S0 + number for number in range(32)},
    **{
        name: getattr(arm_const, f"UC_ARM_REG_{name.upper()}")
        for name in ("sp", "lr", "pc", "msp", "psp", "xpsr", "control", "primask", "basepri", "faultmask", "fpscr")
    },
}
STATE = [REGISTERS[name] for name in (*(f"r{number}" for number in range(13)), "sp", "lr", "pc", "xpsr")]
WFI, WFE, YIELD, SEMIHOSTING_BKPT = 0xBF30, 0xBF20, 0xBF10, 0xBEAB
INTR_SVC, INTR_BKPT = 2, 7

# A program that polls the clock, reading it at one place again and again, gets estimates between exact readings.
EXACT_READS = 16
POLLING_INSTRUCTIONS = 64  # between two reads at most
ESTIMATED_INSTRUCTIONS = 1000  # between two exact readings
# How an event is approached: the cycles of what comes are not known before it has executed, so that a part of the way
# is granted and measured again, and the last cycles block by block.
NEAR_CYCLES = 32
PART = 0.4

Kind = Literal["block", "wfi", "wfe", "yield", "svc", "bkpt", "return", "stop", "fault"]

_FAULTS = {
    constants.UC_ERR_READ_UNMAPPED: "reads memory that is not there",
    constants.UC_ERR_WRITE_UNMAPPED: "writes memory that is not there",
    constants.UC_ERR_WRITE_PROT: "writes flash",
    constants.UC_ERR_FETCH_UNMAPPED: "jumps to where there is no memory",
    constants.UC_ERR_FETCH_PROT: "jumps to where there is no code",
    constants.UC_ERR_INSN_INVALID: "executes an instruction that the core does not have",
}
_FETCH_FAULTS = (constants.UC_ERR_FETCH_UNMAPPED, constants.UC_ERR_FETCH_PROT)


@dataclass(frozen=True, slots=True)
class Stop:
    """Why execution stopped at `pc`: before a block that was not granted, or at something to be dealt with.

    `text` describes a fault for the user.
    """

    kind: Kind
    pc: int
    text: str = ""


@dataclass(slots=True)
class _Clock:
    """The last exact reading of the clock, and what it was shown as since."""

    exact: int = 0
    exact_at: int = -1  # instructions
    per_instruction: float = 1.0  # lately
    shown: int = 0
    reads: int = 0  # in a row
    read_at: tuple[int, int] = (-1, 0)  # place, and instructions, of the last one
    passed: int = 0  # cycles that went by without instructions


class Machine:
    """A core with its memory and peripherals, and a program in it."""

    def __init__(
        self,
        core: Core,
        chip: Chip,
        regions: Sequence[Region],
        image: Image,
        console: Console,
        observers: Sequence[Observer],
    ) -> None:
        """Memory holds the program and zeros; registers are as after power-up.

        Raises UnsupportedError for a core that cannot be emulated, BadInputError for a program that lies where there
        is no memory.
        """
        if core.emulated_as not in CPU_MODELS:
            known = ", ".join(CPU_MODELS)
            raise UnsupportedError(f"{core.name} cannot be emulated as {core.emulated_as!r}; there are {known}")
        self.core = core
        self.banks = banks_of(regions, chip)
        load(image, self.banks)
        self.code = LoadedCode(core, image, self.banks)
        self.exceptions = Exceptions(chip.priority_bits or (2 if core.isa == "armv6m" else 4))
        self.systick = SysTick(chip.systick_divider, self.cycles)
        self.timer_read: Callable[[], None] = lambda: None
        self.marker: tuple[int, Callable[[], None]] | None = None
        self.written: Callable[[], None] = lambda: None  # a register, of whatever kind
        self.stopped: Callable[[], None] = lambda: None  # execution, between two blocks
        self.control = SystemControl(
            core.id, core.isa == "armv6m", self.systick, self.exceptions, self.cycles, self._noticed, console.write
        )
        around = Surroundings(self.cycles, self.estimate, lambda: self.get("pc") & ~1, self, self._noticed)
        self.peripherals = Peripherals(chip, console, around)
        regions_of_code = code_regions(self.banks, image)
        functions = address_of(binding.uclib.uc_reg_read), address_of(binding.uclib.uc_emu_stop)
        self.recorder = ResumableRecorder(self.code, regions_of_code, observers, functions)
        self.stop_address = free_page(self.banks)
        self.stop_requested = False
        self._clock = _Clock()
        self._raised: int | None = None
        self._executes = self._stops = False
        self._watched: dict[int, list[Callable[[], None]]] = {}
        self._arrived: int | None = None  # the watched address that execution stands at
        self._code_hooks: list[int] = []
        self._regions = regions_of_code
        self._uc = self._unicorn(chip)

    # Registers and memory.

    def get(self, name: str) -> int:
        """A register's value by its name."""
        return int(self._uc.reg_read(REGISTERS[name]))

    def set(self, name: str, value: int) -> None:
        """Set a register."""
        self._uc.reg_write(REGISTERS[name], value & 0xFFFF_FFFF)

    def registers(self) -> tuple[int, ...]:
        """All core registers and flags, to tell whether two states are the same."""
        return tuple(self._uc.reg_read_batch(STATE))

    def read_memory(self, address: int, size: int) -> bytes | None:
        """Bytes of memory, None where there is none."""
        for bank in self.banks:
            if bank.address <= address and address + size <= bank.end:
                return bank.memory[address - bank.address :][:size].tobytes()
        return None

    def write_memory(self, address: int, data: bytes) -> bool:
        """Write bytes of RAM; False where there is none."""
        for bank in self.banks:
            if bank.kind != "flash" and bank.address <= address and address + len(data) <= bank.end:
                bank.memory[address - bank.address :][: len(data)] = np.frombuffer(data, np.uint8)
                return True
        return False

    def word(self, address: int) -> int | None:
        """A word of memory, None where there is none."""
        data = self.read_memory(address, 4)
        return None if data is None else int.from_bytes(data, "little")

    def halfword(self, address: int) -> int:
        """A halfword of memory; −1 where there is none."""
        data = self.read_memory(address & ~1, 2)
        return -1 if data is None else int.from_bytes(data, "little")

    # The simulated clock.

    def cycles(self) -> int:
        """The clock now, exact to the instruction; one that is polled gets estimates between exact readings."""
        if not self._executes:
            return self.exact_cycles()
        clock, executed, place = self._clock, self.recorder.instructions, self.get("pc") & ~1
        polls = clock.read_at[0] == place and executed - clock.read_at[1] <= POLLING_INSTRUCTIONS
        clock.reads = clock.reads + 1 if polls else 0
        clock.read_at = place, executed
        if clock.reads <= EXACT_READS:
            return self.exact_cycles()
        clock.shown = max(clock.shown, self.estimate())
        return clock.shown

    def estimate(self) -> int:
        """The clock by the instructions since it was last read exactly; exact to the block where these are many."""
        clock = self._clock
        since = self.recorder.instructions - clock.exact_at
        if since >= ESTIMATED_INSTRUCTIONS:
            return self._read_clock()
        return clock.exact + int(since * clock.per_instruction)

    def exact_cycles(self) -> int:
        """The clock by everything that was executed; it never goes back behind an estimate that was shown."""
        self._clock.shown = max(self._clock.shown, self.spent_cycles())
        return self._clock.shown

    def spent_cycles(self) -> int:
        """The cycles of everything that was executed and waited for, whatever the program was shown.

        Asked for in an access of the program, they include the instruction that accesses.
        """
        if self._executes:
            self._cut()
        else:
            self.recorder.finish()
        return self._read_clock()

    def _read_clock(self) -> int:
        """The clock by all blocks so far."""
        clock, executed = self._clock, self.recorder.instructions
        since = executed - clock.exact_at
        if since:
            spent = self.recorder.cycles() + clock.passed
            if since >= ESTIMATED_INSTRUCTIONS:
                clock.per_instruction = max(0.25, (spent - clock.exact) / since)
            clock.exact, clock.exact_at = spent, executed
        return clock.exact

    def pass_time(self, cycles: int) -> None:
        """The clock goes on without instructions."""
        self._clock.exact += cycles
        self._clock.shown += cycles
        self._clock.passed += cycles

    def instructions_until(self, cycle: int) -> int:
        """How many instructions to execute towards a cycle, so that it most likely is not reached; at least 1."""
        cycles = cycle - self.spent_cycles()
        return 1 if cycles < NEAR_CYCLES else int(PART * cycles / self._clock.per_instruction)

    # Executing.

    def go_to(self, target: int, what: str) -> None:
        """Continue at an address. Raises EmulationError where no Thumb code can be."""
        if not target & 1:
            raise EmulationError(
                f"{what} is {target:#010x}, which is not the address of Thumb code: its lowest bit has to be 1, for a "
                "Cortex-M executes nothing else"
            )
        if self.read_memory(target & ~1, 2) is None:
            raise EmulationError(f"{what} is {target:#010x}, where there is no memory")
        self.set("pc", target)

    def execute(self, instructions: int, until_unmasked: bool = False) -> Stop:
        """Execute about that many instructions, at least one block, unless something else comes before.

        With `until_unmasked`, the first write of a mask of interrupts is the last.
        """
        executed = self.recorder.instructions
        self.recorder.hold(until_unmasked)
        stop = self._emulate(instructions)
        unmasks = until_unmasked and self.recorder.next_unmasks
        self.recorder.hold(False)
        if stop.kind == "block" and not self._stops and (unmasks or self.recorder.instructions == executed):
            stop = self._emulate(self.recorder.next_instructions)
        self.stopped()
        return stop

    def request_stop(self) -> None:
        """Have `execute` come back, behind the instruction whose access asks for it."""
        self.stop_requested = True
        self.recorder.grant(0)
        if self._executes:
            self._cut()

    def _cut(self) -> None:
        """End the executing block behind the instruction that executes, and stop there.

        Not within an IT block, which the emulator executes as a whole: then the block ends where it did.
        """
        key, pc = self.recorder.last_block(), self.get("pc") & ~1
        instructions = () if key == observer.NO_BLOCK else self.code.block(key, None).block.instructions
        following = next((behind for one, behind in pairwise(instructions) if one.address == pc), None)
        if following is not None and not following.in_it_block:
            self._stops = True
            self.recorder.state[observer.STOPS_NEXT] = 1
            self.recorder.cut(following.address)

    def where(self) -> str:
        """Where the program is, for the user."""
        return self.code.where(self.get("pc") & ~1)

    def _emulate(self, instructions: int) -> Stop:
        self.recorder.grant(instructions)
        self._raised = None
        self._stops = False
        self.recorder.state[observer.STOPS_NEXT] = 0
        self._executes = True
        fault: UcError | None = None
        try:
            self._uc.emu_start(self.get("pc") | 1, self.stop_address)
        except UcError as error:
            fault = error
        finally:
            self._executes = False
        self.recorder.check()
        pc = self.get("pc") & ~1
        if int(self.recorder.state[observer.STATUS]) == observer.OVER_BUDGET:
            self.recorder.take_back()
            return Stop("block", pc)
        if pc >= LOWEST_EXC_RETURN:
            return Stop("return", pc | 1)
        if fault is not None:
            return self._fault(fault.errno, pc)
        if self._raised is not None:
            kinds: Mapping[int, Kind] = {INTR_SVC: "svc", INTR_BKPT: "bkpt"}
            kind = kinds.get(self._raised, "fault")
            text = f"it accesses memory that is not there, {self._instruction(pc)}" if kind == "fault" else ""
            return Stop(kind, pc, text)
        if pc == self.stop_address:
            return Stop("stop", pc)
        if self._stops:
            self.recorder.cut(pc)
            self._arrive(pc)
            return Stop("block", pc)
        return Stop("wfi" if self.halfword(pc - 2) == WFI else "yield", pc)

    def _fault(self, error: int, pc: int) -> Stop:
        """An error of the emulator: an access or a jump to nothing, an instruction that is none, or a hint."""
        if error == constants.UC_ERR_INSN_INVALID and self.halfword(pc - 2) in (WFE, YIELD):
            return Stop("wfe" if self.halfword(pc - 2) == WFE else "yield", pc)
        what = _FAULTS.get(error, f"fails (Unicorn's error {error})")
        if error not in _FETCH_FAULTS:
            return Stop("fault", pc, f"it {what}, {self._instruction(pc)}")
        last = self.recorder.last_block()
        origin = f", from {self.code.where(last & 0xFFFF_FFFF)}" if last != observer.NO_BLOCK else ""
        return Stop("fault", pc, f"it {what}: {pc:#010x}{origin}")

    def _instruction(self, pc: int) -> str:
        """An instruction with the registers of its address, and where it is."""
        text = ""
        try:
            for one in self.code.block(self.recorder.last_block(), None).block.instructions:
                if one.address == pc:
                    values = ", ".join(f"{name} = {self.get(name):#x}" for name in sorted(one.address_reads - {"pc"}))
                    text = f"{one.text!r}" + (f" with {values}" if values else "") + ", "
        except (EmulationError, UnsupportedError):
            pass  # what surrounds it is no code either
        return f"{text}in {self.code.where(pc)}"

    # Unicorn.

    def _unicorn(self, chip: Chip) -> Any:
        uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
        uc.ctl_set_cpu_model(CPU_MODELS[self.core.emulated_as])
        for bank in self.banks:
            rights = constants.UC_PROT_READ | constants.UC_PROT_EXEC
            rights |= 0 if bank.kind == "flash" else constants.UC_PROT_WRITE
            uc.mem_map_ptr(bank.address, bank.memory.size, rights, bank.host)
        uc.mem_map(self.stop_address, PAGE_BYTES, constants.UC_PROT_READ | constants.UC_PROT_EXEC)
        for address, size in (PERIPHERALS, *peripheral_windows(chip)):
            uc.mmio_map(address, size, self._reader(address), None, self._writer(address), None)
        uc.mmio_map(*PRIVATE_BUS, self._read_private, None, self._write_private, None)
        self._add_hook(uc, UC_HOOK_BLOCK, observer.on_visit().address, 1, 0)
        self._follow_code(uc)
        uc.hook_add(UC_HOOK_INTR, self._on_interrupt)
        return uc

    def _follow_code(self, uc: Any) -> None:
        """Have all code hooked natively, behind whatever other hooks there are."""
        for handle in self._code_hooks:
            binding.uclib.uc_hook_del(uc._uch, ctypes.c_size_t(handle))
        function = observer.on_access().address
        self._code_hooks = [
            self._add_hook(uc, UC_HOOK_CODE, function, first, first + size - 1) for first, size in self._regions
        ]

    def _add_hook(self, uc: Any, kind: int, function: int, first: int, last: int) -> int:
        handle = ctypes.c_size_t()
        if HOOK_ADD(uc._uch, ctypes.byref(handle), kind, function, self.recorder.state.ctypes.data, first, last):
            raise EmulationError("Unicorn refuses a hook")
        return int(handle.value)

    def watch(self, address: int, reached: Callable[[], None]) -> None:
        """Between two blocks: call `reached` each time that execution stands before the instruction at an address."""
        known = self._watched.setdefault(address, [])
        known.append(reached)
        if len(known) > 1:
            return

        def on_code(uc: Any, address: int, _size: int, _data: object) -> None:
            if self._arrived == address:
                self._arrived = None
            else:
                self._stops = True
                uc.emu_stop()

        self._uc.hook_add(UC_HOOK_CODE, on_code, begin=address, end=address)
        self._follow_code(self._uc)  # an instruction that is stopped at must not count yet
        self._uc.ctl_flush_tb()  # hooks are part of what is translated

    def _arrive(self, pc: int) -> None:
        """Tell who watches the place where execution stopped."""
        if pc in self._watched:
            self._arrived = pc
            for reached in self._watched[pc]:
                reached()

    def _on_interrupt(self, uc: Any, number: int, _data: object) -> None:
        self._raised = number
        uc.emu_stop()

    def _reader(self, base: int) -> Callable[..., int]:
        def read(_uc: object, offset: int, size: int, _data: object) -> int:
            return self.peripherals.read(base + offset, size)

        return read

    def _writer(self, base: int) -> Callable[..., None]:
        def write(_uc: object, offset: int, size: int, value: int, _data: object) -> None:
            if self.peripherals.write(base + offset, size, value):
                self.request_stop()
            self._mark(base + offset)

        return write

    def _read_private(self, _uc: object, offset: int, size: int, _data: object) -> int:
        return self.control.read(PRIVATE_BUS[0] + offset, size)

    def _write_private(self, _uc: object, offset: int, size: int, value: int, _data: object) -> None:
        self.control.write(PRIVATE_BUS[0] + offset, size, value)
        self.request_stop()
        self._mark(PRIVATE_BUS[0] + offset)

    def _mark(self, address: int) -> None:
        self.written()
        if self.marker is not None and self.marker[0] == address & ~3:
            self.marker[1]()

    def _noticed(self) -> None:
        self.timer_read()
