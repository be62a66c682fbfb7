"""Linked kernels as data: code that can be placed, its symbols and source lines; two linked files → one image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from mcusim import debug_line
from mcusim.build_attributes import BuildAttributes
from mcusim.debug_line import DebugLine
from mcusim.errors import BadInputError
from mcusim.symbols import Symbol, content_at
from mcusim.thumb_relocations import Resolution, move

PART_ALIGNMENT = 16  # of what follows in an image


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One linked file in a firmware's image.

    It begins at `start` in the image; `linked_at` is the address of that place in its debug information.
    `keeps_relocations` is false where the linker has dropped what the code refers to; `producers` are the compilers
    of its units with their flags, or without debug information the compilers alone.
    """

    name: str
    start: int
    bytes: int
    linked_at: int
    attributes: BuildAttributes
    producers: tuple[str, ...]
    keeps_relocations: bool
    lines: DebugLine

    @property
    def end(self) -> int:
        """Address behind its last byte."""
        return self.start + self.bytes


@dataclass(frozen=True, slots=True, eq=False)
class Firmware:
    """Kernels to be placed anywhere; all addresses are offsets from the image's start.

    `symbols`: the functions by name (of local functions of one name, the first). `contents`: functions and
    constant objects in order of address, one of each address. `isa` is the instruction set that the build
    attributes name ("armv7em"). `references`: addresses that each content refers to, by its own address. `parts`:
    the files that it was linked from, in order of address. `fixed_address`: the one address where the image can
    lie; None where it can lie anywhere.
    """

    name: str
    sha256: str
    isa: str
    linked_image: bytes
    symbols: Mapping[str, Symbol]
    contents: tuple[Symbol, ...]
    function_addresses: frozenset[int]
    references: Mapping[int, tuple[int, ...]]
    resolution: Resolution
    parts: tuple[Part, ...]
    fixed_address: int | None = None

    @property
    def float_abi(self) -> Literal["soft", "hard"]:
        """How floats travel between its functions; of several parts, those of the first."""
        return self.parts[0].attributes.float_abi

    def float_abi_of(self, name: str) -> Literal["soft", "hard"]:
        """How a function takes floats; BadInputError for a name that is no function of the firmware."""
        return self._part_at(self._function(name).address).attributes.float_abi

    def _part_at(self, address: int) -> Part:
        """The part that an address lies in or behind."""
        return next(part for part in reversed(self.parts) if part.start <= address)

    def _function(self, name: str) -> Symbol:
        if name not in self.symbols:
            raise BadInputError(f"{self.name} has no function {name}")
        return self.symbols[name]

    def content_at(self, address: int) -> Symbol | None:
        """The function or constant object that holds the byte at an address."""
        return content_at(self.contents, address)

    def function_at(self, address: int) -> Symbol | None:
        """The function that holds the byte at an address."""
        symbol = self.content_at(address)
        return symbol if symbol is not None and symbol.address in self.function_addresses else None

    def reachable(self, names: Iterable[str]) -> tuple[Symbol, ...]:
        """Everything that the named functions need, themselves included, in order of address.

        Follows every relocated reference: calls, jumps, addresses of functions and of constant objects, and
        what these hold; where relocations were not kept, all of the part counts. Raises BadInputError for a name that
        is no function of the firmware.
        """
        pending = [self._function(name).address for name in names]
        found: dict[int, Symbol] = {}
        while pending:
            symbol = self.content_at(pending.pop())
            if symbol is not None and symbol.address not in found:
                found[symbol.address] = symbol
                pending.extend(self.references.get(symbol.address, ()))
                part = self._part_at(symbol.address)
                if not part.keeps_relocations:
                    pending.extend(one.address for one in self.contents if part.start <= one.address < part.end)
        return tuple(found[address] for address in sorted(found))

    def image(self, base_address: int) -> bytes:
        """The bytes of the image as they lie in flash at `base_address`, which must be a multiple of 4."""
        if base_address % 4 or not 0 <= base_address <= (1 << 32) - len(self.linked_image):
            raise BadInputError(f"{self.name} cannot lie at {base_address:#x}: the address must be a multiple of 4")
        if self.fixed_address not in (None, base_address):
            raise BadInputError(
                f"{self.name} cannot lie at {base_address:#x}: it is linked at {self.fixed_address:#x} and keeps no "
                "relocations"
            )
        return move(self.linked_image, self.resolution, base_address)

    def source_line(self, address: int) -> str | None:
        """File and line of the instruction at an address ("arm_convolve_s8.c:87"), None where unknown."""
        function, part = self.function_at(address), self._part_at(address)
        moved = part.linked_at - part.start
        return debug_line.source_line(part.lines, address + moved, (function.end if function else address + 1) + moved)


def joined(first: Firmware, second: Firmware) -> Firmware:
    """One image of two: the second behind the first, whose functions take precedence where both have a name.

    Each keeps calling its own. The instruction set is the first's; a core has to execute the second's too.
    """
    start = -(-len(first.linked_image) // PART_ALIGNMENT) * PART_ALIGNMENT
    gap = bytes(start - len(first.linked_image))
    words, pairs = second.resolution.words, second.resolution.pairs
    references = {
        address + start: tuple(target + start for target in targets) for address, targets in second.references.items()
    }
    return Firmware(
        name=first.name,
        sha256=first.sha256,
        isa=first.isa,
        linked_image=first.linked_image + gap + move(second.linked_image, second.resolution, start),
        symbols={**{name: _behind(one, start) for name, one in second.symbols.items()}, **first.symbols},
        contents=(*first.contents, *(_behind(one, start) for one in second.contents)),
        function_addresses=first.function_addresses | {address + start for address in second.function_addresses},
        references={**first.references, **references},
        resolution=Resolution(
            references=(
                *first.resolution.references,
                *((source + start, target + start) for source, target in second.resolution.references),
            ),
            words=(*first.resolution.words, *(word + start for word in words)),
            pairs=(*first.resolution.pairs, *((low + start, high + start) for low, high in pairs)),
        ),
        parts=(*first.parts, *(replace(part, start=part.start + start) for part in second.parts)),
        fixed_address=first.fixed_address,
    )


def _behind(symbol: Symbol, start: int) -> Symbol:
    return replace(symbol, address=symbol.address + start)
