"""What Unicorn reports while it runs → counts in one int64 array, by native hooks that Numba compiles.

The array is a header, a hash table of block edges, one of divide operands, a number for each halfword of code
that a site lies at, and the sites themselves: instructions whose execution is counted one by one. Its layout is
in this file because a compiled hook that is cached on disk goes stale with its own file only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import cfunc, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from mcusim.fixedpoint import jit

State = NDArray[np.int64]

# Header: where to find code and Unicorn's functions, and what the run has come to.
LAST_EDGE, REMAINING, STATUS, EDGES, DIVIDES = 0, 1, 2, 3, 4
REG_READ, EMU_STOP, CODE_ADDRESS, CODE_BYTES, CODE_HOST, SITES_AT = 5, 6, 7, 8, 9, 10
LAST_ADDRESS, WATCHED_HOST, WATCHED_VALUE, CULPRIT = 11, 12, 13, 14
HEADER_WORDS = 16

RUNNING, OVER_BUDGET, TABLE_FULL, LEFT_CODE, DAMAGE_FOUND = 0, 1, 2, 3, 4

# An edge: previous block, block (size << 32 | address), count, instructions, whether SP is read, lowest SP, and
# the edge that followed last time, which the next one most likely is again.
EDGE_WORDS = 8
EDGE_SLOTS = 1 << 14
MOST_EDGES = EDGE_SLOTS * 3 // 4
EDGE_PREVIOUS, EDGE_BLOCK, EDGE_COUNT, EDGE_INSTRUCTIONS, EDGE_READS_SP, EDGE_LOWEST_SP, EDGE_NEXT = range(7)
NO_EDGE = HEADER_WORDS  # stands for what came before the first block
EDGE_TABLE = NO_EDGE + EDGE_WORDS
EDGE_TABLE_END = EDGE_TABLE + EDGE_SLOTS * EDGE_WORDS
NO_BLOCK = -1

# A divide: key + 1 (site, bits of dividend, divisor and quotient), count.
DIVIDE_WORDS = 2
DIVIDE_SLOTS = 1 << 13
MOST_DIVIDES = DIVIDE_SLOTS * 3 // 4
DIVIDE_TABLE = EDGE_TABLE_END
SITE_MAP = DIVIDE_TABLE + DIVIDE_SLOTS * DIVIDE_WORDS

# A site: whether it is a divide, dividend and divisor register (Unicorn's numbers), executions, lowest SP.
SITE_WORDS = 5
MOST_SITES = 1024
SITE_KIND, SITE_DIVIDEND, SITE_DIVISOR, SITE_COUNT, SITE_LOWEST_SP = 0, 1, 2, 3, 4
NO_DIVIDE, SIGNED_DIVIDE, UNSIGNED_DIVIDE = 0, 1, 2
HIGHEST_SP = 1 << 40

# uc_reg_read's numbers (unicorn/arm.h): UC_ARM_REG_SP; R0 to R12 are consecutive.
UNICORN_SP = 12

NO_CHANGE = 0
UNKNOWN_CHANGE = 1 << 40
SP = 13

_HOOK = types.void(types.voidptr, types.uint64, types.uint32, types.CPointer(types.int64))


# Intrinsics: what Numba has no word for. Addresses of Unicorn's functions come through the header, because a
# compiled hook that is cached on disk must not hold the addresses of one process.


@intrinsic  # type: ignore[untyped-decorator]
def _load_halfword(_typing: Any, address: Any) -> Any:
    """The halfword at an even host address."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        halfword = builder.load(builder.inttoptr(arguments[0], ir.IntType(16).as_pointer()))
        return builder.zext(halfword, ir.IntType(64))

    return types.int64(types.int64), build


