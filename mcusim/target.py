"""Name of a core or board → Target: its functions can be called, as many as wanted, with NumPy arrays."""

from __future__ import annotations

import os
from pathlib import Path

from mcusim import kernel_calls
from mcusim.call_arguments import returned_kind
from mcusim.call_result import CallResult
from mcusim.elf import choose_image, firmware_path, load_firmware, read_bounded
from mcusim.errors import BadInputError
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
from mcusim.placement import largest_bank
from mcusim.program import Program, parse_program

EXPECTED = "a linked ELF file with symbols"
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
    ) -> None:
        """`core` by its name ("cortex-m4"), `board` by its name or TOML file; of both, the core has to be the board's.

        `machines` are emulated boards that several targets share. Raises UnsupportedError for names that there are not.
        """
        self.hardware = hardware(core, board)
        self.programs: list[Program] = []
        self._machines = machines or Machines()

    def load(self, path: str | os.PathLike[str]) -> Program:
        """Take in the functions of a linked ELF file, or with "own" those of mcusim's kernels.

        Raises BadInputError for a file that is none; what the core cannot execute is refused at the first call.
        """
        program = self._own() if path == OWN else parse_program(read_bounded(Path(path), EXPECTED), Path(path).name)
        self.programs.append(program)
        return program

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

    def program_of(self, function: str) -> Program:
        """The program that has a function, of several the one that came last; BadInputError where none has."""
        for program in reversed(self.programs):
            if function in program.firmware.symbols:
                return program
        if not self.programs:
            raise BadInputError(f"there is no {function}: nothing is loaded or compiled yet")
        raise BadInputError(f"there is no function {function} in {', '.join(one.name for one in self.programs)}")

    def _own(self) -> Program:
        core = self.hardware.core
        firmware = load_firmware(firmware_path(choose_image(core.isa, core.emulated_as, core.fpu)))
        return Program(firmware, code_address(self.hardware.board), ())


def hardware(core: str | None, board: str | os.PathLike[str] | None) -> Hardware:
    """Board and core by name. Raises BadInputError where neither is given or they contradict each other."""
    if board is not None:
        found = load_board(board)
        own = board_core(found)
        if core is not None and load_core(_core_id(core)).id != own.id:
            raise BadInputError(f"{found.name} has a {own.name}, not {core}; give one of both")
        return Hardware(found, own, True)
    if core is None:
        raise BadInputError('say what to run on: core="cortex-m4", or board="nano33ble"')
    alone = load_core(_core_id(core))
    return Hardware(bare_board(alone), alone, False)


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
