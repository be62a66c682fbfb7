"""AAPCS32 (2024Q3), section 6.5: where each argument of a call goes."""

import struct

import pytest

from mcusim.procedure_call import Value, place_values, pointer

TOP = 0x2000_1000


def word(number):
    return Value(struct.pack("<I", number))


def wide(number):
    return Value(struct.pack("<Q", number), 8)


def single(number):
    return Value(struct.pack("<f", number), 4, 4)


def double(number):
    return Value(struct.pack("<d", number), 8, 8)


def placed(*values, float_abi="hard"):
    found = place_values("kernel", values, TOP, float_abi)
    assert found.stack_pointer % 8 == 0 and found.stack_pointer + len(found.frame) == TOP
    return found.core_registers, found.vfp_registers, struct.unpack(f"<{len(found.frame) // 4}I", found.frame)


def bits(number):
    return struct.unpack("<I", struct.pack("<f", number))[0]


def test_words_take_r0_to_r3_then_the_stack():
    assert placed(*map(word, range(1, 7))) == ((1, 2, 3, 4), (), (5, 6))
    assert placed(pointer(TOP), *map(word, range(4))) == ((TOP, 0, 1, 2), (), (3, 0))


def test_a_pair_begins_in_an_even_register_and_nothing_fills_the_gap():  # C.3
    assert placed(word(1), wide(2 << 32 | 3), word(4)) == ((1, 0, 3, 2), (), (4, 0))


def test_a_pair_is_never_split_and_lies_at_a_multiple_of_8():  # C.3, C.6, C.7
    assert placed(word(1), word(2), word(3), wide(5), word(6)) == ((1, 2, 3, 0), (), (5, 0, 6, 0))
    assert placed(*map(word, range(5)), wide(9)) == ((0, 1, 2, 3), (), (4, 0, 9, 0))


def test_an_aggregate_is_split_only_where_the_stack_is_empty():  # C.5
    five = Value(struct.pack("<5I", *range(10, 15)))
    assert placed(word(1), five, word(2)) == ((1, 10, 11, 12), (), (13, 14, 2, 0))
    assert placed(*map(word, range(5)), Value(struct.pack("<2I", 7, 8))) == ((0, 1, 2, 3), (), (4, 7, 8, 0))


def test_floats_fill_the_gap_that_a_double_leaves():  # C.1, VFP: the lowest numbered registers that are free
    assert placed(single(1), double(0), single(2)) == ((), (bits(1), bits(2), 0, 0), ())


def test_floats_behind_one_in_the_stack_follow_it():  # C.2: no back-filling after that
    core, floats, stack = placed(*[single(1)] * 15, double(0), single(2))
    assert (core, len(floats), stack[:3]) == ((), 15, (0, 0, bits(2)))


def test_an_aggregate_of_floats_takes_registers_in_a_row():
    assert placed(single(1), Value(struct.pack("<3f", 2, 3, 4), 4, 4))[1] == tuple(map(bits, (1, 2, 3, 4)))


@pytest.mark.parametrize("value, expected", [(single(1), (bits(1),)), (double(0), (0, 0))])
def test_soft_floats_take_their_turn(value, expected):
    core, floats, _ = placed(value, word(5), float_abi="soft")
    assert (core, floats) == ((*expected, 5), ())
