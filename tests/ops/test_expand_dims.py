"""EXPAND_DIMS: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import pytest
from one_layer import constant, one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def expand_dims(shape, output, dtype="int8"):
    operands = [quantized(shape, dtype), constant(1)]
    return one_layer("EXPAND_DIMS", operands, quantized(output, dtype), "ExpandDimsOptions")


@pytest.mark.parametrize("dtype", ["int8", "int16", "float32"])
def test_any_type_is_tflite_micros(dtype):
    layer = expand_dims((2, 5, 3), (2, 1, 5, 3), dtype)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(2, layer.model.tensors[0].shape, dtype))


def test_memory():
    layer = expand_dims((2, 3), (2, 1, 3))
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes, layer.macs()) == (0, 0, 0)


def test_refusals():
    assert "float64 is not" in expand_dims((1, 2), (2, 1), "float64").check()
    assert "empty" in expand_dims((1, 0), (0, 1)).check()
    with pytest.raises(BadModelError, match="turns int8 of shape"):
        expand_dims((1, 2), (3,)).check()
