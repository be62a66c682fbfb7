"""What Unicorn reports while it runs → counts and a log in one int64 array, by native hooks that Numba compiles.

The array is a header, a hash table of block edges, one of operands, a number for each halfword of code that a site
lies at, the sites themselves (instructions whose execution is counted one by one), and the log, if there is one.
Its layout is in this file because a compiled hook that is cached on disk goes stale with its own file only.

There are two ways to observe. Counting: `on_block` everywhere, `on_site` at the few instructions that need it.
Recording: `on_visit` and `on_access` everywhere, which also write down every visit and data address, and ask Python
about each edge that is new before its block executes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import cfunc, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from mcusim.fixedpoint import either, inner, jit

State = NDArray[np.int64]

# Header: where to find code and Unicorn's functions, and what the run has come to.
LAST_EDGE, REMAINING, STATUS, EDGES, DIVIDES = 0, 1, 2, 3, 4
REG_READ, EMU_STOP, CODE_ADDRESS, CODE_BYTES, CODE_HOST, SITES_AT = 5, 6, 7, 8, 9, 10
LAST_ADDRESS, WATCHED_HOST, WATCHED_VALUE, CULPRIT = 11, 12, 13, 14
# Recording: Python's function, the log (where it begins in the array, words in it, words from which it is emptied),
# the edge that Python is asked about, and regions of code as (address, bytes, number of the first halfword).
CALLBACK, LOG_AT, LOG_WORDS, LOG_FULL, NEW_SLOT, REGIONS, REGION_TABLE = 15, 16, 17, 18, 19, 20, 21
REGION_COLUMNS = 3
MOST_REGIONS = 8
STOPS_NEXT = REGION_TABLE + MOST_REGIONS * REGION_COLUMNS  # whether to stop before the next instruction
JOINS = STOPS_NEXT + 1  # whether blocks that go on behind a page's end are told from others there
HEADER_WORDS = JOINS + 1

RUNNING, OVER_BUDGET, TABLE_FULL, LEFT_CODE, DAMAGE_FOUND, REFUSED = 0, 1, 2, 3, 4, 5

# What Python is asked: to make a new edge known, or to empty the log.
DISCOVER, EMPTY_LOG = 0, 1
LOG_MARGIN = 2048  # words that one block may add: it has 512 instructions at most
IS_ACCESS = -1 << 63  # sign of a word of the log that is an access

# An edge: previous block, block (its key), count, instructions, whether SP is read, lowest SP, the edge
# that followed last time, which the next one most likely is again, and its number in the log.
EDGE_WORDS = 8
EDGE_SLOTS = 1 << 15
MOST_EDGES = EDGE_SLOTS * 3 // 4
EDGE_PREVIOUS, EDGE_BLOCK, EDGE_COUNT, EDGE_INSTRUCTIONS = 0, 1, 2, 3
EDGE_READS_SP, EDGE_LOWEST_SP, EDGE_NEXT, EDGE_INDEX = 4, 5, 6, 7
NO_EDGE = HEADER_WORDS  # stands for what came before the first block
EDGE_TABLE = NO_EDGE + EDGE_WORDS
EDGE_TABLE_END = EDGE_TABLE + EDGE_SLOTS * EDGE_WORDS
NO_BLOCK = -1

# The key of a block: its address, its bytes, and behind how many halfwords it goes on of a row of instructions that
# Unicorn cut at a page's end: one that is entered there by a branch is another. 0 everywhere unless the state JOINS.
SIZE_SHIFT, SIZE_MASK = 32, 0xFFF
BEHIND_SHIFT = 44
PLAIN = (1 << BEHIND_SHIFT) - 1  # all but that, as a mask
MOST_BEHIND = 1 << 18
PAGE_BYTES = 1024  # of Unicorn's Arm: a block ends at every multiple of it, and around an instruction that lies across

# A divide: key + 1 (site, bits of dividend, divisor and quotient), count.
DIVIDE_WORDS = 2
DIVIDE_SLOTS = 1 << 13
MOST_DIVIDES = DIVIDE_SLOTS * 3 // 4
DIVIDE_TABLE = EDGE_TABLE_END
SITE_MAP = DIVIDE_TABLE + DIVIDE_SLOTS * DIVIDE_WORDS

# A site: what to observe (a sum of the kinds), two operand registers (Unicorn's numbers), executions, lowest SP, and
# how an address is made: base and index register (NO_REGISTER for none), shift of the index, and offset.
SITE_WORDS = 9
MOST_SITES = 1024
SITE_KIND, SITE_DIVIDEND, SITE_DIVISOR, SITE_COUNT, SITE_LOWEST_SP = 0, 1, 2, 3, 4
SITE_BASE, SITE_INDEX, SITE_SHIFT, SITE_OFFSET = 5, 6, 7, 8
NO_DIVIDE, SIGNED_DIVIDE, UNSIGNED_DIVIDE, SIGNED_MULTIPLY, UNSIGNED_MULTIPLY = 0, 1, 2, 3, 4
OPERAND_KINDS = 7  # these as a mask
READS_SP, ACCESSES = 8, 16
NO_REGISTER = -1
HIGHEST_SP = 1 << 40

# uc_reg_read's numbers (unicorn/arm.h): R0 to R12 are consecutive.
UNICORN_R0, UNICORN_SP, UNICORN_LR, UNICORN_PC = 66, 12, 10, 11

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


@intrinsic  # type: ignore[untyped-decorator]
def _call(_typing: Any, function: Any, question: Any) -> Any:
    """A function of Python's, which answers with 0 to go on."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        pointer = builder.inttoptr(arguments[0], ir.FunctionType(word, [word]).as_pointer())
        return builder.call(pointer, [arguments[1]])

    return types.int64(types.int64, types.int64), build


