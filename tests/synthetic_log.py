"""Blocks, edges and visits written by hand → the arrays that observers read, and what they count."""

from dataclasses import dataclass, field, replace

import numpy as np
from hypothesis import strategies as st

from mcusim import recording
from mcusim.hardware import load_board
from mcusim.recording import BRANCHES, CHAINS, LOAD, NO_ACCESS, SINGLE_LOAD, STORE
from mcusim.regions import Region


@dataclass(frozen=True)
class Ins:
    """An instruction: bytes, its access if any, the address of a literal, flags, and zero-wait cycles."""

    size: int = 2
    access: int = NO_ACCESS
    bytes: int = 4
    registers: int = 1
    literal: int = -1
    flags: int = 0
    branch: str = ""
    cycles: int = 1
    align: int = 4  # of its data's address


NOP = Ins()
WIDE = Ins(size=4)
BRANCH = Ins(branch="b")
LDR = Ins(access=LOAD, cycles=2, flags=SINGLE_LOAD)
CHAINED = Ins(access=LOAD, cycles=1, flags=SINGLE_LOAD | CHAINS)
STR = Ins(access=STORE)
LDRB = Ins(access=LOAD, bytes=1, cycles=2, flags=SINGLE_LOAD, align=1)
LDRH_ODD = Ins(access=LOAD, bytes=2, cycles=2, flags=SINGLE_LOAD, align=1)
LDR_ODD = Ins(size=4, access=LOAD, cycles=2, flags=SINGLE_LOAD, align=1)
LITERAL = Ins(access=LOAD, cycles=2, flags=SINGLE_LOAD, literal=0x0800_0204)
LDM = Ins(size=4, access=LOAD, bytes=16, registers=4, cycles=5)
CODE = (NOP, WIDE, LDR, CHAINED, STR, LDRB, LDRH_ODD, LDR_ODD, LITERAL, LDM)


@dataclass
class Log:
    """What a recorder hands to observers, made by hand."""

    blocks: list = field(default_factory=list)
    instructions: list = field(default_factory=list)
    code: list = field(default_factory=list)
    edges: list = field(default_factory=list)
    issue: list = field(default_factory=list)
    visits: list = field(default_factory=list)

    def block(self, address, *code):
        """The number of a new block of instructions."""
        first, at = len(self.instructions), address
        for one in code:
            row = [at, one.size, one.access, one.bytes, one.literal, one.registers, BRANCHES.index(one.branch)]
            self.instructions.append([*row, one.flags])
            at += one.size
        self.blocks.append([address, at - address, first, len(code), address >> 1])
        self.code.append(code)
        return len(self.blocks) - 1

    def edge(self, block, previous=-1, taken=True, refill=0):
        """The number of a new edge."""
        self.edges.append([block, previous, int(taken), len(self.issue), refill])
        self.issue += [one.cycles for one in self.code[block]]
        return len(self.edges) - 1

    def visit(self, edge, *accesses):
        """Go over an edge; `accesses` are (number of the instruction in the block, address)."""
        words = [edge]
        first = self.blocks[self.edges[edge][0]][recording.BLOCK_FIRST]
        for number, address in accesses:
            halfword = self.instructions[first + number][recording.ADDRESS] >> 1
            words.append((halfword << 32 | address) - (1 << 63))
        self.visits.append(words)

    def counts(self, observer, pieces=1):
        """What an observer counts, a row a block, the log handed over in so many pieces."""
        tables = [self.blocks, self.instructions, self.edges, self.issue]
        arrays = [np.array(table, np.int64) for table in tables]
        counts = np.zeros((len(self.blocks), len(observer.events)), np.int64)
        state = observer.state.copy()
        for part in range(pieces):
            chosen = self.visits[len(self.visits) * part // pieces : len(self.visits) * (part + 1) // pieces]
            log = np.array([word for visit in chosen for word in visit], np.int64)
            observer.observe(log, len(log), *arrays, observer.parameters, state, counts)
        return counts

    def by_event(self, observer, pieces=1):
        """What an observer counts over all blocks, by the names of its events that happen."""
        totals = self.counts(observer, pieces).sum(axis=0).tolist()
        return {event.name: total for event, total in zip(observer.events, totals, strict=True) if total}


def straight(log, address, count, one=NOP):
    """An edge into a block of equal instructions, visited once."""
    edge = log.edge(log.block(address, *[one] * count))
    log.visit(edge)
    return edge


FLASH, SRAM, QSPI, SDRAM, DTCM = 0x0800_0000, 0x2000_0000, 0x9000_0000, 0xC000_0000, 0x2400_0000
_REAL = load_board("nucleo_l4r5zi")  # all that memory systems do not look at
ROLES = {FLASH: "flash", SRAM: "sram", QSPI: "qspi", SDRAM: "sdram", DTCM: "dtcm"}


def board(wait_states, *addresses):
    """A board with 1 MB at FLASH, SRAM and at each of the other addresses."""
    regions = tuple(
        Region(ROLES[one], "flash" if ROLES[one] in ("flash", "qspi") else "ram", one, 1 << 20, "test", ROLES[one])
        for one in (FLASH, SRAM, *addresses)
    )
    return replace(_REAL, regions=regions, flash_timing=replace(_REAL.flash_timing, wait_states=wait_states))


def cycles(observer, log):
    """Cycles of all that an observer counts in a log."""
    totals = log.counts(observer).sum(axis=0).tolist()
    return sum(count * event.cycles for count, event in zip(totals, observer.events, strict=True))


def random_log(draw, most_visits=40):
    """A log of visits to random blocks, contiguous or reached by branches, with loads and stores in flash and SRAM."""
    log, at, numbers = Log(), FLASH + 4 * draw(st.integers(0, 8)), []
    for _ in range(draw(st.integers(1, 6))):
        code = draw(st.lists(st.sampled_from(CODE), min_size=1, max_size=12))
        numbers.append(log.block(at, *code))
        at += sum(one.size for one in code) + draw(st.sampled_from((0, 0, 2, 30, 64, 512)))
    edges, before = {}, -1
    for _ in range(draw(st.integers(1, most_visits))):
        number = numbers[draw(st.integers(0, len(numbers) - 1))]
        follows = before >= 0 and sum(log.blocks[before][:2]) == log.blocks[number][0]
        key = before, number
        if key not in edges:
            edges[key] = log.edge(number, before, not follows, 0 if follows else draw(st.integers(0, 4)))
        accesses = []
        for k, one in enumerate(log.code[number]):
            if one.access != NO_ACCESS and one.literal < 0 and draw(st.integers(0, 9)):
                region = FLASH if one.access == LOAD and draw(st.booleans()) else SRAM
                accesses.append((k, region + 0x8000 + one.align * draw(st.integers(0, 64))))
        log.visit(edges[key], *accesses)
        before = number
    return log
