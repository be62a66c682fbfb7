"""Board, chip and program → the memory that the program sees, filled, and where code may lie in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim import observer
from mcusim.address_space import PAGE_BYTES
from mcusim.chips import Chip
from mcusim.errors import BadInputError, EmulationError
from mcusim.hardware import Core, Region
from mcusim.images import Image
from mcusim.tracing import CodeBlock, DecodedCode

Bytes = NDArray[np.uint8]

PERIPHERALS = (0x4000_0000, 0x2000_0000)
PRIVATE_BUS = (0xE000_0000, 0x10_0000)
MOST_RAM_CODE_BYTES = 8 << 20
UNDEFINED = "udf"


@dataclass(slots=True)
class Bank:
    """Memory of the host that the program sees at `address`."""

    name: str
    kind: str  # "ram", "flash", "zeros"
    address: int
    memory: Bytes

    @property
    def end(self) -> int:
        """Address behind the last byte."""
        return self.address + self.memory.size

    @property
    def host(self) -> int:
        """Host address of the first byte."""
        return int(self.memory.ctypes.data)


class LoadedCode(DecodedCode):
    """The program as it lies in memory."""

    def __init__(self, core: Core, image: Image, banks: Sequence[Bank]) -> None:
        """Code may lie in any of `banks`."""
        super().__init__(core)
        self._image = image
        self._banks = banks

    def bytes_of(self, address: int, size: int) -> bytes:
        """Code at an absolute address."""
        for bank in self._banks:
            if bank.address <= address and address + size <= bank.end:
                return bank.memory[address - bank.address :][:size].tobytes()
        raise EmulationError(f"the program jumps to {address:#010x}, where there is no memory")

    def block(self, key: int, before: int | None) -> CodeBlock:
        """As `DecodedCode.block`; of a block that runs on into data or UDF, where it faults, what comes before."""
        size, address = key >> 32, key & 0xFFFF_FFFF
        if key in self.decoded:
            return self.decoded[key]
        while size > 0:
            try:
                found = super().block(size << 32 | address, before)
            except EmulationError:
                size -= 2
                continue
            undefined = [one.address for one in found.block.instructions if one.mnemonic == UNDEFINED]
            if not undefined:
                self.decoded[key] = found
                return found
            size = undefined[0] - address
        raise EmulationError(f"it executes what is no instruction, at {self.where(address)}")

    def function_at(self, address: int) -> str:
        """The function that an absolute address lies in; the address in words where that is not known."""
        function = self._image.function_at(address)
        return function.name if function else f"{address:#010x}"

    def where(self, address: int) -> str:
        """An absolute address of code for the user: address, function and source line as far as known."""
        return self._image.where(address)


def banks_of(regions: Sequence[Region], chip: Chip) -> list[Bank]:
    """The board's memory, its aliases, and what of the chip's other memory lies apart from it."""
    banks: list[Bank] = []
    for region in regions:
        fill = 0xFF if region.kind == "flash" else 0
        start, end = region.address & -PAGE_BYTES, -(-(region.address + region.bytes) // PAGE_BYTES) * PAGE_BYTES
        if _is_free(banks, start, end):
            banks.append(Bank(region.name, region.kind, start, np.full(end - start, fill, np.uint8)))
    board = list(banks)
    for alias in chip.alias:
        for bank in board:
            length = min(alias.bytes, bank.end - alias.of)
            if bank.address <= alias.of < bank.end and length >= PAGE_BYTES:
                first = alias.of - bank.address
                part = bank.memory[first : first + length // PAGE_BYTES * PAGE_BYTES]
                if _is_free(banks, alias.address, alias.address + part.size):
                    banks.append(Bank(alias.name, bank.kind, alias.address, part))
    for zeros in chip.zeros:
        start, end = zeros.address & -PAGE_BYTES, -(-(zeros.address + zeros.bytes) // PAGE_BYTES) * PAGE_BYTES
        if _is_free(banks, start, end):
            banks.append(Bank(zeros.name, "zeros", start, np.zeros(end - start, np.uint8)))
    return banks


def _is_free(banks: Sequence[Bank], start: int, end: int) -> bool:
    return all(end <= bank.address or start >= bank.end for bank in banks)


def load(image: Image, banks: Sequence[Bank]) -> None:
    """Put the program's segments where they are loaded."""
    for segment in image.segments:
        for bank in banks:
            if bank.address <= segment.address and segment.end <= bank.end:
                offset = segment.address - bank.address
                bank.memory[offset : offset + len(segment.data)] = np.frombuffer(segment.data, np.uint8)
                break
        else:
            there = ", ".join(f"{bank.name} {bank.address:#010x} to {bank.end:#010x}" for bank in banks)
            raise BadInputError(
                f"{image.name} loads {len(segment.data):,} bytes at {segment.address:#010x}, where the board has no "
                f"memory; it has {there}"
            )


def code_regions(banks: Sequence[Bank], image: Image) -> list[tuple[int, int]]:
    """Where code may lie: in flash what the program fills, and RAM that is not too large; neighbours as one."""
    spans: list[tuple[int, int]] = []
    for bank in banks:
        inside = [one for one in image.segments if bank.address <= one.address < bank.end]
        aliased = [one for one in banks if one.kind == bank.kind == "flash" and one is not bank]
        if bank.kind == "flash" and inside:
            spans.append((bank.address, max(one.end for one in inside)))
        elif bank.kind == "flash" and aliased:
            spans.append((bank.address, min(bank.end, bank.address + MOST_RAM_CODE_BYTES)))
        elif bank.kind == "ram" and (bank.memory.size <= MOST_RAM_CODE_BYTES or inside):
            spans.append((bank.address, bank.end))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    kept = sorted(merged, key=lambda span: span[0] - span[1])[: observer.MOST_REGIONS]
    return [(start, end - start) for start, end in sorted(kept)]


def free_page(banks: Sequence[Bank]) -> int:
    """A page of the code area that nothing takes."""
    for page in range(0x1FFF_FC00, -1, -PAGE_BYTES):
        if _is_free(banks, page, page + PAGE_BYTES):
            return page
    raise EmulationError("the code area of the memory map is full")


def peripheral_windows(chip: Chip) -> list[tuple[int, int]]:
    """Peripherals of the chip outside the architecture's area for them, in whole pages."""
    first, size = PERIPHERALS
    addresses = [one.address for one in chip.register] + [one.address for one in chip.plain]
    addresses += [one.address for one in chip.uart] + [one.address for one in chip.timer]
    outside = {at & ~0xFFFF for at in addresses if not first <= at < first + size and at < PRIVATE_BUS[0]}
    return [(page, 0x1_0000) for page in sorted(outside)]