@either
def is_wide(first: int) -> bool:
    """Whether an instruction that begins with this halfword has a second one (DDI 0403E, A5.1)."""
    return first >> 11 >= 0b11101


@either
def _bits_set(value: int) -> int:
    count = 0
    while value:
        value &= value - 1
        count += 1
    return count


@either
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
    if first & 0xEE00 == 0xEC00:  # VLDM, VSTM; LDC, STC of other coprocessors
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


@either
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


@inner
def _instructions(host: int, size: int) -> int:
    """How many instructions a block of `size` bytes at a host address holds."""
    count = at = 0
    while at < size:
        at += 4 if is_wide(_load_halfword(host + at)) else 2
        count += 1
    return count


@inner
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
def slot_of(state: Any, previous: Any, block: Any) -> Any:
    """The slot of an edge; one without a block where it is the first of its kind."""
    number = ((block * 0x9E3779B97F4A7 + previous * 0xC2B2AE3D27D4F) >> 24) & (EDGE_SLOTS - 1)
    slot = EDGE_TABLE + number * EDGE_WORDS
    while state[slot + EDGE_BLOCK] != 0:
        if state[slot + EDGE_BLOCK] == block and state[slot + EDGE_PREVIOUS] == previous:
            return slot
        slot += EDGE_WORDS
        if slot == EDGE_TABLE_END:
            slot = EDGE_TABLE
    return slot


@inner
def _find_edge(state: Any, previous: Any, block: Any) -> Any:
    """The slot of an edge, a new one where it is the first of its kind; 0, with the status set, if that cannot be."""
    slot = slot_of(state, previous, block)
    if state[slot + EDGE_BLOCK] != 0:
        return slot
    offset = (block & 0xFFFFFFFF) - state[CODE_ADDRESS]
    size = block >> SIZE_SHIFT & SIZE_MASK
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
        reads_sp = _moves_sp(state[CODE_HOST] + before, previous >> SIZE_SHIFT & SIZE_MASK)
    state[slot + EDGE_PREVIOUS] = previous
    state[slot + EDGE_BLOCK] = block
    state[slot + EDGE_INSTRUCTIONS] = _instructions(state[CODE_HOST] + offset, size)
    state[slot + EDGE_READS_SP] = reads_sp
    state[slot + EDGE_LOWEST_SP] = HIGHEST_SP
    state[slot + EDGE_NEXT] = NO_EDGE
    return slot


