"""Sizes of a core's caches → the registers by which programs ask for them, to clean by set and way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mcusim.hardware import Board

# Addresses and fields: ARMv7-M ARM DDI 0403E, B4.8 (CLIDR, CTR, CCSIDR and CSSELR).
CLIDR, CTR, CCSIDR, CSSELR = 0xE000_ED78, 0xE000_ED7C, 0xE000_ED80, 0xE000_ED84
INSTRUCTION = 1  # of CSSELR: the instruction cache, else the data cache
SEPARATE_CACHES = 0x0900_0003  # level 1 has both, and is the point of coherency and of unification (Cortex-M7 TRM)
LINES_OF_8_WORDS = 0x8303_C003  # CTR of a Cortex-M7 (DDI 0489, 3.3)
ALL_POLICIES = 0xF << 28  # write-through, write-back, read-allocate, write-allocate


@dataclass(frozen=True, slots=True)
class CacheShape:
    """One cache of the core."""

    bytes: int
    ways: int
    line_bytes: int

    @property
    def identification(self) -> int:
        """CCSIDR of this cache (DDI 0403E, B4.8.1)."""
        sets = self.bytes // (self.ways * self.line_bytes)
        line = (self.line_bytes // 4).bit_length() - 1 - 2
        return ALL_POLICIES | sets - 1 << 13 | self.ways - 1 << 3 | line


@dataclass(frozen=True, slots=True)
class CoreCaches:
    """The caches of a core that has both."""

    instruction: CacheShape
    data: CacheShape

    def word(self, address: int, written: Mapping[int, int]) -> int | None:
        """A register that tells of them, None for another one; `written` has what CSSELR selects."""
        if address == CCSIDR:
            selected = self.instruction if written.get(CSSELR, 0) & INSTRUCTION else self.data
            return selected.identification if written.get(CSSELR, 0) >> 1 & 7 == 0 else 0
        return {CLIDR: SEPARATE_CACHES, CTR: LINES_OF_8_WORDS}.get(address)


def core_caches(board: Board) -> CoreCaches | None:
    """The caches of a board's core, by the parameters of its memory; None for a core without any."""
    if board.memory is None or board.memory.model != "l1":
        return None
    values = {name: int(one.values[0]) for name, one in board.memory.parameters.items()}
    line_bytes = values["line_bytes"]
    return CoreCaches(
        CacheShape(values["instruction_size_bytes"], values["instruction_ways"], line_bytes),
        CacheShape(values["data_size_bytes"], values["data_ways"], line_bytes),
    )
