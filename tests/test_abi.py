"""Where a call's arguments go under both variants of the AAPCS."""

import struct

import pytest

from mcusim.abi import Call, Float32, ScratchPointer, Struct, TensorPointer, place
from mcusim.errors import UnsupportedError

TOP = 0x20008000
ONE_AND_A_HALF = 0x3FC00000  # IEEE 754, as all floats here


def placed(*arguments, float_abi="hard"):
    addresses = {TensorPointer(3): 0x20000100, ScratchPointer(0): 0x20000200}
    return place(Call("kernel", arguments), addresses.__getitem__, TOP, float_abi)


def words(placement):
    return struct.unpack(f"<{len(placement.frame) // 4}I", placement.frame)


@pytest.mark.parametrize("float_abi", ["soft", "hard"])
def test_integers_take_r0_to_r3_then_the_stack(float_abi):
    found = placed(1, -1, None, TensorPointer(3), 5, ScratchPointer(0), 7, float_abi=float_abi)
    assert found.core_registers == (1, 0xFFFFFFFF, 0, 0x20000100)
    assert found.vfp_registers == ()
    assert found.stack_pointer == TOP - 16  # three words, and SP stays a multiple of 8
    assert words(found) == (5, 0x20000200, 7, 0)


def test_hard_floats_take_s_registers_and_leave_the_others_theirs():
    found = placed(1, Float32(1.5), 2, Float32(-0.25), 3, 4, 5)
    assert (found.core_registers, found.vfp_registers) == ((1, 2, 3, 4), (ONE_AND_A_HALF, 0xBE800000))
    assert words(found) == (5, 0)
    with pytest.raises(UnsupportedError, match="kernel takes 17 float arguments; at most 16 can be passed"):
        placed(*[Float32(1.0)] * 17)


def test_soft_floats_take_their_turn():
    found = placed(1, Float32(1.5), 2, 3, Float32(1.5), 5, float_abi="soft")
    assert (found.core_registers, found.vfp_registers) == ((1, ONE_AND_A_HALF, 2, 3), ())
    assert words(found) == (ONE_AND_A_HALF, 5)
    assert placed(*[Float32(1.5)] * 17, float_abi="soft").core_registers == (ONE_AND_A_HALF,) * 4


def test_a_structure_within_a_structure_lies_in_its_place():
    found = placed(Struct((1, (2, TensorPointer(3)), 4)))
    assert found.core_registers == (TOP - 16,) == (found.stack_pointer,)
    assert words(found) == (1, 2, 0x20000100, 4)


@pytest.mark.parametrize("float_abi", ["soft", "hard"])
def test_structures_lie_above_the_arguments_on_the_stack(float_abi):
    found = placed(Struct((1, 2)), Struct((TensorPointer(3), Float32(1.5))), 3, 4, 5, float_abi=float_abi)
    assert found.core_registers == (TOP - 8, TOP - 16, 3, 4)
    assert words(found) == (5, 0, 0x20000100, ONE_AND_A_HALF, 1, 2)