@inner
def _enter(uc: Any, address: Any, slot: Any, state: Any) -> None:
    """Count an edge, take its instructions off the budget, and read SP where either block moves it."""
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


@either
def is_cut(address: int) -> bool:
    """Whether Unicorn may end a block before an address only because of a page's end."""
    return (address + 2) & (PAGE_BYTES - 1) <= 4


@inner
def _piece(state: Any, previous: Any, block: Any) -> Any:
    """The key of a block with what it goes on behind, if it lies at a page's end right behind the previous."""
    size = previous >> SIZE_SHIFT & SIZE_MASK
    goes_on = previous != NO_BLOCK and (previous & 0xFFFFFFFF) + size == block & 0xFFFFFFFF
    if state[JOINS] and goes_on and is_cut(block):
        block |= min((previous >> BEHIND_SHIFT) + (size >> 1), MOST_BEHIND) << BEHIND_SHIFT
    return block


def _on_block(uc: Any, address: Any, size: Any, state: Any) -> None:
    block = np.int64(size) << SIZE_SHIFT | np.int64(address)
    last = state[LAST_EDGE]
    slot = state[last + EDGE_NEXT]
    if state[slot + EDGE_BLOCK] & PLAIN != block:
        previous = state[last + EDGE_BLOCK]
        slot = _find_edge(state, previous, _piece(state, previous, block))
        if slot == 0:
            state[LAST_ADDRESS] = np.int64(address)
            _stop(state[EMU_STOP], uc)
            return
        state[last + EDGE_NEXT] = slot
    _enter(uc, address, slot, state)


def _on_visit(uc: Any, address: Any, size: Any, state: Any) -> None:
    block = np.int64(size) << SIZE_SHIFT | np.int64(address)
    last = state[LAST_EDGE]
    slot = state[last + EDGE_NEXT]
    if state[slot + EDGE_BLOCK] & PLAIN != block:
        previous = state[last + EDGE_BLOCK]
        block = _piece(state, previous, block)
        slot = slot_of(state, previous, block)
        if state[slot + EDGE_BLOCK] == 0:
            state[slot + EDGE_BLOCK] = block
            state[slot + EDGE_PREVIOUS] = previous
            state[slot + EDGE_NEXT] = NO_EDGE
            state[NEW_SLOT] = slot
            if _call(state[CALLBACK], DISCOVER):
                state[LAST_ADDRESS] = np.int64(address)
                _stop(state[EMU_STOP], uc)
                return
        state[last + EDGE_NEXT] = slot
    if state[LOG_WORDS] >= state[LOG_FULL] and _call(state[CALLBACK], EMPTY_LOG):
        _stop(state[EMU_STOP], uc)
        return
    words = state[LOG_WORDS]
    state[state[LOG_AT] + words] = state[slot + EDGE_INDEX]
    state[LOG_WORDS] = words + 1
    _enter(uc, address, slot, state)


@inner
def _bit_length(value: int) -> int:
    length = 0
    while value:
        value >>= 1
        length += 1
    return length


@inner
def _count_operands(state: Any, key: int) -> bool:
    """Add operands to the table; False where that is full."""
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


