"""C structures: their layout on Cortex-M, what their pointers point to, and what comes back."""

import ctypes

import numpy as np
import pytest

from mcusim.errors import BadInputError
from mcusim.structures import Structure, decode, encoded, fields_of, members, pointees


class Dims(ctypes.Structure):
    _fields_ = (("w", ctypes.c_int16), ("h", ctypes.c_int16))


class Params(ctypes.Structure):
    _fields_ = (
        *(("tag", ctypes.c_uint8), ("d", Dims), ("data", ctypes.POINTER(ctypes.c_int8)), ("n", ctypes.c_long)),
        *(("scale", ctypes.c_double), ("sums", ctypes.c_int32 * 3), ("name", ctypes.c_char * 4)),
    )


class Bits(ctypes.Structure):
    _fields_ = (("low", ctypes.c_uint32, 4),)


class Packed(ctypes.Structure):
    _layout_ = "ms"
    _pack_ = 1
    _fields_ = (("tag", ctypes.c_uint8), ("n", ctypes.c_int32))


def test_pointers_and_long_take_4_bytes():
    found, size, alignment = members(Structure(Params, {}))
    places = {one.name: (one.offset, one.size, one.count) for one in found}
    assert places == {
        **{"tag": (0, 1, None), "d": (2, 4, None), "data": (8, 4, None), "n": (12, 4, None)},
        **{"scale": (16, 8, None), "sums": (24, 4, 3), "name": (36, 1, 4)},
    }
    assert (size, alignment) == (40, 8)
    assert members(Packed(1, 2))[1] == 5


def test_members_without_a_type_are_laid_out_by_their_values():
    data = np.zeros(3, np.int8)
    given = Structure(None, {"m0": np.int8(-1), "m1": 2, "m2": data, "m3": 1.5, "m4": np.float64(2)})
    assert [one.offset for one in members(given)[0]] == [0, 4, 8, 12, 16]
    content = encoded(given, lambda target: 0x2000_0040 if target is data else 0)
    assert content.hex() == "ff00000002000000400000200000c03f0000000000000040"


def test_what_memory_holds_comes_back_and_pointers_stay():
    data = np.zeros(3, np.int8)
    given = Structure(Params, {"data": data, "d": Dims(1, 2), "sums": np.zeros(3, np.int32), "name": b"ab"})
    content = bytearray(encoded(given, lambda target: 0x2000_0000))
    content[2:6] = np.array([5, 6], np.int16).tobytes()
    content[12:16] = (-9).to_bytes(4, "little", signed=True)
    content[24:36] = np.array([7, 8, 9], np.int32).tobytes()
    decode(given, memoryview(bytes(content)))
    assert (given.d.w, given.d.h, given.n, list(given.sums), given.name) == (5, 6, -9, [7, 8, 9], b"ab\0\0")
    assert given.data is data


def test_a_structure_of_ctypes_is_filled_in_place():
    given = Params(tag=1)
    content = bytearray(encoded(given, lambda target: 0))
    content[0], content[28] = 9, 4
    decode(given, memoryview(bytes(content)))
    assert (given.tag, list(given.sums)) == (9, [0, 4, 0])


def test_what_pointers_point_to_is_named():
    data, inner = np.zeros(3, np.int8), Structure(Params, {})
    outer = Structure(None, {"first": data, "second": Structure(Params, {"data": data}), "third": None})
    assert [name for name, _ in pointees(outer)] == ["first", "second.data"]
    assert list(pointees(inner)) == []


def test_refusals():
    with pytest.raises(BadInputError, match="Params has no member 'tga'; it has tag, d, data"):
        Structure(Params, {"tga": 1})
    with pytest.raises(BadInputError, match=r"Bits.low is a bit field"):
        fields_of(Bits)
    pointed = Params(data=ctypes.pointer(ctypes.c_int8(1)))
    with pytest.raises(BadInputError, match="data is a pointer of ctypes, which does not say how much lies behind it"):
        list(pointees(pointed))
    with pytest.raises(BadInputError, match="sums has room for 3 elements; 4 were given"):
        encoded(Structure(Params, {"sums": [1, 2, 3, 4]}), lambda target: 0)
    with pytest.raises(AttributeError, match="the structure has no member 'x'"):
        print(Structure(Params, {}).x)
