"""What runs beside a model, as data: its bytes of RAM and flash, its interrupts, its stack and its heap."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from mcusim.errors import BadInputError
from mcusim.hardware import Board, Reserve

Memory = Literal["ram", "flash"]
RamKind = Literal["runtime", "heap", "stack", "sensor"]

# ARMv7-M ARM DDI 0403E, B1.5.6: eight words on an exception's entry, and room for S0 to S15 and FPSCR where there is a
# floating-point unit, which lazy stacking reserves too.
BASIC_FRAME_BYTES, EXTENDED_FRAME_BYTES = 32, 104


@dataclass(frozen=True, slots=True)
class Taken:
    """Bytes that something takes; `address` is where a linked firmware has them, None: in the board's main bank."""

    name: str
    kind: str
    bytes: int
    source: str
    address: int | None = None


@dataclass(frozen=True, slots=True)
class Interrupts:
    """How deep interrupts nest, and bytes of a handler's own at each level beyond the frame that the core pushes."""

    nesting: int
    handler_bytes: int
    source: str

    def bytes_of(self, fpu: str | None) -> int:
        """Bytes of stack on a core with this floating-point unit, or without one."""
        return self.nesting * ((EXTENDED_FRAME_BYTES if fpu else BASIC_FRAME_BYTES) + self.handler_bytes)


@dataclass(frozen=True, slots=True)
class Margin:
    """Bytes of stack that are kept free on purpose."""

    bytes: int
    source: str


@dataclass(frozen=True, slots=True)
class Stack:
    """The stack that a firmware reserves; `is_of_kernels`: kernels run on it, as far as the firmware tells."""

    bytes: int
    source: str
    address: int | None
    is_of_kernels: bool


@dataclass(frozen=True, slots=True)
class OwnArena:
    """The tensor arena that a firmware has, which is not counted beside the one that is planned."""

    name: str
    bytes: int
    address: int


@dataclass(frozen=True, slots=True)
class Application:
    """Everything beside the model. `names`: profiles and firmware it is made of, none: nothing is known of it.

    `reserved_ram` and `reserved_flash` stand in place of what the board's file reserves, None: that counts.
    `functions` are sizes of a firmware's functions by name, counted in `flash`, of which a plan takes out its kernels.
    """

    names: tuple[str, ...]
    ram: tuple[Taken, ...]
    flash: tuple[Taken, ...]
    reserved_ram: Reserve | None
    reserved_flash: Reserve | None
    interrupts: Interrupts
    margin: Margin
    stack: Stack | None = None
    arena: OwnArena | None = None
    has_interpreter: bool = False
    functions: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def of_kind(self, memory: Memory) -> tuple[Taken, ...]:
        """What it takes of a memory."""
        return self.ram if memory == "ram" else self.flash

    def on(self, board: Board) -> Board:
        """The board with what is reserved in front of this application."""
        return replace(
            board,
            reserved_ram=self.reserved_ram or board.reserved_ram,
            reserved_flash=self.reserved_flash or board.reserved_flash,
        )

    def without_functions(self, names: Iterable[str]) -> Application:
        """The same without functions that are counted elsewhere; their bytes come off the largest piece of flash."""
        found = [name for name in dict.fromkeys(names) if name in self.functions]
        size = sum(self.functions[name] for name in found)
        if not size:
            return self
        largest = max(self.flash, key=lambda one: one.bytes)
        smaller = replace(largest, bytes=max(largest.bytes - size, 0))
        flash = tuple(smaller if one is largest else one for one in self.flash)
        words = "1 function" if len(found) == 1 else f"{len(found)} functions"
        note = f"{words} of the firmware ({size:,} bytes) would be counted twice, as kernels too, and counts once."
        left = {name: bytes_ for name, bytes_ in self.functions.items() if name not in found}
        return replace(self, flash=flash, functions=left, notes=(*self.notes, note))


# What is counted where nothing else is known: the frame of one interrupt, which every core pushes, and a margin.
UNKNOWN = Application(
    names=(),
    ram=(),
    flash=(),
    reserved_ram=None,
    reserved_flash=None,
    interrupts=Interrupts(1, 0, "one interrupt's frame; ARMv7-M Architecture Reference Manual DDI 0403E, B1.5.6"),
    margin=Margin(
        1024,
        "stated: frames of interpreter and application above the kernels', which are not executed; as much as the "
        "default stack of STM32CubeIDE's linker scripts and of Zephyr's main thread",
    ),
)

LARGEST_ARENA_BYTES = 256 << 20
SMALLEST_ARENA_BYTES = 16
_ARENA_BYTES = re.compile(r"(0x[0-9a-f]{1,9}|[0-9]{1,12})\s*(k|kb|kib|m|mb|mib)?", re.ASCII)


def read_arena_bytes(text: str) -> int:
    """Bytes of an arena given by hand: "24576", "0x6000", "24KB" (of 1,024). Raises BadInputError."""
    found = _ARENA_BYTES.fullmatch(text.strip().lower().replace("_", ""))
    unit = {"": 1, "k": 1 << 10, "m": 1 << 20}[(found[2] or "")[:1]] if found else 0
    size = int(found[1], 0 if found[1].startswith("0x") else 10) * unit if found else 0
    if not SMALLEST_ARENA_BYTES <= size <= LARGEST_ARENA_BYTES:
        raise BadInputError(
            f"arena size {text[:40]!r} is not understood; expected {SMALLEST_ARENA_BYTES} to {LARGEST_ARENA_BYTES:,} "
            "bytes, for example 24576 or 24KB"
        )
    return size
