"""ZEROS_LIKE: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import pytest
from one_layer import one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def zeros_like(shape, *, dtype="int8", output=None):
    return one_layer("ZEROS_LIKE", [quantized(shape, dtype)], quantized(output or shape, dtype), "ZerosLikeOptions")


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "float32"])
def test_any_type_is_tflite_micros(dtype):
    layer = zeros_like((2, 3, 5), dtype=dtype)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(2, (2, 3, 5), dtype))


def test_memory():
    layer = zeros_like((2, 3))
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes, layer.macs()) == (0, 0, 0)


def test_refusals():
    assert "int16 is not" in zeros_like((2, 3), dtype="int16").check()
    with pytest.raises(BadModelError, match="output of shape"):
        zeros_like((2, 3), output=(3, 2)).check()
