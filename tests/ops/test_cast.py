"""CAST: reference, TensorFlow Lite Micro and target agree for each pair of types; memory; what is refused."""

import pytest
import tflite
from one_layer import Value, one_layer, random_elements

from mcusim.errors import BadModelError

TYPES = ("int8", "int16", "int32", "bool", "float32")


def cast(shape, source, output, *, output_shape=None):
    return one_layer(
        "CAST",
        [Value(shape, dtype=source)],
        Value(output_shape or shape, dtype=output),
        "CastOptions",
        InDataType=getattr(tflite.TensorType, source.upper()),
        OutDataType=getattr(tflite.TensorType, output.upper()),
    )


@pytest.mark.parametrize("output", TYPES)
@pytest.mark.parametrize("source", TYPES[:-1])
def test_each_pair_of_types_is_tflite_micros(source, output):
    layer = cast((3, 40), source, output)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(1, (3, 40), source))


def test_memory():
    layer = cast((2, 3), "int8", "int32")
    memory = layer.memory()
    assert (memory.builtin_data_bytes, memory.builtin_data_alignment, memory.init_bytes) == (2, 1, 0)
    assert layer.macs() == 0


def test_refusals():
    assert "float32 to int8" in cast((2, 3), "float32", "int8").check()
    assert "int64 to int8" in cast((2, 3), "int64", "int8").check()
    assert "empty" in cast((0, 3), "int8", "int16").check()
    with pytest.raises(BadModelError, match="output of shape"):
        cast((2, 3), "int8", "int16", output_shape=(3, 2)).check()
