"""FILL: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import numpy as np
import pytest
from one_layer import Value, constant, one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def fill(output, *, dtype="int8", value=None, wanted=None):
    shape = constant(*(output if wanted is None else wanted))
    return one_layer("FILL", [shape, value or quantized((), dtype)], quantized(output, dtype), "FillOptions")


@pytest.mark.parametrize("dtype", ["int8", "int32", "float32"])
def test_any_shape_is_tflite_micros(dtype):
    layer = fill((2, 3, 5), dtype=dtype)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(2, (), dtype))


def test_the_value_may_be_constant():
    layer = fill((2, 3), value=Value((), 0.1, 3, data=np.array(-7, np.int8)))
    assert layer.check() is None
    layer.assert_tflms_result()


def test_memory():
    layer = fill((2, 3))
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes, layer.macs()) == (0, 0, 0)


def test_refusals():
    assert "int16 is not" in fill((2, 3), dtype="int16").check()
    assert "together" in fill((2, 3), value=quantized((), "int32")).check()
    with pytest.raises(BadModelError, match=r"shape \[3, 2\]"):
        fill((2, 3), wanted=(3, 2)).check()
    with pytest.raises(BadModelError, match="value of shape"):
        fill((2, 3), value=quantized((2,))).check()
