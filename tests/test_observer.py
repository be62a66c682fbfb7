"""Which instructions move SP and by how much: Unicorn executes them, and the decoder says which can."""

import re

import numpy as np
import pytest
from unicorn import UC_ARCH_ARM, UC_MODE_THUMB, Uc
from unicorn.arm_const import UC_ARM_REG_SP, UC_CPU_ARM_CORTEX_M4

from mcusim.decoder import decode
from mcusim.errors import EmulationError
from mcusim.observer import NO_CHANGE, UNKNOWN_CHANGE, is_wide, sp_change

# Bytes as GNU as 2.40 assembled them, the text as the decoder prints it.
KNOWN = """
    09b5 push {r0, r3, lr}
    06bc pop {r1, r2}
    7fb0 add sp, #0x1fc
    81b0 sub sp, #4
    2de91003 push.w {r4, r8, sb}
    bde81001 pop.w {r4, r8}
    3de90e00 ldmdb sp!, {r1, r2, r3}
    fde80401 ldrd r0, r1, [sp], #0x10
    6de90601 strd r0, r1, [sp, #-0x18]!
    5df8040f ldr r0, [sp, #4]!
    4df80c09 str r0, [sp], #-0xc
    3df9040b ldrsh r0, [sp], #4
    2ded044b vpush {d4, d5}
    fdec030a vpop {s1, s2, s3}
    0df5807d add.w sp, sp, #0x100
    adf57f4d sub.w sp, sp, #0xff00
    adf1ac1d sub.w sp, sp, #0xac00ac
    0df1ac2d add.w sp, sp, #-0x53ff5400
    bdf1ac0d subs.w sp, sp, #0xac
    0df6fc7d addw sp, sp, #0xffc
    adf2044d subw sp, sp, #0x404
    0298 ldr r0, [sp, #8]
    cdf80008 str.w r0, [sp, #0x800]
    5df8040c ldr r0, [sp, #-0x4]
    cde90201 strd r0, r1, [sp, #8]
    9ded010a vldr s0, [sp, #4]
    8de80300 stm.w sp, {r0, r1}
    04a8 add r0, sp, #0x10
    adf14000 sub.w r0, sp, #0x40
    8545 cmp sp, r0
    6846 mov r0, sp
"""
UNKNOWN = """
    8546 mov sp, r0
    8544 add sp, r0
    adeb010d sub.w sp, sp, r1
    4fea030d mov.w sp, r3
    0deb810d add.w sp, sp, r1, lsl #2
    d0f800d0 ldr.w sp, [r0]
    80f30888 msr msp, r0
    80f30988 msr psp, r0
"""


def rows(listing: str) -> list[tuple[bytes, str]]:
    lines = [line.strip().partition(" ") for line in listing.splitlines() if line.strip()]
    return [(bytes.fromhex(encoded), text) for encoded, _, text in lines]


def change_of(encoded: bytes) -> int:
    return sp_change(int.from_bytes(encoded[:2], "little"), int.from_bytes(encoded[2:], "little"))


@pytest.mark.parametrize("encoded, text", rows(KNOWN + UNKNOWN))
def test_listing_is_what_it_says(encoded, text):
    assert [one.text for one in decode(encoded, 0)] == [text]
    assert is_wide(int.from_bytes(encoded[:2], "little")) == (len(encoded) == 4)


@pytest.mark.parametrize("encoded, text", rows(KNOWN))
def test_change_is_that_of_execution(encoded, text):
    uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
    uc.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
    uc.mem_map(0x8000, 1024)
    uc.mem_write(0x8000, encoded)
    uc.mem_map(0x20000000, 0x4000)
    uc.reg_write(UC_ARM_REG_SP, 0x20002000)
    uc.emu_start(0x8001, 0x8000 + len(encoded), count=1)
    assert (uc.reg_read(UC_ARM_REG_SP) - 0x20002000 - change_of(encoded)) % (1 << 32) == 0


@pytest.mark.parametrize("encoded, text", rows(UNKNOWN))
def test_change_that_bits_do_not_tell(encoded, text):
    assert change_of(encoded) == UNKNOWN_CHANGE


# Where SP may be a result by the manual (DDI 0403E); with others Capstone decodes it, but they are UNPREDICTABLE.
WRITE_SP = frozenset({"add", "addw", "sub", "subw", "mov", "ldr"})
# Of coprocessors beside the FPU, and what Capstone takes some of these for: no Cortex-M4 has them.
COPROCESSOR = frozenset({"ldc", "ldcl", "stc", "stcl", "vsdot.s8", "vudot.u8"})


@pytest.mark.parametrize("wide", [False, True])
def test_every_instruction_that_the_decoder_lets_write_sp_is_seen(wide):
    """Random encodings, all 16-bit ones: the decoder knows registers by Capstone's text, `sp_change` by the bits."""
    random = np.random.default_rng(11)
    firsts = random.integers(0xE800, 0x10000, 30_000) if wide else np.arange(0, 0xE800)
    wrong, writing = [], 0
    for first in firsts.tolist():
        second = int(random.integers(0, 0x10000)) if wide else 0
        if wide and random.integers(0, 2):  # SP as base or result, more often than chance has it
            first, second = (first & 0xFFF0) | 13, second & 0xF0FF | 0x0D00
        encoded = first.to_bytes(2, "little") + (second.to_bytes(2, "little") if wide else b"")
        try:
            (one,) = decode(encoded, 0)
        except (EmulationError, ValueError):
            continue
        may_write = "sp" in one.writes or one.base_writeback == "sp"
        must_write = one.base_writeback == "sp" or (one.mnemonic in WRITE_SP and may_write)
        found = change_of(encoded) != NO_CHANGE
        writing += found
        is_zero = re.search(r"#-?(0x)?0(]!)?$", one.text) is not None
        if (must_write and not found and not is_zero) or (found and not may_write and one.mnemonic not in COPROCESSOR):
            wrong.append((one.text, encoded.hex()))
    assert wrong == []
    assert writing > 500