@inner
def _note_operands(uc: Any, number: Any, site: Any, kind: Any, state: Any) -> bool:
    """Count the operands of a divide or a long multiply by their bits; False where the table is full."""
    first = _read_register(state[REG_READ], uc, state[site + SITE_DIVIDEND])
    second = _read_register(state[REG_READ], uc, state[site + SITE_DIVISOR])
    if kind in (SIGNED_DIVIDE, SIGNED_MULTIPLY):
        first = abs(first - ((first & 0x80000000) << 1))
        second = abs(second - ((second & 0x80000000) << 1))
    bits = _bit_length(first) << 12 | _bit_length(second) << 6
    if kind in (SIGNED_DIVIDE, UNSIGNED_DIVIDE):
        bits |= _bit_length(first // second if second else 0)
    return _count_operands(state, number << 18 | bits)


@inner
def _observe_site(uc: Any, address: Any, number: Any, state: Any) -> None:
    """Count an instruction whose condition passed, with SP there and operands as its kind asks."""
    site = state[SITES_AT] + number * SITE_WORDS
    state[site + SITE_COUNT] += 1
    kind = state[site + SITE_KIND]
    if kind & READS_SP:
        sp = _read_register(state[REG_READ], uc, UNICORN_SP)
        state[site + SITE_LOWEST_SP] = min(state[site + SITE_LOWEST_SP], sp)
    if kind & OPERAND_KINDS and not _note_operands(uc, number, site, kind & OPERAND_KINDS, state):
        state[STATUS] = TABLE_FULL
        state[LAST_ADDRESS] = np.int64(address)
        _stop(state[EMU_STOP], uc)


def _on_site(uc: Any, address: Any, _size: Any, state: Any) -> None:
    halfword = (np.int64(address) - state[CODE_ADDRESS]) >> 1
    if halfword < 0 or 2 * halfword >= state[CODE_BYTES]:
        return
    number = state[SITE_MAP + halfword] - 1
    if number >= 0:
        _observe_site(uc, address, number, state)


@inner
def _halfword_of(address: Any, state: Any) -> Any:
    """The number of a halfword of code, −1 outside all regions."""
    row = REGION_TABLE
    for _ in range(state[REGIONS]):
        offset = address - state[row]
        if 0 <= offset < state[row + 1]:
            return state[row + 2] + (offset >> 1)
        row += REGION_COLUMNS
    return -1


def _on_access(uc: Any, address: Any, _size: Any, state: Any) -> None:
    if state[STOPS_NEXT]:
        _stop(state[EMU_STOP], uc)
        return
    halfword = _halfword_of(np.int64(address), state)
    if halfword < 0:
        return
    number = state[SITE_MAP + halfword] - 1
    if number < 0:
        return
    site = state[SITES_AT] + number * SITE_WORDS
    kind = state[site + SITE_KIND]
    if kind & ACCESSES:
        place = state[site + SITE_OFFSET]
        if state[site + SITE_BASE] != NO_REGISTER:
            place += _read_register(state[REG_READ], uc, state[site + SITE_BASE])
        if state[site + SITE_INDEX] != NO_REGISTER:
            place += _read_register(state[REG_READ], uc, state[site + SITE_INDEX]) << state[site + SITE_SHIFT]
        words = state[LOG_WORDS]
        state[state[LOG_AT] + words] = IS_ACCESS | halfword << 32 | place & 0xFFFFFFFF
        state[LOG_WORDS] = words + 1
    if kind == ACCESSES:
        state[site + SITE_COUNT] += 1
    else:
        _observe_site(uc, address, number, state)


def _on_instruction(uc: Any, address: Any, _size: Any, state: Any) -> None:
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


# A hook is compiled when it is first asked for: no way of observing needs all of them.


@cache
def on_block() -> Any:
    """The hook on blocks that counts the edge from the previous one."""
    return _compiled(_on_block)


@cache
def on_site() -> Any:
    """The hook on sites that counts what passed its condition."""
    return _compiled(_on_site)


@cache
def on_visit() -> Any:
    """The hook on blocks that counts the edge and writes it down."""
    return _compiled(_on_visit)


@cache
def on_access() -> Any:
    """The hook on all instructions that writes down the data addresses of those that access memory."""
    return _compiled(_on_access)


@cache
def on_instruction() -> Any:
    """The hook on all instructions that remembers where execution is.

    It stops when the watched byte has changed, with the instruction that did it.
    """
    return _compiled(_on_instruction)


def _compiled(function: Callable[..., None]) -> Any:
    return cfunc(_HOOK, cache=True)(function)