@intrinsic  # type: ignore[untyped-decorator]
def _read_register(_typing: Any, reg_read: Any, uc: Any, register: Any) -> Any:
    """uc_reg_read of a 32-bit register."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        function = builder.inttoptr(arguments[0], ir.FunctionType(word, [pointer, word, pointer]).as_pointer())
        value = cgutils.alloca_once_value(builder, ir.IntType(64)(0))
        builder.store(ir.IntType(64)(0), value)
        builder.call(function, [arguments[1], builder.trunc(arguments[2], word), builder.bitcast(value, pointer)])
        return builder.load(value)

    return types.int64(types.int64, types.voidptr, types.int64), build


@intrinsic  # type: ignore[untyped-decorator]
def _stop(_typing: Any, emu_stop: Any, uc: Any) -> Any:
    """uc_emu_stop."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = ir.IntType(8).as_pointer()
        function = builder.inttoptr(arguments[0], ir.FunctionType(ir.IntType(32), [pointer]).as_pointer())
        return builder.zext(builder.call(function, [arguments[1]]), ir.IntType(64))

    return types.int64(types.int64, types.voidptr), build


@jit
def is_wide(first: int) -> bool:
    """Whether an instruction that begins with this halfword has a second one (DDI 0403E, A5.1)."""
    return first >> 11 >= 0b11101


@jit
def _bits_set(value: int) -> int:
    count = 0
    while value:
        value &= value - 1
        count += 1
    return count


