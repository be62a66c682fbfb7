"""RESHAPE: a copy by reference and target; memory; what is refused."""

import numpy as np
import pytest
from one_layer import Value, one_layer, random_int8

from mcusim.errors import BadModelError


def reshape(shape, output, *, dtype="int8", to="int8"):
    new = np.array(output, np.int32)
    return one_layer(
        "RESHAPE",
        [Value(shape, 0.1, 0, dtype), Value(new.shape, None, dtype="int32", data=new)],
        Value(output, 0.1, 0, to),
        "ReshapeOptions",
    )


@pytest.mark.parametrize("shape, output", [((1, 5, 4, 3), (1, 60)), ((7,), (7, 1)), ((2, 3), (3, 2))])
def test_a_copy_in_another_shape(shape, output):
    value = random_int8(np.random.default_rng(0), shape)
    layer = reshape(shape, output)
    assert layer.check() is None
    assert layer.target(value).shape == output
    np.testing.assert_array_equal(layer.target(value), value.reshape(output))


def test_other_types_are_copied_too():
    value = np.linspace(-3, 3, 12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(reshape((3, 4), (12,), dtype="float32", to="float32").target(value), value.ravel())


def test_memory_is_the_parsed_shape():
    memory = reshape((2, 3), (6,)).memory()
    assert (memory.builtin_data_bytes, memory.init_bytes) == (36, 0)
    assert reshape((2, 3), (6,)).macs() == 0


def test_refusals():
    with pytest.raises(BadModelError, match=r"turns int8 of shape \[2, 3\] into int8 of shape \[5\]"):
        reshape((2, 3), (5,)).check()
    with pytest.raises(BadModelError, match="into int16"):
        reshape((2, 3), (6,), to="int16").check()
    assert "is empty" in reshape((0, 3), (0,)).check()
