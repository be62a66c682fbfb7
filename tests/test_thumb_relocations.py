"""Relocations: branch targets against the decoder, moved addresses by hand, and what is refused."""

import struct

import numpy as np
import pytest

from mcusim.decoder import decode
from mcusim.thumb_relocations import Relocation, move, resolve

CALL, JUMP24, JUMP19, ABS32, MOVW, MOVT = 10, 30, 51, 2, 47, 48


def targets(image: bytes, *relocations: Relocation) -> list[tuple[int, int]]:
    return list(resolve(image, relocations).references)


@pytest.mark.parametrize(
    "kind, first, second",
    [(CALL, 0xF000, 0xD000), (JUMP24, 0xF000, 0x9000), (JUMP19, 0xF000, 0x8000)],
    ids=["bl", "b.w", "b<c>.w"],
)
def test_branch_targets_are_those_that_the_decoder_prints(kind, first, second):
    random = np.random.default_rng(3)
    checked = 0
    for _ in range(300):
        upper = first | int(random.integers(0, 0x800))
        lower = (
            second | int(random.integers(0, 0x800)) | int(random.choice([0, 0x2000])) | int(random.choice([0, 0x800]))
        )
        if kind == JUMP19 and upper >> 6 & 0xF >= 14:
            continue  # no condition: other instructions
        code = struct.pack("<HH", upper, lower)
        text = decode(code, 0)[0].text
        assert targets(code, Relocation(0, kind, 0, True)) == [(0, int(text.partition("#")[2], 16) & ~1)]
        checked += 1
    assert checked > 200


def test_addresses_in_words_move_and_keep_their_thumb_bit():
    image = struct.pack("<III", 0x11, 0x22, 0x33)
    resolution = resolve(image, [Relocation(0, ABS32, 0, True), Relocation(8, ABS32, 0, True)])
    assert resolution.references == ((0, 0x10), (8, 0x32))
    assert struct.unpack("<III", move(image, resolution, 0x08000000)) == (0x08000011, 0x22, 0x08000033)


def test_symbols_that_do_not_move_are_left_alone():
    image = struct.pack("<I", 0xE000E100)
    resolution = resolve(image, [Relocation(0, ABS32, 0xE000E100, False)])
    assert move(image, resolution, 0x08000000) == image


# movw r0, #0x5678; movt r0, #0x1234; movw r1, #0xfff0; movt r1, #0 (GNU as 2.40)
PAIRS = bytes.fromhex("45f27860 c1f23420 4ff6f071 c0f20001".replace(" ", ""))


@pytest.mark.parametrize("base", [0, 0x08004000, 0x0801FFF0])
def test_halves_of_an_address_move_together_with_their_carry(base):
    kinds = [(0, MOVW, 7), (4, MOVT, 7), (8, MOVW, 9), (12, MOVT, 9)]
    resolution = resolve(PAIRS, [Relocation(offset, kind, value, True) for offset, kind, value in kinds])
    assert resolution.references == ((4, 0x12345678), (12, 0xFFF0))
    texts = [one.text for one in decode(move(PAIRS, resolution, base), 0)]
    one, other = 0x12345678 + base, 0xFFF0 + base
    values = [int(text.partition("#")[2], 16) for text in texts]
    assert values == [one & 0xFFFF, one >> 16, other & 0xFFFF, other >> 16]
    assert [text.split(" #")[0] for text in texts] == ["movw r0,", "movt r0,", "movw r1,", "movt r1,"]


@pytest.mark.parametrize(
    "relocation, message",
    [
        (Relocation(14, ABS32, 0, True), "at 0xe lies outside the image"),
        (Relocation(0, 99, 0, True), "relocation type 99 at 0x0 is not known"),
        (Relocation(4, MOVT, 0, True), "MOVT at 0x4 has no MOVW before it"),
    ],
)
def test_refusal(relocation, message):
    with pytest.raises(ValueError, match=message):
        resolve(PAIRS, [relocation])
