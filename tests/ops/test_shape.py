"""SHAPE: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import pytest
import tflite
from one_layer import Value, one_layer, quantized, random_elements

from mcusim.errors import BadModelError


def shape_of(shape, *, output=None, dtype="int8", kind="int32"):
    return one_layer(
        "SHAPE",
        [quantized(shape, dtype)],
        Value(output or (len(shape),), dtype=kind),
        "ShapeOptions",
        OutType=getattr(tflite.TensorType, kind.upper()),
    )


@pytest.mark.parametrize("shape", [(3,), (1, 7), (2, 3, 1, 5), (1, 2, 1, 2, 1)])
def test_the_dimensions_are_tflite_micros(shape):
    layer = shape_of(shape)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(0, shape))


def test_memory():
    layer = shape_of((2, 3))
    memory = layer.memory()
    assert (memory.builtin_data_bytes, memory.builtin_data_alignment, memory.init_bytes) == (1, 1, 0)
    assert layer.macs() == 0


def test_refusals():
    assert "output of int64" in shape_of((2, 3), kind="int64").check()
    assert "scalar" in shape_of((), output=(0,)).check()
    with pytest.raises(BadModelError, match="output of shape"):
        shape_of((2, 3), output=(3,)).check()
