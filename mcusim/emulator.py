"""Core, firmware and calls of kernels → Traces: target code run under Unicorn on memory as it was planned."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from unicorn import UC_ARCH_ARM, UC_HOOK_BLOCK, UC_HOOK_CODE, UC_HOOK_MEM_INVALID, UC_MODE_THUMB, Uc, UcError
from unicorn import unicorn_const as constants
from unicorn.arm_const import (
    UC_ARM_REG_LR,
    UC_ARM_REG_PC,
    UC_ARM_REG_R0,
    UC_ARM_REG_R4,
    UC_ARM_REG_S0,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M0,
    UC_CPU_ARM_CORTEX_M3,
    UC_CPU_ARM_CORTEX_M4,
    UC_CPU_ARM_CORTEX_M7,
    UC_CPU_ARM_CORTEX_M33,
)
from unicorn.unicorn_py3 import unicorn as binding

from mcusim import observations, observer
from mcusim.abi import Placement
from mcusim.address_space import PAGE_BYTES, check_apart, flash_regions, free_page, ram_region
from mcusim.elf import Firmware
from mcusim.errors import EmulationError, StackError, UnsupportedError
from mcusim.hardware import Core
from mcusim.isa import check_core
from mcusim.memory_guard import PUSHED_BYTES, Guard, Range, guard
from mcusim.observations import Site
from mcusim.recorder import Recorder
from mcusim.recording import Observer
from mcusim.timing import Walker
from mcusim.trace import Trace
from mcusim.tracing import Code, build_trace, missing_sites, wholes

# UC_MODE_MCLASS would replace any of these with a Cortex-M33.
CPU_MODELS: Mapping[str, int] = {
    "cortex-m0": UC_CPU_ARM_CORTEX_M0,
    "cortex-m3": UC_CPU_ARM_CORTEX_M3,
    "cortex-m4": UC_CPU_ARM_CORTEX_M4,
    "cortex-m7": UC_CPU_ARM_CORTEX_M7,
    "cortex-m33": UC_CPU_ARM_CORTEX_M33,
}

# Registers that a function has to preserve (AAPCS32, 6.1.1 and 6.1.2), by Unicorn's number, and what they hold at a
# call: values that no address or small number has.
CALLEE_SAVED: Mapping[int, int] = {UC_ARM_REG_R4 + n: 0xA5A50000 + n for n in range(8)}
CALLEE_SAVED_FLOAT: Mapping[int, int] = {UC_ARM_REG_S0 + 16 + n: 0xA5A60000 + n for n in range(16)}

_FAULTS: Mapping[int, str] = {
    constants.UC_ERR_READ_UNMAPPED: "reads memory that is neither RAM nor flash",
    constants.UC_ERR_WRITE_UNMAPPED: "writes memory that is neither RAM nor flash",
    constants.UC_ERR_FETCH_UNMAPPED: "jumps out of memory",
    constants.UC_ERR_WRITE_PROT: "writes flash",
    constants.UC_ERR_READ_PROT: "reads memory that cannot be read",
    constants.UC_ERR_FETCH_PROT: "jumps into data",
    constants.UC_ERR_INSN_INVALID: "executes an instruction that the core does not have",
    constants.UC_ERR_EXCEPTION: "raises an exception (a supervisor call, a breakpoint, a jump to where no code can be)",
}
_DATA_FAULTS = (constants.UC_ERR_READ_UNMAPPED, constants.UC_ERR_WRITE_UNMAPPED, constants.UC_ERR_WRITE_PROT)


def address_of(function: Any) -> int:
    """The address of a C function."""
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)


# uc_hook_add takes variable arguments, but all that hooks of these kinds need are named ones.
HOOK_ADD = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_size_t),
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_uint64,
    ctypes.c_uint64,
)(address_of(binding.uclib.uc_hook_add))


@dataclass(slots=True)
class _Machine:
    """One Unicorn with its hooks: for the calls of one function, or for finding out what went wrong in one."""

    uc: Any
    state: observer.State
    start: Any  # the registers at power-up
    sites: dict[int, int] = field(default_factory=dict)  # address → number

    def hook(self, kind: int, function: Any, first: int = 1, last: int = 0) -> None:
        """Add a compiled hook on the addresses `first` to `last`, or on all."""
        handle = ctypes.c_size_t()
        error = HOOK_ADD(
            self.uc._uch, ctypes.byref(handle), kind, function.address, self.state.ctypes.data, first, last
        )
        if error != constants.UC_ERR_OK:
            raise EmulationError(f"Unicorn refuses a hook: {UcError(error)}")

    def add_sites(self, sites: Sequence[Site]) -> None:
        """Count instructions one by one from now on; hooks are part of what is translated, so that starts anew."""
        for site in sites:
            if len(self.sites) == observer.MOST_SITES:
                raise EmulationError(f"more than {observer.MOST_SITES} instructions have to be counted one by one")
            number = self.sites[site.address] = len(self.sites)
            observations.add_site(self.state, number, site)
            self.hook(UC_HOOK_CODE, observer.on_site(), site.address, site.address)
        self.uc.ctl_flush_tb()

    def run(self, entry: int, stop: int, placement: Placement, has_fpu: bool, max_instructions: int) -> UcError | None:
        """Call the function at `entry`; the fault that ended it, None if there was none."""
        self.uc.context_restore(self.start)
        for number, value in enumerate(placement.core_registers):
            self.uc.reg_write(UC_ARM_REG_R0 + number, value)
        for number, value in CALLEE_SAVED.items():
            self.uc.reg_write(number, value)
        if has_fpu:
            for number, value in CALLEE_SAVED_FLOAT.items():
                self.uc.reg_write(number, value)
            for number, value in enumerate(placement.vfp_registers):
                self.uc.reg_write(UC_ARM_REG_S0 + number, value)
        self.uc.reg_write(UC_ARM_REG_SP, placement.stack_pointer)
        self.uc.reg_write(UC_ARM_REG_LR, stop | 1)
        try:
            self.uc.emu_start(entry | 1, stop)
        except UcError as fault:
            return fault
        return None

    def register(self, number: int) -> int:
        """A register's value, by Unicorn's number."""
        return int(self.uc.reg_read(number))


class Emulator:
    """A core with its flash and RAM; what calls leave in RAM stays there for the next."""

    def __init__(
        self,
        core: Core,
        firmware: Firmware,
        code_address: int,
        ram: tuple[int, int],
        flash: Sequence[tuple[int, bytes]] = (),
        observers: Sequence[Observer] = (),
    ) -> None:
        """Place the code at `code_address`; `ram` is (address, bytes), `flash` what else lies there, by address.

        With `observers` every visit and data address is recorded for them, else paths are only counted.

        Raises UnsupportedError for a core that cannot execute the firmware or cannot be emulated, EmulationError
        for memories that overlap.
        """
        _check_core(core, firmware)
        self._core = core
        self._code = Code(core, firmware, code_address, firmware.image(code_address))
        self._flash = flash_regions((code_address, self._code.image), flash)
        self._ram = ram_region(*ram)
        self._written = np.zeros(self._ram.memory.size, np.bool_)
        self._regions = (*self._flash, self._ram)
        check_apart(self._regions)
        self._stop = free_page(self._regions)
        self._machines: dict[str, _Machine] = {}
        self._recorder: Recorder | None = None
        if observers:
            functions = address_of(binding.uclib.uc_reg_read), address_of(binding.uclib.uc_emu_stop)
            self._recorder = Recorder(self._code, [(code_address, len(self._code.image))], observers, functions)

    @property
    def walker(self) -> Walker:
        """The core's pipeline with what it knows of the code that ran, to time traces with."""
        return self._recorder.walker if self._recorder else Walker(self._core)

    def empty_caches(self) -> None:
        """Have the observers begin the next call with empty caches and buffers, as after a reset."""
        if self._recorder is not None:
            self._recorder.forget()

    def forget_paths(self) -> None:
        """Have the next call begin as if it were the first: nothing that ran before shapes when its accesses come."""
        if self._recorder is not None:
            self._recorder.forget_paths()

    def read(self, address: int, size: int) -> bytes:
        """Bytes of RAM or flash. Raises EmulationError for a range that is not mapped."""
        for region in self._regions:
            part = region.slice(address, size)
            if part is not None:
                return region.memory[part].tobytes()
        raise EmulationError(f"{size} bytes at {address:#010x} are neither RAM nor flash")

    def write(self, address: int, data: bytes) -> None:
        """Set bytes of RAM. Raises EmulationError for a range that is not RAM."""
        part = self._ram.slice(address, len(data))
        if part is None:
            raise EmulationError(f"{len(data)} bytes at {address:#010x} are not RAM")
        self._ram.memory[part] = np.frombuffer(data, np.uint8)

    def written(self, address: int, size: int) -> NDArray[np.bool_]:
        """Which bytes of a range of RAM calls wrote since `forget_written`: as memory_guard.Guard.mark says.

        Raises EmulationError for a range that is not RAM.
        """
        part = self._ram.slice(address, size)
        if part is None:
            raise EmulationError(f"{size} bytes at {address:#010x} are not RAM")
        return self._written[part]

    def forget_written(self) -> None:
        """Begin anew to mark what calls write."""
        self._written[:] = False

    def burn(self, address: int, data: bytes) -> None:
        """Set bytes of flash beside the code. Raises EmulationError for a range that is not flash, or holds code."""
        for region in self._flash:
            part = region.slice(address, len(data))
            code_end = self._code.address + len(self._code.image)
            if part is not None and (address >= code_end or address + len(data) <= self._code.address):
                region.memory[part] = np.frombuffer(data, np.uint8)
                return
        raise EmulationError(f"{len(data)} bytes at {address:#010x} are not flash beside the code")

    def call(
        self,
        placement: Placement,
        *,
        writable: Sequence[Range],
        readable: Sequence[Range],
        stack: tuple[int, int],
        max_instructions: int,
        checks_status: bool,
    ) -> Trace:
        """Call a function of the firmware and observe it.

        `writable` and `readable`: what it may write and read of RAM beside the stack, as (address, bytes, what);
        `stack`: bottom and top address. With `checks_status` it returns 0 or has failed. RAM is as before where
        the call may not write, and everywhere after an error.

        Raises EmulationError, naming function, address and source line, for writes outside its own ranges and the
        stack, accesses outside memory, an invalid instruction, an exception, more than `max_instructions`, a
        return that breaks the AAPCS and a status other than 0; UnsupportedError for an instruction that the core
        lacks.
        """
        if placement.vfp_registers and self._code.firmware.float_abi_of(placement.symbol) != "hard":
            raise UnsupportedError(
                f"{placement.symbol} takes floats, and {self._code.firmware.name} is not built to take them in "
                "registers of a floating-point unit"
            )
        guarded = guard(self._ram, placement, stack, writable, readable)
        try:
            trace = self._observe(placement, guarded, max_instructions)
            if checks_status:
                status = self.result(placement.symbol)
                if status != 0:
                    raise EmulationError(f"{placement.symbol} refuses its arguments: it returns status {status}")
        except Exception:
            guarded.undo()
            raise
        guarded.finish()
        guarded.mark(self._written)
        return trace

    def result(self, symbol: str) -> int:
        """The int32 that the last call of a function returned."""
        return ctypes.c_int32(self._machine(symbol).register(UC_ARM_REG_R0)).value

    def returned(self, symbol: str) -> tuple[bytes, bytes]:
        """What the last call of a function left in r0 and r1, and in s0 and s1 (zeros without such registers)."""
        numbers = (UC_ARM_REG_R0, UC_ARM_REG_R0 + 1, UC_ARM_REG_S0, UC_ARM_REG_S0 + 1)
        machine = self._machine(symbol)
        known = numbers if self._core.fpu is not None else numbers[:2]
        words = b"".join(machine.register(number).to_bytes(4, "little") for number in known)
        return words[:8], words[8:].ljust(8, b"\0")

    def _observe(self, placement: Placement, guarded: Guard, max_instructions: int) -> Trace:
        """Run until every instruction that has to be counted by itself is: once, or twice for new code."""
        machine = self._machine(placement.symbol)
        while self._recorder is None:
            self._run(machine, placement, guarded, max_instructions)
            counts = observations.counts(machine.state)
            whole = wholes(self._code, counts.edges)
            sites = missing_sites(whole.pieces.values(), machine.sites)
            if not sites:
                break
            machine.add_sites(sites)
        else:
            self._run(machine, placement, guarded, max_instructions)
        stack = guarded.stack[1], placement.stack_pointer
        if self._recorder is not None:
            moment = self._recorder.moment()
            trace = self._recorder.trace(moment, placement.symbol, stack, self._stop)
        else:
            trace = build_trace(self._core, whole, counts, machine.sites, placement.symbol, stack, self._stop)
        available = guarded.stack[1] - guarded.stack[0]
        if trace.stack_bytes > available:
            raise StackError(f"{placement.symbol} needs {trace.stack_bytes} bytes of stack; there are {available}")
        return trace

    def _run(self, machine: _Machine, placement: Placement, guarded: Guard, max_instructions: int) -> None:
        """Run once from the prepared memory; refuse everything that went wrong."""
        guarded.show()
        fault = self._start(machine, placement, max_instructions)
        status = int(machine.state[observer.STATUS])
        at = int(machine.state[observer.LAST_ADDRESS])
        if status == observer.OVER_BUDGET:
            raise EmulationError(
                f"{placement.symbol} does not return within {max_instructions:,} instructions; it is in "
                f"{self._code.where(at)}"
            )
        if status == observer.TABLE_FULL:
            raise EmulationError(f"{placement.symbol} takes more different paths than can be counted")
        if self._recorder is not None:
            self._recorder.check()
        if status == observer.LEFT_CODE:
            raise EmulationError(f"{placement.symbol} jumps to {at:#010x}, which is not code of the kernels")
        if fault is not None:
            raise self._fault(placement, fault, guarded, max_instructions)
        stopped_at = machine.register(UC_ARM_REG_PC) & ~1
        if stopped_at != self._stop:
            raise EmulationError(
                f"{placement.symbol} waits instead of returning, before {self._code.where(stopped_at)}"
            )
        address = guarded.damage()
        if address is not None:
            raise self._damage(placement, address, guarded, max_instructions)
        self._check_return(machine, placement)

    def _start(self, machine: _Machine, placement: Placement, max_instructions: int) -> UcError | None:
        entry = self._entry(placement.symbol)
        if self._recorder is not None and machine.state is self._recorder.state:
            self._recorder.reset(max_instructions)
        else:
            observations.reset(machine.state, max_instructions)
        return machine.run(entry, self._stop, placement, self._core.fpu is not None, max_instructions)

    def _entry(self, symbol: str) -> int:
        firmware = self._code.firmware
        if symbol not in firmware.symbols:
            raise EmulationError(f"{firmware.name} has no function {symbol}")
        return self._code.address + firmware.symbols[symbol].address

    def _machine(self, symbol: str) -> _Machine:
        """The machine for calls of a function: one for all where everything is recorded.

        Else one each, because every hooked instruction slows down all others.
        """
        if self._recorder is not None:
            return self._recording_machine(self._recorder)
        if symbol not in self._machines:
            machine = self._machines[symbol] = self._new_machine()
            machine.hook(UC_HOOK_BLOCK, observer.on_block())
        return self._machines[symbol]

    def _recording_machine(self, recorder: Recorder) -> _Machine:
        if "" not in self._machines:
            machine = self._machines[""] = self._new_machine(recorder.state)
            machine.hook(UC_HOOK_BLOCK, observer.on_visit())
            code = self._code
            machine.hook(UC_HOOK_CODE, observer.on_access(), code.address, code.address + len(code.image) - 1)
        return self._machines[""]

    def _new_machine(self, state: observer.State | None = None) -> _Machine:
        uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
        uc.ctl_set_cpu_model(CPU_MODELS[self._core.emulated_as])
        for region in self._regions:
            rights = constants.UC_PROT_READ
            rights |= constants.UC_PROT_EXEC if region.is_code else 0
            rights |= constants.UC_PROT_WRITE if region is self._ram else 0
            uc.mem_map_ptr(region.address, region.memory.size, rights, region.host)
        uc.mem_map(self._stop, PAGE_BYTES, constants.UC_PROT_READ | constants.UC_PROT_EXEC)
        region = next(region for region in self._flash if region.is_code)
        state = (
            state
            if state is not None
            else observations.new_state(
                self._code.address,
                region.host + self._code.address - region.address,
                len(self._code.image),
                address_of(binding.uclib.uc_reg_read),
                address_of(binding.uclib.uc_emu_stop),
            )
        )
        return _Machine(uc, state, uc.context_save())

    # What went wrong: the call is run again from the same memory, with a hook on every instruction.

    def _fault(self, placement: Placement, fault: UcError, guarded: Guard, max_instructions: int) -> EmulationError:
        """The refusal of an access, instruction or exception, with the exact instruction."""
        what = _FAULTS.get(fault.errno, f"fails ({fault})")
        machine = self._again(placement, guarded, max_instructions)
        at = int(machine.state[observer.LAST_ADDRESS])
        if fault.errno in _DATA_FAULTS:
            accessed = self._accessed(placement, guarded, max_instructions, at)
            if accessed is not None and guarded.is_overrun(accessed, machine.register(UC_ARM_REG_SP) - PUSHED_BYTES):
                return StackError(f"{placement.symbol} {guarded.overrun()}, in {self._code.where(at)}")
            what += f" at {accessed:#010x}" if accessed is not None else ""
        return EmulationError(f"{placement.symbol} {what}, in {self._code.where(at)}")

    def _damage(self, placement: Placement, address: int, guarded: Guard, max_instructions: int) -> EmulationError:
        """The refusal of a write to a byte of RAM, with the exact instruction."""
        host = self._ram.host + address - self._ram.address
        expected = int(guarded.shown[address - self._ram.address])
        machine = self._again(placement, guarded, max_instructions, watched=(host, expected))
        found = machine.state[observer.STATUS] == observer.DAMAGE_FOUND
        at = int(machine.state[observer.CULPRIT if found else observer.LAST_ADDRESS])
        if found and guarded.is_overrun(address, machine.register(UC_ARM_REG_SP)):
            return StackError(f"{placement.symbol} {guarded.overrun()}, in {self._code.where(at)}")
        return EmulationError(
            f"{placement.symbol} writes what is not its own to write: at {address:#010x} "
            f"({guarded.describe(address)}), in {self._code.where(at)}"
        )

    def _again(
        self, placement: Placement, guarded: Guard, max_instructions: int, watched: tuple[int, int] = (0, 0)
    ) -> _Machine:
        """Run a call again, instruction by instruction."""
        machine = self._new_machine()
        observations.watch_byte(machine.state, *watched)
        machine.hook(UC_HOOK_CODE, observer.on_instruction())
        guarded.show()
        self._start(machine, placement, max_instructions)
        return machine

    def _accessed(self, placement: Placement, guarded: Guard, max_instructions: int, at: int) -> int | None:
        """The data address of a fault, None where hooks on memory change what the code does (they may)."""
        machine = self._new_machine()
        machine.hook(UC_HOOK_CODE, observer.on_instruction())
        accessed: list[int] = []

        def note(_uc: object, _kind: int, address: int, _size: int, _value: int, _data: object) -> bool:
            accessed.append(address)
            return False

        machine.uc.hook_add(UC_HOOK_MEM_INVALID, note)
        guarded.show()
        self._start(machine, placement, max_instructions)
        same = int(machine.state[observer.LAST_ADDRESS]) == at
        return accessed[0] if same and accessed else None

    def _check_return(self, machine: _Machine, placement: Placement) -> None:
        """Refuse a function that does not leave SP and the callee-saved registers as the AAPCS wants."""
        expected = {UC_ARM_REG_SP: placement.stack_pointer, **CALLEE_SAVED}
        if self._core.fpu is not None:
            expected.update(CALLEE_SAVED_FLOAT)
        for number, value in expected.items():
            found = machine.register(number)
            if found != value:
                raise EmulationError(
                    f"{placement.symbol} returns with {_register_name(number)} changed to {found:#010x}; the AAPCS has "
                    "functions preserve SP, r4 to r11 and s16 to s31"
                )


def _register_name(number: int) -> str:
    if number == UC_ARM_REG_SP:
        return "SP"
    return f"r{number - UC_ARM_REG_R0}" if number < UC_ARM_REG_S0 else f"s{number - UC_ARM_REG_S0}"


def _check_core(core: Core, firmware: Firmware) -> None:
    if core.emulated_as not in CPU_MODELS:
        known = ", ".join(CPU_MODELS)
        raise UnsupportedError(f"{core.name} cannot be emulated as {core.emulated_as!r}; there are {known}")
    check_core(core, firmware.isa, firmware.float_abi, firmware.name)
