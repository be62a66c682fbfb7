"""Arguments in Python: where arrays go, what shares memory, and what numbers become."""

import ctypes

import numpy as np
import pytest

from mcusim.call_arguments import GAP_BYTES, lay_out, number_value, returned_kind, returned_value
from mcusim.errors import BadInputError
from mcusim.structures import Structure

START = 0x2000_0004


def test_arrays_lie_apart_in_order_at_multiples_of_16():
    first, second = np.arange(5, dtype=np.int8), np.arange(3, dtype=np.int32)
    found = lay_out([first, 7, second], START)
    assert [block.address % 16 for block in found.blocks] == [0, 0]
    assert found.blocks[1].address >= found.blocks[0].address + 5 + GAP_BYTES
    assert [block.content for block in found.blocks] == [first.tobytes(), second.tobytes()]
    assert [one.words for one in found.values] == [(found.blocks[0].address,), (7,), (found.blocks[1].address,)]
    assert found.blocks[0].name == "argument 1, int8 [5]"


def test_one_array_twice_lies_once_and_views_overlap_as_they_do():
    whole = np.arange(10, dtype=np.int16)
    found = lay_out([whole[4:], whole, whole[:3]], START)
    (block,) = found.blocks
    assert block.content == whole.tobytes()
    assert [one.words[0] - block.address for one in found.values] == [8, 0, 0]
    assert len(lay_out([whole, whole], START).blocks) == 1


def test_what_was_written_comes_back_unless_the_array_is_read_only():
    array, fixed = np.zeros((2, 3), np.int8), np.zeros(2, np.int8)
    fixed.flags.writeable = False
    with_gaps = np.zeros((2, 6), np.int8)[:, ::2]
    found = lay_out([array, fixed, with_gaps], START)
    assert [block.is_writable for block in found.blocks] == [True, False, True]
    for block in found.blocks:
        block.take(bytes(range(block.size)))
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]] == with_gaps.tolist()
    assert fixed.tolist() == [0, 0]


def test_a_number_of_ctypes_by_reference_is_written_in_place():
    number = ctypes.c_int32(5)
    found = lay_out([ctypes.byref(number), (ctypes.c_uint8 * 2)(1, 2)], START)
    assert [block.content for block in found.blocks] == [b"\5\0\0\0", b"\1\2"]
    found.blocks[0].take(b"\7\0\0\0")
    assert number.value == 7


@pytest.mark.parametrize(
    "given, words",
    [
        (None, (0,)),
        (True, (1,)),
        (-1, (0xFFFFFFFF,)),
        (0xFFFFFFFF, (0xFFFFFFFF,)),
        (np.int8(-2), (0xFFFFFFFE,)),
        (np.uint16(65535), (65535,)),
        (np.int64(-1), (0xFFFFFFFF, 0xFFFFFFFF)),
        (1.5, (0x3FC00000,)),
        (np.float32(1.5), (0x3FC00000,)),
        (np.float64(1.5), (0, 0x3FF80000)),
        (ctypes.c_int16(-3), (0xFFFFFFFD,)),
        (ctypes.c_double(1.5), (0, 0x3FF80000)),
    ],
)
def test_numbers(given, words):
    assert number_value(given, "argument 1").words == words


def test_refusals():
    with pytest.raises(BadInputError, match=r"argument 1, 4294967296, does not fit a word; give np.int64"):
        lay_out([1 << 32], START)
    with pytest.raises(BadInputError, match="argument 2 is a str, which C does not take"):
        lay_out([1, "text"], START)
    with pytest.raises(BadInputError, match=r"argument 1, 1e.300, is beyond the range of a float"):
        lay_out([1e300], START)
    with pytest.raises(BadInputError, match=r"argument 1, object .2.: C has no such type"):
        lay_out([np.array([None, None])], START)
    with pytest.raises(BadInputError, match=r"argument 1\.m0 is a tuple, which no member of a structure can be"):
        lay_out([Structure(None, {"m0": ("a", "int8")})], START)
    array = np.zeros(8, np.int8)
    with pytest.raises(BadInputError, match="one of them is not contiguous; give copies"):
        lay_out([array, array[::2]], START)
    with pytest.raises(BadInputError, match="a type with another size on Cortex-M"):
        lay_out([(ctypes.c_long * 2)()], START)


def test_returned_values():
    core, vfp = bytes.fromhex("ff8000000100000000"[:16]), np.float32(2.5).tobytes() + bytes(4)
    assert returned_value("uint8", core, vfp, "hard") == 255
    assert returned_value("int8", core, vfp, "hard") == -1
    assert returned_value("int16", core, vfp, "hard") == -32513
    assert returned_value("int64", core, vfp, "hard") == 0x1_0000_80FF
    assert returned_value("float32", core, vfp, "hard") == 2.5
    assert returned_value("float32", vfp, core, "soft") == 2.5
    assert returned_value(None, core, vfp, "hard") is None
    assert returned_kind(np.int16) == "int16" and returned_kind(bool) == "bool" and returned_kind(None) is None
    with pytest.raises(BadInputError, match="returns='int128' is no type that can be returned"):
        returned_kind("int128")