@jit
def sp_change(first: int, second: int) -> int:
    """By how many bytes an instruction moves SP; UNKNOWN_CHANGE where its bits do not tell.

    Encodings: DDI 0403E, chapter A7.7; every instruction that can write SP.
    """
    if not is_wide(first):
        if first & 0xFE00 == 0xB400:  # PUSH
            return -4 * _bits_set(first & 0x1FF)
        if first & 0xFE00 == 0xBC00:  # POP
            return 4 * _bits_set(first & 0x1FF)
        if first & 0xFF80 == 0xB000:  # ADD SP, SP, #imm7
            return 4 * (first & 0x7F)
        if first & 0xFF80 == 0xB080:  # SUB SP, SP, #imm7
            return -4 * (first & 0x7F)
        if first & 0xFD87 == 0x4485:  # ADD SP, Rm and MOV SP, Rm
            return UNKNOWN_CHANGE
        return NO_CHANGE
    base_is_sp = first & 0xF == SP
    writes_back = first & 0x20 != 0
    if first & 0xFE40 == 0xE800:  # LDM, STM: IA or DB
        if not (base_is_sp and writes_back):
            return NO_CHANGE
        return (4 if first & 0x180 == 0x080 else -4) * _bits_set(second)
    if first & 0xFE40 == 0xE840:  # LDRD, STRD; without write-back also the exclusives and table branches
        if not (base_is_sp and writes_back):
            return NO_CHANGE
        return (4 if first & 0x80 else -4) * (second & 0xFF)
    if first & 0xFE00 == 0xEC00:  # VLDM, VSTM
        if not (base_is_sp and writes_back):
            return NO_CHANGE
        return (4 if first & 0x80 else -4) * (second & 0xFF)
    if first & 0xFE00 == 0xF800:  # LDR, STR and their sized forms
        if first & 0x10 and second >> 12 == SP:
            return UNKNOWN_CHANGE
        if not base_is_sp or first & 0x80 or second & 0x900 != 0x900:
            return NO_CHANGE
        return (1 if second & 0x200 else -1) * (second & 0xFF)
    is_data_processing = first & 0xFE00 == 0xEA00 or (first & 0xF800 == 0xF000 and not second & 0x8000)
    if first & 0xFFE0 == 0xF380 and second & 0xFF00 == 0x8800 and second & 0xFE == 8:  # MSR MSP and PSP
        return UNKNOWN_CHANGE
    if not is_data_processing or second >> 8 & 0xF != SP:
        return NO_CHANGE
    plain = (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF
    if first & 0xFBFF == 0xF20D:  # ADDW SP, SP, #imm12
        return plain
    if first & 0xFBFF == 0xF2AD:  # SUBW SP, SP, #imm12
        return -plain
    if first & 0xFBEF == 0xF10D:  # ADD.W SP, SP, #const
        return _expanded(plain)
    if first & 0xFBEF == 0xF1AD:  # SUB.W SP, SP, #const
        return -_expanded(plain)
    return UNKNOWN_CHANGE


@jit
def _expanded(immediate: int) -> int:
    """ThumbExpandImm (DDI 0403E, A5.3.2)."""
    byte = immediate & 0xFF
    if immediate >> 10 == 0:
        kind = immediate >> 8
        if kind == 0:
            return byte
        if kind == 1:
            return byte << 16 | byte
        if kind == 2:
            return byte << 24 | byte << 8
        return byte << 24 | byte << 16 | byte << 8 | byte
    rotation = immediate >> 7
    return (byte & 0x7F | 0x80) << (32 - rotation)


@jit
def _instructions(host: int, size: int) -> int:
    """How many instructions a block of `size` bytes at a host address holds."""
    count = at = 0
    while at < size:
        at += 4 if is_wide(_load_halfword(host + at)) else 2
        count += 1
    return count


@jit
def _moves_sp(host: int, size: int) -> bool:
    """Whether an instruction of a block at a host address writes SP."""
    at = 0
    while at < size:
        first = _load_halfword(host + at)
        wide = is_wide(first)
        if sp_change(first, _load_halfword(host + at + 2) if wide else 0) != NO_CHANGE:
            return True
        at += 4 if wide else 2
    return False


@jit
def _find_edge(state: Any, previous: Any, block: Any) -> Any:
    """The slot of an edge, a new one where it is the first of its kind; 0, with the status set, if that cannot be."""
    number = ((block * 0x9E3779B97F4A7 + previous * 0xC2B2AE3D27D4F) >> 24) & (EDGE_SLOTS - 1)
    slot = EDGE_TABLE + number * EDGE_WORDS
    while state[slot + EDGE_BLOCK] != 0:
        if state[slot + EDGE_BLOCK] == block and state[slot + EDGE_PREVIOUS] == previous:
            return slot
        slot += EDGE_WORDS
        if slot == EDGE_TABLE_END:
            slot = EDGE_TABLE
    offset = (block & 0xFFFFFFFF) - state[CODE_ADDRESS]
    size = block >> 32
    if offset < 0 or offset + size > state[CODE_BYTES]:
        state[STATUS] = LEFT_CODE
        return 0
    if state[EDGES] == MOST_EDGES:
        state[STATUS] = TABLE_FULL
        return 0
    state[EDGES] += 1
    reads_sp = _moves_sp(state[CODE_HOST] + offset, size)
    if previous != NO_BLOCK and not reads_sp:
        before = (previous & 0xFFFFFFFF) - state[CODE_ADDRESS]
        reads_sp = _moves_sp(state[CODE_HOST] + before, previous >> 32)
    state[slot + EDGE_PREVIOUS] = previous
    state[slot + EDGE_BLOCK] = block
    state[slot + EDGE_INSTRUCTIONS] = _instructions(state[CODE_HOST] + offset, size)
    state[slot + EDGE_READS_SP] = reads_sp
    state[slot + EDGE_LOWEST_SP] = HIGHEST_SP
    state[slot + EDGE_NEXT] = NO_EDGE
    return slot


@cfunc(_HOOK, cache=True)  # type: ignore[untyped-decorator]
def on_block(uc: Any, address: Any, size: Any, state: Any) -> None:
    """Count the edge from the previous block, and read SP where either block moves it."""
    block = np.int64(size) << 32 | np.int64(address)
    last = state[LAST_EDGE]
    slot = state[last + EDGE_NEXT]
    if state[slot + EDGE_BLOCK] != block:
        slot = _find_edge(state, state[last + EDGE_BLOCK], block)
        if slot == 0:
            state[LAST_ADDRESS] = np.int64(address)
            _stop(state[EMU_STOP], uc)
            return
        state[last + EDGE_NEXT] = slot
    state[LAST_EDGE] = slot
    state[slot + EDGE_COUNT] += 1
    remaining = state[REMAINING] - state[slot + EDGE_INSTRUCTIONS]
    state[REMAINING] = remaining
    if remaining < 0:
        state[STATUS] = OVER_BUDGET
        state[LAST_ADDRESS] = np.int64(address)
        _stop(state[EMU_STOP], uc)
    if state[slot + EDGE_READS_SP]:
        sp = _read_register(state[REG_READ], uc, UNICORN_SP)
        state[slot + EDGE_LOWEST_SP] = min(state[slot + EDGE_LOWEST_SP], sp)


@jit
def _bit_length(value: int) -> int:
    length = 0
    while value:
        value >>= 1
        length += 1
    return length


@jit
def _count_divide(state: Any, key: int) -> bool:
    """Add a divide to the table; False where that is full."""
    number = (key * 0x9E3779B97F4A7) >> 24 & (DIVIDE_SLOTS - 1)
    slot = DIVIDE_TABLE + number * DIVIDE_WORDS
    while state[slot] != key + 1:
        if state[slot] == 0:
            if state[DIVIDES] == MOST_DIVIDES:
                return False
            state[DIVIDES] += 1
            state[slot] = key + 1
            break
        slot += DIVIDE_WORDS
        if slot == SITE_MAP:
            slot = DIVIDE_TABLE
    state[slot + 1] += 1
    return True


@cfunc(_HOOK, cache=True)  # type: ignore[untyped-decorator]
def on_site(uc: Any, address: Any, _size: Any, state: Any) -> None:
    """Count an instruction whose condition passed, with SP there and the operands of a divide."""
    halfword = (np.int64(address) - state[CODE_ADDRESS]) >> 1
    if halfword < 0 or 2 * halfword >= state[CODE_BYTES]:
        return
    number = state[SITE_MAP + halfword] - 1
    if number < 0:
        return
    site = state[SITES_AT] + number * SITE_WORDS
    state[site + SITE_COUNT] += 1
    sp = _read_register(state[REG_READ], uc, UNICORN_SP)
    state[site + SITE_LOWEST_SP] = min(state[site + SITE_LOWEST_SP], sp)
    kind = state[site + SITE_KIND]
    if kind != NO_DIVIDE:
        dividend = _read_register(state[REG_READ], uc, state[site + SITE_DIVIDEND])
        divisor = _read_register(state[REG_READ], uc, state[site + SITE_DIVISOR])
        if kind == SIGNED_DIVIDE:
            dividend = abs(dividend - ((dividend & 0x80000000) << 1))
            divisor = abs(divisor - ((divisor & 0x80000000) << 1))
        quotient = dividend // divisor if divisor else 0
        bits = _bit_length(dividend) << 12 | _bit_length(divisor) << 6 | _bit_length(quotient)
        if not _count_divide(state, number << 18 | bits):
            state[STATUS] = TABLE_FULL
            state[LAST_ADDRESS] = np.int64(address)
            _stop(state[EMU_STOP], uc)


@cfunc(_HOOK, cache=True)  # type: ignore[untyped-decorator]
def on_instruction(uc: Any, address: Any, _size: Any, state: Any) -> None:
    """Remember where execution is; stop when the watched byte has changed, with the instruction that did it."""
    watched = state[WATCHED_HOST]
    if watched:
        byte = _load_halfword(watched & ~1) >> 8 * (watched & 1) & 0xFF  # little-endian host and target
        if byte != state[WATCHED_VALUE]:
            if state[STATUS] == RUNNING:
                state[STATUS] = DAMAGE_FOUND
                state[CULPRIT] = state[LAST_ADDRESS]
            _stop(state[EMU_STOP], uc)
            return
    state[LAST_ADDRESS] = np.int64(address)
    state[REMAINING] -= 1
    if state[REMAINING] < 0:
        state[STATUS] = OVER_BUDGET
        _stop(state[EMU_STOP], uc)
