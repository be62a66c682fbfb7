"""Name of a core or board → Target: its functions can be called, as many as wanted, with NumPy arrays."""

from __future__ import annotations

import ctypes
import functools
import os
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mcusim import documents, kernel_calls, structures
from mcusim.call_arguments import returned_kind
from mcusim.call_result import CallResult
from mcusim.cross_compiler import DEFAULT_FLAGS, compile_source, find_compiler, text_source
from mcusim.elf import Firmware, choose_image, firmware_path, load_firmware, read_bounded
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.hardware import (
    Board,
    Core,
    FlashTiming,
    Region,
    Reserve,
    board_core,
    core_names,
    load_board,
    load_core,
)
from mcusim.kernel_calls import Hardware, Limits, Machines
from mcusim.linkable import Linkable, linkable
from mcusim.placement import largest_bank
from mcusim.program import Program, parse_program
from mcusim.program_linker import Memory
from mcusim.regions import runs
from mcusim.structures import Structure

if TYPE_CHECKING:
    from mcusim.record import Run

EXPECTED = "an ELF file with symbols, an object or a static archive"
RELOCATABLE = b"\x01\x00"  # e_type
LINKED_SUFFIXES = (".o", ".a", ".obj", ".lib")
KEPT = ".mcusim/compiled"
OWN = "own"  # mcusim's kernels
# Memory of a core without a board: where the memory map has code and SRAM (DDI 0403E, B3.1), and never waits.
CODE_ADDRESS, CODE_BYTES = 0x0800_0000, 16 << 20
RAM_ADDRESS, RAM_BYTES = 0x2000_0000, 64 << 20


