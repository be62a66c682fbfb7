"""SQUEEZE: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import pytest
from one_layer import one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def squeeze(shape, output, dtype="int8"):
    operands = [quantized(shape, dtype)]
    return one_layer("SQUEEZE", operands, quantized(output, dtype), "SqueezeOptions")


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64", "float32", "bool"])
def test_any_type_is_tflite_micros(dtype):
    layer = squeeze((1, 2, 1, 5), (2, 5), dtype)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(2, layer.model.tensors[0].shape, dtype))


def test_memory():
    layer = squeeze((2, 1, 3), (2, 3))
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes, layer.macs()) == (36, 0, 0)


def test_refusals():
    assert "float64 is not" in squeeze((1, 2), (2, 1), "float64").check()
    assert "empty" in squeeze((1, 0), (0, 1)).check()
    with pytest.raises(BadModelError, match="turns int8 of shape"):
        squeeze((1, 2), (3,)).check()
