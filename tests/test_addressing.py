"""Every way to make a data address, against the registers and offsets that Arm's syntax says (DDI 0403E, A4.6)."""

from __future__ import annotations

import pytest

from mcusim.addressing import addressing
from mcusim.decoder import decode

# Encoded at address 0x100: bytes, assembly, (base, index, shift, offset).
ACCESSES = [
    ("0b68", "ldr r3, [r1]", (1, None, 0, 0)),
    ("4b79", "ldrb r3, [r1, #5]", (1, None, 0, 5)),
    ("a1f80231", "strh.w r3, [r1, #258]", (1, None, 0, 258)),
    ("51f80c3c", "ldr r3, [r1, #-12]", (1, None, 0, -12)),
    ("8b58", "ldr r3, [r1, r2]", (1, 2, 0, 0)),
    ("51f83230", "ldr.w r3, [r1, r2, lsl #3]", (1, 2, 3, 0)),
    ("51f8043b", "ldr r3, [r1], #4", (1, None, 0, 0)),
    ("01f80139", "strb r3, [r1], #-1", (1, None, 0, 0)),
    ("51f8083f", "ldr r3, [r1, #8]!", (1, None, 0, 8)),
    ("0493", "str r3, [sp, #16]", (13, None, 0, 16)),
    ("51e90234", "ldrd r3, r4, [r1, #-8]", (1, None, 0, -8)),
    ("e1e80234", "strd r3, r4, [r1], #8", (1, None, 0, 0)),
    ("38c9", "ldm r1!, {r3, r4, r5}", (1, None, 0, 0)),
    ("21e93800", "stmdb r1!, {r3, r4, r5}", (1, None, 0, -12)),
    ("11e93800", "ldmdb r1, {r3, r4, r5}", (1, None, 0, -12)),
    ("70b5", "push {r4, r5, r6, lr}", (13, None, 0, -16)),
    ("70bc", "pop {r4, r5, r6}", (13, None, 0, 0)),
    ("91ed050a", "vldr s0, [r1, #20]", (1, None, 0, 20)),
    ("b1ec040a", "vldmia r1!, {s0, s1, s2, s3}", (1, None, 0, 0)),
    ("21ed040a", "vstmdb r1!, {s0, s1, s2, s3}", (1, None, 0, -16)),
    ("2ded028a", "vpush {s16, s17}", (13, None, 0, -8)),
    ("024b", "ldr r3, [pc, #8]", (None, None, 0, 0x10C)),
    ("1ff80730", "ldrb r3, [pc, #-7]", (None, None, 0, 0xFD)),
    ("9fed020a", "vldr s0, [pc, #8]", (None, None, 0, 0x10C)),
    ("dfe802f0", "tbb [pc, r2]", (None, 2, 0, 0x104)),
    ("dfe812f0", "tbh [pc, r2, lsl #1]", (None, 2, 1, 0x104)),
    ("d1e802f0", "tbb [r1, r2]", (1, 2, 0, 0)),
    ("51e8013f", "ldrex r3, [r1, #4]", (1, None, 0, 4)),
    ("41e80134", "strex r4, r3, [r1, #4]", (1, None, 0, 4)),
    ("8b56", "ldrsb r3, [r1, r2]", (1, 2, 0, 0)),
    ("5af81bc0", "ldr r12, [r10, r11, lsl #1]", (10, 11, 1, 0)),
]


@pytest.mark.parametrize(("code", "_text", "expected"), ACCESSES, ids=[text for _, text, _ in ACCESSES])
def test_address(code, _text, expected):
    place = addressing(decode(bytes.fromhex(code), 0x100)[0])
    assert place is not None
    assert (place.base, place.index, place.shift, place.offset) == expected


def test_a_literal_is_aligned_down():
    place = addressing(decode(bytes.fromhex("024b"), 0x102)[0])
    assert place is not None
    assert place.offset == 0x10C  # (0x106 & ~3) + 8


@pytest.mark.parametrize("code", ["8818", "00bf", "7047"])
def test_no_access(code):
    assert addressing(decode(bytes.fromhex(code), 0x100)[0]) is None