class Target:
    """A core, alone or on a board, with programs whose functions can be called."""

    def __init__(
        self,
        core: str | None = None,
        board: str | os.PathLike[str] | None = None,
        *,
        machines: Machines | None = None,
        kept: str | os.PathLike[str] = KEPT,
    ) -> None:
        """`core` by its name ("cortex-m4"), `board` by its name or TOML file; of both, the core has to be the board's.

        `machines` are emulated boards that several targets share, `kept` is the folder that keeps what was compiled.
        Raises UnsupportedError for names that there are not.
        """
        self.hardware = hardware(core, board)
        self.loaded: list[Program | Linkable] = []
        self._machines = machines or Machines()
        self._kept = Path(kept).resolve()

    def load(self, path: str | os.PathLike[str]) -> None:
        """Take in the functions of a linked ELF file, an object or an archive, or with "own" of mcusim's kernels.

        Raises BadInputError for a file that is none, UnsupportedError for a core that nothing is executed on; code for
        another core is refused at the first call.
        """
        self._check_executed()
        if path == OWN:
            self.loaded.append(self._own())
            return
        given = Path(path)
        data = read_bounded(given, EXPECTED)
        is_linked = data[:4] == b"\x7fELF" and data[16:18] != RELOCATABLE
        found = _parsed(data, given.name) if is_linked else self._linkable([given], [given.name])
        if isinstance(found, Program) and self.hardware.is_board:
            _check_place(found, self.hardware.board)
        self.loaded.append(found)

    def compile(
        self,
        *sources: str | os.PathLike[str],
        flags: str | Sequence[str] = DEFAULT_FLAGS,
        compiler: str | None = None,
        folder: str | os.PathLike[str] = ".",
    ) -> None:
        """Compile files, or C code as text, for the core, and take in their functions; objects and archives join them.

        `flags` besides those that choose the core; `compiler`: "gcc" or "clang", None for the first that is there;
        relative paths, of includes too, are relative to `folder`. Raises BadInputError with what the compiler says,
        UnsupportedError where none is installed, and for a core that nothing is executed on.
        """
        self._check_executed()
        if not sources:
            raise BadInputError("there is nothing to compile: give files, or C code as text")
        chosen = tuple(shlex.split(flags)) if isinstance(flags, str) else tuple(flags)
        at, found = Path(folder).resolve(), find_compiler(compiler)
        files, names = [], []
        for source in sources:
            if not os.fspath(source).strip():
                raise BadInputError("a source is empty: give a file, or C code as text")
            is_text = isinstance(source, str) and any(mark in source for mark in "{;\n")
            path = text_source(str(source), self._kept) if is_text else at / source
            if is_text:
                given = (*chosen, f"-I{at}")
                files.append(compile_source(path, found, self.hardware.core, given, self._kept, self._kept))
            elif path.suffix in LINKED_SUFFIXES:
                files.append(path)
            else:
                files.append(compile_source(path, found, self.hardware.core, chosen, at, self._kept))
            names.append("the C code" if is_text else path.name)
        self.loaded.append(self._linkable(files, names))

    def call(
        self,
        function: str,
        *arguments: object,
        returns: object = "int32",
        warm: bool = False,
        stack_bytes: int | None = None,
        most_instructions: int = kernel_calls.MOST_INSTRUCTIONS,
    ) -> CallResult:
        """Call a function with numbers and NumPy arrays; see kernel_calls.call.

        `returns`: a type of NumPy or its name, None for void; the call is given up after `most_instructions`.
        """
        return kernel_calls.call(
            self._machines,
            self.hardware,
            self.program_of(function),
            function,
            arguments,
            returns=returned_kind(returns),
            warm=warm,
            limits=Limits(stack_bytes, most_instructions),
        )

    def struct(self, *members: object, **named: object) -> Structure:
        """A structure to be passed by its address; arrays among its members are pointers.

        Either a type of ctypes and its members by name (the others are zeros), or all members in order, laid out by
        the types of their values: NumPy's numbers, int as int32, float as float, structures within it.
        """
        if members and isinstance(members[0], type) and issubclass(members[0], ctypes.Structure):
            names = [field[0] for field in structures.fields_of(members[0])]
            return Structure(members[0], {**dict(zip(names, members[1:], strict=False)), **named})
        numbered = {f"m{number}": member for number, member in enumerate(members)}
        return Structure(None, {**numbered, **named})

    def profile(self, model: str | os.PathLike[str], *, link_orders: bool = False) -> Run:
        """Simulate one inference of a model with mcusim's kernels on the board; see mcusim.run.

        Raises BadInputError where only a core is given: how much memory there is would not be known.
        """
        from mcusim.plan import plan
        from mcusim.run import run
        from mcusim.tflite import load

        if not self.hardware.is_board:
            raise BadInputError('an inference needs a board: say board="nano33ble", or another of `mcusim boards`')
        return run(plan(load(model), self.hardware.board), link_orders=link_orders)

    def program_of(self, function: str) -> Program:
        """The program that has a function, of several the one that came last; BadInputError where none has."""
        for one in reversed(self.loaded):
            if isinstance(one, Linkable) and function in one.functions:
                return one.program(function)
            if isinstance(one, Program) and function in one.firmware.symbols:
                return one
        if not self.loaded:
            raise BadInputError(f"there is no {function}: nothing is loaded or compiled yet")
        known = sorted({name for one in self.loaded for name in _functions(one)})
        guess = documents.nearest(function, known)
        hint = f"; did you mean {guess!r}?" if guess else ""
        raise BadInputError(f"there is no function {function} in {', '.join(one.name for one in self.loaded)}{hint}")

    def _check_executed(self) -> None:
        core = self.hardware.core
        if core.not_simulated is not None:
            raise UnsupportedError(f"{core.name} cannot be executed: {core.not_simulated}")

    def _linkable(self, files: Sequence[Path], names: Sequence[str]) -> Linkable:
        board = self.hardware.board
        memory = Memory(code_address(board), -(-largest_bank(board, "ram").start // 16) * 16)
        return linkable(files, names, self.hardware.core, memory, self._kept)

    def _own(self) -> Program:
        core = self.hardware.core
        return Program(_own_firmware(core.isa, core.emulated_as, core.fpu), code_address(self.hardware.board), ())


# Many tests load the same; reading takes a tenth of a second.
_parsed = functools.lru_cache(maxsize=8)(parse_program)


@functools.lru_cache(maxsize=8)
def _own_firmware(isa: str, cpu: str, fpu: str | None) -> Firmware:
    """mcusim's own kernels for a core."""
    return load_firmware(firmware_path(choose_image(isa, cpu, fpu)))


def _check_place(program: Program, board: Board) -> None:
    """Refuse a program that is linked for addresses where a board has no memory, with BadInputError."""
    code = (program.code_address, len(program.firmware.linked_image), "code")
    for address, size, what in (code, *((one.address, len(one.content), one.name) for one in program.variables)):
        spans = ((run[0].address, run[-1].address + run[-1].bytes) for run in runs(board.regions))
        if not any(first <= address and address + size <= end for first, end in spans):
            raise BadInputError(
                f"{program.name} is linked for another board: its {what} lies at {address:#010x} ({size:,} bytes), "
                f"where {board.name} has no memory"
            )


def _functions(loaded: Program | Linkable) -> Collection[str]:
    return loaded.functions if isinstance(loaded, Linkable) else loaded.firmware.symbols


def hardware(core: str | None, board: str | os.PathLike[str] | None) -> Hardware:
    """Board and core by name. Raises BadInputError where neither is given or they contradict each other."""
    if board is not None:
        found = load_board(board)
        own = board_core(found)
        if core is not None and load_core(_core_id(core)).id != own.id:
            raise BadInputError(f"{found.name} has a {own.name}, not {core}; give one of both")
        return Hardware(found, own, True, repr(found))
    if core is None:
        raise BadInputError('say what to run on: core="cortex-m4", or board="nano33ble"')
    alone = load_core(_core_id(core))
    bare = bare_board(alone)
    return Hardware(bare, alone, False, repr(bare))


def _core_id(core: str) -> str:
    """A core's name in mcusim's spelling: "cortex-m0+" is cortex_m0plus."""
    spelled = core.lower().replace("-", "_").replace("+", "plus")
    return spelled if spelled in core_names() else core


def bare_board(core: Core) -> Board:
    """A core with flash and RAM that never wait."""
    source = "no board: memory that never waits"
    nothing = Reserve(0, "nothing", source)
    return Board(
        id=core.id,
        name=core.name,
        mcu=core.name,
        core=core.id,
        fpu=core.fpu,
        clock_hz=1_000_000,
        clock_source=source,
        regions=(
            Region("RAM", "ram", RAM_ADDRESS, RAM_BYTES, source),
            Region("flash", "flash", CODE_ADDRESS, CODE_BYTES, source),
        ),
        reserved_ram=nothing,
        reserved_flash=nothing,
        flash_timing=FlashTiming(0, source, "none", source),
        memory=None,
        power=None,
        power_reason=source,
        rules={},
        zero_wait_rules={},
        notes="",
        file=core.id,
    )


def code_address(board: Board) -> int:
    """Where a board's flash begins behind what the platform reserves, at a multiple of 16."""
    return -(-largest_bank(board, "flash").start // 16) * 16
